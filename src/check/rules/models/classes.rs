//! Which classes are models, and what they have.

use std::collections::{HashMap, HashSet};

use super::super::super::{
    facts::{Call, Imported, Name, ScopeKind, Value, What},
    project::Project,
    resolve::Resolution,
    syntax::Language,
    targets::Target,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    Django,
    SqlAlchemy,
}

/// A class that is seen whole.
pub struct Model<'t> {
    pub unit: usize,
    pub name: &'t str,
    framework: Framework,
    /// All that its body and the bodies of its bases bind.
    pub names: HashSet<&'t str>,
    /// Fields that lead to another class.
    pub relations: HashMap<&'t str, (usize, usize)>,
    /// Its queries are made by a class of its own.
    pub has_manager: bool,
}

impl Model<'_> {
    pub fn is_of(&self, framework: Framework) -> bool {
        self.framework == framework
    }
}

/// All of them, and the names that come from elsewhere: relations seen from their other end, and annotations.
#[derive(Default)]
pub struct Models<'t> {
    models: HashMap<(usize, usize), Model<'t>>,
    added: HashSet<String>,
}

impl<'t> Models<'t> {
    pub fn new(project: &Project<'t>) -> Models<'t> {
        let mut models = Models::default();
        let python = || project.units.iter().enumerate().filter(|(_, unit)| unit.language == Language::Python);
        let uses = |text: &str| text.contains("django") || text.contains("sqlalchemy") || text.contains("SQLAlchemy");
        if !python().any(|(_, unit)| uses(unit.text)) || python().any(|(_, unit)| adds_fields(unit.text)) {
            return models;
        }
        for (index, unit) in python() {
            for class in 0..unit.facts.classes.len() {
                let mut seen = Seen::default();
                let is_whole = seen.add(project, index, class, 6).is_some();
                let name = unit.facts.classes[class].name;
                // Whatever leads elsewhere is seen from there, too, under the name of its class.
                if !is_whole || seen.has_links {
                    models.added.extend([name.to_lowercase(), format!("{}_set", name.to_lowercase())]);
                }
                if let (true, Some(framework)) = (is_whole, seen.framework) {
                    let Seen { names, relations, has_manager, .. } = seen;
                    let model = Model { unit: index, name, framework, names, relations, has_manager };
                    models.models.insert((index, class), model);
                }
            }
        }
        for (_, unit) in python() {
            for call in &unit.facts.calls {
                if models.add_names(call).is_none() {
                    return Models::default();
                }
            }
        }
        models
    }

    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    pub fn of(&self, unit: usize, class: usize) -> Option<&Model<'t>> {
        self.models.get(&(unit, class))
    }

    /// Whether a name may be there though no class has it.
    pub fn may_be_added(&self, name: &str) -> bool {
        self.added.contains(name)
    }

    /// `annotate(total=…)`, `related_name='books'`; `None` where such names are not seen.
    fn add_names(&mut self, call: &Call) -> Option<()> {
        let method = call.path.last().map_or("", |name| name.text);
        let is_annotation = matches!(method, "annotate" | "alias" | "values" | "values_list" | "extra");
        for argument in &call.arguments {
            match (argument.keyword, &argument.value) {
                (Some("related_name" | "related_query_name" | "backref" | "back_populates"), value) => match value {
                    Value::Text(text) if text.contains('%') => return None,
                    Value::Text(text) => self.added.extend([text.trim_end_matches('+').to_owned()]),
                    Value::Call(_) | Value::Other | Value::Path(_) | Value::Template(_) if method != "relationship" => {
                        return None;
                    }
                    _ => {}
                },
                (Some(name), _) if is_annotation => self.added.extend([name.to_owned()]),
                (None, _) if argument.is_spread && matches!(method, "annotate" | "alias" | "extra") => return None,
                (None, Value::Text(text)) if method == "backref" => self.added.extend([text.clone().into_owned()]),
                _ => {}
            }
        }
        Some(())
    }
}

