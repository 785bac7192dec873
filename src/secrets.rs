//! Credentials in a text: finding them, and putting names in their place that can be turned back. No disk.

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;
use serde::{Deserialize, Serialize};

/// How far around a keyword a rule is tried, in bytes: lines of data may be very long.
const REACH: usize = 2 * 1024;
/// How far a rule that spans lines is tried: the longest keys have some 12 KiB.
const LONG_REACH: usize = 16 * 1024;
/// Bits of entropy per character from which a value may be random.
const RANDOM: f64 = 3.0;
/// What is put in the place of a secret, with its number behind it.
const MASK: &str = "SMOL_MASKED_SECRET_";

/// A text in which every credential has a name in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    pub text: String,
    pub secrets: Vec<Secret>,
}

/// A credential that stays here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// What stands in its place.
    pub mask: String,
    value: String,
    /// What it looks like.
    pub kind: String,
    /// Where it stands, counted from one.
    pub line: usize,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} in line {})", self.mask, self.kind, self.line)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    keywords: Vec<String>,
    #[serde(deserialize_with = "regex")]
    regex: LazyRegex,
    /// Whether only a name says that this is a credential.
    #[serde(default)]
    guessed: bool,
    #[serde(default)]
    spans_lines: bool,
    /// Values that everybody writes into examples.
    #[serde(default)]
    place_holders: Vec<String>,
}

/// A pattern that is compiled when it is first used.
type LazyRegex = LazyLock<Regex, Box<dyn FnOnce() -> Regex + Send>>;

/// Compiled when a text first needs it: most texts need none, and all of them take longer than reading a small codebase.
fn regex<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<LazyRegex, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    Ok(LazyLock::new(Box::new(move || Regex::new(&pattern).expect("the rules ship with smol and are tested"))))
}

struct Rules {
    rules: Vec<Rule>,
    keywords: AhoCorasick,
    /// The rules of each keyword.
    of_keyword: Vec<Vec<usize>>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Table {
        rule: Vec<Rule>,
    }
    let Table { rule: rules } =
        toml::from_str(include_str!("secrets/rules.toml")).expect("the rules ship with smol and are tested");
    let distinct: BTreeSet<&str> = rules.iter().flat_map(|rule| &rule.keywords).map(String::as_str).collect();
    let of = |keyword: &str| -> Vec<usize> {
        let has = |rule: &Rule| rule.keywords.iter().any(|own| own == keyword);
        rules.iter().enumerate().filter(|(_, rule)| has(rule)).map(|(index, _)| index).collect()
    };
    let of_keyword = distinct.iter().map(|keyword| of(keyword)).collect();
    // Every byte that is read goes through it, and a table of all steps takes the fewest.
    let kind = Some(AhoCorasickKind::DFA);
    let keywords = AhoCorasick::builder().kind(kind).ascii_case_insensitive(true).build(&distinct);
    let keywords = keywords.expect("they are few");
    Rules { rules, keywords, of_keyword }
});

/// Puts a name in the place of every credential in `text`; `None` if there is none.
pub fn mask(text: &str) -> Option<Masked> {
    let found = find(text);
    if found.is_empty() {
        return None;
    }
    let (mut masked, mut secrets, mut end) = (String::with_capacity(text.len()), Vec::<Secret>::new(), 0);
    for (range, kind) in found {
        masked.push_str(&text[end..range.start]);
        let value = &text[range.clone()];
        // The same secret has the same name throughout.
        let known = secrets.iter().find(|secret| secret.value == value).map(|secret| secret.mask.clone());
        let mask = known.unwrap_or_else(|| {
            // A number that the text does not have yet, so that it can be turned back.
            let mask = (secrets.len() + 1..)
                .map(|number| format!("{MASK}{number}"))
                .find(|mask| !text.contains(mask.as_str()))
                .expect("numbers do not end");
            let line = 1 + line_ends(&text[..range.start]);
            secrets.push(Secret { mask: mask.clone(), value: value.to_owned(), kind: kind.to_owned(), line });
            mask
        });
        masked.push_str(&mask);
        end = range.end;
    }
    masked.push_str(&text[end..]);
    Some(Masked { text: masked, secrets })
}

