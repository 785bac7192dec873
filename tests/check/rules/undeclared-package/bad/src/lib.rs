use regex::Regex;

pub type Pattern = Regex;
