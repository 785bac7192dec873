//! Items of Rust: functions, types, modules, uses, impls, and macros, which may make any of them.

use std::{borrow::Cow, collections::HashMap};

use tree_sitter::Node;

use super::{
    super::{
        facts::{
            Class, ClassKind, Constructor, Function, Import, ImportKind, Imported, Member, Module, Name, Parameter,
            ParameterKind, Receiver, ScopeKind, Type, What,
        },
        syntax::child_of_kind,
    },
    Reader, children,
};

/// Macros of the standard library that make values only.
const VALUE_MACROS: &[&str] = &[
    "println", "print", "eprintln", "eprint", "format", "write", "writeln", "panic", "assert", "assert_eq",
    "assert_ne", "debug_assert", "debug_assert_eq", "debug_assert_ne", "vec", "todo", "unimplemented",
    "unreachable", "matches", "dbg", "concat", "include_str", "include_bytes", "env", "option_env", "line", "file",
    "stringify", "compile_error", "format_args", "cfg",
];

impl<'t> Reader<'t> {
    /// Reads an item; `false` if it is none.
    pub(super) fn item(&mut self, node: Node, scope: usize, attributes: &'t str) -> bool {
        match node.kind() {
            "function_item" | "function_signature_item" => {
                let function = self.function(node, scope, None, attributes);
                self.bind_named(node, scope, What::Function(function));
            }
            "struct_item" | "union_item" | "enum_item" => self.data_type(node, scope, attributes),
            "trait_item" => self.trait_item(node, scope),
            "impl_item" => self.impl_item(node, scope),
            "type_item" => {
                self.bind_named(node, scope, What::Type);
                let inner = self.generics(node, scope);
                if let Some(made) = node.child_by_field_name("type") {
                    self.visit(made, inner);
                }
            }
            "const_item" | "static_item" => {
                let type_of = node.child_by_field_name("type").and_then(|made| self.type_path(made));
                self.bind_named(node, scope, What::Value(type_of.map(Type::Instance)));
                for field in ["type", "value"] {
                    if let Some(child) = node.child_by_field_name(field) {
                        self.visit(child, scope);
                    }
                }
            }
            "mod_item" => self.module(node, scope, attributes),
            "use_declaration" => {
                if let Some(argument) = node.child_by_field_name("argument") {
                    self.use_tree(argument, Vec::new(), scope);
                }
            }
            "extern_crate_declaration" => {
                let name = node.child_by_field_name("name");
                let alias = node.child_by_field_name("alias").or(name);
                if let Some(alias) = alias {
                    let alias = self.name(alias);
                    self.facts.bind(scope, alias, What::Type);
                }
            }
            "foreign_mod_item" => {
                if let Some(body) = node.child_by_field_name("body") {
                    self.items(body, scope);
                }
            }
            "macro_definition" => {
                // What it makes can be anything, but only where it is called.
                let name = node.child_by_field_name("name").map(|name| self.text(name));
                self.facts.rust.macros.extend(name);
                self.macro_words(node);
                self.bind_named(node, scope, What::Type);
            }
            "expression_statement" | "macro_invocation" => {
                let invocation = match node.kind() {
                    "macro_invocation" => Some(node),
                    _ => node.named_child(0).filter(|inner| inner.kind() == "macro_invocation"),
                };
                let Some(invocation) = invocation else { return false };
                let name = invocation.child_by_field_name("macro").map_or("", |name| self.text(name));
                let is_value = VALUE_MACROS.contains(&name.rsplit("::").next().unwrap_or(name));
                if !is_value {
                    self.facts.rust.macro_scopes.push(scope);
                    self.macro_words(invocation);
                }
                self.macro_invocation(invocation, scope);
            }
            _ => return false,
        }
        true
    }

    /// The names in a macro: it may implement anything for any of them.
    fn macro_words(&mut self, node: Node) {
        let words = self.text(node).split(|c: char| !c.is_alphanumeric() && c != '_');
        self.facts.rust.macro_words.extend(words.filter(|word| word.starts_with(char::is_alphabetic)));
    }

