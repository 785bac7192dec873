//! The routes that the project's servers serve, as frameworks of each language declare them.

use std::collections::HashSet;

use super::{
    super::super::{
        facts::{Call, Value},
        project::{Project, Unit},
        syntax::Language,
    },
    METHODS, Part, Route, parts_of, path_text,
};

/// What a server's routes are called on.
const SERVERS: &[&str] = &[
    "app",
    "router",
    "server",
    "api",
    "route",
    "routes",
    "blueprint",
    "bp",
    "fastify",
    "mux",
    "r",
    "e",
    "g",
    "group",
    "engine",
    "web",
    "Router",
];

/// Routes below all paths at which routers are mounted; `None` where one of these paths cannot be seen.
pub fn mounted(project: &Project, routes: Vec<Route>) -> Option<Vec<Route>> {
    let mut mounts: Vec<String> = Vec::new();
    for unit in project.units.iter().filter(|unit| unit.is_read() && serves(unit)) {
        for call in &unit.facts.calls {
            let last = call.path.last().map_or("", |name| name.text);
            let named =
                call.arguments.iter().find(|argument| matches!(argument.keyword, Some("prefix" | "url_prefix")));
            let is_mount = match unit.language {
                Language::Python => false,
                Language::Go => matches!(last, "Group" | "Mount" | "Route" | "PathPrefix"),
                Language::Rust => matches!(last, "nest" | "scope"),
                _ => matches!(last, "use" | "register" | "route") && call.arguments.len() > 1,
            };
            let given = named.or_else(|| call.arguments.first().filter(|_| is_mount));
            match given.map(|argument| &argument.value) {
                Some(Value::Text(text)) if text.starts_with('/') => mounts.push(text.to_string()),
                Some(Value::Object(_) | Value::Function(_)) | None => {}
                Some(_) if is_mount && !matches!(last, "use" | "register" | "route") || named.is_some() => return None,
                Some(_) => {}
            }
        }
    }
    mounts.sort();
    mounts.dedup();
    // Whoever mounts that much needs a map.
    if mounts.len() > 40 {
        return None;
    }
    let mut all = routes.clone();
    let below = |mount: &str, route: &Route| {
        let mut parts = parts_of(mount);
        parts.extend(route.parts.iter().cloned());
        let shown = format!("{}{}", mount.trim_end_matches('/'), route.shown.trim_end_matches('/'));
        Route { parts, methods: route.methods.clone(), shown }
    };
    for mount in &mounts {
        let once: Vec<Route> = routes.iter().map(|route| below(mount, route)).collect();
        for outer in mounts.iter().filter(|outer| *outer != mount && mounts.len() < 12) {
            all.extend(once.iter().map(|route| below(outer, route)));
        }
        all.extend(once);
    }
    Some(all)
}

pub fn routes(project: &Project) -> Vec<Route> {
    let mut routes = Vec::new();
    for unit in project.units.iter().filter(|unit| unit.is_read()) {
        let is_server = serves(unit);
        for call in unit.facts.calls.iter().filter(|call| is_server || call.is_decorator) {
            routes.extend(route(unit, call));
        }
    }
    routes
}

/// Whether a file has to do with a server at all: clients have methods of the same names.
pub fn serves(unit: &Unit) -> bool {
    let words: &[&str] = match unit.language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            &["express", "fastify", "koa", "Router", "hono", "polka", "restify", "createServer", "Bun.serve", "itty"]
        }
        Language::Python => &[
            "flask",
            "fastapi",
            "starlette",
            "aiohttp",
            "django",
            "bottle",
            "sanic",
            "quart",
            "APIRouter",
            "Blueprint",
            "falcon",
            "litestar",
            "http.server",
            "re.compile",
        ],
        Language::Go => &["net/http", "gin", "chi", "mux", "echo", "fiber", "httprouter"],
        Language::Rust => &["axum", "actix", "rocket", "warp", "Router", "poem", "tide"],
        _ => return false,
    };
    words.iter().any(|word| unit.text.contains(word))
}

fn route(unit: &Unit, call: &Call) -> Vec<Route> {
    let Some(last) = call.path.last().map(|name| name.text) else { return Vec::new() };
    let object = call.path.len().checked_sub(2).map_or("", |at| call.path[at].text);
    let first = call.arguments.first();
    let text = first.and_then(|argument| path_text(&argument.value));
    let lower = last.to_lowercase();
    let make = |path: &str, methods: Vec<String>| Route { parts: parts_of(path), methods, shown: path.to_owned() };
    let is_on_server = SERVERS.iter().any(|server| object.to_lowercase().ends_with(&server.to_lowercase()));
    match unit.language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            let Some(text) = text.filter(|text| text.starts_with('/') || text == "*") else {
                return by_comparison(unit, call);
            };
            let hands = call.arguments.len() > 1 || lower == "route";
            if METHODS.contains(&lower.as_str()) && is_on_server && hands {
                return vec![make(&text, vec![lower.to_uppercase()])];
            }
            if matches!(last, "all" | "use" | "route") && is_on_server {
                // What is mounted may serve anything below, unless its routes are seen themselves.
                return if last == "use" { Vec::new() } else { vec![make(&text, Vec::new())] };
            }
            Vec::new()
        }
        Language::Python => python_route(call, last, &lower, text, &make),
        Language::Go => go_route(last, &lower, text, &make),
        Language::Rust => rust_route(unit, call, last, &lower, text, &make),
        _ => Vec::new(),
    }
}

