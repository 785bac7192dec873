//! What the modules of a project have agreed on: finds where a contract clashes with it, and joins all into one plan.
//! Knows nothing about models or disks.
//!
//! What the trunk promises holds for all. Where two modules say different things that it does not, the contract that was
//! there first holds, as its files are being written already.

use std::{collections::HashMap, fmt};

use crate::{
    contract::{Contract, Export, FileContract, Name, Project},
    modules::{ModuleContract, Modules, document},
    path::RelPath,
    plan::Plan,
};

/// The most clashes that a module is told of.
const MOST_TOLD: usize = 20;

/// Where a contract does not fit what is agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// The file belongs to another module.
    Taken { path: String, by: String },
    /// A name that is spelled alike, and not shaped alike.
    Shape { name: String, own: String, agreed: String },
    /// What the trunk promises of this module is not there, or not so.
    Broken { path: String, name: String, signature: String },
    /// The trunk promises this file, and it is not there.
    Missing { path: String },
    /// A file uses of another module what nobody promises.
    Unpromised { file: String, path: String, name: String },
}

/// What is agreed so far.
pub struct Agreement<'a> {
    modules: &'a Modules,
    settled: Vec<State>,
    /// The files that belong to somebody, as they are spelled on disks that ignore case, with their module.
    owners: HashMap<String, usize>,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Open,
    Failed,
    Settled { contract: Contract, prose: String },
}

