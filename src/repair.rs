//! Misfits put to the files that can mend them: who is asked, the question, and whether the new version is better.
//! Asks nobody, and knows no disk.
//!
//! A misfit often lies between two files. The contract decides who is asked: the file that breaks it, by a promise that
//! it does not keep or a shared name that it does not have. Where the contract says nothing, the file is asked in which
//! the misfit stands; for a package that is used and not declared it is the manifest. If that file may not be asked,
//! because a person has changed it or the run has not written it, it is the one that the misfit points at.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use serde_json::json;

use crate::{
    check::{self, Findings, Misfit, Rule, Selection, Severity},
    contract::Contract,
    model::{Form, Request},
    outline,
    path::RelPath,
    plan::{PLAN_FILE, Trunk},
    prompts::Prompts,
    secrets,
    signatures::signatures,
    workspace::tree::Tree,
};

/// How often a file that does not fit is asked for again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repair {
    #[default]
    Once,
    Never,
}

/// A file, and what concerns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub path: RelPath,
    pub misfits: Vec<Misfit>,
}

/// A project, and what in it certainly does not fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub tree: Tree,
    pub misfits: Vec<Misfit>,
    pub files: usize,
}

/// Most files that a question shows beside the one it is about.
const MOST_DEFINITIONS: usize = 8;
/// Most files that a name is shown from which nothing says where it stands.
const MOST_PLACES: usize = 3;
/// Most misfits that a question tells of: who mends these mends the rest.
const MOST_MISFITS: usize = 40;
/// Longest line that is quoted, in characters.
const LONGEST_LINE: usize = 200;
/// A new version that has less than one part in so many left of the old one is no repair.
const SMALLEST_PART: usize = 2;

impl State {
    /// Checks a project. Hints are left out.
    ///
    /// So are files that the plan promises and that are not there: the list decides what is written, and one of the
    /// list's that is missing is known as such.
    pub fn of(tree: Tree) -> State {
        let Findings { mut misfits, files } = check::check(&tree, &Selection::default());
        let is_there: BTreeSet<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
        misfits.retain(|misfit| {
            misfit.severity == Severity::Error
                && (misfit.rule != Rule::BrokenContract
                    || misfit.looked_in == PLAN_FILE
                    || is_there.contains(misfit.looked_in.as_str()))
        });
        State { tree, misfits, files }
    }

    /// The same project with another text for one file.
    fn with(&self, path: &RelPath, text: &str) -> State {
        let mut tree = self.tree.clone();
        if let Some(file) = tree.files.iter_mut().find(|file| file.path == path.as_str()) {
            file.text = Some(text.to_owned());
        }
        State::of(tree)
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.tree.files.iter().find(|file| file.path == path)?.text.as_deref()
    }
}

/// Which of the files that may be asked are, for which misfits. While files of the `list` are missing, only for what
/// is wrong in a file by itself: the rest may fit as soon as they are there.
pub fn cases(state: &State, contract: Option<&Contract>, own: &BTreeSet<RelPath>, list: &[RelPath]) -> Vec<Case> {
    let is_whole = list.iter().all(|path| state.text(path.as_str()).is_some());
    let broken: Vec<(&str, &str)> =
        state.misfits.iter().filter(|misfit| misfit.rule == Rule::BrokenContract).map(breaker).collect();
    let mut cases: BTreeMap<RelPath, Vec<Misfit>> = BTreeMap::new();
    for misfit in &state.misfits {
        if !is_whole && !matches!(misfit.rule, Rule::Syntax | Rule::Unfinished) {
            continue;
        }
        let culprits = culprits(misfit, state, contract, &broken);
        let fallbacks = [misfit.path.clone(), misfit.looked_in.clone()];
        let may_be_asked = |path: &String| RelPath::parse(path).ok().filter(|path| own.contains(path));
        let mut asked: Vec<RelPath> = culprits.iter().filter_map(may_be_asked).collect();
        if asked.is_empty() {
            asked.extend(fallbacks.iter().find_map(may_be_asked));
        }
        for path in asked.into_iter().filter(|path| path.as_str() != PLAN_FILE) {
            cases.entry(path).or_default().push(misfit.clone());
        }
    }
    cases.into_iter().map(|(path, misfits)| Case { path, misfits }).collect()
}

/// The file that does not keep its promise, and the name.
fn breaker(misfit: &Misfit) -> (&str, &str) {
    let path = if misfit.looked_in == PLAN_FILE { &misfit.path } else { &misfit.looked_in };
    (path, &misfit.name)
}

