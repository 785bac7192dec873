//! Tables and columns in SQL that no schema of the project has.

use std::collections::{BTreeSet, HashMap};

use super::{
    super::{Rule, project::Project, syntax::Language},
    Found,
    imports::is_beside,
    schemas,
};

#[derive(Default)]
struct Table {
    columns: BTreeSet<String>,
    /// It is changed later, or made in a way whose columns are not seen.
    is_open: bool,
}

/// Tables and columns that are used and never made.
pub fn unknown(project: &Project) -> Vec<Found> {
    let mut tables: HashMap<String, Table> = HashMap::new();
    let mut is_own = false;
    for file in &project.tree.files {
        let Some(text) = file.text.as_deref().filter(|text| text.len() > 12) else { continue };
        let before = tables.len();
        schema(text, &mut tables);
        is_own |= tables.len() > before && !is_beside(&file.path);
    }
    let mut found = Vec::new();
    // Whoever makes no tables finds them made; whoever makes them in other ways too makes more than is seen.
    if !is_own || schemas::has_more(project) {
        return found;
    }
    for (index, unit) in project.units.iter().enumerate() {
        // Tests have tables of their own, and ask for some that are not there.
        if !unit.is_read() || project.is_material(unit.file) || is_beside(project.path(index)) {
            continue;
        }
        for literal in &unit.facts.literals {
            let words = words(&literal.text);
            let Some(verb) = words.first().map(|(word, _)| word.to_lowercase()) else { continue };
            if !matches!(verb.as_str(), "select" | "insert" | "update" | "delete" | "with" | "replace")
                || words.len() < 3
            {
                continue;
            }
            let Some(start) = offset_in(unit.text, literal) else { continue };
            if unit.language == Language::Rust && start > start_of_tests(unit.text) {
                continue;
            }
            for (name, at) in tables_used(&words) {
                let lower = name.to_lowercase();
                let is_known = tables.contains_key(&lower)
                    || lower.starts_with("sqlite_")
                    || lower.starts_with("pg_")
                    || lower.starts_with("pragma_")
                    || lower.starts_with("information_schema")
                    || lower == "excluded"
                    || lower == "dual";
                if is_known || has_alias(&words, name) || schemas::is_named_by_query(unit.text, name) {
                    continue;
                }
                let nearest = project.nearest(name, tables.keys().map(String::as_str));
                let message = format!("no schema of the project has the table '{name}'");
                found.push(
                    Found::error(index, start + at, Rule::UnknownTable, name, message)
                        .looked_in("the CREATE TABLE statements")
                        .nearest(nearest),
                );
            }
            for (table, column, at) in columns_used(&words) {
                let Some(known) = tables.get(&table.to_lowercase()).filter(|table| !table.is_open) else { continue };
                if known.columns.contains(&column.to_lowercase()) {
                    continue;
                }
                let nearest = project.nearest(column, known.columns.iter().map(String::as_str));
                let message = format!("the table '{table}' has no column '{column}'");
                found.push(
                    Found::error(index, start + at, Rule::UnknownTable, column, message)
                        .looked_in(format!("the table '{table}'"))
                        .nearest(nearest),
                );
            }
        }
    }
    found
}

/// Where the module of tests begins that a file of Rust ends with.
fn start_of_tests(text: &str) -> usize {
    let is_of_tests = |at: usize| {
        let (condition, rest) = text[at..].split_once(']').unwrap_or_default();
        let is_around = |line: &&str| line.is_empty() || line.starts_with("#[") || line.starts_with("//");
        let mut lines = rest.lines().map(str::trim).filter(|line| !is_around(line));
        condition.contains("test")
            && lines.next().is_some_and(|line| line.starts_with("mod ") || line.contains(" mod "))
    };
    let conditions = text.match_indices("#[cfg(").map(|(at, _)| at);
    conditions.filter(|at| is_of_tests(*at)).last().unwrap_or(text.len())
}

