//! Facts of Rust, out of its syntax tree.

mod attributes;
mod items;
mod macros;
mod patterns;
mod types;
mod uses;
mod values;

use std::collections::HashSet;

use tree_sitter::{Node, Tree};

use super::{
    facts::{Access, Argument, Call, Facts, FieldUse, Mention, Name, Path, ScopeKind, Touch},
    syntax::{children, name, text},
};

pub use self::macros::own_of as own_macros;

/// Reads one file's facts. `text` is what `tree` was parsed from; the project makes these macros itself, however well
/// known their names are.
pub fn read<'t>(tree: &Tree, text: &'t str, own_macros: &HashSet<&str>) -> Facts<'t> {
    let mut reader = Reader { facts: Facts::new(), source: text, guards: 0, own_macros };
    reader.items(tree.root_node(), 0);
    reader.facts
}

struct Reader<'t, 'p> {
    facts: Facts<'t>,
    source: &'t str,
    /// How many conditions of compilation stand around.
    guards: usize,
    own_macros: &'p HashSet<&'p str>,
}

impl<'t> Reader<'t, '_> {
    fn text(&self, node: Node) -> &'t str {
        text(node, self.source)
    }

    fn name(&self, node: Node) -> Name<'t> {
        let mut name = name(node, self.source);
        name.text = name.text.trim_start_matches("r#");
        name
    }

    /// Items and statements one after another, with the attributes that stand before them.
    fn items(&mut self, node: Node, home: usize) {
        let mut scope = home;
        let mut is_conditional = false;
        let mut attributes: Option<usize> = None;
        for child in children(node) {
            match child.kind() {
                "attribute_item" => {
                    let text = self.text(child);
                    is_conditional |= text.contains("cfg") || text.contains("path");
                    attributes.get_or_insert(child.start_byte());
                    self.attribute_texts(child);
                }
                "line_comment" | "block_comment" => {}
                _ => {
                    let before = attributes.map_or("", |start| &self.source[start..child.start_byte()]);
                    // What an attribute of a crate makes of it, and beside it, is not seen.
                    let is_changed = !matches!(child.kind(), "struct_item" | "enum_item" | "union_item")
                        && attributes::may_rewrite(before);
                    is_conditional |= is_changed;
                    if is_changed {
                        self.facts.rust.macro_scopes.push(home);
                    }
                    self.guards += usize::from(is_conditional);
                    scope = self.statement(child, home, scope, before);
                    self.guards -= usize::from(is_conditional);
                    is_conditional = false;
                    attributes = None;
                }
            }
        }
    }

    /// Reads one of the items and statements of a block, and gives the scope behind it.
    ///
    /// Items are seen in the whole block, variables from behind their declaration on.
    fn statement(&mut self, node: Node, home: usize, scope: usize, before: &'t str) -> usize {
        if node.kind() == "let_declaration" {
            let behind = self.facts.scope(scope, ScopeKind::Block);
            self.let_declaration(node, scope, behind);
            return behind;
        }
        // `thread_local! { static A: … }` makes items, which nested functions see too.
        let is_macro = matches!(node.kind(), "macro_invocation" | "expression_statement");
        if is_macro && self.text(node).contains("! {") && self.text(node).contains("static ") {
            self.facts.rust.macro_scopes.push(home);
        }
        let is_statement = matches!(node.kind(), "expression_statement" | "macro_invocation");
        if !self.item(node, if is_statement { scope } else { home }, before) {
            self.visit(node, scope);
        }
        scope
    }

    /// The strings of attributes: routes and names stand there.
    fn attribute_texts(&mut self, node: Node) {
        let Some(attribute) = node.named_child(0) else { return };
        let (Some(head), Some(tokens)) = (attribute.named_child(0), attribute.child_by_field_name("arguments")) else {
            return;
        };
        let literal = children(tokens).into_iter().find(|token| token.kind() == "string_literal");
        let Some(literal) = literal else { return };
        let value = self.value(literal, 0);
        let argument = Argument { at: literal.start_byte(), keyword: None, is_spread: false, value };
        self.facts.calls.push(Call {
            at: head.start_byte(),
            path: vec![self.name(head)],
            scope: 0,
            arguments: vec![argument],
            is_new: false,
            is_decorator: true,
        });
    }

    /// Reads a closure, and gives the scope of its parameters.
    fn closure(&mut self, node: Node, scope: usize) -> usize {
        let inner = self.facts.scope(scope, ScopeKind::Block);
        if let Some(parameters) = node.child_by_field_name("parameters") {
            self.pattern(parameters, inner, None);
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.visit(body, inner);
        }
        inner
    }

    fn each(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            self.visit(child, scope);
        }
    }

    fn visit(&mut self, node: Node, scope: usize) {
        match node.kind() {
            "line_comment" | "block_comment" => {}
            "block" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                self.items(node, inner);
            }
            "closure_expression" => {
                self.closure(node, scope);
            }
            // The grammar ends the closure `|a| a..a + 1` before the dots.
            "range_expression" if node.named_child(0).is_some_and(|first| first.kind() == "closure_expression") => {
                let mut scope = scope;
                for child in children(node) {
                    match child.kind() {
                        "closure_expression" => scope = self.closure(child, scope),
                        _ => self.visit(child, scope),
                    }
                }
            }
            "let_declaration" => self.let_declaration(node, scope, scope),
            "let_condition" => {
                if let Some(value) = node.child_by_field_name("value") {
                    self.visit(value, scope);
                }
                if let Some(pattern) = node.child_by_field_name("pattern") {
                    self.pattern(pattern, scope, None);
                }
            }
            "for_expression" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                for child in children(node) {
                    if node.child_by_field_name("pattern") == Some(child) {
                        self.pattern(child, inner, None);
                    } else {
                        self.visit(child, inner);
                    }
                }
            }
            "if_expression" | "while_expression" | "match_expression" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                self.each(node, inner);
            }
            "match_arm" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                if let Some(pattern) = node.child_by_field_name("pattern") {
                    self.pattern(pattern, inner, None);
                    if let Some(condition) = pattern.child_by_field_name("condition") {
                        self.visit(condition, inner);
                    }
                }
                if let Some(value) = node.child_by_field_name("value") {
                    self.visit(value, inner);
                }
            }
            "identifier" | "type_identifier" => {
                self.mention(node, scope);
            }
            "field_expression" => {
                self.chain(node, scope, Touch::Read);
            }
            "scoped_identifier" | "scoped_type_identifier" => self.scoped(node, scope),
            // The grammar ends the closure `|a| a..(b)` before the bracket, and takes it for a function that is called.
            "call_expression"
                if node.child_by_field_name("function").is_some_and(|callee| callee.kind() == "closure_expression") =>
            {
                let inner = node.child_by_field_name("function").map_or(scope, |callee| self.closure(callee, scope));
                if let Some(arguments) = node.child_by_field_name("arguments") {
                    self.each(arguments, inner);
                }
            }
            "call_expression" => {
                self.call(node, scope);
            }
            "struct_expression" => self.struct_expression(node, scope),
            "macro_invocation" => self.macro_invocation(node, scope),
            "string_literal" | "raw_string_literal" => {
                self.value(node, scope);
            }
            "assignment_expression" => {
                if let Some(left) = node.child_by_field_name("left") {
                    if left.kind() == "field_expression" {
                        self.chain(left, scope, Touch::Write);
                    } else {
                        self.visit(left, scope);
                    }
                }
                if let Some(right) = node.child_by_field_name("right") {
                    self.visit(right, scope);
                }
            }
            // Of a function's type, not of a function: its names mean nothing.
            "parameter" => {
                if let Some(made) = node.child_by_field_name("type") {
                    self.visit(made, scope);
                }
            }
            // `Deref<Target: Bound>`: the name before the bound is the trait's own.
            "type_arguments" => {
                for child in children(node) {
                    let is_bound = child.next_named_sibling().is_some_and(|next| next.kind() == "trait_bounds");
                    if !is_bound || child.kind() != "type_identifier" {
                        self.visit(child, scope);
                    }
                }
            }
            "field_identifier"
            | "lifetime"
            | "label"
            | "primitive_type"
            | "attribute_item"
            | "inner_attribute_item"
            | "token_tree"
            | "visibility_modifier" => {}
            "type_binding" => {
                if let Some(bound) = node.child_by_field_name("type") {
                    self.visit(bound, scope);
                }
            }
            _ => self.each(node, scope),
        }
    }

    fn mention(&mut self, node: Node, scope: usize) {
        let name = self.name(node);
        self.facts.mentions.push(Mention { name, scope, is_guarded: self.guards > 0 });
    }

    /// `a.b.c` of values. Calls and the like in between have no name.
    fn chain(&mut self, node: Node, scope: usize, touch: Touch) -> Path<'t> {
        let path = self.path(node, scope);
        if path.len() > 1 {
            let is_guarded = self.guards > 0;
            self.facts.accesses.push(Access {
                path: path.clone(),
                scope,
                is_written: touch == Touch::Write,
                is_guarded,
            });
        }
        path
    }

    fn path(&mut self, node: Node, scope: usize) -> Path<'t> {
        match node.kind() {
            "identifier" => {
                self.mention(node, scope);
                vec![self.name(node)]
            }
            "self" => vec![self.name(node)],
            "field_expression" => {
                let Some(value) = node.child_by_field_name("value") else { return Path::new() };
                let mut path = self.path(value, scope);
                path.extend(node.child_by_field_name("field").map(|field| self.name(field)));
                path
            }
            "reference_expression" | "parenthesized_expression" if node.child_by_field_name("value").is_some() => {
                node.child_by_field_name("value").map_or_else(Path::new, |inner| self.path(inner, scope))
            }
            _ => {
                self.visit(node, scope);
                vec![Name { text: "", at: node.start_byte() }]
            }
        }
    }

    /// The segments of `a::b::c`, if they are all plain names.
    fn segments(&self, node: Node) -> Option<Path<'t>> {
        match node.kind() {
            "identifier" | "type_identifier" | "crate" | "self" | "super" | "metavariable" => {
                Some(vec![self.name(node)])
            }
            "scoped_identifier" | "scoped_type_identifier" => {
                let mut path = match node.child_by_field_name("path") {
                    Some(path) => self.segments(path)?,
                    None => vec![Name { text: "", at: node.start_byte() }],
                };
                path.push(self.name(node.child_by_field_name("name")?));
                Some(path)
            }
            "generic_type" | "generic_type_with_turbofish" => self.segments(node.child_by_field_name("type")?),
            "generic_function" => self.segments(node.child_by_field_name("function")?),
            _ => None,
        }
    }

    /// `a::b`: an access whose path is one of modules and types.
    fn scoped(&mut self, node: Node, scope: usize) {
        match self.segments(node) {
            Some(path) => {
                let is_guarded = self.guards > 0;
                self.facts.rust.paths.push(Access { path, scope, is_written: false, is_guarded });
                self.generics_below(node, scope);
            }
            None => {
                if let Some(path) = node.child_by_field_name("path") {
                    self.visit(path, scope);
                }
            }
        }
    }

    /// The type arguments inside a path are types like others.
    fn generics_below(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            match child.kind() {
                "type_arguments" => self.visit(child, scope),
                "scoped_identifier" | "scoped_type_identifier" | "generic_type" | "generic_type_with_turbofish" => {
                    self.generics_below(child, scope);
                }
                _ => {}
            }
        }
    }

    fn struct_expression(&mut self, node: Node, scope: usize) {
        let Some(made) = node.child_by_field_name("name") else { return self.each(node, scope) };
        self.visit(made, scope);
        let of = self.segments(made);
        let Some(body) = node.child_by_field_name("body") else { return };
        for field in children(body) {
            match field.kind() {
                "field_initializer" => {
                    if let (Some(of), Some(name)) = (&of, field.child_by_field_name("field")) {
                        let name = self.name(name);
                        self.facts.fields.push(FieldUse { of: of.clone(), name, scope });
                    }
                    if let Some(value) = field.child_by_field_name("value") {
                        self.visit(value, scope);
                    }
                }
                "shorthand_field_initializer" => {
                    if let (Some(of), Some(name)) = (&of, child_identifier(field)) {
                        let name = self.name(name);
                        self.facts.fields.push(FieldUse { of: of.clone(), name, scope });
                    }
                    self.each(field, scope);
                }
                _ => self.visit(field, scope),
            }
        }
    }
}

fn child_identifier(node: Node) -> Option<Node> {
    children(node).into_iter().find(|child| child.kind() == "identifier")
}
