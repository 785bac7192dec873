//! Which parts of spec and plan go with a question when the whole conversation does not fit the model's window, and
//! which are left out. Knows nothing about networks or disks; nothing is left out that is not named in what comes back.

mod left_out;

use std::collections::HashSet;

use anyhow::Result;
use serde_json::json;

pub use self::left_out::LeftOut;
use crate::{
    contract::{Contract, FileContract, Name, Project},
    event::Question,
    model::{
        Error, Request,
        window::{cautious_tokens, room_for_answer, tokens_of},
    },
    path::RelPath,
    plan::Plan,
    prompts::Prompts,
    sections::{Section, mentions, sections},
    spec::Spec,
};

/// Shorter names are words of every text.
const SHORTEST_NAME: usize = 4;
/// What the parts may be longer together than one by one: a fence, a line end.
const SLACK: u64 = 16;

/// Spec and plan, measured, so that every question can be given its part of them.
pub(crate) struct Material<'a> {
    prompts: &'a Prompts,
    spec: &'a str,
    plan: &'a str,
    contract: Option<&'a Contract>,
    /// What the plan says besides its contract.
    prose: String,
    /// Tokens of each entry of the contract, of its path and purpose alone, and of each name of the project.
    entries: Vec<u64>,
    outlines: Vec<u64>,
    names: Vec<u64>,
}

/// One part that can be there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Spec(usize),
    Prose(usize),
    Entry(usize),
    Outline(usize),
    Name(usize),
}

/// How much a part matters for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Without it the question makes no sense.
    Must,
    /// It is about the same thing.
    Close,
    /// It may help, and may not take the room of a longer answer.
    Spare,
}

/// Spec and plan in sections.
struct Texts<'a> {
    spec: Vec<Section<'a>>,
    prose: Vec<Section<'a>>,
}

/// What a text about a file calls it.
struct Terms {
    /// Its path and its name.
    own: Vec<String>,
    /// What it offers, uses and shares.
    around: Vec<String>,
}

