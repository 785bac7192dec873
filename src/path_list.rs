//! Reads a list of paths from whatever a model said. Paths are strings here: which of them may be written is decided
//! by who asked.
//!
//! A ladder, and the first rung that finds paths has the say, so that a later one never changes what an earlier can
//! read: the arguments of the call; the text as strict JSON; a call written as text; JSON in a fence, then among prose,
//! strict before repaired; YAML; markdown and lines.
//!
//! A list that was cut off is never taken for a whole one.

mod brackets;
mod calls;
mod values;
mod words;

use std::borrow::Cow;

pub(crate) use self::words::is_path;
use self::{
    calls::{Arguments, Call},
    values::{LIST_KEYS, Rigour, Trust, is_same_name},
};
use crate::model::{Finish, Reply};

/// Why there is no list in an answer. The words complete "that answer could not be used:".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("no list of paths is in it")]
    None,
    #[error("the list was cut off")]
    Cut,
    #[error("it calls '{0}', a function that was not offered")]
    OtherCall(String),
}

/// How an answer ended, as far as its model said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    /// Stopped at the limit on its length.
    Cut,
    Unknown,
}

/// What one rung of the ladder finds.
type Read = Result<Option<Vec<String>>, Fault>;

/// The paths that the model named in its answer to a question that offered the call of `function`.
///
/// # Errors
/// There is no list, or not the whole of it.
pub fn read(function: &str, reply: &Reply) -> Result<Vec<String>, Fault> {
    let ending = match reply.finish {
        Some(Finish::Stop) => Ending::Done,
        Some(Finish::Length) => Ending::Cut,
        Some(Finish::Refused) | None => Ending::Unknown,
    };
    if let Some(arguments) = &reply.call
        && let Some(paths) = in_value(arguments, function, ending)?
    {
        return Ok(paths);
    }
    let text = without_thinking(&reply.text);
    if let Some(paths) = in_text(&text, function, ending)? {
        return Ok(paths);
    }
    // Some models call while they think (Qwen). What only stands there is a draft, but a call is an act.
    let all_calls = calls::calls(&reply.text, function);
    if text != reply.text
        && let Some(paths) = in_calls(&all_calls, function, ending)?
    {
        return Ok(paths);
    }
    let other = all_calls.iter().find(|call| !call.name.is_empty() && !is_same_name(call.name, function));
    Err(other.map_or(Fault::None, |call| Fault::OtherCall(call.name.to_owned())))
}

fn in_text(text: &str, function: &str, ending: Ending) -> Read {
    if let Some(paths) = values::all_of(text.trim(), function) {
        return Ok(Some(paths));
    }
    let calls = calls::calls(text, function);
    if let Some(paths) = in_calls(&calls, function, ending)? {
        return Ok(Some(paths));
    }
    let is_other = |call: &&Call| !call.name.is_empty() && !is_same_name(call.name, function);
    let text = calls::without(text, &calls.iter().filter(is_other).collect::<Vec<_>>());
    let fenced = words::fenced(&text);
    let sources = || fenced.iter().map(String::as_str).chain([text.as_ref()]);
    for rigour in [Rigour::Strict, Rigour::Repaired] {
        for source in sources() {
            if let Some(paths) = values::first_list(source, function, Trust::Looks, rigour, ending)? {
                // An answer that was cut in another list was not done with this one.
                let is_cut = ending == Ending::Cut && values::ends_in_a_list(&text);
                return if is_cut { Err(Fault::Cut) } else { Ok(Some(paths)) };
            }
        }
    }
    let words = sources().find_map(|source| values::in_yaml(source, function)).or_else(|| words::listed_in(&text));
    uncut(words, ending)
}

/// The paths of the first call of our function that has any; or of a call that bears its name inside.
fn in_calls(calls: &[Call], function: &str, ending: Ending) -> Read {
    for call in calls {
        let paths = match &call.arguments {
            Arguments::Text(text) if call.name.is_empty() => values::in_text(text, function, Trust::Looks, ending)?,
            _ if !is_same_name(call.name, function) => None,
            Arguments::Text(text) => in_value(text, function, ending)?,
            Arguments::Named(pairs) => in_pairs(pairs, function, ending)?,
        };
        if paths.is_some() {
            return Ok(paths);
        }
    }
    Ok(None)
}

fn in_pairs(pairs: &[(&str, &str)], function: &str, ending: Ending) -> Read {
    let named = LIST_KEYS.iter().find_map(|list| pairs.iter().find(|(key, _)| key == list));
    if let Some((_, value)) = named {
        return in_value(value, function, ending);
    }
    let unnamed: Vec<&str> = pairs.iter().filter(|(key, _)| key.is_empty()).map(|(_, value)| *value).collect();
    if !unnamed.is_empty() {
        return in_value(&unnamed.join("\n"), function, ending);
    }
    for (_, value) in pairs {
        if let Some(paths) = values::in_text(value, function, Trust::Looks, ending)? {
            return Ok(Some(paths));
        }
    }
    Ok(None)
}

