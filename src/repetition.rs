//! Tells when an answer only repeats itself, as small models do until their limit is reached.

/// How much of the end has to be one repeated block, in bytes. Tables and test data repeat lines too, but not so long.
const SPAN: usize = 16 * 1024;
/// Longest block that is looked for.
const LONGEST_BLOCK: usize = 1024;
/// The end is looked at once in so many bytes.
const STRIDE: usize = 4 * 1024;

/// Whether the last [`SPAN`] bytes of `answer` are one short block over and over.
///
/// Called with every piece, and with the length `before` it; looks only when that took it past a multiple of [`STRIDE`].
pub(crate) fn repeats(answer: &str, before: usize) -> bool {
    let length = answer.len();
    if length < SPAN || length / STRIDE == before / STRIDE {
        return false;
    }
    let end = &answer.as_bytes()[length - SPAN..];
    (1..=LONGEST_BLOCK).any(|block| end[block..] == end[..SPAN - block])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_block_over_and_over() {
        for block in ["a", "and so on, ", "a line of a file\n", &format!("{}x", "word ".repeat(150))] {
            assert!(repeats(&format!("let a = 1;\n{}", block.repeat(40_000 / block.len())), 0), "{block}");
        }
    }

    #[test]
    fn pieces_of_any_length() {
        let answer = "and so on, ".repeat(4_000);
        for piece in [1, 7, 200, 3_000, 9_000] {
            let mut lengths = (0..answer.len()).step_by(piece);
            assert!(lengths.any(|before| repeats(&answer[..answer.len().min(before + piece)], before)), "{piece}");
        }
        assert!(!repeats(&answer, answer.len() - 1), "it was looked at a little before");
    }

    #[test]
    fn what_only_looks_alike() {
        let table: String = (0..3000).map(|row| format!("  [{row}, 0, 0],\n")).collect();
        assert!(!repeats(&table, 0));
        assert!(!repeats(&"x = 1;\n".repeat(1000), 0), "short enough to be meant");
        assert!(!repeats("", 0));
    }
}