/// Whether fields are added to classes from outside of them.
fn adds_fields(text: &str) -> bool {
    [
        "add_to_class(",
        "contribute_to_class(",
        "modeltranslation",
        "automap_base",
        "DeferredReflection",
        "register_lookup",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// What is seen of a class and its bases.
#[derive(Default)]
struct Seen<'t> {
    framework: Option<Framework>,
    names: HashSet<&'t str>,
    relations: HashMap<&'t str, (usize, usize)>,
    has_manager: bool,
    has_links: bool,
}

impl<'t> Seen<'t> {
    /// `None` if it may have more than is seen.
    fn add(&mut self, project: &Project<'t>, unit: usize, class: usize, steps: usize) -> Option<()> {
        let read = &project.units[unit];
        let definition = &read.facts.classes[class];
        let is_open = definition.is_open || !read.is_read() || read.facts.is_open || steps == 0;
        if is_open
            || definition.members.contains_key("__table__")
            || definition.members.contains_key("__abstract__") && definition.bases.is_empty()
        {
            return None;
        }
        for base in &definition.bases {
            match root(project, unit, base) {
                Some(framework) if self.framework.is_none_or(|known| known == framework) => {
                    self.framework = Some(framework);
                }
                Some(_) => return None,
                None => match project.target(unit, 0, base, 8) {
                    Target::Class(home, number) if (home, number) != (unit, class) => {
                        self.has_links = true;
                        self.add(project, home, number, steps - 1)?;
                    }
                    _ if matches!(base.as_slice(), [only] if only.text == "object") => {}
                    _ => return None,
                },
            }
        }
        self.names.extend(definition.members.keys());
        self.has_manager |= definition.members.contains_key("objects");
        let body =
            read.facts.scopes.iter().find(|scope| scope.kind == ScopeKind::Class && scope.class == Some(class))?;
        for assignment in &read.facts.assignments {
            let ([name], Value::Call(call)) = (assignment.target.as_slice(), &assignment.value) else { continue };
            let is_own = body.bindings.get(name.text).is_some_and(|all| all.iter().any(|one| one.at == name.at));
            if !is_own {
                continue;
            }
            let call = &read.facts.calls[*call];
            let made = call.path.last().map_or("", |name| name.text);
            // One that makes several fields of its own.
            if made.contains("Translat") {
                return None;
            }
            self.has_links |= ["Key", "OneToOne", "ManyToMany", "Relation"].iter().any(|word| made.contains(word));
            if matches!(made, "ForeignKey" | "OneToOneField" | "ManyToManyField")
                && let Some(target) = related(project, unit, class, call)
            {
                self.relations.insert(name.text, target);
            }
        }
        Some(())
    }
}

/// The class that a field leads to.
fn related(project: &Project, unit: usize, class: usize, call: &Call) -> Option<(usize, usize)> {
    let to = call.arguments.iter().find(|argument| argument.keyword.is_none_or(|keyword| keyword == "to"))?;
    match &to.value {
        Value::Text(text) if text == "self" => Some((unit, class)),
        Value::Text(text) => {
            let name = text.rsplit('.').next()?;
            let mut all = project.units.iter().enumerate().flat_map(|(unit, read)| {
                read.facts.classes.iter().enumerate().map(move |(class, definition)| (unit, class, definition.name))
            });
            let (unit, class, _) = all.find(|(.., own)| *own == name)?;
            all.all(|(.., own)| own != name).then_some((unit, class))
        }
        Value::Path(path) if path.len() == 1 => {
            let bindings = project.units[unit].facts.scopes[0].bindings.get(path[0].text)?;
            let [binding] = bindings.as_slice() else { return None };
            match binding.what {
                What::Class(class) => Some((unit, class)),
                What::Import(import, Imported::Name(name)) => imported_class(project, unit, import, name),
                _ => None,
            }
        }
        _ => None,
    }
}

fn imported_class(project: &Project, unit: usize, import: usize, name: &str) -> Option<(usize, usize)> {
    let Resolution::Unit(home) = project.resolution(unit, import) else { return None };
    match project.units[*home].facts.scopes[0].bindings.get(name)?.as_slice() {
        [binding] => match binding.what {
            What::Class(class) => Some((*home, class)),
            _ => None,
        },
        _ => None,
    }
}

/// The framework whose own base this is.
fn root(project: &Project, unit: usize, base: &[Name]) -> Option<Framework> {
    let first = base.first()?.text;
    let facts = &project.units[unit].facts;
    let [binding] = facts.scopes[0].bindings.get(first)?.as_slice() else { return None };
    let last = base.last()?.text;
    if let What::Import(import, imported) = binding.what {
        let from = facts.imports[import].from.as_ref();
        let name = match imported {
            Imported::Name(name) => name,
            _ => "",
        };
        match (from, name, last, base.len()) {
            ("django.db", "models", "Model", 2) | ("django.db.models", "Model", _, 1) => {
                return Some(Framework::Django);
            }
            ("sqlalchemy.orm", "DeclarativeBase" | "DeclarativeBaseNoMeta", _, 1) => {
                return Some(Framework::SqlAlchemy);
            }
            _ => {}
        }
        let Resolution::Unit(home) = project.resolution(unit, import) else { return None };
        return made_as_base(project, *home, name, base.len(), last);
    }
    matches!(binding.what, What::Value(_)).then(|| made_as_base(project, unit, first, base.len(), last)).flatten()
}

/// `Base = declarative_base()`, `db = SQLAlchemy()`.
fn made_as_base(project: &Project, unit: usize, name: &str, length: usize, last: &str) -> Option<Framework> {
    let facts = &project.units[unit].facts;
    let mut made = facts
        .assignments
        .iter()
        .filter(|assignment| matches!(assignment.target.as_slice(), [only] if only.text == name));
    let (Some(assignment), None) = (made.next(), made.next()) else { return None };
    let Value::Call(call) = &assignment.value else { return None };
    let call = &facts.calls[*call];
    // A class of its own for the base may bring more.
    let is_plain = call.arguments.iter().all(|argument| {
        !matches!(argument.keyword, Some("cls" | "model_class" | "metaclass" | "constructor")) && !argument.is_spread
    });
    let maker = call.path.last().map_or("", |name| name.text);
    let is_base = match length {
        1 => maker == "declarative_base",
        2 => maker == "SQLAlchemy" && last == "Model",
        _ => false,
    };
    (is_base && is_plain).then_some(Framework::SqlAlchemy)
}