/// The paths in what our function was called with: JSON, maybe put into a string once more, or words.
fn in_value(text: &str, function: &str, ending: Ending) -> Read {
    let inner = serde_json::from_str::<String>(text).map_or(Cow::Borrowed(text), Cow::Owned);
    if let Some(paths) = values::in_text(&inner, function, Trust::Place, ending)? {
        return Ok(Some(paths));
    }
    uncut(words::in_value(&inner), ending)
}

/// Words show no end: where the answer was cut, so may be the last of them.
fn uncut(paths: Option<Vec<String>>, ending: Ending) -> Read {
    match (paths, ending) {
        (Some(_), Ending::Cut) => Err(Fault::Cut),
        (paths, _) => Ok(paths),
    }
}

/// The text without what stands in thinking tags, wherever they are: no path has them in it.
fn without_thinking(text: &str) -> String {
    const TAGS: &[(&str, &[&str])] = &[
        ("<think>", &["</think>"]),
        ("<thinking>", &["</thinking>"]),
        ("<|channel|>analysis<|message|>", &["<|end|>", "<|start|>", "<|channel|>"]),
    ];
    let mut answer = text;
    // Servers keep the opening tag to themselves if it is part of the prompt.
    for closer in ["</think>", "</thinking>"] {
        let lone = answer.find(closer).filter(|at| !answer[..*at].contains(&closer.replace('/', "")));
        answer = lone.map_or(answer, |at| &answer[at + closer.len()..]);
    }
    let mut answer = answer.to_owned();
    for (opener, closers) in TAGS {
        let mut kept = String::new();
        let mut rest = answer.as_str();
        while let Some(at) = rest.find(opener) {
            kept.push_str(&rest[..at]);
            let thought = &rest[at + opener.len()..];
            let end = closers.iter().filter_map(|closer| Some((thought.find(closer)?, closer))).min();
            rest = end.map_or("", |(end, closer)| &thought[end + closer.len()..]);
        }
        kept.push_str(rest);
        answer = kept;
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str, finish: Option<Finish>) -> Reply {
        Reply { text: text.to_owned(), finish, ..Reply::default() }
    }

    fn call(arguments: &str, finish: Option<Finish>) -> Reply {
        Reply { call: Some(arguments.to_owned()), finish, ..Reply::default() }
    }

    #[track_caller]
    fn reads(text: &str, expected: &[&str]) {
        assert_eq!(read("list_files", &reply(text, Some(Finish::Stop))).as_deref(), Ok(&owned(expected)[..]), "{text}");
    }

    #[track_caller]
    fn called(arguments: &str, expected: &[&str]) {
        let paths = read("list_files", &call(arguments, Some(Finish::Stop)));
        assert_eq!(paths.as_deref(), Ok(&owned(expected)[..]), "{arguments}");
    }

    #[track_caller]
    fn fails(reply: Reply, fault: Fault) {
        assert_eq!(read("list_files", &reply), Err(fault), "{reply:?}");
    }

    /// Not a list, however the answer ended.
    #[track_caller]
    fn is_none(text: &str) {
        for finish in [Some(Finish::Stop), Some(Finish::Length), None] {
            fails(reply(text, finish), Fault::None);
        }
    }

    #[track_caller]
    fn is_cut(text: &str) {
        for finish in [Some(Finish::Stop), Some(Finish::Length), None] {
            fails(reply(text, finish), Fault::Cut);
            fails(call(text, finish), Fault::Cut);
        }
    }

    fn owned(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    const AB: &[&str] = &["a.js", "src/b.js"];

    #[test]
    fn arguments_in_strict_json() {
        called(r#"{"paths":["a.js","src/b.js"]}"#, AB);
        called(r#"["a.js","src/b.js"]"#, AB);
        called(r#"{"paths":[{"path":"a.js","purpose":"x"},{"path":"src/b.js"}]}"#, AB);
        called(r#"{"paths":["a.js",null,7,"src/b.js"]}"#, AB);
        called(r#"{"note":["first"],"paths":["a.js","src/b.js"]}"#, AB);
        called(r#"{"paths":"a.js\nsrc/b.js"}"#, AB);
        called(r#"{"paths":"a.js, src/b.js"}"#, AB);
        called(r#"{"paths":"a.js"}"#, &["a.js"]);
        called(r#"{"paths":["run","bin/start"]}"#, &["run", "bin/start"]);
    }

    #[test]
    fn arguments_wrapped_once_more() {
        called(r#"{"arguments":"{\"paths\":[\"a.js\",\"src/b.js\"]}"}"#, AB);
        called(r#"{"name":"list_files","arguments":"{\"paths\":[\"a.js\",\"src/b.js\"]}"}"#, AB);
        called(r#""{\"paths\":[\"a.js\",\"src/b.js\"]}""#, AB);
        called(r#"{"paths":"[\"a.js\",\"src/b.js\"]"}"#, AB);
        for key in ["arguments", "parameters", "input", "args", "params", "tool_input"] {
            called(&format!(r#"{{"{key}":{{"paths":["a.js","src/b.js"]}}}}"#), AB);
            reads(&format!(r#"{{"name":"list_files","{key}":{{"paths":["a.js","src/b.js"]}}}}"#), AB);
        }
        called(r#"{"result":{"project":{"files":["a.js","src/b.js"]}}}"#, AB);
        called(r#"{"paths":["a.js","src/b.js"]}{"paths":["a.js","src/b.js"]}"#, AB);
        called(r#"{}{"paths":["a.js","src/b.js"]}"#, AB);
        called(r#"{"type":"function","function":{"name":"list_files","arguments":{"paths":["a.js","src/b.js"]}}}"#, AB);
        reads(r#"{"tool_calls":[{"name":"list_files","args":{"paths":["a.js","src/b.js"]}}]}"#, AB);
    }

    #[test]
    fn maps_with_paths_as_keys() {
        called(r#"{"files":{"a.js":"the start","src/b.js":"the rest"}}"#, AB);
        reads(r#"{"a.js":"the start","src/b.js":"the rest"}"#, AB);
        reads(r#"{"files":[{"a.js":"the start"},{"src/b.js":"the rest"}]}"#, AB);
    }

    #[test]
    fn a_list_in_groups_is_one_list() {
        called(r#"{"front":["a.js"],"back":["src/b.js"]}"#, AB);
        called(r#"{"front":{"files":["a.js"]},"back":{"files":["src/b.js"]}}"#, AB);
        called(r#"{'front':{"files":["a.js"]},'back':{"files":["src/b.js"]}"#, AB);
    }

    #[test]
    fn a_part_of_a_list_that_cannot_be_read_is_no_list() {
        for text in [
            r#"{"groups":[{"has":["a.js"]},{"has":["src/b.js"]}]}"#,
            r#"{'groups':[{"has":["a.js"]},{"has":["src/b.js"]}]}"#,
            r#"{'groups':[{"has":["a.js"]},{"has":["src/b.js"]}]"#,
            r#"{"front" ["a.js"], !!, "back" ["src/b.js"]}"#,
        ] {
            fails(call(text, Some(Finish::Stop)), Fault::None);
            fails(reply(text, Some(Finish::Stop)), Fault::None);
        }
    }

    #[test]
    fn no_paths_in_the_call() {
        for arguments in [
            "",
            "{}",
            "[]",
            "null",
            "7",
            "true",
            r#"{"paths":[]}"#,
            r#"{"paths":null}"#,
            r#"{"paths":[1,2]}"#,
            r#"{"paths":7}"#,
        ] {
            fails(call(arguments, Some(Finish::Stop)), Fault::None);
            fails(reply(arguments, Some(Finish::Stop)), Fault::None);
        }
    }

    #[test]
    fn a_list_with_entries_that_nobody_can_read_is_none() {
        fails(call(r#"{"paths":["a.js",["src","b.js"]]}"#, Some(Finish::Stop)), Fault::None);
        fails(call(r#"{"paths":["a.js",{"directory":"src","holds":["b.js"]}]}"#, Some(Finish::Stop)), Fault::None);
    }

    #[test]
    fn odd_but_whole_paths() {
        called(
            r#"{"paths":["it's.js","say \"hi\".txt","a, b.js","app/[id]/(x)/{y}.tsx","docs/My File.md"]}"#,
            &["it's.js", "say \"hi\".txt", "a, b.js", "app/[id]/(x)/{y}.tsx", "docs/My File.md"],
        );
        called(
            r#"{"paths":["src\/b.js","src\\c.js","\u00e9t\u00e9.md","日本/語.txt","a]b.js"]}"#,
            &["src/b.js", "src\\c.js", "été.md", "日本/語.txt", "a]b.js"],
        );
        called(
            "{'paths': ['it's.js', 'app/[id]/page.tsx', 'a, b.js', 'd]e.js', 'été.md',]}",
            &["it's.js", "app/[id]/page.tsx", "a, b.js", "d]e.js", "été.md"],
        );
    }

    #[test]
    fn windows_paths_that_were_not_escaped() {
        called(r#"{"paths":["src\main.js","src\new\util.js"]}"#, &["src\\main.js", "src\\new\\util.js"]);
        called(r#"{"paths":["src\main.js", "src\\b.js",]}"#, &["src\\main.js", "src\\b.js"]);
        called(r#"{"paths":["pkg\__init__.py", "pkg\main.py"]}"#, &["pkg\\__init__.py", "pkg\\main.py"]);
    }

    #[test]
    fn underscores_escaped_for_markdown() {
        called(r#"{"paths":["my\_file.js"]}"#, &["my_file.js"]);
        reads("- my\\_file.js\n- b.js\n", &["my_file.js", "b.js"]);
    }

    #[test]
    fn json_with_small_faults() {
        for arguments in [
            r#"{"paths":["a.js","src/b.js",]}"#,
            r#"{"paths":["a.js","src/b.js"],}"#,
            r#"{"paths":["a.js" "src/b.js"]}"#,
            "{\"paths\":[\n\"a.js\"\n\"src/b.js\"\n]}",
            "{'paths':['a.js','src/b.js']}",
            r#"{paths:["a.js","src/b.js"]}"#,
            "{paths:['a.js','src/b.js']}",
            "{\"paths\":[\"a.js\", // the start\n\"src/b.js\"]}",
            "{\"paths\":[\"a.js\", /* the start */ \"src/b.js\"]}",
            "{“paths”: [“a.js”, “src/b.js”]}",
            "{`paths`: [`a.js`, `src/b.js`]}",
            r#"{"paths":["a.js","src/b.js"]}}"#,
            r#"{"paths":["a.js","src/b.js", ...]}"#,
            r#"{"paths":["a.js","src/b.js"}"#,
            "{paths: [a.js, src/b.js]}",
            "[a.js, src/b.js]",
            "{'paths':['a.js','src/b.js'], 'done': True, 'note': None}",
            "callback({\"paths\":[\"a.js\",\"src/b.js\"]});",
        ] {
            called(arguments, AB);
            reads(arguments, AB);
            reads(&format!("Sure, here it is:\n\n```json\n{arguments}\n```\nDone."), AB);
        }
    }

    #[test]
    fn repair_does_not_invent_paths() {
        called("{'paths':['a//b.js','c#d.js','/* e.js','f:g.js']}", &["a//b.js", "c#d.js", "/* e.js", "f:g.js"]);
        // What the library makes of slashes outside of quotes is a regular expression.
        reads("[src/a.js, src/b.js, c.js]", &["src/a.js", "src/b.js", "c.js"]);
    }

    #[test]
    fn only_the_closing_brackets_are_missing() {
        for text in [
            r#"{"paths":["a.js","src/b.js"]"#,
            r#"{"result":{"paths":["a.js","src/b.js"]"#,
            "{'paths':['a.js','src/b.js']\n",
        ] {
            called(text, AB);
            reads(text, AB);
            reads(&format!("Sure:\n```json\n{text}"), AB);
            for finish in [Some(Finish::Length), None] {
                fails(call(text, finish), Fault::Cut);
                fails(reply(text, finish), Fault::Cut);
            }
        }
    }

    #[test]
    fn cut_lists() {
        is_cut(r#"{"paths":["a.js","src/b"#);
        is_cut(r#"{"paths":["a.js","src/b.js","#);
        is_cut(r#"{"paths":["a.js","src/b.js""#);
        is_cut(r#"{"paths":[{"path":"a.js"},{"path":"src/b.js"}"#);
        is_cut("{'paths':['a.js','src/b.js'\n");
        is_cut(r#"{"paths":["a.js",""#);
        is_cut("['a.js', 'src/b");
        is_cut("[\n  \"a.js\",\n  \"src/b.js\",\n  \"c");
        is_cut(r#"{"paths":["a.js",{"path":"b.js","#);
        is_cut("{paths: [\"a.js\", \"b");
        is_cut(r#"{"paths":["a.js","b\"#);
        is_cut(r#"{"paths":["a.js","b\u00"#);
    }

    /// Wherever a call is cut: only with its list closed it is one.
    #[test]
    fn a_cut_at_every_place() {
        let paths = ["a.js", "it's [b].js", "src/\\\"c\", d.js", "é, [\"e.js"];
        let arguments = serde_json::json!({ "paths": paths }).to_string();
        for end in (0..arguments.len()).filter(|end| arguments.is_char_boundary(*end)) {
            let cut = &arguments[..end];
            assert!(read("list_files", &call(cut, Some(Finish::Length))).is_err(), "{cut}");
            assert!(read("list_files", &call(cut, None)).is_err(), "{cut}");
            if let Ok(read) = read("list_files", &call(cut, Some(Finish::Stop))) {
                assert_eq!((read, cut.ends_with("]")), (owned(&paths), true), "{cut}");
            }
        }
    }

    /// Says nothing of time, but does not come to its end if reading takes a pass per bracket.
    #[test]
    fn long_answers_of_nothing_but_brackets() {
        for shape in ["[", "{", "[{\"a\":", "['", "[]", "[a [", "- [\n", "(", "<tool_call>[", "<function=list_files>["]
        {
            let text = shape.repeat(32 * 1024 / shape.len());
            for reply in [reply(&text, Some(Finish::Stop)), call(&text, Some(Finish::Stop))] {
                assert!(read("list_files", &reply).is_err(), "{shape}");
            }
        }
    }

    #[test]
    fn yaml_references_are_not_followed() {
        is_none("- &a x.js\n- *a\n");
    }

    #[test]
    fn cut_calls_in_text() {
        for text in [
            r#"<tool_call>{"name":"list_files","arguments":{"paths":["a.js","b"#,
            r#"<function=list_files><parameter=paths>["a.js","b"#,
            r#"[list_files(paths=["a.js","b"#,
            r#"<|tool_call>call:list_files{paths:[<|"|>a.js<|"|>,<|"|>b"#,
            r#"<tool_call>list_files<arg_key>paths</arg_key><arg_value>["a.js","b"#,
            r#"<|channel|>commentary to=functions.list_files <|constrain|>json<|message|>{"paths":["a.js"#,
            "Action: list_files\nAction Input: {\"paths\": [\"a.js\", \"b",
        ] {
            for finish in [Some(Finish::Stop), Some(Finish::Length), None] {
                fails(reply(text, finish), Fault::Cut);
            }
        }
    }

    #[test]
    fn words_of_an_answer_that_was_cut() {
        for text in ["- a.js\n- src/b", "a.js\nsrc/b", "paths:\n  - a.js\n  - src/b.js", "```\na.js\nsrc/b.j"] {
            fails(reply(text, Some(Finish::Length)), Fault::Cut);
        }
        fails(reply("Like [\"x.js\"]:\n[\"a.js\", \"b", Some(Finish::Length)), Fault::Cut);
    }

    #[test]
    fn what_is_whole_is_whole_also_in_an_answer_that_was_cut() {
        for text in [
            r#"["a.js","src/b.js"] This list ho"#,
            r#"<tool_call>{"name":"list_files","arguments":{"paths":["a.js","src/b.js"]}}"#,
            r#"<function=list_files><parameter=paths>["a.js","src/b.js"]</par"#,
        ] {
            assert_eq!(read("list_files", &reply(text, Some(Finish::Length))), Ok(owned(AB)));
        }
    }

    #[test]
    fn json_among_prose() {
        reads("Sure [x]! Here it is: [\"a.js\", \"src/b.js\"]. Good luck [me]", AB);
        reads("I'd say {these}: {\"files\": [\"a.js\", \"src/b.js\"]}", AB);
        reads("See [the docs](http://x.y/z) [1] and [\"yes\", \"no\"].\n[\"a.js\",\"src/b.js\"]", AB);
        reads("The 3\" screen's list: [\"a.js\",\"src/b.js\"]", AB);
        reads("(see [note: [\"a.js\",\"src/b.js\"]", AB);
        reads("For example [\"x.js\"].\n```json\n[\"a.js\",\"src/b.js\"]\n```", AB);
        reads("```json\n{\"paths\": [\"a.js\", \"src/b.js\"]\n```\nDone", AB);
        reads("Not ['x.js'] but\n[\"a.js\",\"src/b.js\"]", AB);
    }

    #[test]
    fn hermes_and_qwen() {
        reads(
            "<tool_call>\n{\"name\": \"list_files\", \"arguments\": {\"paths\": [\"a.js\", \"src/b.js\"]}}\n</tool_call>",
            AB,
        );
        reads("<tool_call>{\"name\": \"list_files\", \"arguments\": {\"paths\": [\"a.js\", \"src/b.js\"]}}", AB);
        reads("<tool_call>{'name': 'list_files', 'arguments': {'paths': ['a.js', 'src/b.js']}}</tool_call>", AB);
        reads(
            "<tool_call>{\"name\":\"list_files\",\"arguments\":\"{\\\"paths\\\":[\\\"a.js\\\",\\\"src/b.js\\\"]}\"}</tool_call>",
            AB,
        );
        reads(
            "<tool_call>\n```json\n{\"name\":\"listFiles\",\"arguments\":[\"a.js\",\"src/b.js\"]}\n```\n</tool_call>",
            AB,
        );
        reads("<tool_call>{\"arguments\":{\"paths\":[\"a.js\",\"src/b.js\"]}}</tool_call>", AB);
        reads("<tool_call>list_files\n{\"paths\":[\"a.js\",\"src/b.js\"]}</tool_call>", AB);
        reads("<tool_call>{\"name\":\"list_files\",\"arguments\":{\"paths\":[\"a.js\",\"src/b.js\"]}", AB);
    }

    #[test]
    fn qwen3_coder() {
        let value = "[\"a.js\", \"src/b.js\"]";
        for text in [
            format!(
                "<tool_call>\n<function=list_files>\n<parameter=paths>\n{value}\n</parameter>\n</function>\n</tool_call>"
            ),
            format!(
                "Sure.\n<function=list_files>\n<parameter=paths>\n{value}\n</parameter>\n</function>\n</tool_call>"
            ),
            format!("<function=list_files><parameter=paths>{value}</parameter></parameter></function>"),
            format!("<function=list_files><parameter=paths>{value}</function>"),
            format!("<function=list_files><parameter=paths>{value}</tool_call>"),
            format!("<function=list_files><parameter=paths>{value}"),
            format!("<function=list_files><parameter=note>the main.js<parameter=paths>{value}"),
            "<function=list_files><parameter=paths>\na.js\nsrc/b.js\n</parameter></function>".to_owned(),
            "<function=list_files><parameter=paths>a.js, src/b.js</parameter></function>".to_owned(),
            format!("<function=list_files>{{\"paths\": {value}}}</function>"),
            format!("<function=list_files><parameter=arguments>{{\"paths\": {value}}}</parameter></function>"),
            format!("<invoke name=\"list_files\"><parameter name=\"paths\">{value}</parameter></invoke>"),
        ] {
            reads(&text, AB);
        }
    }

    #[test]
    fn llama() {
        reads(
            "<|python_tag|>{\"name\": \"list_files\", \"parameters\": {\"paths\": [\"a.js\", \"src/b.js\"]}}<|eom_id|>",
            AB,
        );
        reads("{\"name\": \"list_files\", \"parameters\": {\"paths\": [\"a.js\", \"src/b.js\"]}}", AB);
        reads(
            "{\"type\": \"function\", \"name\": \"list_files\", \"parameters\": {\"paths\": \"[\\\"a.js\\\", \\\"src/b.js\\\"]\"}}",
            AB,
        );
        reads("<|python_tag|>list_files.call(paths=[\"a.js\", \"src/b.js\"])", AB);
        reads("[list_files(paths=[\"a.js\", \"src/b.js\"])]", AB);
        reads("[list_files(paths=['a.js', 'src/b.js'], strict=True)]", AB);
        reads("[list_files([\"a.js\", \"src/b.js\"])]<|eot|>", AB);
        reads("list_files(\"a.js\", \"src/b.js\")", AB);
        reads("list_files(paths=\"a.js\")", &["a.js"]);
        reads("list_files({\"paths\": [\"a.js\", \"src/b.js\"]})", AB);
        reads("[list_files(paths=[\"a.js\", \"src/b.js\"]", AB);
        reads("[list_files(paths=['app/[id].js', 'f(x).js', 'a, b.js'])]", &["app/[id].js", "f(x).js", "a, b.js"]);
    }

    #[test]
    fn mistral() {
        reads("[TOOL_CALLS][{\"name\": \"list_files\", \"arguments\": {\"paths\": [\"a.js\", \"src/b.js\"]}}]</s>", AB);
        reads(
            "[TOOL_CALLS] [{\"name\": \"list_files\", \"arguments\": \"{\\\"paths\\\": [\\\"a.js\\\", \\\"src/b.js\\\"]}\"}]",
            AB,
        );
        reads("[TOOL_CALLS]list_files{\"paths\": [\"a.js\", \"src/b.js\"]}", AB);
        reads("[TOOL_CALLS]list_files[ARGS]{\"paths\": [\"a.js\", \"src/b.js\"]}", AB);
        reads("[TOOL_CALLS]list_files[CALL_ID]a1B2c3D4e[ARGS]{\"paths\": [\"a.js\", \"src/b.js\"]}", AB);
    }

    #[test]
    fn gpt_oss() {
        let call = "<|channel|>commentary to=functions.list_files";
        let arguments = "<|message|>{\"paths\": [\"a.js\", \"src/b.js\"]}<|call|>";
        reads(&format!("{call} <|constrain|>json{arguments}"), AB);
        reads(&format!("{call}json{arguments}"), AB);
        reads(&format!("{call} json{arguments}"), AB);
        reads(&format!("{call}<|channel|>commentary json{arguments}"), AB);
        reads(
            &format!(
                "<|channel|>analysis<|message|>Maybe [\"x.js\"]?<|end|><|start|>assistant{call} <|constrain|>json{arguments}"
            ),
            AB,
        );
        reads(
            "<|channel|>analysis<|message|>Maybe [\"x.js\"]?<|end|><|start|>assistant<|channel|>final<|message|>[\"a.js\",\"src/b.js\"]<|return|>",
            AB,
        );
    }

    #[test]
    fn deepseek() {
        reads(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>list_files\n```json\n{\"paths\": [\"a.js\", \"src/b.js\"]}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            AB,
        );
        reads(
            "<|tool▁calls▁begin|><|tool▁call▁begin|>function<|tool▁sep|>list_files\n```json\n{\"paths\": [\"a.js\", \"src/b.js\"]}\n```<|tool▁call▁end|>",
            AB,
        );
        reads(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>list_files<｜tool▁sep｜>{\"paths\": [\"a.js\", \"src/b.js\"]}<｜tool▁call▁end｜>",
            AB,
        );
    }

    #[test]
    fn glm() {
        reads(
            "<tool_call>list_files\n<arg_key>paths</arg_key>\n<arg_value>[\"a.js\", \"src/b.js\"]</arg_value>\n</tool_call>",
            AB,
        );
        reads("<tool_call>list_files<arg_key>paths</arg_key><arg_value>['a.js', 'src/b.js']", AB);
        reads(
            "<tool_call>list_files\n<arg_key>paths</arg_key>\n<arg_value>a.js\nsrc/b.js</arg_value>\n</tool_call>",
            AB,
        );
    }

    #[test]
    fn gemma() {
        reads("<|tool_call>call:list_files{paths:[<|\"|>a.js<|\"|>,<|\"|>src/b.js<|\"|>]}<tool_call|>", AB);
        reads("<|tool_call>call:list_files{paths:[<|\"|>say \"hi\".js<|\"|>]}<tool_call|>", &["say \"hi\".js"]);
        reads("```tool_code\nlist_files(paths=[\"a.js\", \"src/b.js\"])\n```", AB);
        reads("```tool_code\nprint(default_api.list_files(paths=['a.js', 'src/b.js']))\n```", AB);
    }

    #[test]
    fn liquid() {
        reads("<|tool_call_start|>[list_files(paths=['a.js', 'src/b.js'])]<|tool_call_end|>Listed.", AB);
        reads(
            "<|tool_call_start|>[{\"name\": \"list_files\", \"arguments\": {\"paths\": [\"a.js\", \"src/b.js\"]}}]<|tool_call_end|>",
            AB,
        );
    }

    #[test]
    fn kimi() {
        reads(
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.list_files:0<|tool_call_argument_begin|>{\"paths\": [\"a.js\", \"src/b.js\"]}<|tool_call_end|>",
            AB,
        );
    }

    #[test]
    fn re_act() {
        reads(
            "Thought: I list them.\nAction: list_files\nAction Input: {\"paths\": [\"a.js\", \"src/b.js\"]}\nObservation: ok",
            AB,
        );
        reads("Action: list_files\nAction Input: [\"a.js\", \"src/b.js\"]", AB);
        reads("Action: list_files(paths=['a.js', 'src/b.js'])", AB);
        reads("Action: list_files\nAction Input: a.js, src/b.js", AB);
        reads("{\"action\": \"list_files\", \"action_input\": {\"paths\": [\"a.js\", \"src/b.js\"]}}", AB);
    }

    #[test]
    fn of_two_calls_the_one_of_our_function() {
        for (other, ours) in [
            (
                r#"<tool_call>{"name":"read","arguments":{"paths":["x.js"]}}</tool_call>"#,
                r#"<tool_call>{"name":"list_files","arguments":{"paths":["a.js","src/b.js"]}}</tool_call>"#,
            ),
            (
                r#"<function=read><parameter=paths>["x.js"]</parameter></function>"#,
                r#"<function=list_files><parameter=paths>["a.js","src/b.js"]</parameter></function>"#,
            ),
            (
                r#"[TOOL_CALLS]read[ARGS]{"paths":["x.js"]}"#,
                r#"[TOOL_CALLS]list_files[ARGS]{"paths":["a.js","src/b.js"]}"#,
            ),
            (
                "<｜tool▁call▁begin｜>read<｜tool▁sep｜>{\"paths\":[\"x.js\"]}<｜tool▁call▁end｜>",
                "<｜tool▁call▁begin｜>list_files<｜tool▁sep｜>{\"paths\":[\"a.js\",\"src/b.js\"]}<｜tool▁call▁end｜>",
            ),
            ("\nAction: read\nAction Input: [\"x.js\"]", "\nAction: list_files\nAction Input: [\"a.js\",\"src/b.js\"]"),
            (r#"read(paths=["x.js"]), "#, r#"list_files(paths=["a.js","src/b.js"])"#),
            (
                r#"{"name":"read","parameters":{"paths":["x.js"]}}; "#,
                r#"{"name":"list_files","parameters":{"paths":["a.js","src/b.js"]}}"#,
            ),
        ] {
            reads(&format!("{other}{ours}"), AB);
            reads(&format!("{ours}{other}"), AB);
        }
        reads(
            r#"[{"name":"read","arguments":{"paths":["x.js"]}},{"name":"list_files","arguments":{"paths":["a.js","src/b.js"]}}]"#,
            AB,
        );
    }

    #[test]
    fn what_another_function_is_called_with_is_no_answer() {
        for text in [
            r#"<function=read><parameter=paths>["x.js"]</parameter></function>"#,
            "<｜tool▁call▁begin｜>function<｜tool▁sep｜>read\n```json\n{\"paths\":[\"x.js\"]}\n```<｜tool▁call▁end｜>",
            r#"<|channel|>commentary to=functions.read <|constrain|>json<|message|>{"paths":["x.js"]}<|call|>"#,
            r#"<|tool_call_start|>[read(paths=['x.js'])]<|tool_call_end|>"#,
            "Action: read\nAction Input: [\"x.js\"]",
        ] {
            fails(reply(text, Some(Finish::Stop)), Fault::OtherCall("read".to_owned()));
        }
        is_none(r#"<tool_call>{"name":"read","arguments":{"paths":["x.js"]}}</tool_call>"#);
        is_none(r#"{'name':'read','arguments':{'paths':['x.js']}}"#);
    }

    #[test]
    fn thinking_is_no_answer() {
        reads("<think>\nMaybe [\"x.js\"]?\n- y.js\n</think>\n[\"a.js\",\"src/b.js\"]", AB);
        reads("Maybe [\"x.js\"]?\n</think>\n[\"a.js\",\"src/b.js\"]", AB);
        reads(
            "Sure.\n<think>[\"x.js\"]</think>\n<tool_call>{\"name\":\"list_files\",\"arguments\":{\"paths\":[\"a.js\",\"src/b.js\"]}}</tool_call>",
            AB,
        );
        reads("<thinking>list_files(paths=[\"x.js\"])</thinking>- a.js\n- src/b.js", AB);
        is_none("<think>I will list [\"a.js\", \"src/b.js\"]");
        reads(
            "<think>I list them.\n<tool_call>{\"name\":\"list_files\",\"arguments\":{\"paths\":[\"a.js\",\"src/b.js\"]}}</tool_call>",
            AB,
        );
    }

    #[test]
    fn yaml() {
        reads("paths:\n  - a.js\n  - src/b.js\n", AB);
        reads(
            "```yaml\nfiles:\n  - path: a.js\n    purpose: the start\n  - path: src/b.js\n    purpose: the rest\n```",
            AB,
        );
        reads(
            "Here is the list:\n\n```yaml\nfiles:\n  a.js: the start\n  src/b.js: the rest\n```\nDone: all of it.",
            AB,
        );
        reads("a.js: the start\nsrc/b.js: the rest\n", AB);
        reads("- a.js: the start\n- src/b.js: the rest\n", AB);
        reads("- 'a.js'\n- \"src/b.js\"\n", AB);
        reads("Files:\n- a.js\n- src/b.js", AB);
    }

    #[test]
    fn markdown_lists() {
        reads("Files:\n\n- `a.js`: the main file\n- src/b.js\n* **c.css** - style\n", &["a.js", "src/b.js", "c.css"]);
        reads("1. a.js\n2. Makefile\n3) LICENSE\n", &["a.js", "Makefile", "LICENSE"]);
        reads("- [ ] a.js\n- [x] src/b.js\n", AB);
        reads("- pkg/__init__.py\n- __main__.py: runs it\n", &["pkg/__init__.py", "__main__.py"]);
        reads("- [a.js](a.js)\n- [src/b.js](./src/b.js): the rest\n", AB);
        reads("- `docs/My File.md`: words\n- a.js (the start)\n", &["docs/My File.md", "a.js"]);
        reads("- a.js the start\n- src/b.js, the rest\n", AB);
        reads("- a.js\n\n  It starts all.\n\n- src/b.js\n", AB);
        reads("- app/[id].js\n- app/(x)/y.js\n", &["app/[id].js", "app/(x)/y.js"]);
        reads("The files are:\n* a.js\n* src/b.js\nGood luck, and see main.rs for more.", AB);
    }

    #[test]
    fn lists_below_a_directory() {
        reads(
            "- a.js\n- src/\n  - b.js\n  - lib/\n    - c.js\n- d.js\n",
            &["a.js", "src/b.js", "src/lib/c.js", "d.js"],
        );
    }

    #[test]
    fn lines() {
        reads("```\na.js\nsrc/b.js\n```\n", AB);
        reads("a.js\nsrc/b.js\n", AB);
        reads("The files:\na.js\nsrc/b.js", AB);
        reads("```\na.js      # the start\nsrc/b.js  # the rest\n```", AB);
        reads("main.py", &["main.py"]);
        reads("`a.js`\n`src/b.js`", AB);
    }

    #[test]
    fn prose_is_no_path() {
        is_none("");
        is_none("I cannot do that.");
        is_none("Let me think, e.g. about main.js and/or style.css, version 1.5.");
        is_none("- Node.js 20 is needed\n- client/server split\n- e.g. a test\n- see https://x.y/z.html\n");
        is_none("[see above] and {this and/or that} in [e.g. here]");
        is_none("[\"yes\", \"no\"]");
        is_none("```sh\nnpm install\nnode main.js\n./run.sh --all\n```");
        is_none("```\nsrc/\n├── main.js\n└── util.js\n```");
        reads("- a.js\n- Node.js 20 is needed\n- src/b.js\n", AB);
        called(r#"{"paths":["a.js","and so on","src/b.js - the rest"]}"#, AB);
    }

    #[test]
    fn the_call_has_the_say_over_the_text() {
        let both = |call: &str| Reply { call: Some(call.to_owned()), ..reply("[\"x.js\"]", Some(Finish::Stop)) };
        assert_eq!(read("list_files", &both(r#"{"paths":["a.js","src/b.js"]}"#)), Ok(owned(AB)));
        assert_eq!(read("list_files", &both("{}")), Ok(owned(&["x.js"])));
        assert_eq!(read("list_files", &both(r#"{"paths":["a.js","b"#)), Err(Fault::Cut));
    }
}
