//! Parameters of functions, and bodies that have no use for any.

use tree_sitter::Node;

use super::{
    super::{
        facts::{Parameter, ParameterKind, Type},
        syntax::has_token,
    },
    Reader, children,
};

impl<'t> Reader<'t> {
    pub(super) fn parameter(&mut self, node: Node, scope: usize) -> Option<Parameter<'t>> {
        let (mut pattern, mut is_optional) = (node, false);
        let mut type_of = None;
        match node.kind() {
            "comment" => {
                self.visit(node, scope);
                return None;
            }
            "required_parameter" | "optional_parameter" => {
                is_optional = node.kind() == "optional_parameter"
                    || node.child_by_field_name("value").is_some()
                    || self.may_be_void(node);
                pattern = node.child_by_field_name("pattern")?;
                type_of = node.child_by_field_name("type").and_then(|annotation| self.annotated(annotation));
                for child in children(node).into_iter().filter(|child| child.kind() == "decorator") {
                    self.visit(child, scope);
                }
                if pattern.kind() == "this" {
                    return None;
                }
                let makes_member = children(node).iter().any(|child| child.kind() == "accessibility_modifier")
                    || has_token(node, "readonly");
                if let (true, Some(class)) = (makes_member, self.facts.scopes[scope].class) {
                    let name = self.name(pattern);
                    self.member(class, name, type_of.clone().map(Type::Instance));
                }
                if let Some(value) = node.child_by_field_name("value") {
                    self.visit(value, scope);
                }
            }
            "assignment_pattern" => is_optional = true,
            _ => {}
        }
        let is_rest = pattern.kind() == "rest_pattern";
        self.pattern(pattern, scope, scope, type_of.map(Type::Instance));
        let kind = if is_rest { ParameterKind::Rest } else { ParameterKind::Positional };
        Some(Parameter { name: self.text(pattern), kind, is_optional })
    }

    /// Whether the type may be `void`, or is a parameter that may stand for it: then TypeScript lets it be left out.
    fn may_be_void(&self, node: Node) -> bool {
        let Some(annotation) = node.child_by_field_name("type") else { return false };
        let text = self.text(annotation).trim_start_matches([':', ' ']);
        let is_of = |around: Node| {
            let list = around.child_by_field_name("type_parameters");
            list.is_some_and(|list| {
                children(list)
                    .iter()
                    .any(|child| child.child_by_field_name("name").is_some_and(|name| self.text(name) == text))
            })
        };
        text.contains("void") || std::iter::successors(node.parent(), |node| node.parent()).any(is_of)
    }
}

/// Nothing but a placeholder: empty, or a lone `throw new Error('not implemented')`.
pub fn is_stub(body: Node, source: &str) -> bool {
    if body.kind() != "statement_block" {
        return false;
    }
    let statements: Vec<Node> = children(body).into_iter().filter(|child| child.kind() != "comment").collect();
    match statements.as_slice() {
        [] => true,
        [only] if only.kind() == "throw_statement" => {
            let text = source[only.byte_range()].to_lowercase();
            text.contains("not implemented") || text.contains("todo")
        }
        _ => false,
    }
}

/// A body that does nothing but give a plain value back.
pub fn is_constant(body: Node) -> bool {
    let is_plain = |node: &Node| {
        matches!(node.kind(), "true" | "false" | "null" | "undefined" | "number" | "string") || node.kind() == "this"
    };
    let statements: Vec<Node> = children(body).into_iter().filter(|child| child.kind() != "comment").collect();
    match (body.kind(), statements.as_slice()) {
        ("statement_block", []) => true,
        ("statement_block", [only]) if only.kind() == "return_statement" => {
            children(*only).first().is_none_or(is_plain)
        }
        _ => is_plain(&body),
    }
}
