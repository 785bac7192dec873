//! Functions, classes, variables and the patterns that bind them.

use std::collections::HashMap;

use tree_sitter::Node;

use super::{
    super::{
        facts::{
            Assignment, Class, ClassKind, Constructor, Function, ImportKind, Imported, Member, Name, Parameter,
            ParameterKind, Path, Receiver, ScopeKind, Type, Value, What,
        },
        syntax::has_token,
    },
    Reader, children,
    parameters::{is_constant, is_stub},
};

impl<'t> Reader<'t> {
    pub(super) fn function_declaration(&mut self, node: Node, scope: usize) {
        let Some(name) = node.child_by_field_name("name") else {
            self.function(node, scope, None);
            return;
        };
        let name = self.name(name);
        let home = self.facts.function_scope(scope);
        let function = self.function(node, scope, None);
        self.facts.bind(home, name, What::Function(function));
    }

    /// Reads a function of any form; its parameters and its own name live in a scope of its own.
    pub(super) fn function(&mut self, node: Node, scope: usize, class: Option<usize>) -> usize {
        let inner = self.facts.scope(scope, ScopeKind::Function);
        // Only arrow functions have the `this` of what is around them.
        if node.kind() != "arrow_function" {
            // `this` of a static method is the class, or whatever it is handed to: `$.fn.alert = Alert.asPlugin`.
            self.facts.scopes[inner].class = class.filter(|_| !has_token(node, "static"));
        }
        let own_name = node.child_by_field_name("name").map(|name| self.name(name));
        let index = self.facts.functions.len();
        let body = node.child_by_field_name("body");
        let start = own_name.map_or(node.start_byte(), |name| name.at);
        let is_signature =
            matches!(node.kind(), "function_signature" | "method_signature" | "abstract_method_signature");
        self.facts.functions.push(Function {
            name: own_name.map_or("", |name| name.text),
            at: start,
            parameters: Vec::new(),
            is_plain: !is_signature,
            class,
            owner: None,
            receiver: if class.is_some() && !has_token(node, "static") { Receiver::First } else { Receiver::None },
            returns: None,
            is_stub: false,
            is_public: true,
            scope: inner,
        });
        if let (Some(name), "function_expression" | "generator_function") = (own_name, node.kind()) {
            self.facts.bind(inner, name, What::Function(index));
        }
        self.nesting += 1;
        let guards = std::mem::take(&mut self.guards);
        let mut parameters = Vec::new();
        if let Some(single) = node.child_by_field_name("parameter") {
            let name = self.name(single);
            self.facts.bind(inner, name, What::Value(None));
            parameters.push(Parameter { name: name.text, kind: ParameterKind::Positional, is_optional: false });
        }
        if let Some(list) = self.parameters_of(node) {
            // A name in a comment is a parameter that is not used: `onResponse(/* type, payload */)`.
            self.facts.functions[index].is_plain &= !children(list).iter().any(|child| child.kind() == "comment");
            for parameter in children(list) {
                self.unpack_parameter(parameter, index, parameters.len(), inner);
                parameters.extend(self.parameter(parameter, inner));
            }
        }
        self.facts.functions[index].parameters = parameters;
        if let Some(body) = body {
            let text = self.text(body);
            if text.contains("arguments") {
                self.facts.functions[index].is_plain = false;
            }
            self.facts.functions[index].is_stub = is_stub(body, self.source);
            // `noop`, `falseFn`: what does the same whatever it gets stands for functions that do not.
            if is_constant(body) && self.facts.functions[index].parameters.is_empty() {
                self.facts.script.constants.insert(index);
            }
            if body.kind() == "statement_block" { self.each(body, inner) } else { self.visit(body, inner) }
        }
        let returned = node.child_by_field_name("return_type").and_then(|annotation| self.annotated(annotation));
        self.facts.functions[index].returns = returned;
        self.guards = guards;
        self.nesting -= 1;
        index
    }

