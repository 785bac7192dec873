//! From a codebase back to the spec that would make it: the questions, their answers, and how large codebases are
//! described in parts. The contract of the spec is read off the files, so its names are right by construction.

use anyhow::{Context, Result};
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};

use crate::{
    contract::Contract,
    engine::Engine,
    event::{Event, Question},
    extract::extract,
    model::{Form, Message, Reply, Request, Role, window},
    outline,
    path::RelPath,
    prompts::Prompts,
    selection::{Leads, choose},
    tokens::Counter,
    tree::{SourceFile, Tree},
    workspace::Cache,
};

/// Descriptions of parts that go into one question at most, whatever its room: more are joined in steps.
const MOST_PARTS: usize = 60;

/// What is described, and how.
pub struct Codebase<'a> {
    pub tree: &'a Tree,
    /// What the person lays weight on.
    pub emphasis: Option<&'a str>,
    pub counter: Counter,
    /// Tokens of files that go into one question.
    pub budget: u64,
}

/// Files that are described together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Their directory.
    pub name: String,
    pub tree: Tree,
}

/// Asks for the spec of files that fit into one question.
pub fn ask(prompts: &Prompts, codebase: &Codebase<'_>) -> Result<Request> {
    let files = prompts.render("codebase", files(codebase, codebase.tree))?;
    request(prompts, prompts.render("pm", json!({ "codebase": files, "emphasis": codebase.emphasis }))?)
}

/// Asks what one part does.
pub fn ask_for_part(prompts: &Prompts, codebase: &Codebase<'_>, part: &Part) -> Result<Request> {
    let files = prompts.render("codebase", files(codebase, &part.tree))?;
    let values = json!({ "codebase": files, "part": part.name, "emphasis": codebase.emphasis });
    request(prompts, prompts.render("pm_part", values)?)
}

/// Asks for one text out of the descriptions of the parts.
pub fn ask_to_join(prompts: &Prompts, codebase: &Codebase<'_>, parts: &[(String, String)]) -> Result<Request> {
    let parts: Vec<Value> = parts.iter().map(|(name, text)| json!({ "name": name, "text": text })).collect();
    request(prompts, prompts.render("pm_join", json!({ "parts": parts, "emphasis": codebase.emphasis }))?)
}

fn request(prompts: &Prompts, question: String) -> Result<Request> {
    let rules = prompts.render("pm_rules", json!({}))?;
    let messages = vec![Message::new(Role::System, rules), Message::new(Role::User, question)];
    Ok(Request { messages, form: Form::Text })
}

/// The files as they are sent: one that alone is longer than the room goes by its signatures.
fn files(codebase: &Codebase<'_>, tree: &Tree) -> Value {
    choose(tree, &Leads::default(), codebase.budget, &codebase.counter).values()
}

/// Reads a description: the whole answer, out of the fence that some models put around a document, without a contract of
/// the model's own.
pub fn read(reply: &Reply) -> Result<String, String> {
    let path = RelPath::parse("prompt.md").expect("a plain name is a path");
    let text = extract(&path, &reply.text)?.text;
    let prose = if Contract::read(&text).is_ok() { Contract::prose(&text) } else { text };
    let prose = prose.trim();
    if prose.is_empty() { Err("it is empty".to_owned()) } else { Ok(prose.to_owned()) }
}

/// The spec: what the model says of the codebase, and the contract that was read off it.
pub fn spec(prose: &str, tree: &Tree) -> String {
    let yaml = outline::contract(tree).yaml();
    format!(
        "{}\n\n## Contract\n\nThese are all files, with the names that they offer and use. Keep paths, names and signatures as they are.\n\n```yaml contract\n{}\n```\n",
        prose.trim_end(),
        yaml.trim_end()
    )
}

/// Parts of at most `budget` tokens, by directories, so that a change in one file moves no other to another part.
pub fn parts(tree: &Tree, budget: u64) -> Vec<Part> {
    let files: Vec<&SourceFile> = tree.files.iter().collect();
    let mut parts = Vec::new();
    divide("", &files, budget, &mut parts);
    parts
}

