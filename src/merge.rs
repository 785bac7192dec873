//! Three texts into one: what smol wrote, what a person made of it, what is new. Pure: no disk, no model.
//!
//! Lines are merged as git does it: changes of both sides that overlap or touch are a conflict. Line ends and the
//! newline at the end of the file are no part of a line's text here, and come out as the person has them.

use similar::{ChangeTag, TextDiff, TextMerge};

/// What became of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    Clean(String),
    /// Both sides changed the same lines. `marked` has both between conflict markers; `hunks` are those places alone,
    /// each with a head in the manner of a diff, `-` before the person's lines and `+` before the new ones.
    Clash {
        marked: String,
        hunks: Vec<String>,
    },
}

/// Merges what a person made of `base` with the new text for it.
pub fn merge(base: &str, mine: &str, new: &str) -> Merge {
    let ends = LineEnds::of(mine);
    let [base_lines, mine_lines, new_lines] = [base, mine, new].map(|text| ends.plain(text));
    let mut merge = TextMerge::from_lines(base_lines.as_str(), mine_lines.as_str(), new_lines.as_str());
    merge.labels("as smol wrote it", "yours", "new");
    let has_end = [base, mine, new].map(|text| text.is_empty() || text.ends_with('\n'));
    let [base_has_end, mine_has_end, new_has_end] = has_end;
    let wants_end = if mine_has_end == base_has_end { new_has_end } else { mine_has_end };
    let text = ends.restored(merge.to_string(), wants_end);
    if !merge.is_conflicted() {
        return Merge::Clean(text);
    }
    let hunk = |region: &similar::MergeRegion| {
        let (mine, new) = (region.ours_range(), region.theirs_range());
        let mut hunk = format!("@@ -{},{} +{},{} @@\n", mine.start + 1, mine.len(), new.start + 1, new.len());
        mine.filter_map(|line| merge.ours_line(line)).for_each(|line| hunk.push_str(&format!("-{line}")));
        new.filter_map(|line| merge.theirs_line(line)).for_each(|line| hunk.push_str(&format!("+{line}")));
        hunk
    };
    Merge::Clash { hunks: merge.conflicts().map(hunk).collect(), marked: text }
}

/// The lines that two texts have in common, in their order: stands for the ancestor of texts that have none.
pub fn common(mine: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(mine, new);
    let equal = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Equal);
    equal.map(|change| change.value()).collect()
}

/// How the lines of a person's file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnds {
    Lf,
    CrLf,
    /// Some so, some so: every line end counts as the person's own.
    Mixed,
}

impl LineEnds {
    fn of(text: &str) -> LineEnds {
        let all = text.matches('\n').count();
        match text.matches("\r\n").count() {
            0 => LineEnds::Lf,
            carried if carried == all => LineEnds::CrLf,
            _ => LineEnds::Mixed,
        }
    }

