//! What every file was made from, and so which of them a change touches. Knows nothing about models or disks.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    contract::{Contract, Project},
    path::RelPath,
    plan::Plan,
};

/// What the last runs have made, and from what: smol's memory of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lineage {
    /// The run that brought it up to date.
    pub run: String,
    /// The spec that the plan was made from.
    pub spec: String,
    /// The words that the plan was asked for with, as a hash.
    pub rules: String,
    /// The contract's paths when the list was asked for, and the list that came of it.
    pub contract_paths: Vec<String>,
    pub list: Vec<RelPath>,
    pub files: BTreeMap<RelPath, Sources>,
}

/// Everything that one file was made from, as hashes, so that a change of any of them is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sources {
    /// Its own entry in the contract.
    pub entry: String,
    /// The entries of the files that it uses.
    pub uses: BTreeMap<String, String>,
    /// The names that belong to the project as a whole.
    pub names: String,
    /// Its own spec.
    pub spec: String,
    pub prompts: String,
    /// The name of the model.
    pub model: String,
}

/// Why a file is asked for again, or for the first time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// smol has not written it yet.
    New,
    /// It was written, and is gone.
    Missing,
    Entry,
    /// The contract's entry of this file, which it uses.
    Uses(String),
    Names,
    Spec,
    Prompts,
    Model,
}

/// What all files of one run are made from alike.
#[derive(Clone, Debug)]
pub struct Ground<'a> {
    pub plan: &'a Plan,
    pub prompts: String,
    pub model: &'a str,
}

impl Ground<'_> {
    /// What the file at `path` is made from, with a spec of its own or none.
    ///
    /// Where the plan has no contract that can be read, the whole plan counts as the entry of every file.
    pub fn sources(&self, path: &RelPath, spec: Option<&str>) -> Sources {
        let (entry, uses, names) = match &self.plan.contract {
            Ok(contract) => {
                let entry = contract.file(path);
                (hash(&entry), used(contract, path), names_for(&contract.project, path))
            }
            Err(_) => (hash(&self.plan.text), BTreeMap::new(), String::new()),
        };
        let spec = spec.map(|spec| hash(&spec)).unwrap_or_default();
        Sources { entry, uses, names, spec, prompts: self.prompts.clone(), model: self.model.to_owned() }
    }
}

fn used(contract: &Contract, path: &RelPath) -> BTreeMap<String, String> {
    let uses = contract.file(path).map_or(&[][..], |file| file.uses.as_slice());
    let entry = |path: &str| RelPath::parse(path).ok().and_then(|path| contract.file(&path));
    uses.iter().map(|used| (used.path.clone(), hash(&entry(&used.path)))).collect()
}

/// The project's names that say that they concern this file, and those that say nothing of files.
fn names_for(project: &Project, path: &RelPath) -> String {
    let Project { dom_ids, messages, schemas, routes, environment, packages } = project;
    let concerns =
        |files: &[String]| files.is_empty() || files.iter().any(|file| RelPath::parse(file).as_ref() == Ok(path));
    let all = [dom_ids, messages, schemas, routes, environment, packages];
    hash(&all.map(|names| names.iter().filter(|name| concerns(&name.files)).collect::<Vec<_>>()))
}

/// The hash of a value as it is written in JSON.
pub(crate) fn hash(value: &impl Serialize) -> String {
    let text = serde_json::to_vec(value).expect("contracts and texts are plain data");
    blake3::hash(&text).to_hex()[..32].to_owned()
}

impl Lineage {
    /// Why the file has to be asked for, given what it would be made from now; nothing if it need not.
    pub fn reasons(&self, path: &RelPath, now: &Sources, is_there: bool) -> Vec<Reason> {
        let Some(then) = self.files.get(path) else { return vec![Reason::New] };
        if !is_there {
            return vec![Reason::Missing];
        }
        let single = [
            (then.entry != now.entry, Reason::Entry),
            (then.names != now.names, Reason::Names),
            (then.spec != now.spec, Reason::Spec),
            (then.prompts != now.prompts, Reason::Prompts),
            (then.model != now.model, Reason::Model),
        ];
        let changed = now.uses.iter().filter(|(path, entry)| then.uses.get(*path) != Some(entry));
        let uses = changed.map(|(path, _)| Reason::Uses(path.clone()));
        single.into_iter().filter_map(|(is_so, reason)| is_so.then_some(reason)).chain(uses).collect()
    }