    /// Binds the names of a pattern in `home`; defaults in it are expressions of `scope`.
    pub(super) fn pattern(&mut self, node: Node, home: usize, scope: usize, type_of: Option<Type<'t>>) {
        match node.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => {
                let name = self.name(node);
                self.facts.bind(home, name, What::Value(type_of));
            }
            "assignment_pattern" | "object_assignment_pattern" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.pattern(left, home, scope, None);
                }
                self.each_field(node, &["right"], scope);
            }
            "pair_pattern" => {
                if let Some(key) = node.child_by_field_name("key").filter(|key| key.kind() == "computed_property_name")
                {
                    self.each(key, scope);
                }
                if let Some(value) = node.child_by_field_name("value") {
                    self.pattern(value, home, scope, None);
                }
            }
            "object_pattern" | "array_pattern" | "rest_pattern" => {
                for child in children(node) {
                    self.pattern(child, home, scope, None);
                }
            }
            "type_annotation" => {}
            _ => self.visit(node, scope),
        }
    }

    pub(super) fn variable(&mut self, node: Node, scope: usize) {
        let is_var = node.parent().is_some_and(|parent| parent.kind() == "variable_declaration");
        let home = if is_var { self.facts.function_scope(scope) } else { scope };
        let Some(target) = node.child_by_field_name("name") else { return };
        let annotated = node.child_by_field_name("type").and_then(|annotation| self.annotated(annotation));
        let before = self.facts.imports.len();
        let classes = self.facts.classes.len();
        let value = node.child_by_field_name("value").map(|value| self.value(value, scope));
        let is_import = matches!(&value, Some(Value::Call(call)) if matches!(
            self.facts.calls[*call].path.as_slice(), [only] if matches!(only.text, "require" | "import")
        ));
        if is_import && self.facts.imports.len() == before + 1 {
            let kind = self.facts.imports[before].kind;
            if self.names_of_require(target, before, home) {
                return;
            }
            if target.kind() == "identifier" && (kind == ImportKind::Require || kind == ImportKind::Dynamic) {
                let name = self.name(target);
                return self.facts.bind(home, name, What::Import(before, Imported::Whole));
            }
        }
        if target.kind() != "identifier" {
            self.unpack_value(target, &value, scope);
            return self.pattern(target, home, scope, None);
        }
        let name = self.name(target);
        let what = match &value {
            Some(Value::Function(index)) => {
                let function = &mut self.facts.functions[*index];
                if function.name.is_empty() {
                    function.name = name.text;
                    function.at = name.at;
                }
                // A type of its own says what may be left out.
                function.is_plain &= node.child_by_field_name("type").is_none();
                What::Function(*index)
            }
            Some(value) => What::Value(annotated.map(Type::Instance).or_else(|| self.type_of(value))),
            None => What::Value(annotated.map(Type::Instance)),
        };
        let what = match (what, node.child_by_field_name("value").map(|value| value.kind())) {
            (_, Some("class")) => What::Class(classes),
            (what, _) => what,
        };
        self.facts.bind(home, name, what);
        if let Some(value) = value {
            self.facts.assignments.push(Assignment { target: vec![name], value });
        }
    }

    /// What a value is an instance of, if it is made right here.
    pub(super) fn type_of(&self, value: &Value<'t>) -> Option<Type<'t>> {
        match value {
            Value::Call(call) => {
                let call = &self.facts.calls[*call];
                let path: Path<'t> = call.path.clone();
                if path.iter().any(|name| name.text.is_empty()) {
                    return None;
                }
                call.is_new.then_some(Type::Instance(path))
            }
            _ => None,
        }
    }

    /// The one name that a type annotation consists of.
    pub(super) fn annotated(&self, annotation: Node) -> Option<Path<'t>> {
        let inner = annotation.named_child(0)?;
        (inner.kind() == "type_identifier").then(|| vec![self.name(inner)])
    }

    pub(super) fn member(&mut self, class: usize, name: Name<'t>, type_of: Option<Type<'t>>) {
        let members = &mut self.facts.classes[class].members;
        match members.get_mut(name.text) {
            // Assigned more than once: what it is cannot be told.
            Some(member) => member.type_of = None,
            None => {
                members.insert(name.text, Member { function: None, type_of });
            }
        }
    }

    pub(super) fn class(&mut self, node: Node, scope: usize) {
        let name = node.child_by_field_name("name").map(|name| self.name(name));
        let index = self.facts.classes.len();
        let at = name.map_or(node.start_byte(), |name| name.at);
        self.facts.classes.push(Class {
            name: name.map_or("", |name| name.text),
            at,
            bases: Vec::new(),
            members: HashMap::new(),
            is_open: false,
            constructor: Constructor::Default,
            kind: ClassKind::Class,
        });
        if let (Some(name), true) = (name, node.kind() != "class") {
            self.facts.bind(scope, name, What::Class(index));
        }
        let inner = self.facts.scope(scope, ScopeKind::Block);
        if let Some(name) = name {
            self.facts.bind(inner, name, What::Class(index));
        }
        for child in children(node) {
            match child.kind() {
                "class_heritage" => self.heritage(child, index, scope),
                "class_body" => self.class_body(child, index, inner),
                "decorator" => {
                    self.facts.classes[index].is_open = true;
                    self.visit(child, scope);
                }
                _ => {}
            }
        }
    }

    fn heritage(&mut self, node: Node, class: usize, scope: usize) {
        for child in children(node) {
            let base = match child.kind() {
                "extends_clause" => child.child_by_field_name("value"),
                "implements_clause" => continue,
                _ => Some(child),
            };
            let Some(base) = base else { continue };
            let path = self.path(base, scope);
            self.facts.classes[class].is_open |= path[0].text.is_empty();
            self.facts.classes[class].bases.push(path);
        }
    }

    fn class_body(&mut self, node: Node, class: usize, scope: usize) {
        for member in children(node) {
            let name = member.child_by_field_name("name").or_else(|| member.child_by_field_name("property"));
            match member.kind() {
                "method_definition" | "method_signature" | "abstract_method_signature" => {
                    let Some(name) = name else { continue };
                    if name.kind() == "computed_property_name" {
                        self.facts.classes[class].is_open = true;
                        self.each(name, scope);
                    }
                    let name = self.name(name);
                    for decorator in children(member).into_iter().filter(|child| child.kind() == "decorator") {
                        self.visit(decorator, scope);
                    }
                    let function = self.function(member, scope, Some(class));
                    let is_property = has_token(member, "get") || has_token(member, "set");
                    if name.text == "constructor" {
                        let is_overload = member.kind() != "method_definition"
                            || self.facts.classes[class].constructor != Constructor::Default;
                        self.facts.classes[class].constructor =
                            if is_overload { Constructor::Unknown } else { Constructor::Function(function) };
                        continue;
                    }
                    let is_again = self.facts.classes[class].members.contains_key(name.text);
                    let function = (!is_property && !is_again).then_some(function);
                    let member = Member { function, type_of: None };
                    self.facts.classes[class].members.insert(name.text, member);
                }
                "field_definition" | "public_field_definition" => {
                    let Some(name) = name else { continue };
                    let annotated =
                        member.child_by_field_name("type").and_then(|annotation| self.annotated(annotation));
                    let inner = self.facts.scope(scope, ScopeKind::Function);
                    self.facts.scopes[inner].class = Some(class);
                    if name.kind() == "computed_property_name" {
                        self.facts.classes[class].is_open = true;
                        self.each(name, inner);
                    }
                    let value = member.child_by_field_name("value").map(|value| self.value(value, inner));
                    let function = match value {
                        Some(Value::Function(function)) => {
                            self.facts.functions[function].is_plain &= member.child_by_field_name("type").is_none();
                            Some(function)
                        }
                        _ => None,
                    };
                    let type_of =
                        annotated.map(Type::Instance).or_else(|| value.as_ref().and_then(|value| self.type_of(value)));
                    let name = self.name(name);
                    self.facts.classes[class].members.insert(name.text, Member { function, type_of });
                }
                "index_signature" => self.facts.classes[class].is_open = true,
                "class_static_block" => {
                    let inner = self.facts.scope(scope, ScopeKind::Function);
                    self.facts.scopes[inner].class = Some(class);
                    self.each(member, inner);
                }
                _ => self.visit(member, scope),
            }
        }
    }

    pub(super) fn type_declaration(&mut self, node: Node, scope: usize) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.name(name);
        self.facts.bind(scope, name, What::Type);
        if node.kind() == "enum_declaration"
            && let Some(body) = node.child_by_field_name("body")
        {
            // The members of an enum are names inside it.
            let inner = self.facts.scope(scope, ScopeKind::Block);
            for member in children(body) {
                let key = member.child_by_field_name("name").unwrap_or(member);
                let key = self.name(key);
                self.facts.bind(inner, key, What::Value(None));
                self.each_field(member, &["value"], inner);
            }
        }
    }

    /// `namespace A { … }`: its names may be added to elsewhere.
    pub(super) fn namespace(&mut self, node: Node, scope: usize) {
        self.facts.is_open = true;
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name(name);
            self.facts.bind(scope, name, What::Type);
        }
        if let Some(body) = node.child_by_field_name("body") {
            let inner = self.facts.scope(scope, ScopeKind::Function);
            self.each(body, inner);
        }
    }

    pub(super) fn ambient(&mut self, node: Node, scope: usize) {
        if has_token(node, "global") || has_token(node, "module") {
            self.facts.is_open = true;
        }
        self.each(node, scope);
    }
}
