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