/// The files that should be other, most certain first.
fn culprits(misfit: &Misfit, state: &State, contract: Option<&Contract>, broken: &[(&str, &str)]) -> Vec<String> {
    if misfit.rule == Rule::BrokenContract {
        return vec![breaker(misfit).0.to_owned()];
    }
    if matches!(misfit.rule, Rule::Syntax | Rule::Unfinished) {
        return vec![misfit.path.clone()];
    }
    let faithless = broken.iter().filter(|(_, name)| *name == misfit.name).map(|(path, _)| (*path).to_owned());
    let faithless: Vec<String> = faithless.collect();
    if !faithless.is_empty() {
        return faithless;
    }
    let lacking = contract.map(|contract| lacking(misfit, state, contract)).unwrap_or_default();
    if !lacking.is_empty() {
        return lacking;
    }
    match misfit.rule {
        Rule::UndeclaredPackage => vec![misfit.looked_in.clone()],
        _ => vec![misfit.path.clone()],
    }
}

/// The files that share this name by the contract, and do not have it.
fn lacking(misfit: &Misfit, state: &State, contract: &Contract) -> Vec<String> {
    let name = bare(&misfit.name);
    let shared = contract.project.kinds().into_iter().flatten().filter(|shared| bare(&shared.name) == name);
    let files = shared.flat_map(|shared| &shared.files).filter_map(|file| RelPath::parse(file).ok());
    let lacks = |path: &RelPath| state.text(path.as_str()).is_some_and(|text| !outline::mentions(text, name));
    files.filter(|path| path.as_str() != misfit.path && lacks(path)).map(String::from).collect()
}

/// A name without what only some places write with it: the sign of an id, the method of a route.
fn bare(name: &str) -> &str {
    name.rsplit(' ').next().unwrap_or(name).trim_start_matches(['#', '.'])
}

/// Asks for the file once more: what does not fit, the definitions that this points at, and the file itself.
pub fn ask(prompts: &Prompts, trunk: &Trunk, state: &State, case: &Case) -> Result<Request> {
    let misfits = case.misfits.iter().take(MOST_MISFITS).map(|misfit| {
        let Misfit { path, line, column, message, nearest, .. } = misfit;
        let quoted = state.text(path).and_then(|text| text.lines().nth(line.saturating_sub(1))).map(str::trim);
        let quoted = quoted.map(|line| masked(&line.chars().take(LONGEST_LINE).collect::<String>()));
        json!({ "place": format!("{path}:{line}:{column}"), "message": message, "nearest": nearest, "line": quoted })
    });
    let definitions = definitions(state, case).into_iter().filter_map(|path| {
        let text = state.text(&path)?;
        let signatures = signatures(&RelPath::parse(&path).ok()?, text);
        Some(json!({ "path": path, "signatures": masked(&signatures) }))
    });
    let values = json!({
        "path": case.path,
        "misfits": misfits.collect::<Vec<_>>(),
        "definitions": definitions.collect::<Vec<_>>(),
        "present": state.text(case.path.as_str()).unwrap_or_default(),
    });
    Ok(trunk.branch(prompts.render("repair", values)?, Form::Text))
}

/// What other files say may hold a person's key.
fn masked(text: &str) -> String {
    secrets::mask(text).map_or_else(|| text.to_owned(), |masked| masked.text)
}

/// The files that hold what the misfits point at: where it was looked for, or where the nearest name stands.
fn definitions(state: &State, case: &Case) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for misfit in &case.misfits {
        if state.text(&misfit.looked_in).is_some() {
            paths.push(misfit.looked_in.clone());
        } else if let Some(nearest) = &misfit.nearest {
            let holds = state.tree.files.iter().filter(|file| {
                !file.path.ends_with(".md") && file.text.as_deref().is_some_and(|text| text.contains(nearest.as_str()))
            });
            paths.extend(holds.take(MOST_PLACES).map(|file| file.path.clone()));
        }
    }
    let mut told = BTreeSet::from([case.path.to_string(), PLAN_FILE.to_owned()]);
    paths.retain(|path| told.insert(path.clone()));
    paths.truncate(MOST_DEFINITIONS);
    paths
}

/// What became of a new version: how many misfits went with the old one, or why that stays.
pub type Verdict = Result<usize, String>;

