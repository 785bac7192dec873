//! Fields that are asked of a model of Django or SQLAlchemy and that it does not have.
//!
//! Certain only where the class is seen whole, with all that it derives from, and nothing adds fields from outside.

mod classes;

use self::classes::{Framework, Model, Models};
use super::{
    super::{
        Rule,
        facts::{Argument, Call, Name, Value},
        project::Project,
        syntax::Language,
        targets::Target,
    },
    Found,
};

/// Methods of a query of Django that give a query of the same model, or end it.
const OF_QUERY: &[&str] = &[
    "filter",
    "exclude",
    "get",
    "order_by",
    "values",
    "values_list",
    "only",
    "defer",
    "all",
    "none",
    "distinct",
    "annotate",
    "alias",
    "aggregate",
    "select_related",
    "prefetch_related",
    "reverse",
    "using",
    "count",
    "exists",
    "first",
    "last",
    "delete",
    "update",
    "iterator",
    "select_for_update",
    "get_or_create",
    "update_or_create",
    "create",
    "earliest",
    "latest",
];
/// What may stand behind a field, of Django's own.
const LOOKUPS: &[&str] = &[
    "exact",
    "iexact",
    "contains",
    "icontains",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "range",
    "isnull",
    "regex",
    "iregex",
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "stddev",
    "variance",
    "date",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "length",
    "lower",
    "upper",
    "search",
];
/// What every class of SQLAlchemy has, and those that Flask-SQLAlchemy makes.
const OF_DECLARATIVE: &[&str] =
    &["metadata", "registry", "query", "query_class", "type_annotation_map", "c", "mro", "columns"];
/// After these, a query of SQLAlchemy is about another class.
const JOINS: &[&str] = &["join", "outerjoin", "join_from", "outerjoin_from", "select_from", "with_entities"];

/// Fields that no model has.
pub fn unknown(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    let models = Models::new(project);
    if models.is_empty() {
        return found;
    }
    for (index, unit) in project.units.iter().enumerate() {
        if unit.language != Language::Python || !unit.is_read() || project.is_material(unit.file) {
            continue;
        }
        let asked = Asked { project, models: &models, unit: index };
        for call in &unit.facts.calls {
            asked.by_django(call, &mut found);
            asked.by_sqlalchemy(call, &mut found);
        }
        for access in &unit.facts.accesses {
            if let [class, name, ..] = access.path.as_slice()
                && let Some(model) =
                    asked.model(access.scope, *class).filter(|model| model.is_of(Framework::SqlAlchemy))
            {
                asked.attribute(model, *name, &mut found);
            }
        }
    }
    found
}

/// What one file asks of models.
struct Asked<'p, 't> {
    project: &'p Project<'t>,
    models: &'p Models<'t>,
    unit: usize,
}

impl<'p, 't> Asked<'p, 't> {
    fn model(&self, scope: usize, name: Name<'t>) -> Option<&'p Model<'t>> {
        if !name.text.starts_with(char::is_uppercase) {
            return None;
        }
        match self.project.target(self.unit, scope, &[name], 8) {
            Target::Class(unit, class) => self.models.of(unit, class),
            _ => None,
        }
    }

    /// The calls that follow upon this one: `first().second()`.
    fn chain(&self, root: &Call<'t>) -> Vec<&'p Call<'t>> {
        let start = root.path[0].at;
        let calls = self.project.units[self.unit].facts.calls.iter();
        calls.filter(|call| call.path[0].at == start && call.path[0].text.is_empty()).collect()
    }

    /// `Model.objects.filter(name=…).order_by('name')`.
    fn by_django(&self, root: &'p Call<'t>, found: &mut Vec<Found>) {
        let [class, manager, method] = root.path.as_slice() else { return };
        let Some(model) = self.model(root.scope, *class).filter(|model| model.is_of(Framework::Django)) else { return };
        if manager.text != "objects" {
            return;
        }
        self.asked_by(model, method.text, root, found);
        let chain = self.chain(root);
        let is_plain = |call: &&Call| call.path.len() != 2 || OF_QUERY.contains(&call.path[1].text);
        if OF_QUERY.contains(&method.text) && chain.iter().all(is_plain) {
            for call in chain.into_iter().filter(|call| call.path.len() == 2) {
                self.asked_by(model, call.path[1].text, call, found);
            }
        }
    }

