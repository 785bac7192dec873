//! Numbers, names and other people's words as they are shown.

use std::borrow::Cow;

use smol_dev::usage::Usage;

/// `1 file`, `2 files`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A path as a shell takes it, and never as a flag.
pub fn quoted(word: &str) -> String {
    let word = if word.starts_with('-') { format!("./{word}") } else { word.to_owned() };
    let is_plain = word.chars().all(|c| c.is_alphanumeric() || "-_./:@%+=,".contains(c));
    if is_plain { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Tokens of all calls; estimates are marked as such.
pub fn counts(usage: &Usage) -> String {
    let about = if usage.is_estimated { "about " } else { "" };
    let Usage { input, cached, output, thinking, .. } = *usage;
    let of_them = if thinking > 0 { format!(" ({} thinking)", thousands(thinking)) } else { String::new() };
    format!("{about}{} tokens in, {} cached, {} out{of_them}", thousands(input), thousands(cached), thousands(output))
}

/// What it cost, as far as that is known.
pub fn cost(usage: &Usage) -> String {
    match usage.cost {
        None => "cost unknown".to_owned(),
        Some(0.0) => "nothing paid".to_owned(),
        Some(cost) => match usage.saved {
            Some(saved) if saved >= 0.0001 => format!("{}, {} saved by the cache", money(cost), money(saved)),
            Some(saved) if saved <= -0.0001 => format!("{}, {} of it to fill the cache", money(cost), money(-saved)),
            _ => money(cost),
        },
    }
}

/// `12,345`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// `$0.0312`: four digits, since most calls cost less than a cent.
pub fn money(dollars: f64) -> String {
    match dollars {
        0.0..0.0001 if dollars > 0.0 => "less than $0.0001".to_owned(),
        0.0..1.0 => format!("${dollars:.4}"),
        _ => format!("${dollars:.2}"),
    }
}

/// Words of a model or a server without the characters that steer a terminal; line ends and tabs stay.
pub fn clean(words: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    match words.contains(steers) {
        true => Cow::Owned(words.replace(steers, "\u{fffd}")),
        false => Cow::Borrowed(words),
    }
}
