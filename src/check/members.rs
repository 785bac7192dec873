//! What a class, struct or interface has: its own members, those of its bases, methods written elsewhere.

use super::{
    facts::{Access, Binding, Class, ClassKind, Constructor, Type, What},
    project::{Project, Unit},
    rust_modules::TypeMember,
    syntax::Language,
    targets::Target,
};

/// A member that was looked for.
#[derive(Clone, Debug)]
pub enum Found<'t> {
    Function(usize, usize),
    /// Of this type, as it is written in this unit.
    Value(Option<(usize, Type<'t>)>),
    Missing,
    Unknown,
}

/// Every type of Rust has these, by traits that are implemented for all.
const OF_ALL: &[&str] = &[
    "to_string",
    "into",
    "try_into",
    "to_owned",
    "clone_into",
    "borrow",
    "borrow_mut",
    "type_id",
    "from",
    "try_from",
    "as_any",
    "into_iter",
    "fmt",
];
/// Traits of the standard library that bring no more than these methods.
const TRAITS: &[(&str, &[&str])] = &[
    ("Debug", &["fmt"]),
    ("Display", &["fmt", "to_string"]),
    ("Clone", &["clone", "clone_from"]),
    ("Copy", &[]),
    ("PartialEq", &["eq", "ne"]),
    ("Eq", &[]),
    ("PartialOrd", &["partial_cmp", "lt", "le", "gt", "ge"]),
    ("Ord", &["cmp", "max", "min", "clamp"]),
    ("Hash", &["hash", "hash_slice"]),
    ("Default", &["default"]),
    ("From", &["from"]),
    ("Into", &["into"]),
    ("TryFrom", &["try_from"]),
    ("FromStr", &["from_str"]),
    ("Drop", &["drop"]),
    ("Serialize", &["serialize"]),
    ("Deserialize", &["deserialize"]),
    ("Error", &["source", "description", "cause", "to_string"]),
    ("AsRef", &["as_ref"]),
    ("AsMut", &["as_mut"]),
    ("Add", &["add"]),
    ("Sub", &["sub"]),
    ("Mul", &["mul"]),
    ("Div", &["div"]),
    ("Neg", &["neg"]),
    ("Not", &["not"]),
    ("AddAssign", &["add_assign"]),
    ("SubAssign", &["sub_assign"]),
    ("Index", &["index"]),
    ("IndexMut", &["index_mut"]),
    ("Send", &[]),
    ("Sync", &[]),
    ("Unpin", &[]),
    ("Zeroize", &["zeroize"]),
];

impl<'t> Project<'t> {
    /// A member of an instance of `class`.
    pub fn member(&self, unit: usize, class: usize, name: &str, steps: usize) -> Found<'t> {
        let definition = &self.units[unit].facts.classes[class];
        if steps == 0 || !self.units[unit].is_read() {
            return Found::Unknown;
        }
        if let Some(member) = definition.members.get(name) {
            return match member.function {
                Some(function) => Found::Function(unit, function),
                None => Found::Value(member.type_of.clone().map(|type_of| (unit, type_of))),
            };
        }
        let language = self.units[unit].language;
        if let Some(methods) = self.methods(unit, definition.name)
            && let Some(found) = methods.get(name)
        {
            return match found.as_slice() {
                [(home, function)] if language != Language::Rust || self.is_only_type(unit, definition.name, *home) => {
                    Found::Function(*home, *function)
                }
                _ => Found::Value(None),
            };
        }
        let mut is_open = definition.is_open;
        for base in &definition.bases {
            match self.target(unit, 0, base, steps - 1) {
                Target::Class(base_unit, base_class) if (base_unit, base_class) != (unit, class) => {
                    match self.member(base_unit, base_class, name, steps - 1) {
                        Found::Missing => {}
                        Found::Unknown => is_open = true,
                        found => return found,
                    }
                }
                _ => is_open |= !is_plain_base(language, base.last().map_or("", |name| name.text)),
            }
        }
        match language {
            Language::Python => is_open |= name.starts_with("__"),
            Language::JavaScript | Language::TypeScript | Language::Tsx => {
                is_open |=
                    OBJECT.contains(&name) || FUNCTION.contains(&name) || name.starts_with('#') && definition.is_open;
            }
            Language::Rust => match self.member_of_type(unit, class, name) {
                TypeMember::Missing => {}
                _ => is_open = true,
            },
            Language::Go if definition.kind == ClassKind::Interface => is_open |= definition.is_open,
            _ => {}
        }
        if is_open { Found::Unknown } else { Found::Missing }
    }

    /// What a type of Rust has after `::`, or as a method.
    pub fn member_of_type(&self, unit: usize, class: usize, name: &str) -> TypeMember {
        let definition = &self.units[unit].facts.classes[class];
        let is_enum = definition.kind == ClassKind::Enum;
        if is_enum && definition.members.contains_key(name) {
            return TypeMember::Present;
        }
        let mut owners: Vec<&'t str> = vec![definition.name];
        owners.extend(self.rust.aliases.get(definition.name).into_iter().flatten());
        let mut traits: Vec<&'t str> = Vec::new();
        traits.extend(owners.iter().filter_map(|owner| self.rust.implements.get(owner)).flatten());
        let derives = self.units[unit].facts.rust.derives.iter().filter(|(index, _)| *index == class);
        traits.extend(derives.flat_map(|(_, names)| names.iter().copied()));
        let mut is_open = definition.is_open
            || self.units[unit].facts.is_open
            || definition.kind == ClassKind::Interface
            || self.rust.macro_words.contains(definition.name);
        for name_of_trait in traits {
            let known = TRAITS.iter().find(|(known, _)| *known == name_of_trait);
            match known {
                Some((_, methods)) if methods.contains(&name) => return TypeMember::Present,
                Some(_) => {}
                None if self.rust.traits.contains(name_of_trait) => owners.push(name_of_trait),
                None => is_open = true,
            }
        }
        for owner in owners {
            let found = self.methods(unit, owner).and_then(|methods| methods.get(name));
            match found.map(Vec::as_slice) {
                // Where several types have the name, a method written elsewhere may be that of another.
                Some([(home, function)]) if self.is_only_type(unit, definition.name, *home) => {
                    return TypeMember::Function(*home, *function);
                }
                Some(_) => return TypeMember::Present,
                None => {}
            }
            if self.rust.associated.contains(&(owner, name)) {
                return TypeMember::Present;
            }
        }
        // Traits of the project may be implemented for every type.
        let is_any =
            OF_ALL.contains(&name) || self.rust.trait_methods.contains(name) || self.rust.macro_words.contains(name);
        if is_open || is_any { TypeMember::Unknown } else { TypeMember::Missing }
    }

    /// Whether a method of `name` that stands in `home` can only be one of the type in `unit`.
    fn is_only_type(&self, unit: usize, name: &str, home: usize) -> bool {
        let all = self.rust.namesakes.get(name).copied().unwrap_or_default();
        let own = self.units[unit].facts.classes.iter().filter(|class| class.name == name).count();
        all == 1 || own == 1 && home == unit
    }

    /// The names that an instance of `class` is known to have.
    pub fn names_of_type(&self, unit: usize, class: usize) -> Vec<&'t str> {
        let definition = &self.units[unit].facts.classes[class];
        let mut names: Vec<&'t str> = definition.members.keys().copied().collect();
        names.extend(self.methods(unit, definition.name).into_iter().flat_map(|methods| methods.keys().copied()));
        for base in &definition.bases {
            if let Target::Class(unit, class) = self.target(unit, 0, base, 4) {
                names.extend(self.units[unit].facts.classes[class].members.keys().copied());
            }
        }
        names
    }

    /// The constructor of a class of Python or JavaScript, its own or inherited.
    pub fn constructor(&self, unit: usize, class: usize, steps: usize) -> Option<(usize, usize)> {
        let definition: &Class = &self.units[unit].facts.classes[class];
        if steps == 0 || !self.units[unit].is_read() {
            return None;
        }
        match definition.constructor {
            Constructor::Function(function) => Some((unit, function)),
            Constructor::Unknown => None,
            Constructor::Default => match definition.bases.as_slice() {
                [base] if !definition.is_open => match self.target(unit, 0, base, 4) {
                    Target::Class(unit, class) => self.constructor(unit, class, steps - 1),
                    _ => None,
                },
                _ => None,
            },
        }
    }
}