/// Where a literal's text begins in the file, if it stands there as it is.
fn offset_in(text: &str, literal: &super::super::facts::Literal) -> Option<usize> {
    let from = literal.at.min(text.len());
    let rest = text.get(from..)?;
    rest.get(..(literal.text.len() + 8).min(rest.len()))
        .map_or_else(|| rest.find(literal.text.as_ref()), |near| near.find(literal.text.as_ref()))
        .map(|offset| from + offset)
}

/// Words and single signs, with their places. Quotes around names are left out.
fn words(text: &str) -> Vec<(&str, usize)> {
    let mut words = Vec::new();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if c == '-' && text[at..].starts_with("--") {
            // A comment.
            while rest.next_if(|(_, c)| *c != '\n').is_some() {}
        } else if is_part(c) {
            let mut end = at + c.len_utf8();
            while let Some((next, c)) = rest.peek().copied().filter(|(_, c)| is_part(*c)) {
                end = next + c.len_utf8();
                rest.next();
            }
            words.push((&text[at..end], at));
        } else if c == '\'' {
            // A text in SQL: nothing in it is a name.
            for (_, c) in rest.by_ref() {
                if c == '\'' {
                    break;
                }
            }
            words.push(("''", at));
        } else if !c.is_whitespace() && !matches!(c, '"' | '`') {
            words.push((&text[at..at + c.len_utf8()], at));
        }
    }
    words
}

