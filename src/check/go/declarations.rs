//! Functions, methods, types, variables and imports of Go.

use std::{borrow::Cow, collections::HashMap};

use tree_sitter::Node;

use super::{
    super::facts::{
        Class, ClassKind, Constructor, Function, Import, ImportKind, Imported, Member, Name, Parameter, ParameterKind,
        Receiver, ScopeKind, Type, What,
    },
    Reader, children,
};

impl<'t> Reader<'t> {
    pub(super) fn import(&mut self, node: Node) {
        let Some(path) = node.child_by_field_name("path") else { return };
        let from = self.text(path).trim_matches(['"', '`']);
        let index = self.facts.imports.len();
        let alias = node.child_by_field_name("name");
        let is_star = alias.is_some_and(|alias| alias.kind() == "dot");
        self.facts.imports.push(Import {
            from: Cow::Borrowed(from),
            at: path.start_byte() + 1,
            kind: ImportKind::Module,
            names: Vec::new(),
            default: None,
            is_star,
            is_guarded: false,
            is_type_only: false,
        });
        // Where no name is given it is that of the package, which only its files know; the project finds it.
        if let Some(alias) = alias.filter(|alias| alias.kind() == "package_identifier") {
            let name = self.name(alias);
            self.facts.bind(0, name, What::Import(index, Imported::Whole));
        } else if alias.is_none() {
            let at = path.start_byte() + 1;
            for text in package_names(from) {
                self.facts.bind(0, Name { text, at }, What::Import(index, Imported::Whole));
            }
        }
    }

