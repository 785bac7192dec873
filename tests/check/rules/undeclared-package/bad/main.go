package main

import "github.com/google/uuid"

func main() { uuid.NewString() }
