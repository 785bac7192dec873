pub struct Ball {
    speed: u32,
}

impl Ball {
    pub fn step(&self) -> u32 {
        self.sped
    }
}

impl Ball {
    pub fn show(&self) {
        println!("{}", self.size);
    }
}