/// Takes those of the new versions that make the project better, each on top of the last that was taken.
pub fn choose(
    state: State,
    versions: &[(RelPath, String)],
    contract: Option<&Contract>,
) -> (State, Vec<(RelPath, Verdict)>) {
    let mut state = state;
    let mut verdicts: BTreeMap<usize, Verdict> = BTreeMap::new();
    // What is no better by itself may be once another one is taken, so each has a second chance.
    for _ in 0..2 {
        for (index, (path, text)) in versions.iter().enumerate() {
            if matches!(verdicts.get(&index), Some(Ok(_))) {
                continue;
            }
            let next = state.with(path, text);
            let verdict = judge(path, &state, &next, contract);
            if verdict.is_ok() {
                state = next;
            }
            verdicts.insert(index, verdict);
        }
    }
    let verdicts = verdicts.into_iter().map(|(index, verdict)| (versions[index].0.clone(), verdict)).collect();
    (state, verdicts)
}

/// Whether the project is better with the new version of one file: fewer misfits, none new in another file, and
/// nothing gone that others use.
fn judge(path: &RelPath, before: &State, after: &State, contract: Option<&Contract>) -> Verdict {
    let [old, new] = [before, after].map(|state| state.text(path.as_str()).unwrap_or_default());
    if old == new {
        return Err("it is the same again".to_owned());
    }
    let length = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    if length(new) * SMALLEST_PART < length(old) {
        return Err("most of the file is gone from it".to_owned());
    }
    if let Some((name, user)) = lost(path, old, after, contract) {
        return Err(format!("it lost '{name}', which {user}"));
    }
    let is_here = |misfit: &&Misfit| misfit.path == path.as_str();
    let mut known: HashMap<(&str, Rule, &str), usize> = HashMap::new();
    for misfit in before.misfits.iter().filter(|misfit| !is_here(misfit)) {
        *known.entry(key(misfit)).or_default() += 1;
    }
    for misfit in after.misfits.iter().filter(|misfit| !is_here(misfit)) {
        match known.get_mut(&key(misfit)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => return Err(format!("it does not fit '{}': {}", misfit.path, misfit.message)),
        }
    }
    // What cannot be parsed hides all else that does not fit in it.
    let faults = |state: &State| state.misfits.iter().filter(is_here).filter(|m| m.rule == Rule::Syntax).count();
    let counts = |state: &State| (faults(state), state.misfits.iter().filter(is_here).count(), state.misfits.len());
    let ((old_faults, old_here, old_all), (new_faults, new_here, new_all)) = (counts(before), counts(after));
    let is_better = new_faults < old_faults || new_faults == old_faults && new_here <= old_here && new_all < old_all;
    match is_better {
        true => Ok(old_all.saturating_sub(new_all).max(1)),
        false => Err(format!("it does not fit better: {} before, {} with it", old_all, new_all)),
    }
}

/// Lines move; what is named stays.
fn key(misfit: &Misfit) -> (&str, Rule, &str) {
    (&misfit.path, misfit.rule, &misfit.name)
}

/// A name that the old text offered and the new one does not, and who uses it.
fn lost(path: &RelPath, old: &str, after: &State, contract: Option<&Contract>) -> Option<(String, String)> {
    let new = outline::exports(path, after.text(path.as_str()).unwrap_or_default());
    let lost = outline::exports(path, old).into_iter().filter(|export| new.iter().all(|kept| kept.name != export.name));
    lost.map(|export| export.name).find_map(|name| Some((name.clone(), user(path, &name, after, contract)?)))
}

