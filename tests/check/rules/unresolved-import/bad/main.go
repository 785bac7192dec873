package main

import "example.com/a/stor"

func main() { stor.Open() }
