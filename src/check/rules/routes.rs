//! Requests that the project's client makes, against the routes that its server serves.

mod served;

use std::collections::BTreeMap;

use self::served::{mounted, routes, serves};
use super::{
    super::{
        Rule,
        facts::{Call, Value},
        project::Project,
        syntax::Language,
    },
    Found,
};

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
/// One part of a path: a word, or a hole for any.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Word(String),
    Any,
    /// Any number of parts.
    Rest,
}

#[derive(Clone, Debug)]
struct Route {
    parts: Vec<Part>,
    /// In capitals; none is any.
    methods: Vec<String>,
    shown: String,
}

/// Requests to routes that nobody serves, or not with this method.
pub fn unserved(project: &Project) -> Vec<Found> {
    let Some(routes) = mounted(project, routes(project)) else { return Vec::new() };
    // A framework that makes routes out of files, or a proxy, serves more than is seen.
    let has_more = project.by_path.keys().any(|path| {
        path.contains("/api/") && (path.starts_with("pages/") || path.contains("/pages/") || path.contains("app/api/"))
            || path.contains("+server.")
    }) || project.tree.files.iter().any(|file| {
        file.path.contains(".config.")
            && file.text.as_deref().is_some_and(|text| text.contains("proxy") || text.contains("rewrites"))
    });
    // Whoever makes a server up for tests in the browser says what another one serves, and not all of it.
    let is_made_up = project.units.iter().any(|unit| unit.facts.imports.iter().any(|import| import.from == "msw"));
    if routes.is_empty() || has_more || is_made_up {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        // Tests ask for what is not served on purpose, and of servers of their own.
        let is_aside = project.is_material(unit.file) || super::imports::is_beside(project.path(index));
        if !unit.is_read() && unit.language != Language::Html || is_aside {
            continue;
        }
        for call in &unit.facts.calls {
            let Some(request) = request(project, index, call) else { continue };
            if let Some(misfit) = told(project, index, call, &request, &routes) {
                found.push(misfit);
            }
        }
    }
    found
}

struct Request {
    at: usize,
    parts: Vec<Part>,
    /// In capitals, if it can be seen.
    method: Option<String>,
    shown: String,
    /// It goes through a client that may add to the path.
    has_base: bool,
}

fn told(project: &Project, unit: usize, call: &Call, request: &Request, routes: &[Route]) -> Option<Found> {
    let at_path: Vec<&Route> = routes.iter().filter(|route| meets(&route.parts, &request.parts)).collect();
    let shown = &request.shown;
    let all: BTreeMap<&str, ()> = routes.iter().map(|route| (route.shown.as_str(), ())).collect();
    if at_path.is_empty() {
        // A file is served as it is.
        let is_file = request.parts.last().is_some_and(|part| matches!(part, Part::Word(word) if word.contains('.')));
        let is_static = is_file && {
            let bare = shown.trim_start_matches('/');
            !bare.is_empty()
        };
        if is_static || request.parts.is_empty() {
            return None;
        }
        // Only where the server and the client share the beginning of their paths is it this server that is meant.
        let nearest = project.nearest(shown, all.keys().copied());
        let shares = routes.iter().any(|route| match (route.parts.first(), request.parts.first()) {
            (Some(Part::Word(a)), Some(Part::Word(b))) => a == b,
            _ => false,
        });
        if !shares && nearest.is_none() {
            return None;
        }
        let message = format!("no server of the project serves '{shown}'");
        return Some(
            Found::error(unit, request.at, Rule::UnservedRoute, shown, message)
                .looked_in("the routes of the server")
                .nearest(nearest),
        );
    }
    let method = request.method.as_deref()?;
    // A client that is made with an address of its own asks below that.
    let is_below = |route: &Route| {
        request.has_base && route.parts.len() > request.parts.len() && {
            let end = &route.parts[route.parts.len() - request.parts.len()..];
            meets(end, &request.parts)
        }
    };
    if routes.iter().any(|route| {
        is_below(route) && (route.methods.is_empty() || route.methods.iter().any(|served| served == method))
    }) || at_path.iter().all(|route| route.parts.contains(&Part::Rest))
    {
        return None;
    }
    let is_served = at_path.iter().any(|route| {
        route.methods.is_empty()
            || route.methods.iter().any(|served| served == method || served == "GET" && method == "HEAD")
    });
    if is_served || call.path.is_empty() {
        return None;
    }
    let mut served: Vec<&str> = at_path.iter().flat_map(|route| route.methods.iter().map(String::as_str)).collect();
    served.sort_unstable();
    served.dedup();
    let message = format!("'{shown}' is served, but not for {method}: only for {}", served.join(", "));
    Some(
        Found::error(unit, request.at, Rule::UnservedRoute, shown, message)
            .looked_in("the routes of the server")
            .nearest(served.first().map(|method| (*method).to_owned())),
    )
}

