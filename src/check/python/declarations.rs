//! Functions, classes and their parameters.

use std::collections::HashMap;

use tree_sitter::Node;

use super::{
    super::facts::{
        Binding, Class, ClassKind, Constructor, Function, Member, Name, Parameter, ParameterKind, Path, Receiver,
        ScopeKind, Type, What,
    },
    Reader, children,
};

/// Decorators that leave the parameters as they are.
const HARMLESS: &[&str] = &[
    "staticmethod",
    "classmethod",
    "abstractmethod",
    "abc.abstractmethod",
    "cache",
    "functools.cache",
    "lru_cache",
    "functools.lru_cache",
    "contextmanager",
    "contextlib.contextmanager",
    "asynccontextmanager",
    "contextlib.asynccontextmanager",
    "override",
    "typing.override",
    "final",
    "typing.final",
];
/// Decorators that make a constructor out of the fields.
const DATA: &[&str] = &["dataclass", "dataclasses.dataclass"];

impl<'t> Reader<'t> {
    pub(super) fn decorated(&mut self, node: Node, scope: usize) {
        let mut decorators = Vec::new();
        for child in children(node) {
            match child.kind() {
                "decorator" => {
                    let Some(expression) = child.named_child(0) else { continue };
                    let head = match expression.kind() {
                        "call" => expression.child_by_field_name("function").map_or("", |callee| self.text(callee)),
                        _ => self.text(expression),
                    };
                    decorators.push(head);
                    if expression.kind() == "call" {
                        let call = self.call(expression, scope);
                        self.facts.calls[call].is_decorator = true;
                    } else {
                        self.visit(expression, scope);
                    }
                }
                "function_definition" => {
                    self.function(child, scope, &decorators);
                }
                "class_definition" => self.class(child, scope, &decorators),
                _ => self.visit(child, scope),
            }
        }
    }

    pub(super) fn function(&mut self, node: Node, scope: usize, decorators: &[&str]) -> Option<usize> {
        let name = self.name(node.child_by_field_name("name")?);
        let home = self.binding_scope(scope);
        let class = match self.facts.scopes[scope].kind {
            ScopeKind::Class => self.facts.scopes[scope].class,
            _ => None,
        };
        let is_static = decorators.contains(&"staticmethod") || name.text == "__new__";
        let inner = self.facts.scope(scope, ScopeKind::Function);
        let body = node.child_by_field_name("body");
        let index = self.facts.functions.len();
        let returned = node.child_by_field_name("return_type");
        self.facts.functions.push(Function {
            name: name.text,
            at: name.at,
            parameters: Vec::new(),
            is_plain: decorators.iter().all(|decorator| HARMLESS.contains(decorator)),
            class,
            owner: None,
            receiver: if class.is_some() && !is_static { Receiver::First } else { Receiver::None },
            returns: returned.and_then(|returned| self.annotated(returned)),
            is_stub: body.is_some_and(|body| is_stub(body, self.source)),
            is_public: !name.text.starts_with('_') && class.is_none(),
            scope: inner,
        });
        let is_property = decorators.iter().any(|decorator| {
            decorator.contains("property")
                || decorator.ends_with(".setter")
                || decorator.ends_with(".getter")
                || decorator.ends_with(".deleter")
        });
        let is_overload = decorators.iter().any(|decorator| decorator.ends_with("overload"));
        if is_property || is_overload || decorators.iter().any(|decorator| !HARMLESS.contains(decorator)) {
            self.bind(home, name, What::Value(None));
        } else {
            self.bind(home, name, What::Function(index));
        }
        self.nesting += 1;
        let (guards, catches) = (std::mem::take(&mut self.guards), std::mem::take(&mut self.catches));
        if let Some(list) = node.child_by_field_name("type_parameters") {
            self.bind_type_parameters(list, inner);
        }
        let mut parameters = Vec::new();
        if let Some(list) = node.child_by_field_name("parameters") {
            // Only the first parameter of a method is the instance.
            let around = if node.child_by_field_name("type_parameters").is_some() { inner } else { scope };
            parameters = self.parameters(list, inner, around);
        }
        if class.is_some() && !is_static {
            self.facts.scopes[inner].class = class;
            let is_of_class =
                decorators.contains(&"classmethod") || matches!(name.text, "__init_subclass__" | "__class_getitem__");
            let first = parameters.first().filter(|first| first.kind != ParameterKind::Rest);
            if let (Some(first), Some(class)) = (first, class) {
                // Interfaces leave the instance out.
                self.facts.functions[index].is_plain &= is_receiver(first.name);
                if is_receiver(first.name) && !is_of_class {
                    let own = What::Value(Some(Type::Own(class)));
                    self.facts.scopes[inner].bindings.insert(first.name, vec![Binding { at: name.at, what: own }]);
                }
                // What a class is given, its instances have.
                self.selves.insert((inner, first.name), class);
            }
        }
        self.facts.functions[index].parameters = parameters;
        if let Some(returned) = returned {
            // Annotations see what stands around the function, and its type parameters.
            let around = if node.child_by_field_name("type_parameters").is_some() { inner } else { scope };
            self.visit(returned, around);
        }
        if let Some(body) = body {
            self.each(body, inner);
        }
        (self.guards, self.catches) = (guards, catches);
        self.nesting -= 1;
        Some(index)
    }