    pub(super) fn function_declaration(&mut self, node: Node, scope: usize) {
        let function = self.function(node, scope);
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name(name);
            // Any number of these may stand side by side, and nobody calls them.
            if name.text != "init" && name.text != "_" {
                self.facts.bind(scope, name, What::Function(function));
            }
        }
    }

    pub(super) fn method(&mut self, node: Node, scope: usize) {
        let function = self.function(node, scope);
        let inner = self.facts.functions[function].scope;
        let Some(receiver) = node.child_by_field_name("receiver").and_then(|list| list.named_child(0)) else { return };
        let Some(made) = receiver.child_by_field_name("type") else { return };
        let plain = match made.kind() {
            "pointer_type" => made.named_child(0),
            _ => Some(made),
        };
        // The names of a generic receiver's parameters are bound by it.
        if let Some(generic) = plain.filter(|plain| plain.kind() == "generic_type") {
            if let Some(list) = generic.child_by_field_name("type_arguments") {
                let mut left = vec![list];
                while let Some(node) = left.pop() {
                    if node.kind() == "type_identifier" {
                        let name = self.name(node);
                        let types = self.facts.scopes[inner].parent.unwrap_or(inner);
                        self.facts.bind(types, name, What::Type);
                    }
                    left.extend(children(node));
                }
            }
            self.facts.functions[function].owner = generic.child_by_field_name("type").map(|name| self.text(name));
        } else {
            self.facts.functions[function].owner = plain.map(|plain| self.text(plain));
            self.visit(made, scope);
        }
        if let Some(name) = receiver.child_by_field_name("name") {
            let name = self.name(name);
            let type_of = self.type_path(made).map(Type::Instance);
            self.facts.bind(inner, name, What::Value(type_of));
        }
    }

    pub(super) fn function(&mut self, node: Node, scope: usize) -> usize {
        // Names of types are those around the parameters, whatever these are called.
        let types = self.facts.scope(scope, ScopeKind::Block);
        let inner = self.facts.scope(types, ScopeKind::Function);
        let name = node.child_by_field_name("name").map(|name| self.name(name));
        let body = node.child_by_field_name("body");
        let at = name.map_or(node.start_byte(), |name| name.at);
        let text = name.map_or("", |name| name.text);
        let index = self.facts.functions.len();
        let result = node.child_by_field_name("result");
        let first_result = result.and_then(|result| match result.kind() {
            "parameter_list" => result.named_child(0).and_then(|first| first.child_by_field_name("type")),
            _ => Some(result),
        });
        self.facts.functions.push(Function {
            name: text,
            at,
            parameters: Vec::new(),
            is_plain: true,
            class: None,
            owner: None,
            receiver: Receiver::None,
            returns: first_result.and_then(|result| self.type_path(result)),
            is_stub: false,
            is_public: text.starts_with(char::is_uppercase),
            scope: inner,
        });
        if let Some(list) = node.child_by_field_name("type_parameters") {
            self.type_parameters(list, types);
        }
        if let Some(list) = node.child_by_field_name("parameters") {
            self.facts.functions[index].parameters = self.parameters(list, types, inner);
        }
        if let Some(result) = result {
            if result.kind() == "parameter_list" {
                self.parameters(result, types, inner);
            } else {
                self.visit(result, types);
            }
        }
        if let Some(body) = body {
            let is_panic = self.text(body).trim_start_matches('{').trim().starts_with("panic(\"not implemented");
            self.facts.functions[index].is_stub = is_panic;
            self.each(body, inner);
        }
        index
    }

    fn type_parameters(&mut self, list: Node, scope: usize) {
        for parameter in children(list) {
            let mut cursor = parameter.walk();
            let names: Vec<Node> = parameter.children_by_field_name("name", &mut cursor).collect();
            for name in names {
                let name = self.name(name);
                self.facts.bind(scope, name, What::Type);
            }
        }
        for parameter in children(list) {
            self.each_field(parameter, "type", scope);
        }
    }

    fn parameters(&mut self, list: Node, types: usize, scope: usize) -> Vec<Parameter<'t>> {
        let mut parameters = Vec::new();
        for declaration in children(list).into_iter().filter(|child| child.kind().ends_with("parameter_declaration")) {
            let made = declaration.child_by_field_name("type");
            if let Some(made) = made {
                self.visit(made, types);
            }
            let is_rest = declaration.kind() == "variadic_parameter_declaration";
            let kind = if is_rest { ParameterKind::Rest } else { ParameterKind::Positional };
            let type_of = made.filter(|_| !is_rest).and_then(|made| self.type_path(made)).map(Type::Instance);
            let mut cursor = declaration.walk();
            let names: Vec<Node> = declaration.children_by_field_name("name", &mut cursor).collect();
            for name in &names {
                let name = self.name(*name);
                self.facts.bind(scope, name, What::Value(type_of.clone()));
                parameters.push(Parameter { name: name.text, kind, is_optional: false });
            }
            if names.is_empty() {
                parameters.push(Parameter { name: "_", kind, is_optional: false });
            }
        }
        parameters
    }

    pub(super) fn type_declaration(&mut self, node: Node, scope: usize) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.name(name);
        let inner = self.facts.scope(scope, ScopeKind::Block);
        if let Some(list) = node.child_by_field_name("type_parameters") {
            self.type_parameters(list, inner);
        }
        let Some(made) = node.child_by_field_name("type") else { return };
        let kind = match made.kind() {
            "struct_type" => ClassKind::Struct,
            "interface_type" => ClassKind::Interface,
            _ => ClassKind::Class,
        };
        let is_closed = matches!(
            made.kind(),
            "struct_type"
                | "interface_type"
                | "map_type"
                | "slice_type"
                | "array_type"
                | "function_type"
                | "channel_type"
        ) || matches!(
            self.text(made),
            "int" | "string" | "uint8" | "int64" | "float64" | "bool" | "byte" | "uint" | "int32"
        );
        let index = self.facts.classes.len();
        self.facts.classes.push(Class {
            name: name.text,
            at: name.at,
            bases: Vec::new(),
            members: HashMap::new(),
            is_open: !is_closed || node.kind() == "type_alias",
            constructor: Constructor::Unknown,
            kind,
        });
        self.facts.bind(scope, name, What::Class(index));
        match kind {
            ClassKind::Struct => self.fields(made, index),
            ClassKind::Interface => self.methods(made, index),
            _ => {}
        }
        self.visit(made, inner);
    }

    fn fields(&mut self, node: Node, class: usize) {
        let Some(list) = node.named_child(0) else { return };
        for field in children(list).into_iter().filter(|child| child.kind() == "field_declaration") {
            let made = field.child_by_field_name("type");
            let type_of = made.and_then(|made| self.type_path(made)).map(Type::Instance);
            let mut cursor = field.walk();
            let names: Vec<Node> = field.children_by_field_name("name", &mut cursor).collect();
            for name in &names {
                let member = Member { function: None, type_of: type_of.clone() };
                let text = self.text(*name);
                self.facts.classes[class].members.insert(text, member);
            }
            if names.is_empty() {
                // Embedded: its fields are this struct's too, and it is a field under its own name.
                match made.and_then(|made| self.type_path(made)) {
                    Some(path) => {
                        let last = path[path.len() - 1];
                        let member = Member { function: None, type_of: Some(Type::Instance(path.clone())) };
                        self.facts.classes[class].members.insert(last.text, member);
                        self.facts.classes[class].bases.push(path);
                    }
                    None => self.facts.classes[class].is_open = true,
                }
            }
        }
    }

    fn methods(&mut self, node: Node, class: usize) {
        for element in children(node) {
            match element.kind() {
                "method_elem" => {
                    let Some(name) = element.child_by_field_name("name") else { continue };
                    let member = Member { function: None, type_of: None };
                    let text = self.text(name);
                    self.facts.classes[class].members.insert(text, member);
                }
                "comment" => {}
                _ => self.facts.classes[class].is_open = true,
            }
        }
    }

    /// Declarations inside a function, each seen from behind itself on; gives the scope behind the last.
    pub(super) fn local_variables(&mut self, node: Node, mut scope: usize) -> usize {
        for child in children(node) {
            match child.kind() {
                "var_spec_list" => scope = self.local_variables(child, scope),
                "var_spec" | "const_spec" => {
                    let behind = self.facts.scope(scope, ScopeKind::Block);
                    self.variables(child, scope, behind);
                    scope = behind;
                }
                _ => self.visit(child, scope),
            }
        }
        scope
    }

    /// What it binds is bound in `home`.
    pub(super) fn variables(&mut self, node: Node, scope: usize, home: usize) {
        let made = node.child_by_field_name("type");
        if let Some(made) = made {
            self.visit(made, scope);
        }
        let values = node.child_by_field_name("value");
        let annotated = made.and_then(|made| self.type_path(made)).map(Type::Instance);
        if let Some(values) = values {
            for value in children(values) {
                self.value(value, scope);
            }
        }
        let made_here = values.and_then(|values| values.named_child(0)).and_then(|first| self.type_of(first));
        let mut cursor = node.walk();
        let names: Vec<Node> = node.children_by_field_name("name", &mut cursor).collect();
        for (index, name) in names.into_iter().filter(|name| name.is_named()).enumerate() {
            let type_of = annotated.clone().or_else(|| made_here.clone().filter(|_| index == 0));
            let name = self.name(name);
            self.facts.bind(home, name, What::Value(type_of));
        }
    }

    /// What it binds is bound in `home`, which its own values do not see.
    pub(super) fn short_variables(&mut self, node: Node, scope: usize, home: usize) {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            return;
        };
        let values = children(right);
        for value in &values {
            self.value(*value, scope);
        }
        for (index, target) in children(left).into_iter().enumerate() {
            let type_of = values.get(index).and_then(|value| self.type_of(*value));
            let name = self.name(target);
            self.facts.bind(home, name, What::Value(type_of));
        }
    }
}

/// The names that a package is likely to have, by its path: the last part, without a version and the like.
fn package_names(path: &str) -> Vec<&str> {
    let mut parts = path.rsplit('/');
    let mut last = parts.next().unwrap_or(path);
    let is_version = last.strip_prefix('v').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    if is_version {
        last = parts.next().unwrap_or(last);
    }
    let last = last.split(".v").next().unwrap_or(last);
    let mut names = vec![last];
    for separator in ['-', '.'] {
        if let Some((before, after)) = last.split_once(separator) {
            names.push(before);
            names.push(after);
        }
        if let Some((_, after)) = last.rsplit_once(separator) {
            names.push(after);
        }
    }
    names.dedup();
    names
}