impl<'a> Material<'a> {
    pub(crate) fn new(prompts: &'a Prompts, spec: &'a Spec, plan: &'a Plan) -> Material<'a> {
        let contract = plan.contract.as_ref().ok();
        let prose = if contract.is_some() { Contract::prose(&plan.text) } else { plan.text.clone() };
        let tokens = |contract: Contract| cautious_tokens(&contract.yaml());
        let files = || contract.into_iter().flat_map(|contract| &contract.files);
        let of_file = |file: FileContract| tokens(Contract { files: vec![file], ..Contract::default() });
        let names = 0..contract.map_or(0, |contract| contract.project.kinds().iter().map(|kind| kind.len()).sum());
        Material {
            prompts,
            spec: &spec.text,
            plan: &plan.text,
            contract,
            prose,
            entries: files().map(|file| of_file(file.clone())).collect(),
            outlines: files().map(|file| of_file(outline(file))).collect(),
            names: names
                .map(|index| {
                    let project = contract.map(|contract| only(&contract.project, |name| name == index));
                    tokens(Contract { project: project.unwrap_or_default(), files: Vec::new() })
                })
                .collect(),
        }
    }

    /// The question with as much of spec and plan as fits, what matters most first, and what was left out.
    ///
    /// # Errors
    /// [`Error::TooLong`] if not even that fits without which the question makes no sense.
    pub(crate) fn slice(&self, question: &Question, request: &Request, window: u64) -> Result<(Request, LeftOut)> {
        let texts = Texts { spec: sections(self.spec), prose: sections(&self.prose) };
        let ranked = match question {
            Question::Plan
            | Question::Module(_)
            | Question::Clash(_)
            | Question::Diagnosis
            | Question::Fixes
            | Question::Healing
            | Question::Part(_)
            | Question::Description => {
                return Err(too_long(request, window).into());
            }
            Question::FileList => self.ranked_for_list(&texts),
            Question::File(path) | Question::Repair(path) => self.ranked_for_file(&texts, path),
        };
        let bare = self.composed(request, &texts, &HashSet::new())?;
        let fixed = tokens_of(&bare) + SLACK + room_for_answer(window);
        let chosen = self.chosen(&texts, &ranked, fixed, window)?;
        let left_out = self.left_out(&texts, &ranked, &chosen);
        Ok((self.composed(request, &texts, &chosen)?, left_out))
    }

    /// What matters for one file: its entry, those of what it uses, and the names that it shares; then the texts that
    /// speak of it.
    fn ranked_for_file(&self, texts: &Texts<'_>, path: &RelPath) -> Vec<(Part, Rank)> {
        let own = self.contract.and_then(|contract| contract.file(path));
        let is_it = |written: &str, path: &RelPath| RelPath::parse(written).as_ref() == Ok(path);
        let used: Vec<RelPath> =
            own.into_iter().flat_map(|own| &own.uses).filter_map(|used| RelPath::parse(&used.path).ok()).collect();
        let shared: Vec<&Name> = self.project_names().filter(|name| names_file(name, path)).collect();
        let terms = Terms::of(path, own, &shared);
        let mut ranked = Vec::new();
        for (index, section) in texts.spec.iter().enumerate() {
            // The introduction says what the whole is about.
            let rank = if index == 0 { Rank::Must } else { terms.rank(section, &texts.spec) };
            ranked.push((Part::Spec(index), rank));
        }
        for (index, section) in texts.prose.iter().enumerate() {
            // The first paragraph of a plan has the decisions that more than one file needs.
            let rank = if index == 0 { Rank::Close } else { terms.rank(section, &texts.prose).max(Rank::Close) };
            ranked.push((Part::Prose(index), rank));
        }
        for (index, name) in self.project_names().enumerate() {
            let is_shared = name.files.is_empty() || names_file(name, path);
            ranked.push((Part::Name(index), if is_shared { Rank::Must } else { Rank::Close }));
        }
        let files = self.contract.into_iter().flat_map(|contract| &contract.files).enumerate();
        let (users, others): (Vec<_>, Vec<_>) =
            files.partition(|(_, file)| file.uses.iter().any(|used| is_it(&used.path, path)));
        for (index, file) in users.into_iter().chain(others) {
            let is_needed = is_it(&file.path, path) || used.iter().any(|used| is_it(&file.path, used));
            ranked.push((Part::Entry(index), if is_needed { Rank::Must } else { Rank::Spare }));
        }
        ranked.sort_by_key(|(_, rank)| *rank);
        ranked
    }

    /// What matters for the list: every file of the contract, by path and purpose. Without a contract it is the whole
    /// plan: nobody knows where in it a file is named.
    fn ranked_for_list(&self, texts: &Texts<'_>) -> Vec<(Part, Rank)> {
        let of_prose = |index| match (self.contract, index) {
            (None, _) => Rank::Must,
            (Some(_), 0) => Rank::Close,
            (Some(_), _) => Rank::Spare,
        };
        let of_spec = |index| if index == 0 { Rank::Close } else { Rank::Spare };
        let mut ranked: Vec<(Part, Rank)> =
            (0..self.outlines.len()).map(|index| (Part::Outline(index), Rank::Must)).collect();
        ranked.extend((0..texts.spec.len()).map(|index| (Part::Spec(index), of_spec(index))));
        ranked.extend((0..texts.prose.len()).map(|index| (Part::Prose(index), of_prose(index))));
        ranked.extend((0..self.names.len()).map(|index| (Part::Name(index), Rank::Spare)));
        ranked.sort_by_key(|(_, rank)| *rank);
        ranked
    }

    /// What has to be there, and of the rest what there is room for, in order.
    fn chosen(
        &self,
        texts: &Texts<'_>,
        ranked: &[(Part, Rank)],
        fixed: u64,
        window: u64,
    ) -> Result<HashSet<Part>, Error> {
        let mut chosen = HashSet::new();
        let mut needed = fixed;
        for (part, rank) in ranked {
            let tokens = self.tokens(texts, *part);
            let limit = match rank {
                Rank::Must => u64::MAX,
                Rank::Close => window,
                // An answer twice as long as is usual still fits.
                Rank::Spare => window - room_for_answer(window),
            };
            if needed + tokens <= limit {
                needed += tokens;
                chosen.insert(*part);
            }
        }
        if needed > window { Err(Error::TooLong { needed, window }) } else { Ok(chosen) }
    }

    fn tokens(&self, texts: &Texts<'_>, part: Part) -> u64 {
        let section = |sections: &[Section<'_>], index: usize| {
            let above = sections[index].above.iter().map(|above| cautious_tokens(sections[*above].heading));
            cautious_tokens(sections[index].text) + above.sum::<u64>()
        };
        match part {
            Part::Spec(index) => section(&texts.spec, index),
            Part::Prose(index) => section(&texts.prose, index),
            Part::Entry(index) => self.entries[index],
            Part::Outline(index) => self.outlines[index],
            Part::Name(index) => self.names[index],
        }
    }

    fn left_out(&self, texts: &Texts<'_>, ranked: &[(Part, Rank)], chosen: &HashSet<Part>) -> LeftOut {
        let mut left_out = LeftOut::default();
        let mut missing: Vec<Part> =
            ranked.iter().map(|(part, _)| *part).filter(|part| !chosen.contains(part)).collect();
        missing.sort_by_key(|part| part.index());
        let path = |index: usize| self.contract.map(|contract| contract.files[index].path.clone());
        for part in missing {
            match part {
                Part::Spec(index) => left_out.spec_sections.push(texts.spec[index].title.clone()),
                Part::Prose(index) => left_out.plan_sections.push(texts.prose[index].title.clone()),
                Part::Entry(index) => left_out.entries.extend(path(index)),
                Part::Outline(_) => {}
                Part::Name(index) => {
                    left_out.names.extend(self.project_names().nth(index).map(|name| name.name.clone()))
                }
            }
        }
        let shortened = (0..self.entries.len())
            .filter(|index| chosen.contains(&Part::Outline(*index)) && self.outlines[*index] < self.entries[*index]);
        left_out.details = shortened.filter_map(path).collect();
        left_out
    }

    /// The question with these parts in the place of spec and plan.
    fn composed(&self, request: &Request, texts: &Texts<'_>, chosen: &HashSet<Part>) -> Result<Request> {
        let has = |part: Part| chosen.contains(&part);
        let is_whole_spec = (0..texts.spec.len()).all(|index| has(Part::Spec(index)));
        let spec = match is_whole_spec {
            true => self.spec.to_owned(),
            false => {
                let text = joined(&texts.spec, |index| has(Part::Spec(index)));
                self.prompts.render("spec_slice", json!({ "text": text.trim() }))?
            }
        };
        let is_whole_plan = (0..texts.prose.len()).all(|index| has(Part::Prose(index)))
            && (0..self.entries.len()).all(|index| has(Part::Entry(index)))
            && (0..self.names.len()).all(|index| has(Part::Name(index)));
        let plan = match is_whole_plan {
            true => self.plan.to_owned(),
            false => {
                let text = joined(&texts.prose, |index| has(Part::Prose(index)));
                let contract = self.contract.map(|contract| part_of(contract, chosen).yaml());
                self.prompts.render("plan_slice", json!({ "text": text.trim(), "contract": contract }))?
            }
        };
        let mut request = request.clone();
        for (index, text) in [(1, spec), (2, plan)] {
            request.messages[index].text = text.into();
        }
        Ok(request)
    }

    fn project_names(&self) -> impl Iterator<Item = &'a Name> {
        self.contract.into_iter().flat_map(|contract| contract.project.kinds().into_iter().flatten())
    }
}

