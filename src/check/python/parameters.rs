//! Parameters of functions and lambdas.

use tree_sitter::Node;

use super::{
    super::facts::{Parameter, ParameterKind, ScopeKind, Type},
    Reader, children,
};

impl<'t> Reader<'t> {
    pub(super) fn parameters(&mut self, list: Node, inner: usize, outer: usize) -> Vec<Parameter<'t>> {
        let mut parameters: Vec<Parameter<'t>> = Vec::new();
        let mut is_keyword_only = false;
        for child in children(list) {
            let is_default = matches!(child.kind(), "default_parameter" | "typed_default_parameter");
            let mut kind = if is_keyword_only { ParameterKind::KeywordOnly } else { ParameterKind::Positional };
            let mut type_of = None;
            if let Some(annotation) = child.child_by_field_name("type") {
                self.visit(annotation, outer);
                type_of = self.annotated(annotation);
            }
            if let Some(value) = child.child_by_field_name("value") {
                self.visit(value, outer);
            }
            let target = match child.kind() {
                "identifier" | "tuple_pattern" => child,
                "positional_separator" => {
                    for parameter in &mut parameters {
                        parameter.kind = ParameterKind::PositionalOnly;
                    }
                    continue;
                }
                "keyword_separator" => {
                    is_keyword_only = true;
                    continue;
                }
                "default_parameter" | "typed_default_parameter" => match child.child_by_field_name("name") {
                    Some(name) => name,
                    None => continue,
                },
                "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                    let splat = if child.kind() == "typed_parameter" { child.named_child(0) } else { Some(child) };
                    let Some(splat) = splat else { continue };
                    match splat.kind() {
                        "list_splat_pattern" => (kind, is_keyword_only) = (ParameterKind::Rest, true),
                        "dictionary_splat_pattern" => kind = ParameterKind::KeywordRest,
                        _ => {}
                    }
                    if matches!(kind, ParameterKind::Rest | ParameterKind::KeywordRest) {
                        type_of = None;
                        splat.named_child(0).unwrap_or(splat)
                    } else {
                        splat
                    }
                }
                _ => {
                    self.visit(child, outer);
                    continue;
                }
            };
            self.bind_in(target, inner, inner, type_of.map(Type::Instance));
            parameters.push(Parameter { name: self.text(target), kind, is_optional: is_default });
        }
        parameters
    }

    pub(super) fn lambda(&mut self, node: Node, scope: usize) {
        let inner = self.facts.scope(scope, ScopeKind::Function);
        if let Some(list) = node.child_by_field_name("parameters") {
            self.parameters(list, inner, scope);
        }
        self.nesting += 1;
        self.each_field(node, "body", inner);
        self.nesting -= 1;
    }
}