fn divide(directory: &str, files: &[&SourceFile], budget: u64, parts: &mut Vec<Part>) {
    let tokens = |files: &[&SourceFile]| files.iter().map(|file| file.tokens).sum::<u64>();
    if tokens(files) <= budget {
        return parts.extend(part(directory, files));
    }
    let rest = |file: &SourceFile| file.path.as_str()[directory.len()..].trim_start_matches('/').to_owned();
    let (mut own, mut at) = (Vec::new(), 0);
    while at < files.len() {
        let rest = rest(files[at]);
        let Some((child, _)) = rest.split_once('/') else {
            own.push(files[at]);
            at += 1;
            continue;
        };
        let inner = if directory.is_empty() { child.to_owned() } else { format!("{directory}/{child}") };
        let prefix = format!("{inner}/");
        let end = at + files[at..].iter().take_while(|file| file.path.as_str().starts_with(&prefix)).count();
        divide(&inner, &files[at..end], budget, parts);
        at = end;
    }
    // The files right in the directory, as many together as fit.
    let mut start = 0;
    for end in 1..=own.len() {
        if end == own.len() || tokens(&own[start..=end]) > budget {
            parts.extend(part(directory, &own[start..end]));
            start = end;
        }
    }
}

fn part(directory: &str, files: &[&SourceFile]) -> Option<Part> {
    let first = files.first()?;
    let name = match (directory, files.len()) {
        (_, 1) => first.path.to_string(),
        ("", _) => format!("{} and others", first.path),
        _ => format!("{directory}/"),
    };
    let tree = Tree { files: files.iter().map(|file| (*file).clone()).collect(), left_out: Vec::new() };
    Some(Part { name, tree })
}

/// Whether the whole codebase goes into one question.
pub fn fits(codebase: &Codebase<'_>, request: &Request, known: Option<u64>) -> bool {
    let is_whole = codebase.counter.count(&request.messages[1].text) <= codebase.budget + codebase.budget / 20;
    is_whole && known.is_none_or(|known| window::check(request, known).is_ok())
}

/// Describes the codebase: in one question if it fits, else part by part.
///
/// # Errors
/// If an answer is missing. Parts that were described are in `memory`, and not paid for again.
pub async fn describe(engine: &Engine, codebase: &Codebase<'_>, memory: Option<&Cache>) -> Result<String> {
    let tokens = codebase.tree.tokens();
    let whole = ask(&engine.prompts, codebase)?;
    let prose = match tokens <= codebase.budget && fits(codebase, &whole, engine.model.window()) {
        true => {
            let answer = engine.answer(&Question::Description, whole, || (), read).await;
            answer.context("could not get a description")?
        }
        false => in_parts(engine, codebase, memory).await?,
    };
    let text = spec(&prose, codebase.tree);
    engine.events.emit(Event::Described { text: text.clone() });
    Ok(text)
}

async fn in_parts(engine: &Engine, codebase: &Codebase<'_>, memory: Option<&Cache>) -> Result<String> {
    let parts = parts(codebase.tree, codebase.budget);
    let known = std::cell::Cell::new(0);
    let described = join_all(parts.iter().map(|part| async {
        let request = ask_for_part(&engine.prompts, codebase, part)?;
        let (text, is_known) = recalled(engine, memory, Question::Part(part.name.clone()), request).await?;
        known.set(known.get() + usize::from(is_known));
        anyhow::Ok((part.name.clone(), text))
    }));
    engine.events.notice(format!("it does not fit into one question, so it is described in {} parts", parts.len()));
    let described: Vec<Result<(String, String)>> = described.await;
    if known.get() > 0 {
        engine.events.notice(format!("{} of them were described before and have not changed", known.get()));
    }
    let described = described
        .into_iter()
        .collect::<Result<Vec<_>>>()
        .context("could not describe every part; those that were described are kept")?;
    join(engine, codebase, memory, described).await
}

/// Joins descriptions, in steps when they do not fit into one question either.
async fn join(
    engine: &Engine,
    codebase: &Codebase<'_>,
    memory: Option<&Cache>,
    mut parts: Vec<(String, String)>,
) -> Result<String> {
    loop {
        let request = ask_to_join(&engine.prompts, codebase, &parts)?;
        let is_small = parts.len() <= MOST_PARTS && fits(codebase, &request, engine.model.window());
        if is_small || parts.len() < 3 {
            let (text, _) = recalled(engine, memory, Question::Description, request)
                .await
                .context("could not join the descriptions")?;
            return Ok(text);
        }
        let groups = grouped(parts, codebase);
        parts = try_join_all(groups.into_iter().map(|group| async move {
            let name = group[0].0.clone();
            let request = ask_to_join(&engine.prompts, codebase, &group)?;
            let (text, _) =
                recalled(engine, memory, Question::Part(format!("{name} and what follows")), request).await?;
            anyhow::Ok((name, text))
        }))
        .await
        .context("could not join the descriptions")?;
    }
}