    /// Lines that end alike, and the last one as the others.
    fn plain(self, text: &str) -> String {
        let mut text = match self {
            LineEnds::Lf | LineEnds::CrLf => text.replace("\r\n", "\n"),
            LineEnds::Mixed => text.to_owned(),
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }

    fn restored(self, mut text: String, wants_end: bool) -> String {
        // Without its newline a blank line at the end would be none.
        if !wants_end && text.lines().next_back().is_some_and(|line| !line.is_empty()) {
            let end = if text.ends_with("\r\n") { 2 } else { usize::from(text.ends_with('\n')) };
            text.truncate(text.len() - end);
        }
        match self {
            LineEnds::Lf | LineEnds::Mixed => text,
            LineEnds::CrLf => text.replace('\n', "\r\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[track_caller]
    fn merges(base: &str, mine: &str, new: &str, expected: &str) {
        assert_eq!(merge(base, mine, new), Merge::Clean(expected.to_owned()));
    }

    #[track_caller]
    fn clashes(base: &str, mine: &str, new: &str, expected: &str) {
        let Merge::Clash { marked, hunks } = merge(base, mine, new) else { panic!("it merged") };
        assert_eq!(marked, expected);
        assert!(!hunks.is_empty());
    }

    #[test]
    fn changes_in_different_places() {
        merges("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n", "A\nb\nc\nD\n");
        merges("a\nb\nc\n", "a\nb\nc\nmine\n", "new\na\nb\nc\n", "new\na\nb\nc\nmine\n");
    }

    #[test]
    fn the_same_change_on_both_sides() {
        merges("a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n", "a\nB\nc\n");
    }

    #[test]
    fn the_same_line_changed_twice_is_a_conflict() {
        clashes("a\nb\nc\n", "a\nB\nc\n", "a\nbb\nc\n", "a\n<<<<<<< yours\nB\n=======\nbb\n>>>>>>> new\nc\n");
        let Merge::Clash { hunks, .. } = merge("a\nb\nc\n", "a\nB\nc\n", "a\nbb\nc\n") else { panic!("it merged") };
        assert_eq!(hunks, ["@@ -2,1 +2,1 @@\n-B\n+bb\n"]);
    }

    #[test]
    fn changes_that_touch_are_a_conflict() {
        clashes("a\nb\n", "A\nb\n", "a\nB\n", "<<<<<<< yours\nA\nb\n=======\na\nB\n>>>>>>> new\n");
    }

    #[test]
    fn line_ends_are_the_persons() {
        merges("a\nb\nc\nd\n", "A\r\nb\r\nc\r\nd\r\n", "a\nb\nc\nD\n", "A\r\nb\r\nc\r\nD\r\n");
        merges("a\r\nb\r\nc\r\n", "A\nb\nc\n", "a\r\nb\r\nC\r\n", "A\nb\nC\n");
        merges("a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nb\nC\n", "a\r\nb\r\nC\r\n");
        clashes("a\n", "A\r\n", "b\n", "<<<<<<< yours\r\nA\r\n=======\r\nb\r\n>>>>>>> new\r\n");
    }

    #[test]
    fn mixed_line_ends_stay_where_nothing_else_changes() {
        merges("a\nb\nc\nd\ne\n", "a\r\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "a\r\nb\nc\nd\nE\n");
    }

    #[test]
    fn a_missing_newline_at_the_end() {
        merges("a\nb\nc\n", "a\nb\nc", "A\nb\nc\n", "A\nb\nc");
        merges("a\nb\nc", "A\nb\nc", "a\nb\nC\n", "A\nb\nC\n");
        merges("a\nb\nc\n", "a\nb\nc\nd", "A\nb\nc\n", "A\nb\nc\nd");
    }

    #[test]
    fn a_blank_line_at_the_end_is_a_line() {
        merges("c\n", "c\n\n", "a\nc\nc", "a\nc\nc\n\n");
    }

    #[test]
    fn what_two_texts_share() {
        assert_eq!(common("a\nb\nc\n", "a\nx\nc\n"), "a\nc\n");
        assert_eq!(common("a\n", "b\n"), "");
    }

    /// Lines out of few, so that they repeat, as braces and blank lines do; some end in CRLF, the last perhaps in nothing.
    fn text() -> impl Strategy<Value = String> {
        let line = prop_oneof![4 => "[a-d]\n", 1 => "[ab]\r\n", 1 => Just("\n".to_owned())];
        (vec(line, 0..14), "[a-d]?").prop_map(|(lines, last)| lines.concat() + &last)
    }

    /// A text of unlike lines in blocks, and for each block whether one of the two sides changes it, and into what.
    fn blocks() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
        vec((0..3u8, vec(any::<u8>(), 0..4)), 1..12)
    }

    proptest! {
        #[test]
        fn where_nothing_is_new_the_persons_text_stands(base in text(), mine in text()) {
            prop_assert_eq!(merge(&base, &mine, &base), Merge::Clean(mine));
        }

        #[test]
        fn where_the_person_did_nothing_the_new_text_stands(base in text(), new in text()) {
            let expected = LineEnds::of(&base);
            let ends = |text: &str| match expected {
                LineEnds::Mixed => text.to_owned(),
                _ => expected.restored(text.replace("\r\n", "\n"), true),
            };
            let Merge::Clean(merged) = merge(&base, &base, &new) else { panic!("a conflict with nobody") };
            prop_assert_eq!(merged, ends(&new));
        }

        #[test]
        fn what_the_person_did_outside_the_changed_blocks_stands(blocks in blocks(), crlf in any::<bool>()) {
            let (mut base, mut mine, mut new, mut expected) = (String::new(), String::new(), String::new(), String::new());
            for (index, (side, lines)) in blocks.iter().enumerate() {
                // Two lines between the blocks that nobody touches.
                let fence = format!("fence {index}\nfence {index} too\n");
                let old = format!("old {index}\n");
                let changed: String = lines.iter().map(|line| format!("side {side} {index} {line}\n")).collect();
                base += &(fence.clone() + &old);
                mine += &(fence.clone() + if *side == 1 { &changed } else { &old });
                new += &(fence.clone() + if *side == 2 { &changed } else { &old });
                expected += &(fence + if *side == 0 { &old } else { &changed });
            }
            if crlf {
                (mine, expected) = (mine.replace('\n', "\r\n"), expected.replace('\n', "\r\n"));
            }
            prop_assert_eq!(merge(&base, &mine, &new), Merge::Clean(expected));
        }

        /// Whatever the texts: no line that the person added is lost, in a clean merge or between the markers.
        #[test]
        fn no_line_of_the_persons_is_lost(base in text(), mine in text(), new in text()) {
            let merged = match merge(&base, &mine, &new) {
                Merge::Clean(text) => text,
                Merge::Clash { marked, .. } => marked,
            };
            let count = |text: &str, line: &str| text.lines().filter(|other| *other == line).count();
            for line in mine.lines() {
                // A line goes only as often as the new text takes it out of the base.
                let taken = count(&base, line).saturating_sub(count(&new, line));
                prop_assert!(count(&merged, line) + taken >= count(&mine, line), "'{}' in {:?}", line, merged);
            }
        }

        #[test]
        fn both_sides_stand_between_the_markers(mine in text(), new in text()) {
            let marked = match merge(&common(&mine, &new), &mine, &new) {
                Merge::Clean(text) => text,
                Merge::Clash { marked, .. } => marked,
            };
            for line in mine.lines().chain(new.lines()) {
                prop_assert!(marked.lines().any(|other| other == line), "'{}' in {:?}", line, marked);
            }
        }
    }
}
