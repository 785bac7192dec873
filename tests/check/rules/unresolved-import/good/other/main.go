package main

import "example.com/a/part"

func main() { part.Open() }