    fn asked_by(&self, model: &Model<'t>, method: &str, call: &Call<'t>, found: &mut Vec<Found>) {
        match method {
            "filter" | "exclude" | "get" => self.conditions(model, &call.arguments, found),
            "create" | "get_or_create" | "update_or_create" | "update" if !model.has_manager => {
                let plain = |argument: &&Argument| !matches!(argument.keyword, Some("defaults" | "create_defaults"));
                for argument in call.arguments.iter().filter(plain) {
                    self.lookup(model, argument.keyword, argument.at, found);
                }
            }
            "order_by" | "values" | "values_list" | "only" | "defer" | "earliest" | "latest" => {
                for argument in &call.arguments {
                    if let Value::Text(std::borrow::Cow::Borrowed(text)) = &argument.value
                        && argument.keyword.is_none()
                    {
                        let bare = text.trim_start_matches(['-', '+']);
                        let at = bare.as_ptr() as usize - self.project.units[self.unit].text.as_ptr() as usize;
                        self.lookup(model, Some(bare).filter(|bare| *bare != "?"), at, found);
                    }
                }
            }
            _ => {}
        }
    }

    /// `name=…`, and the same inside of `Q(…)`.
    fn conditions(&self, model: &Model<'t>, arguments: &[Argument<'t>], found: &mut Vec<Found>) {
        for argument in arguments {
            match &argument.value {
                _ if argument.keyword.is_some() => self.lookup(model, argument.keyword, argument.at, found),
                Value::Call(inner) => {
                    let inner = &self.project.units[self.unit].facts.calls[*inner];
                    if inner.path.last().is_some_and(|name| name.text == "Q") {
                        self.conditions(model, &inner.arguments, found);
                    }
                }
                _ => {}
            }
        }
    }

    /// `author__name__icontains`, step by step through the models.
    fn lookup(&self, model: &Model<'t>, name: Option<&'t str>, at: usize, found: &mut Vec<Found>) {
        let mut model = model;
        let mut offset = at;
        for (number, part) in name.unwrap_or_default().split("__").enumerate() {
            let is_odd = part.is_empty() || !part.chars().all(|c| c.is_alphanumeric() || c == '_');
            let is_own = model.names.contains(part);
            if is_odd || !is_own && (self.models.may_be_added(part) || number > 0 && LOOKUPS.contains(&part)) {
                return;
            }
            let is_key = part.strip_suffix("_id").is_some_and(|stem| model.names.contains(stem));
            if !matches!(part, "pk" | "id") && !is_key && !is_own {
                return self.tell(model, Name { text: part, at: offset }, found);
            }
            match model.relations.get(part).and_then(|(unit, class)| self.models.of(*unit, *class)) {
                Some(target) => model = target,
                None => return,
            }
            offset += part.len() + 2;
        }
    }

    /// `query(Model).filter_by(name=…)`, `select(Model)`, `Model.query`, and `Model(name=…)`.
    fn by_sqlalchemy(&self, root: &'p Call<'t>, found: &mut Vec<Found>) {
        let is_of = |model: &&Model| model.is_of(Framework::SqlAlchemy);
        if let [class] = root.path.as_slice()
            && let Some(model) = self.model(root.scope, *class).filter(is_of)
            && !model.names.contains("__init__")
        {
            return self.keywords(model, root, found);
        }
        let model = match (root.path.as_slice(), root.arguments.as_slice()) {
            ([class, query, ..], _) if query.text == "query" && class.text.starts_with(char::is_uppercase) => {
                self.model(root.scope, *class)
            }
            ([.., last], [Argument { value: Value::Path(path), keyword: None, .. }])
                if matches!(last.text, "query" | "select") && path.len() == 1 && !root.path[0].text.is_empty() =>
            {
                self.model(root.scope, path[0])
            }
            _ => None,
        };
        let Some(model) = model.filter(is_of) else { return };
        let mut calls = self.chain(root);
        calls.push(root);
        if calls.iter().any(|call| call.path.iter().any(|name| JOINS.contains(&name.text))) {
            return;
        }
        let filters =
            |call: &&&Call| call.path.last().is_some_and(|name| name.text == "filter_by") && call.path.len() < 4;
        for call in calls.iter().filter(filters) {
            self.keywords(model, call, found);
        }
    }

    fn keywords(&self, model: &Model<'t>, call: &Call<'t>, found: &mut Vec<Found>) {
        for argument in &call.arguments {
            if let Some(text) = argument.keyword {
                self.attribute(model, Name { text, at: argument.at }, found);
            }
        }
    }

    fn attribute(&self, model: &Model<'t>, name: Name<'t>, found: &mut Vec<Found>) {
        let is_known = model.names.contains(name.text)
            || name.text.starts_with('_')
            || OF_DECLARATIVE.contains(&name.text)
            || self.models.may_be_added(name.text)
            || self.project.written.contains(name.text);
        if !is_known {
            self.tell(model, name, found);
        }
    }

    fn tell(&self, model: &Model<'t>, name: Name, found: &mut Vec<Found>) {
        let place = self.project.path(model.unit);
        let nearest = self.project.nearest(name.text, model.names.iter().copied());
        let message = format!("the model '{}' in '{place}' has no field '{}'", model.name, name.text);
        found.push(
            Found::error(self.unit, name.at, Rule::UnknownTable, name.text, message).looked_in(place).nearest(nearest),
        );
    }
}
