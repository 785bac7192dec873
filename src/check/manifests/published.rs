//! What a package of npm says of itself as it is published: which files it holds, and where its entries lie.

use std::collections::HashSet;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::super::{facts::Setting, project::parent, syntax::Language};

/// Directories that only a build fills, so that an entry in them tells of one.
const OF_BUILDS: &[&str] = &["dist", "build", "out", "umd", "cjs", "esm", "es", "bundles"];
/// Settings that name what a package is entered by.
const ENTRIES: &[&str] = &["main", "module", "browser", "unpkg", "jsdelivr", "types", "typings", "bin", "exports"];
/// What an import without an ending may mean.
const ENDINGS: &[&str] = &["", ".js", ".ts", ".json", ".d.ts", ".mjs", ".cjs", "/index.js", "/index.ts"];

/// One `package.json`.
#[derive(Default)]
pub struct Published {
    /// What `files` lists.
    listed: Option<Gitignore>,
    entries: HashSet<String>,
}

impl Published {
    pub fn new(settings: &[Setting]) -> Published {
        let mut published = Published::default();
        let mut listed = GitignoreBuilder::new("");
        let mut has_list = false;
        for setting in settings {
            let first = setting.key.split('.').next().unwrap_or_default();
            if first == "files" && setting.key != "files" {
                has_list = true;
                // A pattern that cannot be read lists nothing.
                let _ = listed.add_line(None, &rooted(&setting.text));
            } else if ENTRIES.contains(&first) && !setting.text.is_empty() {
                published.entries.insert(setting.text.trim_start_matches("./").to_owned());
            }
        }
        published.listed = listed.build().ok().filter(|_| has_list);
        published
    }

    /// Whether its entries come out of a build.
    pub fn is_built(&self) -> bool {
        self.entries.iter().any(|entry| OF_BUILDS.contains(&entry.split('/').next().unwrap_or_default()))
    }

    /// Whether `files` keeps this path out, with every ending that it may have.
    pub fn leaves_out(&self, path: &str) -> bool {
        self.listed.as_ref().is_some_and(|_| !ENDINGS.iter().any(|ending| self.holds(&format!("{path}{ending}"))))
    }

    /// Whether these are no more files than the package is published with: so this is such a package, not its source.
    pub fn is_whole(&self, mut files: impl Iterator<Item = impl AsRef<str>>) -> bool {
        self.listed.is_some()
            && files.all(|file| {
                let is_code = Language::of(file.as_ref()).is_script();
                !is_code || self.holds(file.as_ref())
            })
    }

    fn holds(&self, path: &str) -> bool {
        let is_listed = |listed: &Gitignore| listed.matched_path_or_any_parents(path, false).is_ignore();
        self.entries.contains(path) || self.listed.as_ref().is_some_and(is_listed)
    }
}

/// The pattern as seen from the package: `files` knows no other place.
fn rooted(pattern: &str) -> String {
    let (sign, bare) = pattern.strip_prefix('!').map_or(("", pattern), |bare| ("!", bare));
    let bare = bare.trim_start_matches("./").trim_start_matches('/');
    if sign.is_empty() || !parent(bare).is_empty() { format!("{sign}/{bare}") } else { format!("{sign}{bare}") }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Published, Setting};

    fn published(settings: &[(&str, &'static str)]) -> Published {
        let settings: Vec<Setting> = settings
            .iter()
            .map(|(key, text)| Setting { key: (*key).to_owned(), text: Cow::Borrowed(*text), at: 0 })
            .collect();
        Published::new(&settings)
    }

    #[test]
    fn what_is_not_listed_is_left_out() {
        let lists = [("files", ""), ("files.0", "lib/"), ("files.1", "./bin/*.js"), ("main", "./index.js")];
        let package = published(&lists);
        for (path, expected) in [
            ("lib/a", false),
            ("bin/a", false),
            ("bin/deep/a", true),
            ("index", false),
            ("test/utils", true),
            ("third_party/rxjs.js", true),
        ] {
            assert_eq!(package.leaves_out(path), expected, "{path}");
        }
        assert!(package.is_whole(["README.md", "lib/a.js", "index.js"].iter()));
        assert!(!package.is_whole(["lib/a.js", "test/a.js"].iter()));
        let source = published(&[("main", "index.js")]);
        assert!(!source.leaves_out("test/utils") && !source.is_whole(["index.js"].iter()));
    }

    #[test]
    fn entries_tell_of_a_build() {
        assert!(published(&[("main", "dist/a.cjs.js")]).is_built());
        assert!(published(&[("exports", ""), ("exports.import", "./esm/a.js")]).is_built());
        assert!(!published(&[("main", "lib/a.js"), ("bin.dist", "cli.js")]).is_built());
    }
}
