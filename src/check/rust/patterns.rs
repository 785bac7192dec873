//! What `let`, parameters and arms of a `match` bind, and of which type that is.

use tree_sitter::Node;

use super::{
    super::{
        facts::{FieldUse, Path, Type, What},
        syntax::children,
    },
    Reader,
};

impl<'t> Reader<'t, '_> {
    /// What it binds is bound in `home`, which its own value does not see.
    pub(super) fn let_declaration(&mut self, node: Node, scope: usize, home: usize) {
        let annotation = node.child_by_field_name("type");
        if let Some(annotation) = annotation {
            self.visit(annotation, scope);
        }
        let value = node.child_by_field_name("value");
        if let Some(value) = value {
            self.visit(value, scope);
        }
        if let Some(alternative) = node.child_by_field_name("alternative") {
            self.visit(alternative, scope);
        }
        let type_of = match annotation {
            Some(annotation) => self.type_path(annotation).map(Type::Instance),
            None => value.and_then(|value| self.type_of(value)),
        };
        if let Some(pattern) = node.child_by_field_name("pattern") {
            self.pattern(pattern, home, type_of);
        }
    }

    pub(super) fn type_of(&self, value: Node) -> Option<Type<'t>> {
        match value.kind() {
            "struct_expression" => self.segments(value.child_by_field_name("name")?).map(Type::Instance),
            "call_expression" => {
                let callee = value.child_by_field_name("function")?;
                matches!(callee.kind(), "identifier" | "scoped_identifier")
                    .then(|| self.segments(callee))?
                    .map(Type::Returned)
            }
            _ => None,
        }
    }

    /// `T`, `&T`, `&mut T`; nothing that is generic.
    pub(super) fn type_path(&self, node: Node) -> Option<Path<'t>> {
        match node.kind() {
            "type_identifier" | "scoped_type_identifier" => self.segments(node),
            "reference_type" => self.type_path(node.child_by_field_name("type")?),
            _ => None,
        }
    }

    /// Binds what a pattern binds.
    pub(super) fn pattern(&mut self, node: Node, scope: usize, type_of: Option<Type<'t>>) {
        match node.kind() {
            "identifier" | "shorthand_field_identifier" => {
                let name = self.name(node);
                // A constant in capitals may be meant as well; as a name of its own it is known either way.
                self.facts.bind(scope, name, What::Value(type_of));
            }
            "scoped_identifier" | "scoped_type_identifier" => self.scoped(node, scope),
            "type_identifier" => self.mention(node, scope),
            "field_identifier" => {}
            "struct_pattern" => {
                let of = node.child_by_field_name("type").and_then(|made| self.segments(made));
                for child in children(node) {
                    if let (Some(of), "field_pattern") = (&of, child.kind())
                        && let Some(name) = child.child_by_field_name("name")
                    {
                        let name = self.name(name);
                        self.facts.fields.push(FieldUse { of: of.clone(), name, scope });
                    }
                    self.pattern(child, scope, None);
                }
            }
            "parameter" => {
                if let Some(annotation) = node.child_by_field_name("type") {
                    self.visit(annotation, scope);
                }
                let type_of =
                    node.child_by_field_name("type").and_then(|made| self.type_path(made)).map(Type::Instance);
                match node.child_by_field_name("pattern") {
                    // However it is spelt, a lone name here is the parameter's.
                    Some(pattern) if pattern.kind() == "identifier" => {
                        let name = self.name(pattern);
                        self.facts.bind(scope, name, What::Value(type_of));
                    }
                    Some(pattern) => self.pattern(pattern, scope, type_of),
                    None => {}
                }
            }
            "macro_invocation" => self.visit(node, scope),
            "match_pattern" => {
                for child in children(node) {
                    if node.child_by_field_name("condition") != Some(child) {
                        self.pattern(child, scope, None);
                    }
                }
            }
            "mut_pattern" | "ref_pattern" => {
                for child in children(node) {
                    self.pattern(child, scope, type_of.clone());
                }
            }
            _ => {
                for child in children(node) {
                    self.pattern(child, scope, None);
                }
            }
        }
    }
}