fn is(word: Option<&(&str, usize)>, wanted: &str) -> bool {
    word.is_some_and(|(word, _)| word.eq_ignore_ascii_case(wanted))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// What `CREATE TABLE` and `CREATE VIEW` make.
fn schema(text: &str, tables: &mut HashMap<String, Table>) {
    let upper = text.to_ascii_uppercase();
    for name in schemas::altered(text, &upper) {
        tables.entry(name.to_lowercase()).or_default().is_open = true;
    }
    for (start, _) in upper.match_indices("CREATE ") {
        let Some(statement) = text.get(start..) else { continue };
        let end = schemas::end_of(statement).min(8_000);
        let statement = &statement[..statement.floor_char_boundary(end)];
        let words = words(statement);
        let mut at = 1;
        while ["temp", "temporary", "unlogged", "virtual", "or", "replace", "materialized"]
            .iter()
            .any(|word| is(words.get(at), word))
        {
            at += 1;
        }
        let is_table = is(words.get(at), "table");
        if !is_table && !is(words.get(at), "view") {
            continue;
        }
        at += 1;
        while ["if", "not", "exists"].iter().any(|word| is(words.get(at), word)) {
            at += 1;
        }
        let Some((mut name, _)) = words.get(at).copied().filter(|(name, _)| is_name(name)) else { continue };
        if is(words.get(at + 1), ".") {
            at += 2;
            name = words.get(at).map_or(name, |(name, _)| name);
        }
        let table = tables.entry(name.to_lowercase()).or_default();
        let altered = format!("ALTER TABLE {}", name.to_uppercase());
        table.is_open |=
            !is_table || !is(words.get(at + 1), "(") || upper.contains(&altered) || upper.contains("ADD COLUMN");
        // Every definition begins with its column, unless it is a constraint.
        let (mut depth, mut is_first) = (0, true);
        for (word, _) in words.iter().skip(at + 1) {
            match *word {
                "(" => depth += 1,
                ")" if depth == 1 => break,
                ")" => depth -= 1,
                "," if depth == 1 => is_first = true,
                "{" | "%" | "$" => table.is_open = true,
                // The seam of texts that stand one behind the other.
                "''" if is_first => {}
                word if depth == 1 && is_first => {
                    is_first = false;
                    let lower = word.to_lowercase();
                    if !matches!(lower.as_str(), "primary" | "foreign" | "unique" | "check" | "constraint" | "exclude")
                    {
                        table.columns.insert(lower);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The tables that a statement names.
fn tables_used<'t>(words: &[(&'t str, usize)]) -> Vec<(&'t str, usize)> {
    let mut used = Vec::new();
    let first = words[0].0.to_lowercase();
    // Of prose that begins with such a word nothing is read: a statement has more signs of one.
    let has = |word: &str| words.iter().any(|(other, _)| other.eq_ignore_ascii_case(word));
    let is_statement = match first.as_str() {
        "select" => has("from"),
        "insert" | "replace" => has("into") && (has("values") || has("select") || has("default")),
        "update" => has("set"),
        "delete" => has("from"),
        _ => has("select") && has("from") && has("as"),
    };
    // Nested functions have a FROM of their own: `EXTRACT(x FROM y)`.
    let is_odd = has("extract") || has("substring") || has("trim") || has("{") || has("%");
    if !is_statement || is_odd {
        return used;
    }
    for (index, (word, _)) in words.iter().enumerate() {
        let lower = word.to_lowercase();
        let is_before = matches!(lower.as_str(), "from" | "into" | "join") || lower == "update" && index == 0;
        let next = words.get(index + 1).filter(|(next, _)| is_before && is_name(next));
        if let Some((name, at)) = next.copied() {
            let is_keyword = matches!(
                name.to_lowercase().as_str(),
                "select" | "lateral" | "only" | "or" | "unnest" | "json_each" | "generate_series" | "set"
            );
            let is_call = is(words.get(index + 2), "(") && lower != "into";
            let is_of_schema = is(words.get(index + 2), ".");
            // The case of the verb decides whether it is SQL or prose.
            let is_sql = word.chars().all(char::is_uppercase) || words[0].0.chars().all(char::is_lowercase);
            if !is_keyword && !is_call && !is_of_schema && is_sql {
                used.push((name, at));
            }
        }
    }
    used
}

/// `WITH name AS (…)`, or another name given in the statement.
fn has_alias(words: &[(&str, usize)], name: &str) -> bool {
    words
        .windows(2)
        .any(|pair| pair[0].0.eq_ignore_ascii_case(name) && (pair[1].0.eq_ignore_ascii_case("as") || pair[1].0 == "("))
        && words.iter().any(|(word, _)| word.eq_ignore_ascii_case("with"))
}

/// The columns that `INSERT INTO t (…)` and `UPDATE t SET …` name.
fn columns_used<'t>(words: &[(&'t str, usize)]) -> Vec<(&'t str, &'t str, usize)> {
    let mut used = Vec::new();
    if tables_used(words).is_empty() {
        return used;
    }
    if let Some(into) = words.iter().position(|(word, _)| word.eq_ignore_ascii_case("into"))
        && let (Some((table, _)), true) = (words.get(into + 1), is(words.get(into + 2), "("))
    {
        for (word, at) in words.iter().skip(into + 3) {
            match *word {
                ")" => break,
                "," => {}
                word if is_name(word) => used.push((*table, word, *at)),
                _ => return Vec::new(),
            }
        }
    }
    if is(words.first(), "update") && is(words.get(2), "set") {
        let table = words[1].0;
        let mut depth = 0;
        for (index, (word, at)) in words.iter().enumerate().skip(3) {
            match *word {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if word.eq_ignore_ascii_case("where") {
                break;
            }
            let is_first = index == 3 || words[index - 1].0 == ",";
            if depth == 0 && is_first && is_name(word) && is(words.get(index + 1), "=") {
                used.push((table, word, *at));
            }
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::schema;

    #[track_caller]
    fn makes(text: &str, expected: &[&str]) {
        let mut tables = HashMap::new();
        schema(text, &mut tables);
        let columns: Vec<&str> = tables.values().flat_map(|table| &table.columns).map(String::as_str).collect();
        assert_eq!(columns, expected);
    }

    #[test]
    fn a_statement_in_several_texts_of_python() {
        makes("'CREATE TABLE clones ('\n'  ref TEXT NOT NULL,'\n'  PRIMARY KEY (ref)'\n')'", &["ref"]);
    }

    #[test]
    fn a_default_that_is_a_text() {
        makes("CREATE TABLE a (kind TEXT DEFAULT 'x', size INT)", &["kind", "size"]);
    }
}
