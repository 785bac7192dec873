//! Objects that are taken apart by patterns, and where comparisons of their fields hold.

use tree_sitter::Node;

use super::{
    super::facts::{Holding, Origin, Path, Unpacked, Value},
    Reader, children,
};

/// A name that is compared with a text, and the text.
type Compared<'t> = (Path<'t>, std::borrow::Cow<'t, str>);

impl<'t> Reader<'t> {
    /// `const { a, b } = value`.
    pub(super) fn unpack_value(&mut self, target: Node, value: &Option<Value<'t>>, scope: usize) {
        if let (Some(value @ (Value::Path(_) | Value::Call(_))), "object_pattern") = (value, target.kind()) {
            self.unpack(target, &Origin::Value(value.clone()), &Path::new(), scope);
        }
    }

    /// `function f({ a, b })`.
    pub(super) fn unpack_parameter(&mut self, node: Node, function: usize, number: usize, scope: usize) {
        let pattern = match node.kind() {
            "required_parameter" | "optional_parameter" => node.child_by_field_name("pattern"),
            "assignment_pattern" => node.child_by_field_name("left"),
            _ => Some(node),
        };
        if let Some(pattern) = pattern.filter(|pattern| pattern.kind() == "object_pattern") {
            self.unpack(pattern, &Origin::Parameter(function, number), &Path::new(), scope);
        }
    }

    fn unpack(&mut self, pattern: Node, from: &Origin<'t>, before: &[super::Name<'t>], scope: usize) {
        for child in children(pattern) {
            let (key, mut target) = match child.kind() {
                "shorthand_property_identifier_pattern" => (Some(child), Some(child)),
                "object_assignment_pattern" => (child.child_by_field_name("left"), Some(child)),
                "pair_pattern" => (child.child_by_field_name("key"), child.child_by_field_name("value")),
                _ => continue,
            };
            let has_default =
                target.is_some_and(|node| matches!(node.kind(), "assignment_pattern" | "object_assignment_pattern"));
            if has_default {
                target = target.and_then(|target| target.child_by_field_name("left"));
            }
            let (Some(key), Some(target)) = (key, target) else { continue };
            if key.kind() == "computed_property_name" {
                continue;
            }
            let mut name = self.name(key);
            name.text = name.text.trim_matches(['"', '\'']);
            let mut keys = before.to_vec();
            keys.push(name);
            match target.kind() {
                "object_pattern" if !has_default => self.unpack(target, from, &keys, scope),
                "identifier" | "shorthand_property_identifier_pattern" => {
                    let bound = self.name(target);
                    let (from, name) = (from.clone(), bound.text);
                    self.facts.script.unpacked.push(Unpacked { from, keys, bound: bound.at, name, has_default, scope });
                }
                _ => {}
            }
        }
    }

    /// What the condition of an `if` says of its body, and of what comes behind one that leaves.
    pub(super) fn hold_condition(&mut self, node: Node, scope: usize) {
        let Some(condition) = node.child_by_field_name("condition") else { return };
        let Some(body) = node.child_by_field_name("consequence") else { return };
        for compared in self.compared(condition, "&&", &["==", "==="]) {
            self.hold(compared, scope, (body.start_byte(), body.end_byte()));
        }
        if node.kind() == "if_statement" && node.child_by_field_name("alternative").is_none() && leaves(body) {
            let denied = self.compared(condition, "||", &["!=", "!=="]);
            let end = if denied.is_empty() { None } else { node.parent().map(|parent| parent.end_byte()) };
            for compared in denied {
                self.hold(compared, scope, (node.end_byte(), end.unwrap_or_default()));
            }
        }
    }

    /// `message.type === 'x' && …`.
    pub(super) fn hold_right_side(&mut self, left: Node, right: Node, scope: usize) {
        for compared in self.compared(left, "&&", &["==", "==="]) {
            self.hold(compared, scope, (right.start_byte(), right.end_byte()));
        }
    }

    /// The cases of a `switch`, with those that fall through into them.
    pub(super) fn hold_cases(&mut self, value: Option<Node>, body: Node, scope: usize) {
        let Some(left) = value.and_then(|value| self.plain_path(value)) else { return };
        // The texts that may lead here; none where anything else may.
        let mut leading = Some(Vec::new());
        for case in children(body).into_iter().filter(|child| child.kind().starts_with("switch_")) {
            let tested = case.child_by_field_name("value");
            let text = tested.filter(|tested| tested.kind() == "string").map(|tested| self.string(tested));
            leading = leading.zip(text).map(|(mut texts, text)| {
                texts.push(text);
                texts
            });
            for text in leading.iter().flatten() {
                self.hold((left.clone(), text.clone()), scope, (case.start_byte(), case.end_byte()));
            }
            if children(case).into_iter().rfind(|child| Some(*child) != tested).is_some_and(leaves) {
                leading = Some(Vec::new());
            }
        }
    }

    fn hold(&mut self, (left, text): Compared<'t>, scope: usize, (start, end): (usize, usize)) {
        self.facts.script.holdings.push(Holding { left, text, scope, start, end });
    }

    /// The comparisons with texts that `condition` consists of, as `joint` joins them.
    fn compared(&self, condition: Node, joint: &str, wanted: &[&str]) -> Vec<Compared<'t>> {
        let mut compared = Vec::new();
        let mut left = vec![condition];
        while let Some(node) = left.pop() {
            if node.kind() == "parenthesized_expression" {
                left.extend(node.named_child(0));
            } else if node.kind() == "binary_expression" {
                let sides = [node.child_by_field_name("left"), node.child_by_field_name("right")];
                let operator = node.child_by_field_name("operator").map_or("", |operator| operator.kind());
                if operator == joint {
                    left.extend(sides.into_iter().flatten());
                } else if let ([Some(one), Some(other)], true) = (sides, wanted.contains(&operator)) {
                    let (name, text) = if one.kind() == "string" { (other, one) } else { (one, other) };
                    let path = self.plain_path(name).filter(|_| text.kind() == "string");
                    compared.extend(path.map(|path| (path, self.string(text))));
                }
            }
        }
        compared
    }

    fn plain_path(&self, node: Node) -> Option<Path<'t>> {
        match node.kind() {
            "identifier" => Some(vec![self.name(node)]),
            "parenthesized_expression" => self.plain_path(node.named_child(0)?),
            "member_expression" => {
                let mut path = self.plain_path(node.child_by_field_name("object")?)?;
                path.push(self.name(node.child_by_field_name("property")?));
                Some(path)
            }
            _ => None,
        }
    }
}

/// Whether nothing behind the statement is reached from it.
fn leaves(node: Node) -> bool {
    match node.kind() {
        "return_statement" | "throw_statement" | "break_statement" | "continue_statement" => true,
        "statement_block" => children(node).last().copied().is_some_and(leaves),
        _ => false,
    }
}