/// Neighbours, as many together as fit, and never one alone where that would not end.
fn grouped(parts: Vec<(String, String)>, codebase: &Codebase<'_>) -> Vec<Vec<(String, String)>> {
    let room = codebase.budget.saturating_sub(codebase.budget / 4);
    let (mut groups, mut used): (Vec<Vec<(String, String)>>, u64) = (Vec::new(), 0);
    for part in parts {
        let tokens = codebase.counter.count(&part.1);
        match groups.last_mut() {
            Some(group) if group.len() < 2 || used + tokens <= room && group.len() < MOST_PARTS => {
                used += tokens;
                group.push(part);
            }
            _ => {
                used = tokens;
                groups.push(vec![part]);
            }
        }
    }
    groups
}

/// An answer that was given before to the same question by the same model, or a new one.
async fn recalled(
    engine: &Engine,
    memory: Option<&Cache>,
    question: Question,
    request: Request,
) -> Result<(String, bool)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(engine.model.id().as_bytes());
    for message in &request.messages {
        hasher.update(&[0]).update(message.text.as_bytes());
    }
    let key = hasher.finalize().to_hex().to_string();
    if let Some(text) = memory.and_then(|memory| memory.recall(&key)) {
        return Ok((text, true));
    }
    let text = engine.answer(&question, request, || (), read).await?;
    if let Some(Err(error)) = memory.map(|memory| memory.keep(&key, &text)) {
        engine.events.notice(format!("{question} could not be kept for the next run: {error:#}"));
    }
    Ok((text, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Credentials, Reading};

    fn tree(files: &[(&str, &str)]) -> Tree {
        let reading =
            Reading { include: vec![], exclude: vec![], credentials: Credentials::Send, counter: Counter::rough() };
        Tree::new(files.iter().map(|(path, text)| {
            SourceFile::read(RelPath::parse(path).expect("is one"), text.as_bytes(), 0, true, &reading)
        }))
    }

    #[track_caller]
    fn divides(files: &[(&str, usize)], budget: u64, expected: &[(&str, usize)]) {
        let texts: Vec<(&str, String)> = files.iter().map(|(path, tokens)| (*path, "abcd".repeat(*tokens))).collect();
        let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let parts = parts(&tree(&texts), budget);
        let found: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.tree.files.len())).collect();
        assert_eq!(found, expected);
        assert_eq!(parts.iter().map(|part| part.tree.files.len()).sum::<usize>(), files.len());
    }

    #[test]
    fn parts_are_directories() {
        let files = [("a/x.c", 40), ("a/y.c", 40), ("b/c/z.c", 90), ("b/w.c", 90), ("main.c", 10), ("util.c", 10)];
        divides(&files, 100, &[("a/", 2), ("b/c/z.c", 1), ("b/w.c", 1), ("main.c and others", 2)]);
        divides(&files, 1_000, &[("a/x.c and others", 6)]);
        divides(&files, 15, &[("a/x.c", 1), ("a/y.c", 1), ("b/c/z.c", 1), ("b/w.c", 1), ("main.c", 1), ("util.c", 1)]);
    }

    #[test]
    fn a_description_comes_without_fence_and_without_a_contract_of_its_own() {
        let read = |text: &str| read(&Reply { text: text.to_owned(), ..Reply::default() });
        assert_eq!(read("```markdown\n# A\n\nIt does.\n```\n").as_deref(), Ok("# A\n\nIt does."));
        assert_eq!(
            read("# A\n\n```yaml contract\nfiles:\n- path: wrong.py\n```\n\nMore.\n").as_deref(),
            Ok("# A\n\n\n\nMore.")
        );
        assert!(read("").is_err());
    }

    #[test]
    fn the_contract_names_what_the_files_offer_and_use() {
        let tree = tree(&[
            (
                "app/main.py",
                "import os\nfrom app.store import Store\nPORT = os.environ[\"APP_PORT\"]\nStore().get('a')\n",
            ),
            (
                "app/store.py",
                "class Store:\n    \"\"\"Keeps items.\"\"\"\n    def get(self, key: str) -> str: ...\n    def put(self): ...\n",
            ),
            ("index.html", "<p><b id=\"score\">0</b></p>\n"),
        ]);
        let contract = Contract::read(&spec("# A", &tree)).expect("can be read");
        assert_eq!(contract.paths().collect::<Vec<_>>(), ["app/main.py", "app/store.py", "index.html"]);
        assert_eq!(contract.files[0].uses[0].names, ["Store", "Store.get"]);
        let store = &contract.files[1].exports;
        assert_eq!(store[1].signature, "def get(self, key: str) -> str");
        assert_eq!(store[0].meaning, "Keeps items");
        assert_eq!(contract.project.environment[0].name, "APP_PORT");
        assert_eq!(
            (contract.project.dom_ids[0].name.as_str(), contract.project.dom_ids[0].shape.as_str()),
            ("score", "b")
        );
    }
}
