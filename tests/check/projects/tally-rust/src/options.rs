//! What was typed.

/// What to count, and how.
pub struct Options {
    pub path: String,
    pub shortest: usize,
    pub limit: usize,
}

/// Why the arguments cannot be understood.
pub enum Problem {
    NoPath,
    NoNumber(String),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::NoPath => f.write_str("name a file"),
            Problem::NoNumber(text) => write!(f, "'{text}' is no number"),
        }
    }
}

impl Options {
    pub fn from_args(mut args: impl Iterator<Item = String>) -> Result<Options, Problem> {
        let path = args.next().ok_or(Problem::NoPath)?;
        let limit = match args.next() {
            Some(text) => Self::parse_number(&text)?,
            None => 10,
        };
        Ok(Options { path, shortest: 2, limit })
    }

    fn parse_number(text: &str) -> Result<usize, Problem> {
        text.parse().map_err(|_| Problem::NoNumber(text.to_owned()))
    }
}