fn python_route(
    call: &Call,
    last: &str,
    lower: &str,
    text: Option<String>,
    make: &dyn Fn(&str, Vec<String>) -> Route,
) -> Vec<Route> {
    // A pattern that a hand-made server matches paths with.
    if call.path.len() == 2 && call.path[0].text == "re" && last == "compile" {
        let Some(text) = text.filter(|text| text.trim_start_matches('^').starts_with('/')) else { return Vec::new() };
        let plain = text.trim_start_matches('^').trim_end_matches('$').replace('/', "\u{1}");
        // A group is one part, whatever stands in it.
        let mut path = String::new();
        let mut depth = 0_usize;
        for c in plain.chars() {
            match c {
                '(' => {
                    depth += 1;
                    path.push('\0');
                }
                ')' => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                '\u{1}' => path.push('/'),
                '\\' => {}
                c => path.push(c),
            }
        }
        return vec![make(&path, Vec::new())];
    }
    let Some(text) =
        text.filter(|text| text.starts_with('/') || call.is_decorator || matches!(last, "path" | "add_url_rule"))
    else {
        return Vec::new();
    };
    let named = call.arguments.iter().find(|argument| argument.keyword == Some("methods"));
    let methods = match named.map(|argument| &argument.value) {
        Some(Value::List(items)) => items.iter().filter_map(|(_, item)| item.text().map(str::to_uppercase)).collect(),
        Some(_) => Vec::new(),
        None if last == "route" => vec!["GET".to_owned()],
        None => Vec::new(),
    };
    if METHODS.contains(&lower) && call.is_decorator {
        return vec![make(&text, vec![lower.to_uppercase()])];
    }
    let adds = ["add_get", "add_post", "add_put", "add_delete", "add_patch"].iter().find(|name| **name == last);
    if let Some(name) = adds {
        return vec![make(&text, vec![name[4..].to_uppercase()])];
    }
    match last {
        "route" | "add_url_rule" | "add_api_route" | "Route" | "api_route" | "websocket" | "Mount" => {
            vec![make(&text, methods)]
        }
        "path" | "re_path" => vec![make(&text, Vec::new())],
        _ => Vec::new(),
    }
}

fn go_route(last: &str, lower: &str, text: Option<String>, make: &dyn Fn(&str, Vec<String>) -> Route) -> Vec<Route> {
    let Some(text) = text else { return Vec::new() };
    let (method, path) = match text.split_once(' ') {
        Some((method, path)) if METHODS.contains(&method.to_lowercase().as_str()) => {
            (vec![method.to_owned()], path.trim().to_owned())
        }
        _ => (Vec::new(), text),
    };
    if !path.starts_with('/') {
        return Vec::new();
    }
    match last {
        // A path that ends in a slash stands for everything below.
        "HandleFunc" | "Handle" => {
            let path = if path.ends_with('/') && path.len() > 1 { format!("{path}*") } else { path };
            if path == "/" { Vec::new() } else { vec![make(&path, method)] }
        }
        _ if METHODS.contains(&lower) && last.starts_with(char::is_uppercase) => {
            vec![make(&path, vec![lower.to_uppercase()])]
        }
        "Any" | "Mount" | "Route" | "Group" => vec![make(&format!("{path}/*"), Vec::new())],
        _ => Vec::new(),
    }
}

fn rust_route(
    unit: &Unit,
    call: &Call,
    last: &str,
    lower: &str,
    text: Option<String>,
    make: &dyn Fn(&str, Vec<String>) -> Route,
) -> Vec<Route> {
    let Some(text) = text.filter(|text| text.starts_with('/')) else { return Vec::new() };
    if call.is_decorator && METHODS.contains(&lower) {
        return vec![make(&text, vec![lower.to_uppercase()])];
    }
    if last != "route" && last != "nest" {
        return Vec::new();
    }
    if last == "nest" {
        return Vec::new();
    }
    // `get(list).post(create)`: every call in the second argument whose name is a method.
    let Some(second) = call.arguments.get(1) else { return Vec::new() };
    let end = unit.text[second.at..].find(['\n', ';']).map_or(unit.text.len(), |length| second.at + length);
    let written = &unit.text[second.at..end];
    let methods: Vec<String> = METHODS
        .iter()
        .filter(|method| written.contains(&format!("{method}(")))
        .map(|method| method.to_uppercase())
        .collect();
    vec![make(&text, methods)]
}

/// `if (url.pathname === '/x')` of a hand-made server.
fn by_comparison(unit: &Unit, call: &Call) -> Vec<Route> {
    if call.path.last().is_none_or(|name| name.text != "createServer") {
        return Vec::new();
    }
    let compared = unit.facts.comparisons.iter().filter(|comparison| comparison.text.starts_with('/'));
    let starts: HashSet<&str> = unit
        .facts
        .calls
        .iter()
        .filter(|call| call.path.last().is_some_and(|name| matches!(name.text, "startsWith" | "match" | "test")))
        .filter_map(|call| call.arguments.first().and_then(|argument| argument.value.text()))
        .filter(|text| text.starts_with('/'))
        .collect();
    let mut routes: Vec<Route> = compared
        .map(|comparison| Route {
            parts: parts_of(&comparison.text),
            methods: Vec::new(),
            shown: comparison.text.to_string(),
        })
        .collect();
    routes.extend(starts.into_iter().map(|text| Route {
        parts: parts_of(&format!("{text}/*")),
        methods: Vec::new(),
        shown: text.to_owned(),
    }));
    if unit.text.contains(".match(/") || unit.text.contains(".test(") {
        routes.push(Route { parts: vec![Part::Rest], methods: Vec::new(), shown: "/*".to_owned() });
    }
    routes
}
