pub struct Ball {
    speed: u32,
}

impl Ball {
    pub fn step(&self) -> u32 {
        self.speed
    }
}

impl Ball {
    pub fn show(&self) {
        println!("{}", self.speed);
    }
}

pub struct Pace {
    fast: u32,
}

impl Pace {
    // A variable is seen from behind its declaration on.
    pub fn ball(ball: &Pace) -> u32 {
        let speed = ball.fast;
        let ball = Ball { speed };
        ball.step()
    }
}

#[rewritten]
pub struct Made {
    part: u32,
}

impl Made {
    pub fn read(&self) -> u32 {
        self.borrow_part() + Self::of(1)
    }
}