impl Part {
    fn index(self) -> usize {
        match self {
            Part::Spec(index) | Part::Prose(index) | Part::Entry(index) | Part::Outline(index) | Part::Name(index) => {
                index
            }
        }
    }
}

impl Terms {
    fn of(path: &RelPath, own: Option<&FileContract>, shared: &[&Name]) -> Terms {
        let file_name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let name = file_name(path.as_str());
        let stem = name.split('.').next().unwrap_or_default().to_owned();
        // "fastapi>=0.110" is called fastapi.
        let plain =
            |name: &str| name.split(['<', '>', '=', '~', '!', '^', '[']).next().unwrap_or_default().trim().to_owned();
        let mut around = vec![stem];
        if let Some(own) = own {
            around.extend(own.exports.iter().map(|export| export.name.clone()));
            around.extend(own.uses.iter().map(|used| file_name(&used.path)));
            around.extend(own.uses.iter().flat_map(|used| used.names.iter().cloned()));
        }
        around.extend(shared.iter().map(|name| plain(&name.name)));
        around.retain(|name| name.len() >= SHORTEST_NAME);
        Terms { own: vec![path.as_str().to_owned(), name], around }
    }

    /// A section whose heading names the file is about it; one that names it, or what it has to do with, is close.
    fn rank(&self, section: &Section<'_>, all: &[Section<'_>]) -> Rank {
        let names = |text: &str, terms: &[String]| terms.iter().any(|term| mentions(text, term));
        let titles = || section.above.iter().map(|above| all[*above].title.as_str()).chain([section.title.as_str()]);
        if titles().any(|title| names(title, &self.own)) {
            return Rank::Must;
        }
        let is_close = titles().chain([section.text]).any(|text| names(text, &self.own) || names(text, &self.around));
        if is_close { Rank::Close } else { Rank::Spare }
    }
}

fn too_long(request: &Request, window: u64) -> Error {
    Error::TooLong { needed: tokens_of(request) + room_for_answer(window), window }
}

/// Whether the name is shared by the file at `path`.
fn names_file(name: &Name, path: &RelPath) -> bool {
    name.files.iter().any(|file| RelPath::parse(file).as_ref() == Ok(path))
}