    fn bind_named(&mut self, node: Node, scope: usize, what: What<'t>) {
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name(name);
            self.facts.bind(scope, name, what);
        }
    }

    /// A scope with the names of the type parameters in it.
    fn generics(&mut self, node: Node, scope: usize) -> usize {
        let inner = self.facts.scope(scope, ScopeKind::Block);
        let Some(list) = node.child_by_field_name("type_parameters") else { return inner };
        for parameter in children(list) {
            if let Some(name) = parameter.child_by_field_name("name") {
                let name = self.name(name);
                self.facts.bind(inner, name, What::Type);
            } else if parameter.kind() == "type_identifier" {
                let name = self.name(parameter);
                self.facts.bind(inner, name, What::Type);
            }
        }
        for parameter in children(list) {
            for field in ["bounds", "default_type", "type"] {
                if let Some(child) = parameter.child_by_field_name(field) {
                    self.visit(child, inner);
                }
            }
        }
        if let Some(clause) = child_of_kind(node, "where_clause") {
            self.each(clause, inner);
        }
        inner
    }

    pub(super) fn function(&mut self, node: Node, scope: usize, owner: Option<&'t str>, attributes: &'t str) -> usize {
        let generic = self.generics(node, scope);
        let inner = self.facts.scope(generic, ScopeKind::Function);
        let name = node.child_by_field_name("name").map(|name| self.name(name));
        let at = name.map_or(node.start_byte(), |name| name.at);
        let body = node.child_by_field_name("body");
        let end = body.map_or(node.end_byte(), |body| body.start_byte());
        let index = self.facts.functions.len();
        let returned = node.child_by_field_name("return_type");
        let is_public = child_of_kind(node, "visibility_modifier").is_some();
        self.facts.functions.push(Function {
            name: name.map_or("", |name| name.text),
            at,
            parameters: Vec::new(),
            is_plain: !attributes.contains("::") && !attributes.contains("macro"),
            class: None,
            owner,
            receiver: Receiver::None,
            returns: returned.and_then(|returned| self.type_path(returned)),
            is_stub: body.is_some_and(|body| {
                let text = self.text(body).trim_matches(['{', '}']).trim();
                text.starts_with("todo!(") || text.starts_with("unimplemented!(")
            }),
            is_public,
            signature: self.source[at..end.max(at)].trim_end(),
            scope: inner,
        });
        let mut parameters = Vec::new();
        if let Some(list) = node.child_by_field_name("parameters") {
            for parameter in children(list) {
                match parameter.kind() {
                    "self_parameter" => self.facts.functions[index].receiver = Receiver::First,
                    "parameter" => {
                        let is_self = parameter.child_by_field_name("pattern").is_some_and(|pattern| self.text(pattern) == "self");
                        if is_self {
                            // `self: &Arc<Self>` has the methods of the pointer too.
                            let at = parameter.start_byte();
                            self.facts.bind(inner, Name { text: "self", at }, What::Value(None));
                            self.facts.functions[index].receiver = Receiver::First;
                        } else {
                            let name = parameter.child_by_field_name("pattern").map_or("", |pattern| self.text(pattern));
                            parameters.push(Parameter { name, kind: ParameterKind::Positional, is_optional: false });
                        }
                        self.pattern(parameter, inner, None);
                    }
                    "variadic_parameter" => {
                        parameters.push(Parameter { name: "...", kind: ParameterKind::Rest, is_optional: false });
                    }
                    "line_comment" | "block_comment" => {}
                    // A condition of compilation, or a parameter without a name.
                    _ => self.facts.functions[index].is_plain = false,
                }
            }
        }
        self.facts.functions[index].parameters = parameters;
        if let Some(returned) = returned {
            self.visit(returned, inner);
        }
        if let Some(body) = body {
            self.items(body, inner);
        }
        index
    }

    fn data_type(&mut self, node: Node, scope: usize, attributes: &'t str) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.name(name);
        let is_enum = node.kind() == "enum_item";
        let index = self.facts.classes.len();
        self.facts.classes.push(Class {
            name: name.text,
            at: name.at,
            bases: Vec::new(),
            members: HashMap::new(),
            is_open: attributes.contains("cfg") || attributes.replace("derive(", "").contains('(') && attributes.contains("::"),
            constructor: Constructor::Unknown,
            is_public: child_of_kind(node, "visibility_modifier").is_some(),
            kind: if is_enum { ClassKind::Enum } else { ClassKind::Struct },
        });
        self.facts.rust.derives.push((index, derives(attributes)));
        self.facts.bind(scope, name, What::Class(index));
        let inner = self.generics(node, scope);
        self.facts.bind(inner, Name { text: "Self", at: name.at }, What::Class(index));
        let Some(body) = node.child_by_field_name("body") else { return };
        for part in children(body) {
            match part.kind() {
                "field_declaration" | "enum_variant" => {
                    if let Some(name) = part.child_by_field_name("name") {
                        let name = self.name(name);
                        let type_of = part.child_by_field_name("type").and_then(|made| self.type_path(made));
                        let member = Member { at: name.at, function: None, type_of: type_of.map(Type::Instance) };
                        self.facts.classes[index].members.insert(name.text, member);
                    }
                    if part.kind() == "enum_variant" {
                        if let Some(fields) = part.child_by_field_name("body") {
                            self.each_type(fields, inner);
                        }
                    } else if let Some(made) = part.child_by_field_name("type") {
                        self.visit(made, inner);
                    }
                }
                "attribute_item" | "visibility_modifier" => {}
                _ if body.kind() == "ordered_field_declaration_list" => {
                    const NUMBERS: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
                    let number = self.facts.classes[index].members.len();
                    match NUMBERS.get(number) {
                        Some(text) if !part.kind().contains("comment") => {
                            let type_of = self.type_path(part).map(Type::Instance);
                            let member = Member { at: part.start_byte(), function: None, type_of };
                            self.facts.classes[index].members.insert(text, member);
                        }
                        _ => {}
                    }
                    self.facts.classes[index].is_open |= number >= NUMBERS.len();
                    self.visit(part, inner);
                }
                "macro_invocation" => self.facts.classes[index].is_open = true,
                _ => self.visit(part, inner),
            }
        }
    }

    /// The types of fields, not their names.
    fn each_type(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            match child.kind() {
                "field_declaration" => {
                    if let Some(made) = child.child_by_field_name("type") {
                        self.visit(made, scope);
                    }
                }
                _ => self.visit(child, scope),
            }
        }
    }

    fn trait_item(&mut self, node: Node, scope: usize) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.name(name);
        let index = self.facts.classes.len();
        self.facts.classes.push(Class {
            name: name.text,
            at: name.at,
            bases: Vec::new(),
            members: HashMap::new(),
            is_open: true,
            constructor: Constructor::Unknown,
            is_public: child_of_kind(node, "visibility_modifier").is_some(),
            kind: ClassKind::Interface,
        });
        self.facts.bind(scope, name, What::Class(index));
        let inner = self.generics(node, scope);
        self.facts.bind(inner, Name { text: "Self", at: name.at }, What::Type);
        if let Some(bounds) = node.child_by_field_name("bounds") {
            self.visit(bounds, inner);
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.members(body, inner, name.text, true);
        }
    }

    fn impl_item(&mut self, node: Node, scope: usize) {
        let inner = self.generics(node, scope);
        let made = node.child_by_field_name("type");
        let plain = made.and_then(|made| match made.kind() {
            "generic_type" => made.child_by_field_name("type"),
            "type_identifier" | "scoped_type_identifier" => Some(made),
            _ => None,
        });
        if let Some(made) = made {
            self.visit(made, inner);
        }
        let of_trait = node.child_by_field_name("trait");
        if let Some(of_trait) = of_trait {
            self.visit(of_trait, inner);
        }
        let owner = plain.and_then(|plain| self.segments(plain)).and_then(|path| path.last().map(|name| name.text));
        if let (Some(owner), Some(of_trait)) = (owner, of_trait) {
            let name = self.segments(of_trait).and_then(|path| path.last().map(|name| name.text));
            self.facts.rust.implements.push((owner, name.unwrap_or_default()));
        }
        let at = node.start_byte();
        let what = match plain.filter(|plain| plain.kind() == "type_identifier") {
            Some(_) => What::Value(None),
            None => What::Type,
        };
        self.facts.bind(inner, Name { text: "Self", at }, what);
        if let Some(owner) = owner {
            self.facts.rust.owners.push((inner, owner));
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.members(body, inner, owner.unwrap_or_default(), of_trait.is_some());
        }
    }

    fn members(&mut self, body: Node, scope: usize, owner: &'t str, is_of_trait: bool) {
        let mut start: Option<usize> = None;
        for member in children(body) {
            match member.kind() {
                "function_item" | "function_signature_item" => {
                    let attributes = start.map_or("", |start| &self.source[start..member.start_byte()]);
                    let function = self.function(member, scope, Some(owner), attributes);
                    self.facts.functions[function].is_public |= is_of_trait;
                    start = None;
                }
                "attribute_item" => {
                    start.get_or_insert(member.start_byte());
                }
                "associated_type" | "type_item" | "const_item" => {
                    if let Some(name) = member.child_by_field_name("name") {
                        self.facts.rust.associated.push((owner, self.text(name)));
                    }
                    let inner = self.generics(member, scope);
                    for field in ["type", "value", "bounds"] {
                        if let Some(child) = member.child_by_field_name(field) {
                            self.visit(child, inner);
                        }
                    }
                    start = None;
                }
                "macro_invocation" => {
                    self.macro_words(member);
                    self.facts.rust.macro_scopes.push(scope);
                    self.facts.rust.implements.push((owner, ""));
                }
                _ => {
                    self.visit(member, scope);
                }
            }
        }
    }

    fn module(&mut self, node: Node, scope: usize, attributes: &'t str) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.name(name);
        match node.child_by_field_name("body") {
            Some(body) => {
                let inner = self.facts.scope(scope, ScopeKind::File);
                self.facts.bind(scope, name, What::Module(Some(inner)));
                self.items(body, inner);
            }
            None => {
                let is_special = attributes.contains("path") || attributes.contains("cfg") || self.guards > 0;
                self.facts.bind(scope, name, What::Module(None));
                self.facts.rust.modules.push(Module { name, scope, is_special });
            }
        }
    }

    fn use_tree(&mut self, node: Node, mut path: Vec<Name<'t>>, scope: usize) {
        match node.kind() {
            "use_list" => {
                for child in children(node) {
                    self.use_tree(child, path.clone(), scope);
                }
            }
            "scoped_use_list" => {
                if let Some(before) = node.child_by_field_name("path") {
                    let Some(before) = self.segments(before) else { return };
                    path.extend(before);
                }
                if let Some(list) = node.child_by_field_name("list") {
                    self.use_tree(list, path, scope);
                }
            }
            "use_as_clause" => {
                let (Some(used), Some(alias)) = (node.child_by_field_name("path"), node.child_by_field_name("alias"))
                else {
                    return;
                };
                let Some(used) = self.segments(used) else { return };
                let is_self = used.len() == 1 && used[0].text == "self" && !path.is_empty();
                if !is_self {
                    path.extend(used);
                }
                let alias = self.name(alias);
                self.used(path, Some(alias), scope);
            }
            "use_wildcard" => {
                if let Some(used) = node.named_child(0) {
                    let Some(used) = self.segments(used) else { return };
                    path.extend(used);
                }
                let import = self.import(path);
                self.facts.imports[import].is_star = true;
                self.facts.rust.globs.push((scope, import));
            }
            _ => {
                let Some(used) = self.segments(node) else { return };
                let is_self = used.len() == 1 && used[0].text == "self" && !path.is_empty();
                if !is_self {
                    path.extend(used);
                }
                self.used(path, None, scope);
            }
        }
    }

    fn used(&mut self, path: Vec<Name<'t>>, alias: Option<Name<'t>>, scope: usize) {
        let Some(last) = path.last().copied() else { return };
        let import = self.import(path);
        let local = alias.unwrap_or(last);
        if local.text != "_" && !matches!(local.text, "crate" | "self" | "super") {
            self.facts.bind(scope, local, What::Import(import, Imported::Name(last.text)));
        }
        self.facts.rust.uses.push((scope, import));
    }

    fn import(&mut self, path: Vec<Name<'t>>) -> usize {
        let from = path.iter().map(|name| name.text).collect::<Vec<_>>().join("::");
        let at = path.first().map_or(0, |name| name.at);
        self.facts.imports.push(Import {
            from: Cow::Owned(from),
            at,
            kind: ImportKind::Module,
            names: path,
            default: None,
            is_star: false,
            is_guarded: self.guards > 0,
            is_type_only: false,
        });
        self.facts.imports.len() - 1
    }

    /// The strings in a macro are seen; its names are not.
    pub(super) fn macro_invocation(&mut self, node: Node, scope: usize) {
        let Some(tokens) = child_of_kind(node, "token_tree") else { return };
        // `pin! { let x = … }` binds around itself.
        let name = node.child_by_field_name("macro").map_or("", |name| self.text(name));
        if !VALUE_MACROS.contains(&name) && self.text(tokens).contains("let ") {
            self.facts.rust.macro_scopes.push(scope);
        }
        let mut left = vec![tokens];
        while let Some(node) = left.pop() {
            match node.kind() {
                "string_literal" | "raw_string_literal" => {
                    self.value(node, scope);
                }
                _ => left.extend(children(node)),
            }
        }
    }
}

/// The names in `#[derive(…)]`.
fn derives(attributes: &str) -> Vec<&str> {
    let lists = attributes.split("derive(").skip(1).filter_map(|rest| rest.split(')').next());
    lists.flat_map(|list| list.split(',')).map(|name| name.trim().rsplit("::").next().unwrap_or_default()).collect()
}
