//! All jobs, the most urgent first.

use crate::{
    clock::Clock,
    job::{Job, Urgency},
};

/// Jobs and their time.
#[derive(Default)]
pub struct Queue {
    jobs: Vec<Job>,
    clock: Clock,
}

impl Queue {
    pub fn push(&mut self, name: &str, urgency: Urgency) {
        let job = Job::new(name, urgency);
        self.insert_sorted(job);
    }

    pub fn take_due(&mut self) -> Option<Job> {
        let now = self.clock.now();
        let at = self.jobs.iter().position(|job| job.is_due(now))?;
        Some(self.jobs.remove(at))
    }

    pub fn wait_for(&mut self, ticks: u64) -> u64 {
        self.clock.advance(ticks)
    }

    fn insert_sorted(&mut self, job: Job) {
        let at = self.jobs.partition_point(|other| other.urgency >= job.urgency);
        self.jobs.insert(at, job);
    }
}
