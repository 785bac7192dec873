package main

import (
	"log"
	"net/http"

	"example.com/links/internal/config"
	"example.com/links/internal/server"
	"example.com/links/internal/store"
)

func main() {
	settings := config.Load()
	links := store.New(settings.MaxLinks)
	handler := server.NewHandler(links)
	log.Fatal(http.ListenAndServe(settings.Address, handler.Routes()))
}