    /// Whether the list that was asked for once holds for this plan: its contract names the same files.
    pub fn knows_list_of(&self, plan: &Plan) -> bool {
        let is_same = |contract: &Contract| contract.paths().eq(self.contract_paths.iter().map(String::as_str));
        !self.list.is_empty() && plan.contract.as_ref().is_ok_and(is_same)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::New => f.write_str("it is new"),
            Reason::Missing => f.write_str("it is gone"),
            Reason::Entry => f.write_str("its entry in the contract changed"),
            Reason::Uses(path) => write!(f, "the entry of '{path}', which it uses, changed"),
            Reason::Names => f.write_str("names of the project that it shares changed"),
            Reason::Spec => f.write_str("its own spec changed"),
            Reason::Prompts => f.write_str("the prompts changed"),
            Reason::Model => f.write_str("another model was asked the last time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"# P

```yaml contract
project:
  dom_ids:
    - { name: go, shape: button, meaning: starts, files: [a.js] }
    - { name: all, shape: div, meaning: everything }
files:
  - { path: a.js, purpose: first, uses: [{ path: b.js, names: [x] }] }
  - { path: b.js, purpose: second }
  - { path: c.js, purpose: third }
```
"#;

    fn path(path: &str) -> RelPath {
        RelPath::parse(path).expect(path)
    }

    fn sources(plan: &str, file: &str) -> Sources {
        let plan = Plan::new(plan.to_owned());
        Ground { plan: &plan, prompts: "p".to_owned(), model: "m" }.sources(&path(file), None)
    }

    /// Which files of the plan this change of it touches, and why.
    #[track_caller]
    fn touches(from: &str, to: &str, expected: &[(&str, Reason)]) {
        assert!(PLAN.contains(from), "{from}");
        let changed = PLAN.replace(from, to);
        let files = ["a.js", "b.js", "c.js"];
        let made = files.map(|file| (path(file), sources(PLAN, file)));
        let lineage = Lineage { files: made.into_iter().collect(), ..Lineage::default() };
        let reasons = |file: &str| lineage.reasons(&path(file), &sources(&changed, file), true);
        let touched: Vec<(&str, Reason)> =
            files.iter().flat_map(|file| reasons(file).into_iter().map(|reason| (*file, reason))).collect();
        assert_eq!(touched, expected, "{changed}");
    }

    #[test]
    fn a_change_touches_what_was_made_from_it() {
        touches("", "", &[]);
        touches("purpose: third", "purpose: other", &[("c.js", Reason::Entry)]);
        touches("purpose: third", "purpose:  'third'", &[]);
        let used = Reason::Uses("b.js".to_owned());
        touches("purpose: second", "purpose: other", &[("a.js", used), ("b.js", Reason::Entry)]);
        touches("meaning: starts", "meaning: stops", &[("a.js", Reason::Names)]);
        let all = ["a.js", "b.js", "c.js"].map(|file| (file, Reason::Names));
        touches("meaning: everything", "meaning: nothing", &all);
        touches("# P", "# Q", &[]);
    }

    #[test]
    fn without_a_contract_the_whole_plan_is_what_every_file_is_made_from() {
        let (one, other) = (sources("no contract", "a.js"), sources("no contract either", "a.js"));
        assert_eq!(one.entry, sources("no contract", "c.js").entry);
        assert_ne!(one.entry, other.entry);
    }

    #[test]
    fn each_source_is_a_reason_of_its_own() {
        let then = sources(PLAN, "c.js");
        let lineage = Lineage { files: BTreeMap::from([(path("c.js"), then.clone())]), ..Lineage::default() };
        let other = "other".to_owned();
        for (now, reason) in [
            (Sources { spec: other.clone(), ..then.clone() }, Reason::Spec),
            (Sources { prompts: other.clone(), ..then.clone() }, Reason::Prompts),
            (Sources { model: other, ..then.clone() }, Reason::Model),
        ] {
            assert_eq!(lineage.reasons(&path("c.js"), &now, true), [reason]);
        }
        assert_eq!(lineage.reasons(&path("c.js"), &then, false), [Reason::Missing]);
        assert_eq!(lineage.reasons(&path("d.js"), &then, true), [Reason::New]);
    }

    #[test]
    fn a_list_holds_as_long_as_the_contract_names_the_same_files() {
        let plan = Plan::new(PLAN.to_owned());
        let contract_paths = ["a.js", "b.js", "c.js"].map(str::to_owned).to_vec();
        let known = Lineage { contract_paths, list: vec![path("a.js")], ..Lineage::default() };
        assert!(known.knows_list_of(&plan));
        assert!(known.knows_list_of(&Plan::new(PLAN.replace("third", "last"))));
        assert!(!known.knows_list_of(&Plan::new(PLAN.replace("c.js", "d.js"))));
        assert!(!Lineage::default().knows_list_of(&plan));
    }
}
