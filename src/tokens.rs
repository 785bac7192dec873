//! How many tokens a text is, roughly: for progress and for servers that do not count.

/// Estimates the tokens of `text`: English and code are about four bytes to a token.
pub fn estimate(text: &str) -> u64 {
    estimate_bytes(text.len())
}

/// The same for a text of so many bytes.
pub fn estimate_bytes(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}
