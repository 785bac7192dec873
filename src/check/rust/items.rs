//! Items of Rust: functions, types, modules, uses, impls, and macros, which may make any of them.

use tree_sitter::Node;

use super::{
    super::{
        facts::{Function, Module, Name, Parameter, ParameterKind, Receiver, ScopeKind, Type, What},
        syntax::child_of_kind,
    },
    Reader,
    attributes::may_rewrite,
    children,
};

/// Macros of the standard library that make values only.
pub(super) const VALUE_MACROS: &[&str] = &[
    "println",
    "print",
    "eprintln",
    "eprint",
    "format",
    "write",
    "writeln",
    "panic",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "vec",
    "todo",
    "unimplemented",
    "unreachable",
    "matches",
    "dbg",
    "concat",
    "include_str",
    "include_bytes",
    "env",
    "option_env",
    "line",
    "file",
    "stringify",
    "compile_error",
    "format_args",
    "cfg",
];

impl<'t> Reader<'t, '_> {
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
                self.alias(node);
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
                self.facts.is_open |= name == "include";
                let is_value = VALUE_MACROS.contains(&name.rsplit("::").next().unwrap_or(name));
                if !is_value && !self.is_known_macro(name) {
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
    pub(super) fn macro_words(&mut self, node: Node) {
        let words = self.text(node).split(|c: char| !c.is_alphanumeric() && c != '_');
        self.facts.rust.macro_words.extend(words.filter(|word| word.starts_with(char::is_alphabetic)));
    }

    /// `type Alias = Type<…>`: what is implemented for the one is for the other.
    fn alias(&mut self, node: Node) {
        let (Some(alias), Some(made)) = (node.child_by_field_name("name"), node.child_by_field_name("type")) else {
            return;
        };
        if let Some(last) = self.segments(made).and_then(|path| path.last().copied()) {
            self.facts.rust.aliases.push((self.text(alias), last.text));
        }
    }

    fn bind_named(&mut self, node: Node, scope: usize, what: What<'t>) {
        if let Some(name) = node.child_by_field_name("name") {
            let name = self.name(name);
            self.facts.bind(scope, name, what);
        }
    }

    /// A scope with the names of the type parameters in it.
    pub(super) fn generics(&mut self, node: Node, scope: usize) -> usize {
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
        let index = self.facts.functions.len();
        let returned = node.child_by_field_name("return_type");
        let is_public = child_of_kind(node, "visibility_modifier").is_some();
        self.facts.functions.push(Function {
            name: name.map_or("", |name| name.text),
            at,
            parameters: Vec::new(),
            is_plain: !attributes.contains("::") && !attributes.contains("macro") && !may_rewrite(attributes),
            class: None,
            owner,
            receiver: Receiver::None,
            returns: returned.and_then(|returned| self.type_path(returned)),
            is_stub: body.is_some_and(|body| {
                let text = self.text(body).trim_matches(['{', '}']).trim();
                ["todo", "unimplemented"]
                    .iter()
                    .any(|name| text.strip_prefix(name).is_some_and(|rest| rest.starts_with("!(")))
            }),
            is_public,
            scope: inner,
        });
        let mut parameters = Vec::new();
        if let Some(list) = node.child_by_field_name("parameters") {
            for parameter in children(list) {
                match parameter.kind() {
                    "self_parameter" => self.facts.functions[index].receiver = Receiver::First,
                    "parameter" => {
                        let is_self = parameter
                            .child_by_field_name("pattern")
                            .is_some_and(|pattern| self.text(pattern) == "self");
                        if is_self {
                            // `self: &Arc<Self>` has the methods of the pointer too.
                            let at = parameter.start_byte();
                            self.facts.bind(inner, Name { text: "self", at }, What::Value(None));
                            self.facts.functions[index].receiver = Receiver::First;
                        } else {
                            let name =
                                parameter.child_by_field_name("pattern").map_or("", |pattern| self.text(pattern));
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
}
