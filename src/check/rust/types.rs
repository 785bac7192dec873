//! Structs, enums, traits and their impls.

use std::collections::HashMap;

use tree_sitter::Node;

use super::{
    super::{
        facts::{Class, ClassKind, Constructor, Member, Name, Type, What},
        syntax::children,
    },
    Reader,
    attributes::{derives, is_rewritten, may_add_items, may_rewrite},
};

impl<'t> Reader<'t, '_> {
    pub(super) fn data_type(&mut self, node: Node, scope: usize, attributes: &'t str) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let name = self.name(name);
        let is_enum = node.kind() == "enum_item";
        let index = self.facts.classes.len();
        self.facts.classes.push(Class {
            name: name.text,
            at: name.at,
            bases: Vec::new(),
            members: HashMap::new(),
            is_open: attributes.contains("cfg")
                || attributes.replace("derive(", "").contains('(') && attributes.contains("::"),
            constructor: Constructor::Unknown,
            kind: if is_enum { ClassKind::Enum } else { ClassKind::Struct },
        });
        let mut names = derives(attributes);
        // An attribute of another crate may make anything beside the type.
        names.extend((attributes.contains("::") || is_rewritten(attributes)).then_some("attribute"));
        self.facts.rust.derives.push((index, names));
        if may_add_items(attributes) {
            self.facts.rust.macro_scopes.push(scope);
        }
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
                        let member = Member { function: None, type_of: type_of.map(Type::Instance) };
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
                            let member = Member { function: None, type_of };
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

    pub(super) fn trait_item(&mut self, node: Node, scope: usize) {
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

    pub(super) fn impl_item(&mut self, node: Node, scope: usize) {
        let inner = self.generics(node, scope);
        // What is implemented for a reference is found on the type too.
        let made = node.child_by_field_name("type").map(|made| match made.kind() {
            "reference_type" => made.child_by_field_name("type").unwrap_or(made),
            _ => made,
        });
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
        // A type of another crate may be called like one of this; methods of its own it can only have from its own.
        let is_own =
            |path: &[Name]| of_trait.is_none() || path.len() == 1 || matches!(path[0].text, "crate" | "self" | "super");
        let path = plain.and_then(|plain| self.segments(plain));
        let is_qualified = path.as_ref().is_some_and(|path| path.len() > 1);
        let owner = path.filter(|path| is_own(path)).and_then(|path| path.last().map(|name| name.text));
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
            // Here the last name alone may be another type.
            self.facts.rust.owners.push((inner, if is_qualified { "" } else { owner }));
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
                    let is_changed = may_rewrite(attributes);
                    self.guards += usize::from(is_changed);
                    let function = self.function(member, scope, Some(owner), attributes);
                    self.guards -= usize::from(is_changed);
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
}
