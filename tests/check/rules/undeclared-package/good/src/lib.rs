use regex::Regex;
use std::fmt;

pub type Pattern = Regex;
pub type Shown = fmt::Error;
