//! Takes texts apart.

use regex::Regex;

/// The words of a text, in small letters.
pub fn words_of(text: &str) -> Vec<String> {
    let pattern = Regex::new(r"[a-z]+").expect("a valid pattern");
    let lower = text.to_lowercase();
    pattern.find_iter(&lower).map(|found| found.as_str().to_owned()).collect()
}
