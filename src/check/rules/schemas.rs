//! Ways of making tables other than `CREATE TABLE` with a plain name. Knows nothing of single columns.

use super::super::project::Project;

/// Libraries that make tables out of classes, or by calls.
const OF_NODE: &[&str] = &[
    "knex",
    "sequelize",
    "typeorm",
    "prisma",
    "@prisma/client",
    "drizzle-orm",
    "@mikro-orm/core",
    "objection",
    "redbean-node",
    "bookshelf",
    "waterline",
    "kysely",
];
const OF_PYTHON: &[&str] = &[
    "django",
    "sqlalchemy",
    "flask-sqlalchemy",
    "sqlmodel",
    "alembic",
    "flask-migrate",
    "peewee",
    "tortoise-orm",
    "pony",
    "piccolo",
    "ormar",
];
const OF_GO: &[&str] =
    &["gorm.io", "github.com/jinzhu/gorm", "xorm.io", "entgo.io", "github.com/uptrace/bun", "github.com/beego"];
const OF_RUST: &[&str] = &["sea_orm", "sea_orm_migration", "sea_query", "diesel", "ormx", "welds"];
/// The same, by what their users write.
const CALLS: &[&str] = &["create_table(", "createTable(", "CreateTable(", "AutoMigrate("];

/// Whether tables are made in ways that are not seen.
pub fn has_more(project: &Project) -> bool {
    let manifests = &project.manifests;
    manifests.node.values().any(|packages| OF_NODE.iter().any(|name| packages.contains(*name)))
        || OF_PYTHON.iter().any(|name| manifests.python.distributions.contains(*name))
        || manifests.cargo.values().any(|cargo| OF_RUST.iter().any(|name| cargo.dependencies.contains(*name)))
        || manifests.go.values().flat_map(|module| &module.requires).any(|required| {
            OF_GO
                .iter()
                .any(|name| required.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        })
        || project
            .tree
            .files
            .iter()
            .filter_map(|file| file.text.as_deref())
            .any(|text| CALLS.iter().any(|call| text.contains(call)) || has_computed_name(text))
}

/// `CREATE TABLE {name}` and `"CREATE TABLE " + name`.
fn has_computed_name(text: &str) -> bool {
    ["CREATE TABLE ", "create table "].iter().flat_map(|start| text.split(start).skip(1)).any(|rest| {
        let rest = rest.trim_start();
        let rest = ["IF NOT EXISTS", "if not exists"].iter().find_map(|words| rest.strip_prefix(words)).unwrap_or(rest);
        let rest = rest.trim_start_matches([' ', '"', '`', '\'', '[', '\\']);
        rest.starts_with(['{', '%', '$', '+'])
    })
}

/// Where a statement ends: at the first semicolon outside of comments.
pub fn end_of(statement: &str) -> usize {
    let mut at = 0;
    for line in statement.split_inclusive('\n') {
        let code = line.split("--").next().unwrap_or_default();
        if let Some(end) = code.find(';') {
            return at + end;
        }
        at += line.len();
    }
    statement.len()
}

/// The tables that `ALTER TABLE` names, and what it renames them to. `upper` is the text in capitals.
pub fn altered<'t>(text: &'t str, upper: &str) -> Vec<&'t str> {
    let mut names = Vec::new();
    for (start, statement) in upper.match_indices("ALTER TABLE ") {
        let rest = text.get(start + statement.len()..).unwrap_or_default();
        let rest = rest.split(';').next().unwrap_or_default();
        let words = rest.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let words: Vec<&str> = words
            .skip_while(|word| ["if", "exists", "only"].iter().any(|skipped| word.eq_ignore_ascii_case(skipped)))
            .take(5)
            .collect();
        names.extend(words.first());
        let is_renamed = |pair: &[&str]| pair[0].eq_ignore_ascii_case("rename") && pair[1].eq_ignore_ascii_case("to");
        let to = words.windows(2).position(is_renamed);
        names.extend(to.and_then(|at| words.get(at + 2)));
    }
    names
}

/// Whether a query of the file gives the name to a part of itself: `WITH name AS (…)`. The parts of a query that is put
/// together stand in texts of their own.
pub fn is_named_by_query(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let rest = text[at + name.len()..].trim_start();
        rest.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("as"))
            && rest[2..].trim_start_matches(|c: char| c.is_whitespace() || c.is_alphabetic()).starts_with('(')
    })
}

#[cfg(test)]
mod tests {
    use super::{altered, end_of, has_computed_name, is_named_by_query};

    #[test]
    fn tables_are_made_in_other_ways() {
        assert!(has_computed_name("CREATE TABLE {0} (id)"));
        assert!(has_computed_name("'CREATE TABLE IF NOT EXISTS ' + name"));
        assert!(!has_computed_name("CREATE TABLE IF NOT EXISTS notes (id)"));
        let text = "ALTER TABLE IF EXISTS notes RENAME TO entries; alter table a add b text;";
        assert_eq!(altered(text, &text.to_uppercase()), ["notes", "entries", "a"]);
        assert_eq!(end_of("a -- b; c\n, d; e"), 13);
        assert!(is_named_by_query("steps AS MATERIALIZED (SELECT 1)", "steps"));
        assert!(!is_named_by_query("SELECT * FROM steps ASC", "steps"));
    }
}
