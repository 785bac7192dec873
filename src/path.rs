//! A path that cannot leave the output directory, and nothing else: no disk, no model.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A file's path relative to the output directory: forward slashes, no way out, no reserved name.
///
/// Parsed once from what a model or a person wrote; everything behind the parser trusts it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

/// Why a path was refused; the text reads after the path: "'../x' leaves the output directory".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{path}' {why}")]
pub struct PathError {
    pub path: String,
    pub why: &'static str,
}

/// Longest name of one file or directory, in bytes: the limit of ext4, APFS and NTFS alike.
const LONGEST_NAME: usize = 255;
/// Longest whole path, in bytes: macOS allows 1,024 for the absolute path, so leave room for the directory.
const LONGEST_PATH: usize = 768;
/// File formats that cannot be written as text; a model that lists one means it for somebody else to draw.
const BINARY: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "ico", "icns", "bmp", "webp", "avif", "woff", "woff2", "ttf", "otf", "eot", "mp3",
    "mp4", "wav", "ogg", "webm", "mov", "zip", "gz", "tgz", "tar", "7z", "jar", "class", "exe", "dll", "so", "dylib",
    "wasm", "pdf", "db", "sqlite", "pyc",
];

impl RelPath {
    /// Parses a path as a model writes it.
    ///
    /// Folds `./`, doubled and back slashes and blanks around the whole; refuses what leaves the directory,
    /// what some platform cannot hold, what belongs to git or to smol, and a directory.
    pub fn parse(written: &str) -> Result<RelPath, PathError> {
        let refuse = |why| Err(PathError { path: written.escape_debug().to_string(), why });
        let slashed = written.trim().replace('\\', "/");
        if slashed.is_empty() {
            return refuse("is empty");
        }
        if slashed.starts_with('/') || slashed.starts_with("~/") {
            return refuse("is absolute");
        }
        if slashed.ends_with('/') || slashed.ends_with("/.") || slashed == "." {
            return refuse("is a directory");
        }
        let parts: Vec<&str> = slashed.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        for part in &parts {
            if let Some(why) = fault(part) {
                return refuse(why);
            }
        }
        let path = parts.join("/");
        if path.is_empty() {
            return refuse("is empty");
        }
        if path.len() > LONGEST_PATH {
            return refuse("is longer than a path may be");
        }
        Ok(RelPath(path))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: `main.js` of `src/main.js`.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// What stands behind the last dot of the name, in lower case; empty when there is none.
    pub fn extension(&self) -> String {
        match self.name().rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
            _ => String::new(),
        }
    }

    /// The directories above the file, nearest first.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.rmatch_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// Whether the name promises bytes that are not text.
    pub fn is_binary(&self) -> bool {
        BINARY.contains(&self.extension().as_str())
    }

    /// The path as a disk that ignores case sees it.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// What is wrong with one part of a path, if anything.
fn fault(part: &str) -> Option<&'static str> {
    let lower = part.to_lowercase();
    let stem = lower.split('.').next().unwrap_or_default().trim_end();
    let is_drive = part.len() == 2 && part.ends_with(':') && part.as_bytes()[0].is_ascii_alphabetic();
    if part == ".." {
        return Some("leaves the output directory");
    }
    if is_drive || (part.len() > 2 && part.as_bytes()[1] == b':') {
        return Some("names a drive");
    }
    if part.chars().any(is_invisible) {
        return Some("holds a control or invisible character");
    }
    if part.contains(['<', '>', ':', '"', '|', '?', '*']) {
        return Some("holds a character that Windows does not allow in a name");
    }
    if part.ends_with(['.', ' ']) {
        return Some("has a part that ends in a dot or a blank, which Windows drops");
    }
    if matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") || is_numbered_device(stem) {
        return Some("is a device name on Windows");
    }
    if matches!(lower.as_str(), ".git" | "git~1") {
        return Some("belongs to git");
    }
    if lower == ".smol" {
        return Some("belongs to smol");
    }
    if part.len() > LONGEST_NAME {
        return Some("has a name longer than a disk can hold");
    }
    None
}

/// Control characters, and those that are drawn as nothing or turn the text around (as git refuses them in `.git`).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_numbered_device(stem: &str) -> bool {
    let Some(number) = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt")) else { return false };
    matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RelPath {
    type Error = PathError;

    fn try_from(written: String) -> Result<RelPath, PathError> {
        RelPath::parse(&written)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> String {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parses(written: &str, expected: &str) {
        assert_eq!(RelPath::parse(written).map(String::from), Ok(expected.to_owned()));
    }

    #[track_caller]
    fn refuses(written: &str, why: &str) {
        let error = RelPath::parse(written).expect_err(written);
        assert!(error.why.contains(why), "{written:?} was refused because it {}, not {why}", error.why);
    }

    #[test]
    fn spellings_of_the_same_file_fold_into_one() {
        for written in ["src/a.js", "./src/a.js", "src//a.js", "src\\a.js", " src/./a.js\n", ".\\src\\a.js"] {
            parses(written, "src/a.js");
        }
    }

    #[test]
    fn ordinary_odd_names_are_fine() {
        for written in
            [".gitignore", ".github/ci.yml", "app/[id]/page.tsx", "a b.txt", "ünï/日本.md", "...rest", "console.log"]
        {
            parses(written, written);
        }
    }

    #[test]
    fn ways_out_are_refused() {
        for written in ["../x", "a/../../x", "a/..", "..\\x", "a\\..\\..\\x"] {
            refuses(written, "leaves");
        }
        for written in ["/etc/passwd", "\\\\server\\share\\x", "~/x", "//x"] {
            refuses(written, "absolute");
        }
        for written in ["C:\\x", "c:/x", "C:x"] {
            refuses(written, "drive");
        }
    }

    #[test]
    fn names_no_disk_should_see_are_refused() {
        refuses("a\0b", "control");
        refuses("a\u{202e}b", "invisible");
        refuses("src/CON.txt", "device");
        refuses("com1", "device");
        refuses("a?.js", "Windows");
        refuses("file:stream", "Windows");
        refuses("dir./x", "dot or a blank");
        refuses(".git/hooks/pre-commit", "git");
        refuses("sub/.GIT/config", "git");
        refuses("git~1/config", "git");
        refuses(".smol/manifest.json", "smol");
        refuses(&"x".repeat(256), "longer");
        refuses("x/".repeat(500).trim_end_matches('/'), "longer");
    }

    #[test]
    fn directories_and_nothing_are_refused() {
        refuses("src/", "directory");
        refuses("src/.", "directory");
        refuses(".", "directory");
        refuses("  ", "empty");
        refuses("./", "directory");
    }

    #[test]
    fn extension_and_parents() {
        let path = RelPath::parse("a/b/c.TAR.GZ").expect("is plain");
        assert_eq!((path.name(), path.extension().as_str(), path.is_binary()), ("c.TAR.GZ", "gz", true));
        assert_eq!(path.parents().collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(RelPath::parse(".env").expect("is plain").extension(), "");
    }
}