/// Whether a request reaches a route.
fn meets(route: &[Part], request: &[Part]) -> bool {
    match (route.first(), request.first()) {
        (None, None) => true,
        (Some(Part::Rest), _) => true,
        (_, Some(Part::Rest)) => true,
        (Some(a), Some(b)) => {
            let fits = match (a, b) {
                (Part::Word(a), Part::Word(b)) => a == b,
                _ => true,
            };
            fits && meets(&route[1..], &request[1..])
        }
        _ => false,
    }
}

fn parts_of(path: &str) -> Vec<Part> {
    let bare = path.split(['?', '#']).next().unwrap_or_default();
    let parts = bare.split('/').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let is_rest = part.contains('*')
                || part.starts_with("{path:")
                || part.contains(":path")
                || part.starts_with("<path:")
                || part.contains("...");
            let is_hole = part.starts_with(':')
                || part.contains('{')
                || part.contains('<')
                || part.contains('\0')
                || part.contains('(')
                || part.contains('[');
            match (is_rest, is_hole) {
                (true, _) => Part::Rest,
                (_, true) => Part::Any,
                _ => Part::Word(part.to_owned()),
            }
        })
        .collect()
}

/// The text of a path, with holes for what is put in.
fn path_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Template(pieces) => Some(pieces.join("\0")),
        _ => None,
    }
}

/// What a call asks of a server, if it does.
fn request(project: &Project, unit: usize, call: &Call) -> Option<Request> {
    let words: Vec<&str> = call.path.iter().map(|name| name.text).collect();
    let first = call.arguments.first()?;
    let text = path_text(&first.value)?;
    let language = project.units[unit].language;
    let (path, method) = match (language, words.as_slice()) {
        (Language::Html, ["<form>"]) => {
            (text, call.arguments.get(1).and_then(|method| method.value.text()).map(str::to_uppercase))
        }
        (_, ["fetch"] | ["window", "fetch"]) if language.is_script() => (text, method_of_options(call, 1)),
        (_, ["axios"]) if language.is_script() => (text, method_of_options(call, 1)),
        (_, ["axios" | "api" | "http" | "client", method])
            if language.is_script() && METHODS.contains(method) && !serves(&project.units[unit]) =>
        {
            (text, Some(method.to_uppercase()))
        }
        (Language::Python, ["requests" | "httpx" | "client" | "session", method]) if METHODS.contains(method) => {
            (text, Some(method.to_uppercase()))
        }
        _ => return None,
    };
    let is_of_base = matches!(&first.value, Value::Template(pieces) if pieces[0].is_empty());
    if is_of_base && !is_own_base(&project.units[unit].text[first.at..]) {
        return None;
    }
    let path = local_path(&path)?;
    let parts = parts_of(&path);
    let shown = path.replace('\0', "…");
    let has_base = matches!(words.as_slice(), ["api" | "http" | "client" | "session" | "axios", _]);
    Some(Request { at: first.at + 1, parts, method, shown, has_base })
}

/// Whether what an address begins with is the project's own server, as far as its name tells: `${API_BASE}/notes`.
/// A field of something, `${account.serverUrl}/notes`, is anybody's.
fn is_own_base(written: &str) -> bool {
    let written = written.trim_start_matches(['`', '$', '{', '(', '"', '\'', 'f']);
    let name: String = written.chars().take_while(|c| c.is_alphanumeric() || "_.".contains(*c)).collect();
    let own = ["this.", "self.", "import.meta.", "process.env.", "window.", "location.", "config.", "settings."];
    let name = own.iter().find_map(|own| name.strip_prefix(own)).unwrap_or(&name).to_lowercase();
    let names = ["api", "base", "host", "server", "backend", "origin", "endpoint"];
    names.iter().any(|word| name.contains(word))
        && (!name.contains('.') || name.starts_with("env.") || name.starts_with("location."))
}

/// The method in the options of `fetch`; without any it is GET.
fn method_of_options(call: &Call, at: usize) -> Option<String> {
    match call.arguments.get(at).map(|argument| &argument.value) {
        None => Some("GET".to_owned()),
        Some(Value::Object(pairs)) => match pairs.iter().find(|(key, _)| key.text == "method") {
            Some((_, Value::Text(method))) => Some(method.to_uppercase()),
            Some(_) => None,
            None if pairs.iter().any(|(key, _)| key.text == "...") => None,
            None => Some("GET".to_owned()),
        },
        Some(_) => None,
    }
}

/// The path of an address on this machine, or after a base that is put in.
fn local_path(address: &str) -> Option<String> {
    if address.starts_with('/') && !address.starts_with("//") {
        return Some(address.to_owned());
    }
    if let Some(rest) = address.strip_prefix('\0') {
        return rest.starts_with('/').then(|| rest.to_owned());
    }
    let rest = address.strip_prefix("http://localhost").or_else(|| address.strip_prefix("http://127.0.0.1"))?;
    let at = rest.find('/')?;
    Some(rest[at..].to_owned())
}