    /// The class whose instance `name` is, where it is the first parameter of a method.
    pub(super) fn own_class(&self, name: &str, scope: usize) -> Option<usize> {
        let mut around = Some(scope);
        while let Some(at) = around {
            if let Some(class) = self.selves.get(&(at, name)) {
                return Some(*class);
            }
            if self.facts.scopes[at].bindings.contains_key(name) {
                return None;
            }
            around = self.facts.scopes[at].parent;
        }
        None
    }

    fn bind_type_parameters(&mut self, list: Node, scope: usize) {
        let mut left = vec![list];
        while let Some(node) = left.pop() {
            if node.kind() == "identifier" {
                let name = self.name(node);
                self.facts.bind(scope, name, What::Type);
            }
            left.extend(children(node));
        }
    }

    pub(super) fn bind_type_alias(&mut self, node: Node, home: usize, inner: usize) {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if node.kind() == "identifier" {
                let name = self.name(node);
                self.facts.bind(home, name, What::Type);
                self.facts.bind(inner, name, What::Type);
            }
            left.extend(children(node));
        }
    }

    pub(super) fn class(&mut self, node: Node, scope: usize, decorators: &[&str]) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.name(name);
        let home = self.binding_scope(scope);
        let index = self.facts.classes.len();
        let is_data = decorators.iter().any(|decorator| DATA.contains(decorator));
        let is_changed = decorators.iter().any(|decorator| !DATA.contains(decorator) && !HARMLESS.contains(decorator));
        self.facts.classes.push(Class {
            name: name.text,
            at: name.at,
            bases: Vec::new(),
            members: HashMap::new(),
            is_open: is_changed,
            constructor: if is_data || is_changed { Constructor::Unknown } else { Constructor::Default },
            kind: ClassKind::Class,
        });
        self.bind(home, name, What::Class(index));
        let outer = self.facts.scope(scope, ScopeKind::Block);
        if let Some(list) = node.child_by_field_name("type_parameters") {
            self.bind_type_parameters(list, outer);
        }
        let mut has_metaclass = false;
        if let Some(list) = node.child_by_field_name("superclasses") {
            for base in children(list) {
                match base.kind() {
                    "identifier" | "attribute" => {
                        let path: Path<'t> = self.path(base, outer);
                        self.facts.classes[index].bases.push(path);
                    }
                    "comment" => self.visit(base, outer),
                    _ => {
                        self.facts.classes[index].is_open = true;
                        has_metaclass |= base.kind() == "keyword_argument";
                        self.visit(base, outer);
                    }
                }
            }
        }
        let inner = self.facts.scope(outer, ScopeKind::Class);
        self.facts.scopes[inner].class = Some(index);
        if let Some(body) = node.child_by_field_name("body") {
            self.each(body, inner);
            if is_data && !is_changed && self.facts.classes[index].bases.is_empty() {
                self.data_constructor(body, index, inner);
            }
        }
        let has = |member: &str| self.facts.classes[index].members.contains_key(member);
        let is_open = ["__getattr__", "__getattribute__", "__slots__"].iter().any(|member| has(member));
        // A metaclass decides what a call of the class is: for an enumeration it looks a member up.
        let bases = &self.facts.classes[index].bases;
        let mut names = bases.iter().filter_map(|base| base.last()).map(|name| name.text);
        has_metaclass |= names.any(|name| name.ends_with("Enum") || name.ends_with("Flag"));
        if has("__new__") || is_changed || has_metaclass {
            self.facts.classes[index].constructor = Constructor::Unknown;
        }
        // A class with nothing in it is there to be given something.
        let is_bag = self.facts.classes[index].members.is_empty() && self.facts.classes[index].bases.is_empty();
        self.facts.classes[index].is_open |= is_open || is_bag;
    }

    /// The constructor that `@dataclass` makes: one parameter for each annotated field.
    fn data_constructor(&mut self, body: Node, class: usize, scope: usize) {
        if self.facts.classes[class].members.contains_key("__init__") {
            return;
        }
        let mut parameters = vec![Parameter { name: "self", kind: ParameterKind::Positional, is_optional: false }];
        for statement in children(body) {
            let Some(field) = statement.named_child(0).filter(|field| field.kind() == "assignment") else { continue };
            let (Some(name), Some(annotation)) = (field.child_by_field_name("left"), field.child_by_field_name("type"))
            else {
                continue;
            };
            let annotation = self.text(annotation);
            if annotation.contains("ClassVar") {
                continue;
            }
            // Keyword-only fields and fields without a parameter are rare, and other rules.
            let value = field.child_by_field_name("right").map_or("", |value| self.text(value));
            if annotation.contains("InitVar")
                || annotation.contains("KW_ONLY")
                || value.contains("init=")
                || value.contains("kw_only")
            {
                return;
            }
            parameters.push(Parameter {
                name: self.text(name),
                kind: ParameterKind::Positional,
                is_optional: !value.is_empty(),
            });
        }
        let at = self.facts.classes[class].at;
        self.facts.functions.push(Function {
            name: "__init__",
            at,
            parameters,
            is_plain: true,
            class: Some(class),
            owner: None,
            receiver: Receiver::First,
            returns: None,
            is_stub: false,
            is_public: false,
            scope,
        });
        self.facts.classes[class].constructor = Constructor::Function(self.facts.functions.len() - 1);
    }

    /// A name bound in the body of a class.
    pub(super) fn class_member(&mut self, class: usize, name: Name<'t>, what: &What<'t>) {
        let function = match what {
            What::Function(function) => Some(*function),
            _ => None,
        };
        let type_of = match what {
            What::Value(type_of) => type_of.clone(),
            _ => None,
        };
        if name.text == "__init__" {
            self.facts.classes[class].constructor = match (self.facts.classes[class].constructor, function) {
                (Constructor::Default | Constructor::Unknown, Some(function))
                    if !self.facts.classes[class].members.contains_key("__init__") =>
                {
                    Constructor::Function(function)
                }
                _ => Constructor::Unknown,
            };
        }
        let members = &mut self.facts.classes[class].members;
        match members.get_mut(name.text) {
            Some(member) => (member.function, member.type_of) = (None, None),
            None => {
                members.insert(name.text, Member { function, type_of });
            }
        }
    }

    /// `self.name = …`.
    pub(super) fn instance_member(&mut self, class: usize, name: Name<'t>, type_of: Option<Type<'t>>) {
        let members = &mut self.facts.classes[class].members;
        match members.get_mut(name.text) {
            // Assigned more than once: what it is cannot be told.
            Some(member) => (member.function, member.type_of) = (None, None),
            None => {
                members.insert(name.text, Member { function: None, type_of });
            }
        }
    }
}

/// Whether the first parameter of a method is called like an instance or a class.
fn is_receiver(name: &str) -> bool {
    name.starts_with('_') || ["self", "cls", "klass", "this", "meta", "mcs"].iter().any(|word| name.contains(word))
}

/// Nothing but a docstring and `pass`, `...` or `raise NotImplementedError`.
fn is_stub(body: Node, source: &str) -> bool {
    let statements: Vec<&str> = children(body)
        .into_iter()
        .filter(|child| child.kind() != "comment")
        .filter(|child| child.named_child(0).is_none_or(|inner| inner.kind() != "string"))
        .map(|child| source[child.byte_range()].trim())
        .collect();
    match statements.as_slice() {
        [] => true,
        [only] => *only == "pass" || *only == "..." || only.starts_with("raise NotImplementedError"),
        _ => false,
    }
}
