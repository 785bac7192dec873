//! Calls, and what is plain to see of a value.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::{
        facts::{Argument, Call, Literal, Name, Path, Touch, Value},
        syntax::children,
    },
    Reader,
};

impl<'t> Reader<'t, '_> {
    pub(super) fn value(&mut self, node: Node, scope: usize) -> Value<'t> {
        match node.kind() {
            "string_literal" | "raw_string_literal" => {
                let text = self.text(node);
                let start = text.find('"').map_or(0, |at| at + 1);
                let end = text.rfind('"').unwrap_or(text.len()).max(start);
                let text = Cow::Borrowed(&text[start..end]);
                self.facts.literals.push(Literal { at: node.start_byte(), text: text.clone() });
                Value::Text(text)
            }
            "reference_expression" => match node.child_by_field_name("value") {
                Some(inner) => self.value(inner, scope),
                None => Value::Other,
            },
            "identifier" => {
                self.mention(node, scope);
                Value::Path(vec![self.name(node)])
            }
            "scoped_identifier" => {
                self.scoped(node, scope);
                self.segments(node).map_or(Value::Other, Value::Path)
            }
            "call_expression"
                if node.child_by_field_name("function").is_none_or(|callee| callee.kind() != "closure_expression") =>
            {
                Value::Call(self.call(node, scope))
            }
            _ => {
                self.visit(node, scope);
                Value::Other
            }
        }
    }

    pub(super) fn call(&mut self, node: Node, scope: usize) -> usize {
        let callee = node.child_by_field_name("function");
        let mut is_scoped = false;
        let path = match callee {
            Some(callee) if callee.kind() == "field_expression" => self.chain(callee, scope, Touch::Read),
            Some(callee) if callee.kind() == "generic_function" => {
                self.generics_below(callee, scope);
                match callee.child_by_field_name("function") {
                    Some(inner) if inner.kind() == "field_expression" => self.chain(inner, scope, Touch::Read),
                    Some(inner) => {
                        is_scoped = inner.kind() == "scoped_identifier";
                        self.callee(inner, scope)
                    }
                    None => Path::new(),
                }
            }
            Some(callee) => {
                is_scoped = callee.kind() == "scoped_identifier";
                self.callee(callee, scope)
            }
            None => Path::new(),
        };
        let mut arguments = Vec::new();
        if let Some(list) = node.child_by_field_name("arguments") {
            for argument in children(list) {
                match argument.kind() {
                    "line_comment" | "block_comment" => self.visit(argument, scope),
                    "attribute_item" => {
                        // A condition of compilation before an argument.
                        arguments.push(Argument {
                            at: argument.start_byte(),
                            keyword: None,
                            is_spread: true,
                            value: Value::Other,
                        });
                    }
                    _ => {
                        let value = self.value(argument, scope);
                        arguments.push(Argument { at: argument.start_byte(), keyword: None, is_spread: false, value });
                    }
                }
            }
        }
        let at = path.last().map_or(node.start_byte(), |name| name.at);
        let call = Call { at, path, scope, arguments, is_new: is_scoped, is_decorator: false };
        self.facts.calls.push(call);
        self.facts.calls.len() - 1
    }

    fn callee(&mut self, node: Node, scope: usize) -> Path<'t> {
        if node.kind() == "scoped_identifier" {
            self.scoped(node, scope);
            return self.segments(node).unwrap_or_else(|| vec![Name { text: "", at: node.start_byte() }]);
        }
        self.path(node, scope)
    }
}
