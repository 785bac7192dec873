package main

type Ball struct{ Speed int }

type Pace struct{ Fast int }

type Named struct {
	Ball
	Name string
}

func (b *Ball) Move() { b.Speed++ }

func roll(ball Pace) int {
	if ball.Fast > 0 {
		ball := Ball{Speed: ball.Fast}
		return ball.Speed
	}
	return ball.Fast
}

func pass(Pace Ball, other *Pace) int { return Pace.Speed + other.Fast }

func main() {
	ball := Ball{Speed: 1}
	ball.Move()
	named := Named{Speed: 1, Name: "a"}
	roll(Pace{Fast: pass(named.Ball, &Pace{})})
}
