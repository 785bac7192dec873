package main

type Ball struct{ Speed int }

func (b *Ball) Move() { b.Speed++ }

func main() {
	ball := Ball{Speed: 1}
	ball.Move()
}
