//! One job.

/// How urgent a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Later,
    Soon,
    Now,
}

/// A job with its urgency.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub name: String,
    pub urgency: Urgency,
    pub due: u64,
}

impl Job {
    pub fn new(name: &str, urgency: Urgency) -> Job {
        Job { name: name.to_owned(), urgency, due: delay_of(urgency) }
    }

    pub fn is_due(&self, now: u64) -> bool {
        self.due <= now
    }
}

fn delay_of(urgency: Urgency) -> u64 {
    match urgency {
        Urgency::Later => 10,
        Urgency::Soon => 5,
        Urgency::Now => 0,
    }
}