/// Puts the secrets back in the place of their names, in a new version of the file that stands as `original`.
///
/// # Errors
/// The first name in `text` that is none of these secrets': it belongs to another file, and so does what it stands for.
pub fn unmask(text: &str, secrets: &[Secret], original: &str) -> Result<String, String> {
    let (mut whole, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(MASK) {
        let digits = rest[at + MASK.len()..].chars().take_while(char::is_ascii_digit).count();
        let (mask, behind) = rest[at..].split_at(MASK.len() + digits);
        whole.push_str(&rest[..at]);
        match secrets.iter().find(|secret| secret.mask == mask) {
            Some(secret) => whole.push_str(&secret.value),
            None if digits == 0 || original.contains(mask) => whole.push_str(mask),
            None => return Err(mask.to_owned()),
        }
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

fn line_ends(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Where credentials stand and what they look like, in order and apart from each other.
fn find(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let rules = &*RULES;
    let mut tried = BTreeSet::new();
    let mut found = Vec::new();
    for hit in rules.keywords.find_overlapping_iter(text) {
        for &index in &rules.of_keyword[hit.pattern().as_usize()] {
            let rule = &rules.rules[index];
            let around = if rule.spans_lines { below(text, hit.start()) } else { line(text, hit.start()) };
            if !tried.insert((index, around.start)) {
                continue;
            }
            for captures in rule.regex.captures_iter(&text[around.clone()]) {
                let value = captures.get(1).or(captures.get(0)).expect("there is always the whole");
                if rule.means(value.as_str()) {
                    found.push((around.start + value.start()..around.start + value.end(), rule.name.as_str()));
                }
            }
        }
    }
    // Of two that overlap, the one that begins first, and of those the longer.
    found.sort_by_key(|(range, _)| (range.start, usize::MAX - range.end));
    let mut end = 0;
    found.retain(|(range, _)| {
        let is_apart = range.start >= end;
        end = if is_apart { range.end } else { end };
        is_apart
    });
    found
}

impl Rule {
    /// Whether what matched may be a credential.
    fn means(&self, value: &str) -> bool {
        let lower = value.to_lowercase();
        !self.place_holders.contains(&lower) && (!self.guessed || is_random(value, &lower))
    }
}

/// The line at `at`, as far as it is near.
fn line(text: &str, at: usize) -> Range<usize> {
    // A line that is longer than that is tried in steps, so that the same stretch is not tried for every keyword in it.
    let step = at / REACH * REACH;
    let first = text.floor_char_boundary(step.saturating_sub(REACH));
    let last = text.floor_char_boundary((step + 2 * REACH).min(text.len()));
    let start = text[first..at].rfind('\n').map_or(first, |newline| first + newline + 1);
    let end = text[at..last].find('\n').map_or(last, |newline| at + newline);
    start..end
}

/// The line at `at` and those below it.
fn below(text: &str, at: usize) -> Range<usize> {
    let start = line(text, at).start;
    start..text.floor_char_boundary((at + LONG_REACH).min(text.len()))
}

/// Whether a value looks as if nobody had thought of it: letters and digits, no words, no path, no place to fill in.
fn is_random(value: &str, lower: &str) -> bool {
    const HARMLESS: &[&str] = &[
        "example",
        "your",
        "changeme",
        "change_me",
        "change-me",
        "placeholder",
        "dummy",
        "xxxx",
        "****",
        "....",
        "1234567",
        "abcdef",
        "redacted",
        "insert",
        "replace",
        "${",
        "{{",
        "<%",
        "%s",
        "process.env",
        "os.environ",
        "://",
        "localhost",
    ];
    let has = |class: fn(&char) -> bool| value.chars().any(|c| class(&c));
    has(char::is_ascii_digit)
        && has(|c| c.is_alphabetic())
        && !HARMLESS.iter().any(|word| lower.contains(word))
        && !value.starts_with(['$', '{', '<', '%', '/', '.', '@', '#', '('])
        && !value.contains(['(', '[', '{', '<', '\\'])
        && !is_words(value)
        && entropy(value) >= RANDOM
}

/// Words with marks between them, and a few digits behind some: `api_token_v2`, `UserToken3`, `app.secret.key1`.
fn is_words(value: &str) -> bool {
    let is_word = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = part.len() - letters.len();
        let humps = letters.chars().filter(char::is_ascii_uppercase).count();
        let is_shouted = letters.chars().all(|c| c.is_ascii_uppercase());
        digits <= 4 && letters.chars().all(char::is_alphabetic) && (is_shouted || humps * 3 <= letters.len())
    };
    value.split(|c: char| !c.is_alphanumeric()).all(is_word)
}

/// Bits per character.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = value.len() as f64;
    let share = |count: &u32| f64::from(*count) / length;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn stays(text: &str) {
        assert_eq!(mask(text), None, "{text}");
    }

    #[track_caller]
    fn hides(text: &str, expected: &str) {
        let masked = mask(text).unwrap_or_else(|| panic!("nothing was found in {text}"));
        assert_eq!(masked.text, expected);
        assert_eq!(unmask(&masked.text, &masked.secrets, text).as_deref(), Ok(text));
    }

    #[test]
    fn every_rule_compiles_and_has_keywords_in_lower_case() {
        for rule in &RULES.rules {
            assert!(rule.regex.captures_len() <= 2, "{} has more than one group", rule.name);
            assert!(!rule.keywords.is_empty(), "{}", rule.name);
            assert!(rule.keywords.iter().all(|keyword| *keyword == keyword.to_lowercase()), "{}", rule.name);
        }
    }

    #[test]
    fn only_the_secret_itself_is_hidden() {
        let key = ["AKIA", "Q3EGRIUJ5WD2ZN4X"].concat();
        hides(&format!("aws:\n  id: \"{key}\"\n"), "aws:\n  id: \"SMOL_MASKED_SECRET_1\"\n");
        hides(
            "db = \"postgres://app:f8Kw-Qz1@db/app\"\nagain = \"postgres://app:f8Kw-Qz1@db/app\"\n",
            "db = \"postgres://app:SMOL_MASKED_SECRET_1@db/app\"\nagain = \"postgres://app:SMOL_MASKED_SECRET_1@db/app\"\n",
        );
        hides("DB_PASSWORD=s3cr3t-Passw0rd7\nX=1\n", "DB_PASSWORD=SMOL_MASKED_SECRET_1\nX=1\n");
        hides("api_key: 'q8Zr31mKpL0xWv7T'", "api_key: 'SMOL_MASKED_SECRET_1'");
        let long = "q8Zr31mKpL0xWv7T".repeat(20);
        hides(&format!("api_key: '{long}'"), "api_key: 'SMOL_MASKED_SECRET_1'");
    }

    #[test]
    fn a_private_key_goes_and_its_frame_stays() {
        let begin = ["-----BEGIN RSA PRIV", "ATE KEY-----\n"].concat();
        let body = "MIIEowIBAAKCAQEA0Z3VS5JJcds3xfn\n".repeat(20);
        let end = "-----END RSA PRIVATE KEY-----\n";
        hides(&format!("{begin}{body}{end}x\n"), &format!("{begin}SMOL_MASKED_SECRET_1{end}x\n"));
    }

    #[test]
    fn code_about_secrets_stays() {
        for text in [
            "token = next_token(stream2)",
            "password: \"Enter your password2\"",
            "const tokenType = 'access_token_v2';",
            "API_KEY = os.environ[\"API_KEY_2\"]",
            "api_key = \"YOUR_API_KEY_1234\"",
            "secret = \"${SECRET_1}\"",
            "token: \"{{ token1 }}\"",
            "password=getpass.getpass()",
            "password = config.password2",
            "postgres://user:password@localhost/db",
            "see https://example.org:8080/a@b",
            "let token = TokenKind::Ident2;",
            "secret_key_base: <%= ENV[\"KEY1\"] %>",
            "class TokenStream2 { token: Token1 }",
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
            "risk-averse task-based disk-1",
        ] {
            stays(text);
        }
    }

    #[test]
    fn a_name_that_stands_there_already_is_not_taken() {
        hides(
            "SMOL_MASKED_SECRET = 1\napi_key = 'q8Zr31mKpL0xWv7T'",
            "SMOL_MASKED_SECRET = 1\napi_key = 'SMOL_MASKED_SECRET_1'",
        );
    }

    #[test]
    fn the_secret_of_another_file_is_not_turned_back() {
        assert_eq!(unmask("a = SMOL_MASKED_SECRET_4", &[], "a = 4"), Err("SMOL_MASKED_SECRET_4".to_owned()));
    }

    #[test]
    fn a_very_long_line_ends_soon() {
        let line = "token=".repeat(100_000);
        stays(&line);
    }
}
