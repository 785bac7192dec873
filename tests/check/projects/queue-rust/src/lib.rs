//! Jobs that wait.

mod clock;
pub mod job;
pub mod queue;

pub use job::Job;
pub use queue::Queue;
