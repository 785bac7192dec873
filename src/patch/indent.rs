//! How indentation in a block turns into indentation in the file.

use std::collections::BTreeMap;

/// The file's indentation for each one of the block, as far as the lines that are in both show it.
pub struct Indents<'a>(Option<BTreeMap<&'a str, &'a str>>);

/// The white space before a line.
pub fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

impl<'a> Indents<'a> {
    /// Learns from pairs of the same line, the block's and the file's.
    pub fn learn(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Indents<'a> {
        let mut known = BTreeMap::new();
        for (own, file) in pairs.filter(|(own, _)| !own.trim().is_empty()) {
            if *known.entry(indent(own)).or_insert(indent(file)) != indent(file) {
                return Indents(None);
            }
        }
        Indents(Some(known))
    }

    /// A new line of the block as it has to stand in the file; `None` if that cannot be told.
    pub fn turn(&self, line: &str) -> Option<String> {
        let body = line.trim_start();
        if body.is_empty() {
            return Some(String::new());
        }
        Some(format!("{}{body}", self.turn_indent(indent(line))?))
    }

    fn turn_indent(&self, own: &str) -> Option<String> {
        let known = self.0.as_ref()?;
        if known.iter().all(|(own, file)| own == file) {
            return Some(own.to_owned());
        }
        if let Some(file) = known.get(own) {
            return Some((*file).to_owned());
        }
        let nearest = known.iter().filter(|(known, _)| own.starts_with(**known)).max_by_key(|(known, _)| known.len());
        if let Some((known, file)) = nearest {
            return Some(format!("{file}{}", self.step(&own[known.len()..])?));
        }
        let (known, file) =
            known.iter().filter(|(known, _)| known.starts_with(own)).min_by_key(|(known, _)| known.len())?;
        let step = self.step(&known[own.len()..])?;
        file.strip_suffix(step.as_str()).map(str::to_owned)
    }

    /// What more of indentation in the block is in the file.
    fn step(&self, more: &str) -> Option<String> {
        let known = self.0.as_ref()?;
        let steps = known.iter().flat_map(|(own, file)| {
            known.iter().filter_map(move |(deeper, deeper_file)| {
                let step = deeper.strip_prefix(own).filter(|step| !step.is_empty())?;
                Some((step, deeper_file.strip_prefix(file)?))
            })
        });
        if let Some((step, in_file)) = steps.min_by_key(|(step, _)| step.len()) {
            let times = more.len() / step.len();
            return (step.repeat(times) == more).then(|| in_file.repeat(times));
        }
        // Nothing shows how wide a step is in the file. As wide as here, if the file uses the same sign.
        let signs = |wanted: char| known.values().all(|file| file.chars().all(|c| c == wanted));
        more.chars().next().filter(|sign| signs(*sign)).map(|_| more.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn turns(pairs: &[(&str, &str)], line: &str, expected: Option<&str>) {
        assert_eq!(Indents::learn(pairs.iter().copied()).turn(line).as_deref(), expected);
    }

    #[test]
    fn the_same_stays_whatever_it_is() {
        turns(&[("  a", "  a")], "\t x", Some("\t x"));
    }

    #[test]
    fn shifted_as_a_whole() {
        let pairs = [("a", "    a"), ("    b", "        b")];
        turns(&pairs, "    x", Some("        x"));
        turns(&pairs, "        x", Some("            x"));
        turns(&[("        a", "    a")], "    x", Some("x"));
    }

    #[test]
    fn wider_narrower_and_tabs() {
        turns(&[("a", "a"), ("  b", "    b")], "    x", Some("        x"));
        turns(&[("a", "\ta"), ("    b", "\t\tb")], "        x", Some("\t\t\tx"));
        turns(&[("    a", "\ta")], "        x", None);
    }

    #[test]
    fn two_rules_are_none() {
        turns(&[("a", "    a"), ("b", "        b")], "x", None);
        turns(&[("a", "    a"), ("b", "        b")], "", Some(""));
    }
}
