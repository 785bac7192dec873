//! Counts words.

pub mod count;
pub mod options;
pub mod report;
mod split;
