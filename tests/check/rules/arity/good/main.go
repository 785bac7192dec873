package main

func pair() (int, int) { return 1, 2 }

func add(a int, b int) int { return a + b }

func main() { add(pair()) }
