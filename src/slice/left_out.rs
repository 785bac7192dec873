//! What did not go with a question, as a value and in words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// So many titles are named; the others are counted.
const MOST_TITLES: usize = 8;

/// What did not go with a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Titles of the spec's sections; empty for what stands before the first heading.
    pub spec_sections: Vec<String>,
    /// Titles of the plan's sections, those beside the contract.
    pub plan_sections: Vec<String>,
    /// Paths of the files whose contract entries are missing.
    pub entries: Vec<String>,
    /// Paths of the files of whose contract entries only path and purpose are there.
    pub details: Vec<String>,
    /// Names that belong to the project as a whole.
    pub names: Vec<String>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeftOut { spec_sections, plan_sections, entries, details, names } = self;
        let counted = |number: usize, what: [&str; 2]| match number {
            0 => None,
            1 => Some(format!("1 {}", what[0])),
            _ => Some(format!("{number} {}", what[1])),
        };
        let parts = [
            titles(spec_sections, "spec"),
            titles(plan_sections, "plan"),
            counted(entries.len(), ["contract entry", "contract entries"]),
            counted(
                details.len(),
                ["contract entry but for path and purpose", "contract entries but for path and purpose"],
            ),
            counted(names.len(), ["project-wide name", "project-wide names"]),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// `the sections 'Design', 'History' of the spec`.
fn titles(titles: &[String], of: &str) -> Option<String> {
    // What stands before the first heading has none.
    let title = |title: &String| if title.is_empty() { "'(beginning)'".to_owned() } else { format!("'{title}'") };
    let named = titles.iter().take(MOST_TITLES).map(title).collect::<Vec<_>>().join(", ");
    Some(match titles.len() {
        0 => return None,
        1 => format!("the section {named} of the {of}"),
        number if number > MOST_TITLES => {
            format!("the sections {named} and {} more of the {of}", number - MOST_TITLES)
        }
        _ => format!("the sections {named} of the {of}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_out_in_words() {
        let titles = |titles: &[&str]| titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>();
        for (left_out, words) in [
            (
                LeftOut {
                    spec_sections: titles(&["Design", "History"]),
                    entries: titles(&["a"]),
                    ..LeftOut::default()
                },
                "the sections 'Design', 'History' of the spec, 1 contract entry",
            ),
            (
                LeftOut { plan_sections: titles(&[""]), names: titles(&["a", "b"]), ..LeftOut::default() },
                "the section '(beginning)' of the plan, 2 project-wide names",
            ),
            (
                LeftOut { spec_sections: titles(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]), ..LeftOut::default() },
                "the sections '1', '2', '3', '4', '5', '6', '7', '8' and 1 more of the spec",
            ),
        ] {
            assert_eq!(left_out.to_string(), words);
        }
    }
}
