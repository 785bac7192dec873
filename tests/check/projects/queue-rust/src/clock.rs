//! Time that only goes on when told.

#[derive(Default)]
pub struct Clock {
    ticks: u64,
}

impl Clock {
    pub fn advance(&mut self, by: u64) -> u64 {
        self.ticks += by;
        self.ticks
    }

    pub fn now(&self) -> u64 {
        self.ticks
    }
}
