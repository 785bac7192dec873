package main

import "example.com/a/store"

func main() { store.Open() }