/// Whether something is written to the instance whose method writes it.
pub fn is_own(unit: &Unit, access: &Access) -> bool {
    let name = access.path[0].text;
    if unit.language != Language::Python || name == "cls" {
        return matches!(name, "this" | "self" | "cls");
    }
    // Where it is no receiver, `self` is just a name.
    let scopes = std::iter::successors(Some(access.scope), |scope| unit.facts.scopes[*scope].parent);
    let mut bindings = scopes.filter_map(|scope| unit.facts.scopes[scope].bindings.get(name));
    let is_receiver = |bindings: &Vec<Binding>| {
        matches!(bindings.as_slice(), [Binding { what: What::Value(Some(Type::Own(_))), .. }])
    };
    bindings.next().is_some_and(is_receiver)
}

/// Whether a trait is one of those whose methods are known.
pub fn is_standard_trait(name: &str) -> bool {
    TRAITS.iter().any(|(known, _)| *known == name)
}

/// What every object of JavaScript has, and a promise.
pub const OBJECT: &[&str] = &[
    "constructor",
    "toString",
    "toLocaleString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "__proto__",
    "then",
    "catch",
    "finally",
];

/// What a function has besides.
pub const FUNCTION: &[&str] = &["name", "length", "prototype", "call", "apply", "bind"];

/// Bases that add nothing that could be looked up.
fn is_plain_base(language: Language, name: &str) -> bool {
    match language {
        Language::Python => matches!(name, "object" | "ABC"),
        _ => false,
    }
}
