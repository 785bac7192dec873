//! The name that somebody may have meant.

/// The nearest of `names` to `name`, if any is near enough to be meant.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let folded = name.to_lowercase();
    let scored = names.into_iter().filter(|other| *other != name && !other.is_empty()).map(|other| {
        let lower = other.to_lowercase();
        let mut score = strsim::normalized_damerau_levenshtein(&folded, &lower);
        let (short, long) = if lower.len() < folded.len() { (&lower, &folded) } else { (&folded, &lower) };
        if short.len() >= 4 && long.contains(short.as_str()) {
            score = score.max(0.7);
        }
        (score, other)
    });
    let best = scored.filter(|(score, _)| *score >= 0.55).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))?;
    Some(best.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(name: &str, names: &[&str], expected: Option<&str>) {
        assert_eq!(nearest(name, names.iter().copied()).as_deref(), expected);
    }

    #[test]
    fn a_slip_of_the_pen() {
        finds("getPageContnt", &["getPage", "getPageContent", "x"], Some("getPageContent"));
        finds("save_todo", &["saveTodo", "load"], Some("saveTodo"));
    }

    #[test]
    fn a_part_of_the_name() {
        finds("settings", &["loadSettings", "popup"], Some("loadSettings"));
    }

    #[test]
    fn nothing_is_near() {
        finds("render", &["load", "x", "render"], None);
    }
}
