//! What a run has to ask for, given what the last ones have made: the plan, the list, and each file. Decides, and asks
//! nobody.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::{
    event::Chosen,
    file_list::FileList,
    lineage::{Ground, Lineage, Reason, Sources},
    path::RelPath,
    plan::Plan,
    prompts::Prompts,
    spec::Spec,
};

/// What the last runs have left, and how much of it is to be used.
#[derive(Clone, Debug, Default)]
pub struct Past {
    pub lineage: Lineage,
    pub renewal: Renewal,
}

/// What becomes of files whose sources are the same but for the prompts or the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Renewal {
    /// They stay: a person has to say that they want to pay for that.
    #[default]
    Keep,
    /// They are written anew.
    WriteAnew,
}

/// How a run gets its plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Planning {
    /// There is none, or it was made by hand.
    New,
    /// The plan on disk was made from this spec, which has changed since.
    Again { old: Spec },
    /// The plan on disk holds.
    Saved,
}

impl Past {
    /// How to get the plan for `spec`; `is_plan_there` says whether there is one on disk.
    pub fn planning(&self, spec: &Spec, prompts: &Prompts, is_plan_there: bool) -> Planning {
        let lineage = &self.lineage;
        let Ok(old) = Spec::new(&lineage.spec) else { return Planning::New };
        let are_rules_new = lineage.rules != prompts.fingerprint(&RULES);
        match () {
            () if !is_plan_there || (are_rules_new && self.renewal == Renewal::WriteAnew) => Planning::New,
            // Only the text is remembered; it names the pictures with their hashes.
            () if old.text != spec.text => Planning::Again { old },
            () => Planning::Saved,
        }
    }

    /// The list that was asked for once, if it holds for this plan.
    pub fn list(&self, plan: &Plan) -> Option<FileList> {
        let paths = self.lineage.list.iter().map(RelPath::to_string);
        self.lineage.knows_list_of(plan).then(|| FileList::new(paths).ok()).flatten()
    }

    /// Whether the file has to be asked for, and why.
    pub fn choose(&self, path: &RelPath, now: &Sources, is_there: bool) -> Chosen {
        let mut reasons = self.lineage.reasons(path, now, is_there);
        let is_optional = |reason: &Reason| matches!(reason, Reason::Prompts | Reason::Model);
        let is_renewal = !reasons.is_empty() && reasons.iter().all(is_optional);
        let kept_despite = match is_renewal && self.renewal == Renewal::Keep {
            true => std::mem::take(&mut reasons),
            false => Vec::new(),
        };
        Chosen { path: path.clone(), reasons, kept_despite }
    }

    /// What each file would be asked for and why, as far as the plan on disk tells; `None` if a plan has to be asked
    /// for first.
    ///
    /// # Errors
    /// If a file cannot be looked at.
    pub fn explain(
        &self,
        ground: &Ground<'_>,
        spec: &Spec,
        is_there: impl Fn(&RelPath) -> Result<bool>,
    ) -> Result<Vec<Chosen>> {
        let Some(list) = self.list(ground.plan).or_else(|| ground.plan.listed()) else { return Ok(Vec::new()) };
        let choose = |path: &RelPath| Ok(self.choose(path, &ground.sources(path, spec.own(path)), is_there(path)?));
        list.files().iter().map(choose).collect()
    }
}

/// The prompts that a plan is made from.
pub const RULES: [&str; 1] = ["rules"];
/// Those that a file is made from.
pub const WORDS: [&str; 2] = ["rules", "file"];

/// What a run has made so far, and from what: what the next one goes by, once it stands on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// The spec that the plan was made from, and the fingerprint of its rules.
    pub plan: Option<(String, String)>,
    /// The contract's paths, and the list.
    pub list: Option<(Vec<String>, Vec<RelPath>)>,
    pub files: BTreeMap<RelPath, Sources>,
    /// Files that were made before and stay: what they are made from is written differently in the plan now.
    pub kept: BTreeMap<RelPath, Sources>,
}