fn user(path: &RelPath, name: &str, after: &State, contract: Option<&Contract>) -> Option<String> {
    let is_it = |written: &str| RelPath::parse(written).as_ref() == Ok(path);
    let promises = |contract: &&Contract| {
        contract.file(path).is_some_and(|file| file.exports.iter().any(|export| export.name.trim() == name))
            || contract
                .files
                .iter()
                .flat_map(|file| &file.uses)
                .any(|used| is_it(&used.path) && used.names.iter().any(|used| used.trim() == name))
    };
    if contract.filter(promises).is_some() {
        return Some("the contract names".to_owned());
    }
    let others = after.tree.files.iter().filter(|file| file.path != path.as_str() && !file.path.ends_with(".md"));
    let mut users = others.filter(|file| file.text.as_deref().is_some_and(|text| outline::mentions(text, name)));
    users.next().map(|file| format!("'{}' uses", file.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::Plan, spec::Spec, workspace::tree::SourceFile};

    const MATH: &str = "export function add(a, b) {\n  return a + b;\n}\n";
    const USE: &str = "import { sum } from './math.js';\nsum(1, 2);\n";

    fn state(files: &[(&str, &str)]) -> State {
        let mut files: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile { path: (*path).to_owned(), text: Some((*text).to_owned()) })
            .collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        State::of(Tree { files })
    }

    fn path(path: &str) -> RelPath {
        RelPath::parse(path).expect(path)
    }

    fn plan(contract: &str) -> String {
        format!("# P\n\n```yaml contract\n{contract}```\n")
    }

    /// Who is asked, and for how many misfits, when these files may be.
    #[track_caller]
    fn asks(files: &[(&str, &str)], own: &[&str], list: &[&str], expected: &[(&str, usize)]) {
        let state = state(files);
        let contract = state.text(PLAN_FILE).map(|text| Plan::new(text.to_owned()).contract.expect("is one"));
        let own = own.iter().map(|own| path(own)).collect();
        let list: Vec<RelPath> = list.iter().map(|file| path(file)).collect();
        let cases = cases(&state, contract.as_ref(), &own, &list);
        let asked: Vec<(&str, usize)> = cases.iter().map(|case| (case.path.as_str(), case.misfits.len())).collect();
        assert_eq!(asked, expected, "{:#?}", state.misfits);
    }

    #[test]
    fn without_a_word_in_the_contract_it_is_the_file_in_which_it_stands() {
        let files = [("a.js", USE), ("math.js", MATH)];
        asks(&files, &["a.js", "math.js"], &[], &[("a.js", 1)]);
    }

    #[test]
    fn if_that_may_not_be_asked_it_is_the_one_that_it_points_at() {
        let files = [("a.js", USE), ("math.js", MATH)];
        asks(&files, &["math.js"], &[], &[("math.js", 1)]);
        asks(&files, &[], &[], &[]);
    }

    #[test]
    fn a_promise_that_is_not_kept_is_mended_where_it_was_made() {
        let promised = plan("files:\n  - { path: math.js, exports: [{ name: sum }] }\n  - { path: a.js }\n");
        let files = [(PLAN_FILE, promised.as_str()), ("a.js", USE), ("math.js", MATH)];
        asks(&files, &["a.js", "math.js", PLAN_FILE], &[], &[("math.js", 2)]);
        // If that is a person's, whoever relies on it has to do with what there is.
        asks(&files, &["a.js", PLAN_FILE], &[], &[("a.js", 1)]);
    }

    #[test]
    fn other_parameters_than_promised_are_mended_where_they_are() {
        let promised = "files:\n  - { path: math.js, exports: [{ name: add, signature: \"add(a, b, c)\" }] }\n";
        let promised = plan(promised);
        let call = "import { add } from './math.js';\nadd(1, 2, 3);\n";
        let files = [(PLAN_FILE, promised.as_str()), ("a.js", call), ("math.js", MATH)];
        asks(&files, &["a.js", "math.js"], &[], &[("math.js", 2)]);
    }

    #[test]
    fn a_shared_name_is_mended_in_the_file_that_lacks_it() {
        let shared =
            plan("project:\n  dom_ids:\n    - { name: send, files: [index.html, a.js] }\nfiles:\n  - { path: a.js }\n");
        let page = "<!doctype html>\n<button id=\"go\">go</button>\n<script src=\"a.js\"></script>\n";
        let script = "document.getElementById('send').focus();\n";
        let files = [(PLAN_FILE, shared.as_str()), ("a.js", script), ("index.html", page)];
        asks(&files, &["a.js", "index.html"], &[], &[("index.html", 1)]);
        asks(&files[1..], &["a.js", "index.html"], &[], &[("a.js", 1)]);
    }

    #[test]
    fn a_package_that_nobody_declares_is_mended_in_the_manifest() {
        let files = [("a.js", "import x from 'left-pad';\nx();\n"), ("package.json", "{ \"name\": \"x\" }\n")];
        asks(&files, &["a.js", "package.json"], &[], &[("package.json", 1)]);
        asks(&files, &["a.js"], &[], &[("a.js", 1)]);
    }

    #[test]
    fn while_a_file_is_missing_only_what_is_wrong_by_itself_is_asked_for() {
        let files = [("a.js", USE), ("b.js", "export function f( {\n"), ("math.js", MATH)];
        asks(&files, &["a.js", "b.js"], &["a.js", "b.js", "c.js", "math.js"], &[("b.js", 1)]);
        asks(&files, &["a.js", "b.js"], &["a.js", "b.js", "math.js"], &[("a.js", 1), ("b.js", 1)]);
    }

    #[test]
    fn what_the_plan_promises_and_nobody_lists_is_no_misfit() {
        let promised = plan("files:\n  - { path: a.js }\n  - { path: gone.js }\n");
        assert_eq!(state(&[(PLAN_FILE, promised.as_str()), ("a.js", MATH)]).misfits, []);
    }

    /// What becomes of a new version of `a.js`.
    #[track_caller]
    fn weighs(files: &[(&str, &str)], version: &str, expected: Result<usize, &str>) {
        let (_, verdicts) = choose(state(files), &[(path("a.js"), version.to_owned())], None);
        assert_eq!(verdicts[0].1.as_ref().map(|gone| *gone).map_err(String::as_str), expected);
    }

    #[test]
    fn fewer_misfits_and_nothing_else_worse() {
        let files = [("a.js", USE), ("math.js", MATH)];
        weighs(&files, &USE.replace("sum", "add"), Ok(1));
        weighs(&files, USE, Err("it is the same again"));
        weighs(&files, &USE.replace("sum", "plus"), Err("it does not fit better: 1 before, 1 with it"));
        weighs(&files, "add;\n", Err("most of the file is gone from it"));
    }

    #[test]
    fn what_can_be_parsed_is_better_whatever_shows_up_behind() {
        let broken = format!("{USE}export function start( {{\n");
        let whole = format!("{USE}import {{ minus }} from './math.js';\nminus();\n");
        weighs(&[("a.js", broken.as_str()), ("math.js", MATH)], &whole, Ok(1));
    }

    #[test]
    fn what_others_use_stays() {
        let offers = format!("{USE}export const limit = 1;\n");
        let without = USE.replace("sum", "add");
        // A shell script is in no language that is checked.
        let files = [("a.js", offers.as_str()), ("math.js", MATH), ("run.sh", "echo $limit\n")];
        weighs(&files, &format!("{without}add(3, 4);\n"), Err("it lost 'limit', which 'run.sh' uses"));
        weighs(&files[..2], &format!("{without}add(3, 4);\n"), Ok(1));
    }

    #[test]
    fn nothing_new_may_be_wrong_elsewhere() {
        let page = "<!doctype html>\n<a href=\"#news\">up</a>\n<script src=\"a.js\"></script>\n";
        let makes = "document.body.innerHTML = '<p id=\"news\"></p>';\ndocument.getElementById('botom').focus();\n";
        let files = [("a.js", makes), ("index.html", page)];
        let without =
            "document.body.innerHTML = '<p id=\"bottom\"></p>';\ndocument.getElementById('bottom').focus();\n";
        let why = "it does not fit 'index.html': href names the id 'news', which no element of this page has";
        weighs(&files, without, Err(why));
    }

    #[test]
    fn each_is_weighed_with_those_that_were_taken() {
        let a = "import { sum } from './b.js';\nexport const limit = sum(1, 2);\n";
        let b = "import { limits } from './a.js';\nexport function add(a, b) {\n  return a + b + limits;\n}\n";
        let versions = [(path("a.js"), a.replace("sum", "add")), (path("b.js"), b.replace("limits", "limit"))];
        let (state, verdicts) = choose(state(&[("a.js", a), ("b.js", b)]), &versions, None);
        assert_eq!((state.misfits.len(), verdicts.len()), (0, 2));
        assert!(verdicts.iter().all(|(_, verdict)| *verdict == Ok(1)), "{verdicts:?}");
    }

    #[test]
    fn what_looks_like_a_key_in_another_file_is_not_shown() {
        let own =
            format!("import {{ sum }} from './a.js';\nsum('{}');\n", ["sk-proj-", &"aB3dE5fG7h".repeat(5)].concat());
        let key = own.lines().nth(1).expect("there is one").to_owned();
        let one_line = own.replace('\n', " ");
        let state = state(&[("a.js", MATH), ("own.js", &one_line)]);
        let case = Case { path: path("a.js"), misfits: state.misfits.clone() };
        let prompts = Prompts::with(BTreeMap::new()).expect("are built in");
        let trunk =
            Trunk::new(&prompts, &Spec::new("s").expect("is one"), &Plan::new("p".to_owned())).expect("renders");
        let request = ask(&prompts, &trunk, &state, &case).expect("renders");
        let last = &request.messages.last().expect("there is one").text;
        assert!(last.contains("own.js:1:10") && last.contains("The file to mend is `a.js`."), "{last}");
        assert!(!last.contains(&key[5..30]), "{last}");
    }
}
