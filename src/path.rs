//! A path that cannot leave the output directory, and nothing else: no disk, no model.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// A file's path relative to the output directory: forward slashes, no way out, no reserved name.
///
/// Parsed once from what a model or a person wrote; everything behind the parser trusts it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(Arc<str>);

/// A path that was refused, with what steers a terminal made visible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{path}' {fault}")]
pub struct PathError {
    pub path: String,
    pub fault: Fault,
}

/// Why a path was refused; the text reads after the path: "'../x' leaves the output directory".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("is empty")]
    Empty,
    #[error("is absolute")]
    Absolute,
    #[error("is a directory")]
    Directory,
    #[error("leaves the output directory")]
    WayOut,
    #[error("names a drive")]
    Drive,
    #[error("holds a control or invisible character")]
    Invisible,
    #[error("holds a character that Windows does not allow in a name")]
    Character,
    #[error("has a part that ends in a dot or a blank, which Windows drops")]
    TrailingDot,
    #[error("is a device name on Windows")]
    Device,
    #[error("belongs to git")]
    Git,
    #[error("belongs to smol")]
    Smol,
    #[error("is longer than a path may be")]
    Length,
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
        let refuse = |fault| Err(PathError { path: written.escape_debug().to_string(), fault });
        let slashed = written.trim().replace('\\', "/");
        if slashed.is_empty() {
            return refuse(Fault::Empty);
        }
        if slashed.starts_with('/') || slashed.starts_with("~/") {
            return refuse(Fault::Absolute);
        }
        if slashed.ends_with('/') || slashed.ends_with("/.") || slashed == "." {
            return refuse(Fault::Directory);
        }
        let parts: Vec<&str> = slashed.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        for part in &parts {
            if let Some(fault) = fault(part) {
                return refuse(fault);
            }
        }
        let path = parts.join("/");
        if path.is_empty() {
            return refuse(Fault::Empty);
        }
        if path.len() > LONGEST_PATH {
            return refuse(Fault::Length);
        }
        Ok(RelPath(path.into()))
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
fn fault(part: &str) -> Option<Fault> {
    let lower = part.to_lowercase();
    let stem = lower.split('.').next().unwrap_or_default().trim_end();
    let is_drive = part.len() == 2 && part.ends_with(':') && part.as_bytes()[0].is_ascii_alphabetic();
    if part == ".." {
        return Some(Fault::WayOut);
    }
    if is_drive || (part.len() > 2 && part.as_bytes()[1] == b':') {
        return Some(Fault::Drive);
    }
    if part.chars().any(is_invisible) {
        return Some(Fault::Invisible);
    }
    if part.contains(['<', '>', ':', '"', '|', '?', '*']) {
        return Some(Fault::Character);
    }
    if part.ends_with(['.', ' ']) {
        return Some(Fault::TrailingDot);
    }
    if matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") || is_numbered_device(stem) {
        return Some(Fault::Device);
    }
    if matches!(lower.as_str(), ".git" | "git~1") {
        return Some(Fault::Git);
    }
    if lower == ".smol" {
        return Some(Fault::Smol);
    }
    if part.len() > LONGEST_NAME {
        return Some(Fault::Length);
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
        path.0.to_string()
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
    fn refuses(written: &str, fault: Fault) {
        assert_eq!(RelPath::parse(written).map_err(|error| error.fault), Err(fault), "{written:?}");
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
            refuses(written, Fault::WayOut);
        }
        for written in ["/etc/passwd", "\\\\server\\share\\x", "~/x", "//x"] {
            refuses(written, Fault::Absolute);
        }
        for written in ["C:\\x", "c:/x", "C:x"] {
            refuses(written, Fault::Drive);
        }
    }

    #[test]
    fn names_no_disk_should_see_are_refused() {
        refuses("a\0b", Fault::Invisible);
        refuses("a\u{202e}b", Fault::Invisible);
        refuses("src/CON.txt", Fault::Device);
        refuses("com1", Fault::Device);
        refuses("a?.js", Fault::Character);
        refuses("file:stream", Fault::Character);
        refuses("dir./x", Fault::TrailingDot);
        refuses("dir /x", Fault::TrailingDot);
        refuses(".SMOL/x", Fault::Smol);
        refuses(".git/hooks/pre-commit", Fault::Git);
        refuses("sub/.GIT/config", Fault::Git);
        refuses("git~1/config", Fault::Git);
        refuses(".smol/manifest.json", Fault::Smol);
        refuses(&"x".repeat(256), Fault::Length);
        refuses("x/".repeat(500).trim_end_matches('/'), Fault::Length);
    }

    #[test]
    fn directories_and_nothing_are_refused() {
        refuses("src/", Fault::Directory);
        refuses("src/.", Fault::Directory);
        refuses(".", Fault::Directory);
        refuses("  ", Fault::Empty);
        refuses("./", Fault::Directory);
    }

    #[test]
    fn extension_and_parents() {
        let path = RelPath::parse("a/b/c.TAR.GZ").expect("is plain");
        assert_eq!((path.name(), path.extension().as_str(), path.is_binary()), ("c.TAR.GZ", "gz", true));
        assert_eq!(path.parents().collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(RelPath::parse(".env").expect("is plain").extension(), "");
    }
}