impl<'a> Agreement<'a> {
    pub fn new(modules: &'a Modules) -> Agreement<'a> {
        let mut owners = HashMap::new();
        for (index, module) in modules.modules.iter().enumerate() {
            for path in module.interface.iter().filter_map(|file| folded(&file.path)) {
                owners.entry(path).or_insert(index);
            }
        }
        Agreement { modules, settled: vec![State::Open; modules.modules.len()], owners }
    }

    /// Takes the contract of a module, unless it clashes with what is agreed.
    ///
    /// # Errors
    /// The clashes; then nothing is taken.
    pub fn settle(&mut self, module: usize, answer: &ModuleContract) -> Result<(), Vec<Clash>> {
        let mut contract = answer.contract.clone();
        let mut clashes = self.fit(module, &mut contract);
        if clashes.is_empty() {
            self.take(module, contract, answer.prose());
            return Ok(());
        }
        clashes.truncate(MOST_TOLD);
        Err(clashes)
    }

    /// Takes it whatever it says: what clashes gives way to what is agreed. Tells what did.
    pub fn settle_by_force(&mut self, module: usize, answer: &ModuleContract) -> Vec<Clash> {
        let mut contract = answer.contract.clone();
        let clashes = self.fit(module, &mut contract);
        self.take(module, contract, answer.prose());
        clashes
    }

    /// There will be no contract of this module.
    pub fn give_up(&mut self, module: usize) {
        self.settled[module] = State::Failed;
    }

    /// Whether nothing is open any more.
    pub fn is_over(&self) -> bool {
        !self.settled.contains(&State::Open)
    }

    /// Whether every module has its contract.
    pub fn is_whole(&self) -> bool {
        self.settled.iter().all(|state| matches!(state, State::Settled { .. }))
    }

    /// What the files of this module are written from, once it is settled.
    pub fn plan_of(&self, module: usize) -> Option<Plan> {
        match &self.settled[module] {
            State::Settled { contract, prose } => Some(self.modules.plan_of(contract, prose)),
            State::Open | State::Failed => None,
        }
    }

    /// One plan of everything that is settled, in the order of the trunk, shaped as if it had been made at once.
    pub fn joined(&self) -> Plan {
        let mut text = self.modules.prose().trim_end().to_owned();
        let mut whole = Contract { project: self.modules.project.clone(), files: Vec::new() };
        for (module, state) in self.modules.modules.iter().zip(&self.settled) {
            let State::Settled { contract, prose } = state else { continue };
            let place = if module.directory.is_empty() { "" } else { &format!(" (`{}`)", module.directory) };
            text.push_str(&format!("\n\n### {}{place}\n\n{}", module.name, module.purpose));
            if !prose.is_empty() {
                text.push_str(&format!("\n\n{prose}"));
            }
            whole.files.extend(contract.files.iter().cloned());
            add(&mut whole.project, &contract.project);
        }
        Plan::new(document(&text, &whole))
    }

    fn take(&mut self, module: usize, contract: Contract, prose: String) {
        for path in contract.paths().filter_map(folded) {
            self.owners.insert(path, module);
        }
        // Its heading would stand with nothing below it.
        let prose = prose.trim_end_matches("## Contract").trim_end().to_owned();
        self.settled[module] = State::Settled { contract, prose };
    }

    /// Makes the contract fit what is agreed, and tells what did not.
    fn fit(&self, module: usize, contract: &mut Contract) -> Vec<Clash> {
        let mut clashes = Vec::new();
        self.fit_paths(module, contract, &mut clashes);
        self.fit_promises(module, contract, &mut clashes);
        self.fit_names(module, contract, &mut clashes);
        self.fit_uses(module, contract, &mut clashes);
        clashes
    }

    fn fit_paths(&self, module: usize, contract: &mut Contract, clashes: &mut Vec<Clash>) {
        contract.files.retain(|file| {
            let owner = folded(&file.path).and_then(|path| self.owners.get(&path)).filter(|owner| **owner != module);
            let Some(owner) = owner else { return true };
            clashes.push(Clash::Taken { path: file.path.clone(), by: self.modules.modules[*owner].name.clone() });
            false
        });
    }

    fn fit_promises(&self, module: usize, contract: &mut Contract, clashes: &mut Vec<Clash>) {
        for promised in &self.modules.modules[module].interface {
            let Some(path) = folded(&promised.path).filter(|path| self.owners.get(path) == Some(&module)) else {
                continue;
            };
            let Some(file) = contract.files.iter_mut().find(|file| folded(&file.path).as_ref() == Some(&path)) else {
                clashes.push(Clash::Missing { path: promised.path.clone() });
                contract.files.push(promised.clone());
                continue;
            };
            for export in &promised.exports {
                if !keeps(file, export) {
                    let (path, name, signature) = (&promised.path, &export.name, &export.signature);
                    let (path, name, signature) = (path.clone(), name.clone(), signature.clone());
                    clashes.push(Clash::Broken { path, name, signature });
                    file.exports.retain(|own| own.name != export.name);
                    file.exports.push(export.clone());
                }
            }
        }
    }

    fn fit_names(&self, module: usize, contract: &mut Contract, clashes: &mut Vec<Clash>) {
        let others = self.settled.iter().enumerate().filter(|(index, _)| *index != module);
        let others = others.filter_map(|(_, state)| match state {
            State::Settled { contract, .. } => Some(&contract.project),
            State::Open | State::Failed => None,
        });
        for agreed in std::iter::once(&self.modules.project).chain(others) {
            for (own, agreed) in contract.project.kinds_mut().into_iter().zip(agreed.kinds()) {
                own.retain(|own| {
                    let agreed = agreed.iter().find(|agreed| agreed.name == own.name);
                    let Some(agreed) = agreed.filter(|agreed| differ(&agreed.shape, &own.shape)) else { return true };
                    let (name, own, agreed) = (own.name.clone(), own.shape.clone(), agreed.shape.clone());
                    clashes.push(Clash::Shape { name, own, agreed });
                    false
                });
            }
        }
    }

    /// What others offer is what the trunk says, and not what their contracts add to it, which may come later: so it
    /// does not depend on who is first.
    fn fit_uses(&self, module: usize, contract: &mut Contract, clashes: &mut Vec<Clash>) {
        let own: Vec<String> = contract.paths().filter_map(folded).collect();
        let others = self.modules.modules.iter().enumerate().filter(|(index, _)| *index != module);
        let promised: HashMap<String, &FileContract> = others
            .flat_map(|(_, module)| &module.interface)
            .filter_map(|file| Some((folded(&file.path)?, file)))
            .collect();
        for file in &mut contract.files {
            for used in &mut file.uses {
                let Some(path) = folded(&used.path).filter(|path| !own.contains(path)) else { continue };
                let offered = promised.get(&path);
                used.names.retain(|name| {
                    let is_promised =
                        offered.is_some_and(|file| file.exports.iter().any(|export| export.name == *name));
                    if !is_promised {
                        let (file, path, name) = (file.path.clone(), used.path.clone(), name.clone());
                        clashes.push(Clash::Unpromised { file, path, name });
                    }
                    is_promised
                });
            }
            file.uses.retain(|used| {
                let is_known =
                    folded(&used.path).is_some_and(|path| own.contains(&path) || promised.contains_key(&path));
                is_known || !used.names.is_empty()
            });
        }
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clash::Taken { path, by } => write!(f, "the file `{path}` belongs to the module `{by}`"),
            Clash::Shape { name, own, agreed } => write!(f, "`{name}` is `{agreed}`, and is `{own}` here"),
            Clash::Broken { path, name, signature } => {
                write!(f, "`{path}` has to offer `{name}` as it is promised: `{signature}`")
            }
            Clash::Missing { path } => write!(f, "`{path}` is promised by this module, and is not in its contract"),
            Clash::Unpromised { file, path, name } => {
                write!(f, "`{file}` uses `{name}` of `{path}`, which no interface promises")
            }
        }
    }
}

