package main

type Ball struct{ Speed int }

func (b *Ball) Move() { b.Speed++ }; var x = Ball{Sped: 1}

func main() { x.Move() }