impl Made {
    /// The lineage after this run; `has_landed` says which files, the plan among them, stand on disk or wait there.
    pub fn after(self, past: Lineage, has_landed: impl Fn(&RelPath) -> bool) -> Lineage {
        let mut lineage = past;
        if let Some((spec, rules)) = self.plan.filter(|_| has_landed(&Plan::path())) {
            (lineage.spec, lineage.rules) = (spec, rules);
            lineage.files.extend(self.kept);
        }
        if let Some((contract_paths, list)) = self.list {
            lineage.files.retain(|path, _| list.contains(path));
            (lineage.contract_paths, lineage.list) = (contract_paths, list);
        }
        lineage.files.extend(self.files.into_iter().filter(|(path, _)| has_landed(path)));
        lineage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        Spec::new(text).expect("holds something")
    }

    #[test]
    fn a_plan_is_asked_for_when_there_is_none_or_its_spec_changed() {
        let prompts = Prompts::with(BTreeMap::new()).expect("are built in");
        let rules = prompts.fingerprint(&RULES);
        let past = |spec: &str, rules: &str, renewal| Past {
            lineage: Lineage { spec: spec.to_owned(), rules: rules.to_owned(), ..Lineage::default() },
            renewal,
        };
        let again = Planning::Again { old: spec("old") };
        for (past, is_there, planning) in [
            (past("", "", Renewal::Keep), true, Planning::New),
            (past("new", &rules, Renewal::Keep), false, Planning::New),
            (past("new", &rules, Renewal::Keep), true, Planning::Saved),
            (past("old", &rules, Renewal::Keep), true, again),
            (past("new", "other rules", Renewal::Keep), true, Planning::Saved),
            (past("new", "other rules", Renewal::WriteAnew), true, Planning::New),
        ] {
            assert_eq!(past.planning(&spec("new"), &prompts, is_there), planning);
        }
    }

    #[test]
    fn another_model_alone_renews_nothing_unless_that_is_wanted() {
        let path = RelPath::parse("a.js").expect("is one");
        let of = |model: &str, entry: &str| Sources { model: model.into(), entry: entry.into(), ..Sources::default() };
        let lineage = Lineage { files: BTreeMap::from([(path.clone(), of("m", "e"))]), ..Lineage::default() };
        let past = |renewal| Past { lineage: lineage.clone(), renewal };
        let chosen = past(Renewal::Keep).choose(&path, &of("n", "e"), true);
        assert_eq!((chosen.reasons, chosen.kept_despite), (vec![], vec![Reason::Model]));
        let chosen = past(Renewal::WriteAnew).choose(&path, &of("n", "e"), true);
        assert_eq!((chosen.reasons, chosen.kept_despite), (vec![Reason::Model], vec![]));
        let chosen = past(Renewal::Keep).choose(&path, &of("n", "f"), true);
        assert_eq!(chosen.reasons, [Reason::Entry, Reason::Model]);
    }

    #[test]
    fn only_what_landed_is_remembered() {
        let path = |path: &str| RelPath::parse(path).expect(path);
        let made = Made {
            plan: Some(("new".to_owned(), "r".to_owned())),
            list: Some((vec!["a".to_owned()], vec![path("a"), path("b")])),
            files: BTreeMap::from([(path("a"), Sources::default()), (path("b"), Sources::default())]),
            kept: BTreeMap::from([(path("kept"), Sources::default())]),
        };
        let past = Lineage {
            spec: "old".to_owned(),
            files: BTreeMap::from([(path("gone"), Sources::default())]),
            ..Lineage::default()
        };
        let lineage = made.after(past, |landed| landed.as_str() == "a");
        assert_eq!((lineage.spec.as_str(), lineage.list.len()), ("old", 2));
        assert_eq!(lineage.files.keys().map(RelPath::as_str).collect::<Vec<_>>(), ["a"]);
    }
}