/// The path as a disk that ignores case knows it; `None` if nothing can be written there.
fn folded(written: &str) -> Option<String> {
    RelPath::parse(written).ok().map(|path| path.folded())
}

fn keeps(file: &FileContract, promised: &Export) -> bool {
    let own = file.exports.iter().find(|own| own.name == promised.name);
    own.is_some_and(|own| !differ(&own.signature, &promised.signature))
}

/// Whether both say something, and not the same but for blanks.
fn differ(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let (one, other) = (bare(one), bare(other));
    !one.is_empty() && !other.is_empty() && one != other
}

/// Adds names; of a name that is there already, only whom it concerns.
fn add(whole: &mut Project, part: &Project) {
    for (whole, part) in whole.kinds_mut().into_iter().zip(part.kinds()) {
        for name in part {
            match whole.iter_mut().find(|known| known.name == name.name) {
                Some(known) => add_files(known, name),
                None => whole.push(name.clone()),
            }
        }
    }
}

/// A name without files concerns all.
fn add_files(known: &mut Name, same: &Name) {
    if known.files.is_empty() || same.files.is_empty() {
        known.files.clear();
        return;
    }
    let new: Vec<String> = same.files.iter().filter(|file| !known.files.contains(file)).cloned().collect();
    known.files.extend(new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Reply,
        modules::{self, First},
    };

    const TRUNK: &str = r#"# Shop

Prices are cents.

## Modules

```yaml modules
project:
  schemas:
    - { name: Item, shape: "{ id: string }" }
modules:
  - name: store
    directory: src/store
    purpose: keeps items
    files: 2
    interface:
      - path: src/store/items.js
        exports:
          - { name: allItems, signature: "allItems(): Item[]" }
  - name: page
    purpose: shows them
    files: 1
```
"#;
    const STORE: &str = "```yaml contract\nfiles:\n  - path: src/store/items.js\n    exports:\n      - { name: allItems, signature: \"allItems() : Item[]\" }\n```\n";

    fn reply(text: &str) -> Reply {
        Reply { text: text.to_owned(), ..Reply::default() }
    }

    fn trunk() -> Modules {
        match modules::read(&reply(TRUNK)).expect("reads") {
            First::Trunk(modules) => modules,
            First::Plan(plan) => panic!("{plan:?}"),
        }
    }

    fn contract(text: &str) -> ModuleContract {
        modules::read_contract(&reply(text)).expect(text)
    }

    fn of_files(files: &str) -> ModuleContract {
        contract(&format!("```yaml contract\n{files}\n```\n"))
    }

    /// What the page's contract clashes in, once the store's is there.
    #[track_caller]
    fn clashes(page: &str, expected: &[&str]) {
        let modules = trunk();
        let mut agreement = Agreement::new(&modules);
        agreement.settle(0, &contract(STORE)).expect("it fits");
        let page = of_files(page);
        let found = agreement.settle(1, &page).err().unwrap_or_default();
        assert_eq!(found.iter().map(Clash::to_string).collect::<Vec<_>>(), expected);
        assert_eq!(agreement.is_over(), expected.is_empty());
        assert_eq!(agreement.settle_by_force(1, &page), found);
        let forced =
            ModuleContract { contract: agreement.plan_of(1).expect("is there").contract.expect("reads"), ..page };
        assert_eq!(agreement.settle(1, &forced), Ok(()), "what gave way fits");
    }

    #[test]
    fn what_fits_is_taken() {
        clashes("files: [{ path: a.js, uses: [{ path: src/store/items.js, names: [allItems] }] }]", &[]);
        clashes("project: { schemas: [{ name: Item, shape: \"{id: string}\" }] }\nfiles: [{ path: a.js }]", &[]);
        clashes("files: [{ path: a.js, uses: [{ path: b.js, names: [any] }] }, { path: b.js }]", &[]);
    }

    #[test]
    fn what_does_not_fit_is_named_and_gives_way() {
        clashes(
            "files: [{ path: a.js }, { path: SRC/store/items.js }]",
            &["the file `SRC/store/items.js` belongs to the module `store`"],
        );
        clashes(
            "project: { schemas: [{ name: Item, shape: \"{ id: number }\" }] }\nfiles: [{ path: a.js }]",
            &["`Item` is `{ id: string }`, and is `{ id: number }` here"],
        );
        clashes(
            "files: [{ path: a.js, uses: [{ path: src/store/items.js, names: [addItem] }, { path: gone.js, names: [x] }] }]",
            &[
                "`a.js` uses `addItem` of `src/store/items.js`, which no interface promises",
                "`a.js` uses `x` of `gone.js`, which no interface promises",
            ],
        );
    }

    #[test]
    fn a_module_keeps_what_the_trunk_promises_of_it() {
        let modules = trunk();
        let mut agreement = Agreement::new(&modules);
        let broken = of_files(
            "files: [{ path: src/store/items.js, exports: [{ name: allItems, signature: \"allItems(page)\" }] }]",
        );
        let found = agreement.settle(0, &broken).expect_err("it clashes");
        assert_eq!(
            found[0].to_string(),
            "`src/store/items.js` has to offer `allItems` as it is promised: `allItems(): Item[]`"
        );
        let found = agreement.settle(0, &of_files("files: [{ path: other.js }]")).expect_err("it clashes");
        assert_eq!(found, [Clash::Missing { path: "src/store/items.js".to_owned() }]);
        agreement.settle_by_force(0, &broken);
        let plan = agreement.plan_of(0).expect("is there");
        assert!(plan.text.starts_with(TRUNK.trim_end()), "{}", plan.text);
        let exports = &plan.contract.expect("is one").files[0].exports;
        assert_eq!(exports.len(), 1);
        assert_eq!(exports[0].signature, "allItems(): Item[]");
    }

    #[test]
    fn the_pieces_make_one_plan_in_the_order_of_the_trunk() {
        let modules = trunk();
        let mut agreement = Agreement::new(&modules);
        let page = "All pages are dark.\n\n## Contract\n\n```yaml contract\nproject: { schemas: [{ name: Item, files: [a.js] }, { name: Page }] }\nfiles: [{ path: a.js }]\n```\n";
        agreement.settle(1, &contract(page)).expect("it fits");
        assert!(!agreement.is_over() && !agreement.is_whole());
        agreement.settle(0, &contract(STORE)).expect("it fits");
        assert!(agreement.is_over() && agreement.is_whole());
        let plan = agreement.joined();
        let joined = plan.contract.expect("it has one");
        assert_eq!(joined.paths().collect::<Vec<_>>(), ["src/store/items.js", "a.js"]);
        assert_eq!(joined.project.schemas.iter().map(|name| name.name.as_str()).collect::<Vec<_>>(), ["Item", "Page"]);
        assert_eq!(joined.project.schemas[0].files, [""; 0], "it concerns all, as the trunk says");
        let prose = "# Shop\n\nPrices are cents.\n\n## Modules\n\n### store (`src/store`)\n\nkeeps items\n\n### page\n\nshows them\n\nAll pages are dark.\n\n## Contract\n";
        assert!(plan.text.starts_with(prose), "{}", plan.text);
    }

    #[test]
    fn a_module_that_failed_is_left_out() {
        let modules = trunk();
        let mut agreement = Agreement::new(&modules);
        agreement.settle(0, &contract(STORE)).expect("it fits");
        agreement.give_up(1);
        assert!(agreement.is_over() && !agreement.is_whole());
        assert!(agreement.plan_of(1).is_none());
        assert_eq!(agreement.joined().listed().expect("names some").files().len(), 1);
    }
}