/// An entry without what only the file itself and its users need.
fn outline(file: &FileContract) -> FileContract {
    FileContract { path: file.path.clone(), purpose: file.purpose.clone(), ..FileContract::default() }
}

/// The names of a project whose place among all of them is wanted.
fn only(project: &Project, is_wanted: impl Fn(usize) -> bool) -> Project {
    let mut project = project.clone();
    let mut index = 0;
    for kind in project.kinds_mut() {
        kind.retain(|_| {
            index += 1;
            is_wanted(index - 1)
        });
    }
    project
}

fn part_of(contract: &Contract, chosen: &HashSet<Part>) -> Contract {
    let files = contract.files.iter().enumerate().filter_map(|(index, file)| {
        let is_whole = chosen.contains(&Part::Entry(index));
        let is_outlined = chosen.contains(&Part::Outline(index));
        is_whole.then(|| file.clone()).or_else(|| is_outlined.then(|| outline(file)))
    });
    let project = only(&contract.project, |index| chosen.contains(&Part::Name(index)));
    Contract { project, files: files.collect() }
}

/// The texts of these sections, each below the headings that it belongs to.
fn joined(sections: &[Section<'_>], is_chosen: impl Fn(usize) -> bool) -> String {
    let mut text = String::new();
    let mut said = HashSet::new();
    for (_, section) in sections.iter().enumerate().filter(|(index, _)| is_chosen(*index)) {
        for above in section.above.iter().filter(|above| !is_chosen(**above)) {
            if said.insert(*above) {
                text.push_str(sections[*above].heading);
            }
        }
        text.push_str(section.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{file, file_list, model::provider::Rung, plan::Trunk};

    const SPEC: &str = "# Shop\n\nA shop for tea.\n\n# Cart `cart.js`\n\nINTRO\n\n## Sums\n\nSUMS\n\n# Prices\n\n\
                        See formatPrice. PRICES\n\n# History\n\nHISTORY\n";

    /// Each marked word stands for so many words.
    fn long(text: &str) -> String {
        ["INTRO", "SUMS", "PRICES", "HISTORY", "FLOW", "MEANING"]
            .iter()
            .fold(text.to_owned(), |text, mark| text.replace(mark, &format!("{mark} ").repeat(60)))
    }

    fn plan(files: usize) -> Plan {
        let others: String =
            (0..files).map(|n| format!("  - path: other{n}.js\n    purpose: other\n    exports:\n      - {{ name: call{n}, signature: \"call{n}(a: number): string\", meaning: \"MEANING\" }}\n")).collect();
        Plan::new(long(&format!(
            "# Shop\n\nAll prices are cents.\n\n## Flow\n\nFLOW\n\n## Contract\n\n```yaml contract\nproject:\n  dom_ids:\n    - {{ name: sum, shape: output, files: [cart.js] }}\n    - {{ name: menu, shape: nav, files: [other0.js] }}\nfiles:\n  - path: cart.js\n    purpose: the cart\n    exports:\n      - {{ name: total, signature: \"total(): number\" }}\n    uses:\n      - {{ path: money.js, names: [formatPrice] }}\n  - path: money.js\n    purpose: money\n    exports:\n      - {{ name: formatPrice, signature: \"formatPrice(cents: number): string\" }}\n{others}```\n"
        )))
    }

    /// What is left of the question for `cart.js` in such a window.
    fn sliced(plan: &Plan, window: u64) -> Result<(Request, LeftOut), String> {
        let (prompts, spec) =
            (Prompts::with(BTreeMap::new()).expect("built in"), Spec::new(&long(SPEC)).expect("is one"));
        let trunk = Trunk::new(&prompts, &spec, plan).expect("renders");
        let path = RelPath::parse("cart.js").expect("is one");
        let request = file::ask(&prompts, &trunk, &path).expect("renders");
        let sliced = Material::new(&prompts, &spec, plan).slice(&Question::File(path), &request, window);
        let (sliced, left_out) = sliced.map_err(|error| error.to_string())?;
        assert_eq!(crate::model::window::check(&sliced, window), Ok(()), "it fits");
        assert_eq!((&sliced.messages[0], &sliced.messages[3]), (&request.messages[0], &request.messages[3]));
        Ok((sliced, left_out))
    }

    #[test]
    fn what_is_about_the_file_stays_and_the_rest_goes_as_far_as_there_is_room() {
        let (request, left_out) = sliced(&plan(9), 4096).expect("fits");
        let (spec, plan) = (&request.messages[1].text, &request.messages[2].text);
        for there in ["A shop for tea.", "# Cart `cart.js`", "INTRO INTRO", "## Sums", "SUMS SUMS", "PRICES PRICES"] {
            assert!(spec.contains(there), "{there} in {spec}");
        }
        for there in
            ["All prices are cents.", "name: total", "formatPrice(cents: number): string", "name: sum", "name: menu"]
        {
            assert!(plan.contains(there), "{there} in {plan}");
        }
        assert!(!left_out.entries.is_empty(), "{left_out:?}");
        assert!(!plan.contains(&format!("path: {}\n", left_out.entries[0])), "{plan}");
        let said = left_out.to_string();
        assert!(said.contains(&format!("{} contract entries", left_out.entries.len())), "{said}");
    }

    #[test]
    fn what_matters_most_goes_last() {
        let plan = plan(3);
        let (mut window, mut order) = (8192, Vec::new());
        while let Ok((_, left_out)) = sliced(&plan, window) {
            let all = [left_out.spec_sections, left_out.plan_sections, left_out.entries, left_out.names].concat();
            order.extend(all.into_iter().filter(|name| !order.contains(name)).collect::<Vec<_>>());
            window -= 8;
        }
        let at = |name: &str| order.iter().position(|other| other == name).unwrap_or(usize::MAX);
        assert!(at("History") < at("Prices"), "{order:?}");
        assert!(at("other0.js") < at("Prices") && at("Flow") < at("Prices"), "{order:?}");
        for stays in ["Cart cart.js", "Sums", "cart.js", "money.js", "sum"] {
            assert_eq!(at(stays), usize::MAX, "{order:?}");
        }
    }

    #[test]
    fn what_only_may_help_leaves_room_for_a_longer_answer() {
        let (request, left_out) = sliced(&plan(40), 8192).expect("fits");
        assert!(!left_out.entries.is_empty() && left_out.entries.len() < 40, "{left_out:?}");
        let room = room_for_answer(8192);
        assert!(tokens_of(&request) + 2 * room <= 8192, "{}", tokens_of(&request));
        assert!(tokens_of(&request) + 2 * room > 7500, "{}", tokens_of(&request));
    }

    #[test]
    fn a_section_stands_below_the_headings_that_it_belongs_to() {
        let sections = sections("# A\n\na\n\n## B\n\nb\n\n### C\n\nc\n\n### D\n\nd\n\n# E\n\ne\n");
        let of = |wanted: &[usize]| joined(&sections, |index| wanted.contains(&index));
        assert_eq!(of(&[2, 3]), "# A\n## B\n### C\n\nc\n\n### D\n\nd\n\n");
        assert_eq!(of(&[0, 3]), "# A\n\na\n\n## B\n### D\n\nd\n\n");
    }

    #[test]
    fn what_cannot_be_left_out_and_does_not_fit_is_an_error_that_says_by_how_much() {
        let said = sliced(&plan(1), 2048).expect_err("is too small");
        assert!(said.contains("window has 2048: ") && said.ends_with(" too many"), "{said}");
    }

    #[test]
    fn a_plan_without_a_contract_is_cut_by_its_sections() {
        let text = long(
            "# Shop\n\nAll prices are cents.\n\n## Flow\n\nFLOW FLOW\n\n## cart.js\n\nMEANING\n\n## other.js\n\nPRICES PRICES\n",
        );
        let (request, left_out) = sliced(&Plan::new(text), 3400).expect("fits");
        assert!(request.messages[2].text.contains("## cart.js\n\nMEANING"), "{}", request.messages[2].text);
        assert!(left_out.plan_sections.contains(&"other.js".to_owned()), "{left_out:?}");
        assert!(left_out.entries.is_empty(), "{left_out:?}");
    }

    #[test]
    fn the_list_is_asked_for_with_every_path_and_purpose() {
        let (prompts, spec) =
            (Prompts::with(BTreeMap::new()).expect("built in"), Spec::new(&long(SPEC)).expect("is one"));
        let plan = plan(20);
        let trunk = Trunk::new(&prompts, &spec, &plan).expect("renders");
        let request = file_list::ask(&prompts, &trunk, Rung::Schema).expect("renders");
        let material = Material::new(&prompts, &spec, &plan);
        let (sliced, left_out) = material.slice(&Question::FileList, &request, 4096).expect("fits");
        assert_eq!(crate::model::window::check(&sliced, 4096), Ok(()));
        for n in 0..20 {
            assert!(sliced.messages[2].text.contains(&format!("path: other{n}.js\n")), "{}", sliced.messages[2].text);
        }
        assert!(!sliced.messages[2].text.contains("call0"));
        assert!(left_out.to_string().contains("22 contract entries but for path and purpose"), "{left_out}");
    }
}
