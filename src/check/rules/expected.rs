//! Places of Python where an error is waited for: below `raises`, in a `try` that catches it, in a test that is
//! skipped or known to fail. Read off the lines, as the tree of the file is gone by then.

use super::super::{project::Unit, syntax::Language};

/// Words of calls that wait for an error, or swallow one.
const WAITING: &[&str] = &["raises(", "Raises(", "raisesregex(", "assertWarns", "suppress(", "RaisesGroup("];
/// Words of decorators over tests that are not run, or that have to fail.
const NOT_RUN: &[&str] = &["skip", "xfail", "expectedfailure", "raises", "known_failure", "no_type_check"];

/// Whether one of these errors is waited for at this place.
pub fn is_expected(unit: &Unit, at: usize, errors: &[&str]) -> bool {
    if unit.language != Language::Python {
        return false;
    }
    let lines: Vec<&str> = unit.text[..at].split('\n').collect();
    let (Some(own), above) = (lines.last().copied(), &lines[..lines.len() - 1]) else { return false };
    if waits(own) {
        return true;
    }
    let whole = unit.text.lines().nth(above.len()).unwrap_or_default();
    let mut depth = depth_of(whole);
    for (number, line) in above.iter().enumerate().rev() {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') || depth_of(line) >= depth {
            continue;
        }
        // The end of a list of parameters stands as deep as what begins it.
        depth = depth_of(line) + usize::from(text.starts_with([')', ']', '}']));
        let is_expected = match text.trim_end() {
            "try:" => catches(unit.text, number, depth, errors),
            _ if text.starts_with("def ") || text.starts_with("async def ") || text.starts_with("class ") => {
                is_not_run(above, number)
            }
            _ => waits(text),
        };
        if is_expected {
            return true;
        }
    }
    false
}

fn waits(line: &str) -> bool {
    WAITING.iter().any(|word| line.contains(word))
}

fn depth_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether the `try` of this line has a handler for one of the errors.
fn catches(text: &str, number: usize, depth: usize, errors: &[&str]) -> bool {
    let below = text.lines().skip(number + 1);
    let clauses = ["except", "else", "finally", "#", ")"];
    let mut own = below.filter(|line| !line.trim().is_empty()).take_while(|line| {
        depth_of(line) > depth
            || depth_of(line) == depth && clauses.iter().any(|clause| line.trim_start().starts_with(clause))
    });
    own.any(|line| {
        let handler = line.trim();
        depth_of(line) == depth
            && handler.starts_with("except")
            && (handler == "except:"
                || ["Exception", "BaseException"].iter().chain(errors).any(|error| handler.contains(error)))
    })
}

/// Whether a decorator above the definition of this line keeps it from being run as it stands.
fn is_not_run(lines: &[&str], number: usize) -> bool {
    let depth = depth_of(lines[number]);
    let before = lines[..number].iter().rev();
    let above = before.take_while(|line| {
        let text = line.trim_start();
        depth_of(line) > depth || text.starts_with(['@', ')', '#'])
    });
    // What stands deeper belongs to a decorator of several lines.
    above.filter(|line| line.trim_start().starts_with('@')).any(|line| {
        let lower = line.to_lowercase();
        NOT_RUN.iter().any(|word| lower.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::{catches, is_not_run};

    #[test]
    fn the_handler_of_the_same_try_counts() {
        for (text, expected) in [
            ("try:\n    f(1)\nexcept TypeError:\n    pass\n", true),
            ("try:\n    f(1)\nexcept:\n    pass\n", true),
            ("try:\n    f(1)\nexcept OSError:\n    pass\n", false),
            ("try:\n    f(1)\nfinally:\n    pass\ntry:\n    g()\nexcept TypeError:\n    pass\n", false),
            ("try:\n    f(1)\nfinally:\n    pass\nif a:\n    g()\n", false),
        ] {
            assert_eq!(catches(text, 0, 0, &["TypeError"]), expected, "{text}");
        }
    }

    #[test]
    fn decorators_say_what_is_not_run() {
        for (text, expected) in [
            ("@pytest.mark.skip(\n    reason='slow',\n)\ndef test():", true),
            ("@XFAIL\ndef test():", true),
            ("@cached\ndef test():", false),
            ("@XFAIL\ndef other():\n    pass\n\ndef test():", false),
        ] {
            let lines: Vec<&str> = text.split('\n').collect();
            assert_eq!(is_not_run(&lines, lines.len() - 1), expected, "{text}");
        }
    }
}
