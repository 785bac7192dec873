//! Calls, comparisons, assignments and what is plain to see of a value.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::facts::{Argument, Assignment, Call, Comparison, Literal, Name, Path, Touch, Type, Value, What},
    Reader, children,
};

impl<'t> Reader<'t> {
    /// Visits an expression and says what is plain to see of it.
    pub(super) fn value(&mut self, node: Node, scope: usize) -> Value<'t> {
        match node.kind() {
            "string" => self.string(node, scope),
            "concatenated_string" => {
                for child in children(node) {
                    self.visit(child, scope);
                }
                Value::Other
            }
            "identifier" => {
                self.mention(node, scope);
                Value::Path(vec![self.name(node)])
            }
            "attribute" => Value::Path(self.chain(node, scope, Touch::Read)),
            "call" => Value::Call(self.call(node, scope)),
            "list" | "tuple" | "set" => Value::List(
                children(node).into_iter().map(|child| (child.start_byte(), self.value(child, scope))).collect(),
            ),
            "dictionary" => {
                let mut pairs = Vec::new();
                for pair in children(node) {
                    let (key, value) = (pair.child_by_field_name("key"), pair.child_by_field_name("value"));
                    let (Some(key), Some(value)) = (key, value) else {
                        self.visit(pair, scope);
                        continue;
                    };
                    let at = key.start_byte();
                    let key = self.value(key, scope);
                    let value = self.value(value, scope);
                    if let Value::Text(Cow::Borrowed(text)) = key {
                        pairs.push((Name { text, at }, value));
                    }
                }
                Value::Object(pairs)
            }
            "parenthesized_expression" | "await" if node.named_child_count() == 1 => match node.named_child(0) {
                Some(inner) => self.value(inner, scope),
                None => Value::Other,
            },
            _ => {
                self.visit(node, scope);
                Value::Other
            }
        }
    }

    fn string(&mut self, node: Node, scope: usize) -> Value<'t> {
        let parts = children(node);
        let start = parts.iter().find(|part| part.kind() == "string_start").map_or(node.start_byte(), Node::end_byte);
        let end = parts.iter().rev().find(|part| part.kind() == "string_end").map_or(node.end_byte(), Node::start_byte);
        let mut pieces = Vec::new();
        let mut from = start;
        for part in &parts {
            if part.kind() == "interpolation" {
                pieces.push(&self.source[from..part.start_byte().max(from)]);
                from = part.end_byte();
                self.each(*part, scope);
            }
        }
        pieces.push(&self.source[from..end.max(from)]);
        for piece in &pieces {
            let at = piece.as_ptr() as usize - self.source.as_ptr() as usize;
            self.facts.literals.push(Literal { at, text: Cow::Borrowed(piece) });
        }
        match pieces.as_slice() {
            [whole] => Value::Text(Cow::Borrowed(whole)),
            _ => Value::Template(pieces),
        }
    }

    pub(super) fn call(&mut self, node: Node, scope: usize) -> usize {
        let path = match node.child_by_field_name("function") {
            Some(callee) if callee.kind() == "attribute" => self.chain(callee, scope, Touch::Read),
            Some(callee) => self.path(callee, scope),
            None => Path::new(),
        };
        let mut arguments = Vec::new();
        if let Some(list) = node.child_by_field_name("arguments") {
            if list.kind() == "generator_expression" {
                self.visit(list, scope);
                arguments.push(Argument {
                    at: list.start_byte(),
                    keyword: None,
                    is_spread: false,
                    value: Value::Other,
                });
            } else {
                arguments = self.arguments(list, scope);
            }
        }
        let at = path.last().map_or(node.start_byte(), |name| name.at);
        self.facts.calls.push(Call { at, path, scope, arguments, is_new: false, is_decorator: false });
        self.facts.calls.len() - 1
    }

    pub(super) fn arguments(&mut self, list: Node, scope: usize) -> Vec<Argument<'t>> {
        let mut arguments = Vec::new();
        for argument in children(list) {
            let at = argument.start_byte();
            match argument.kind() {
                "comment" => self.visit(argument, scope),
                "list_splat" | "dictionary_splat" => {
                    self.each(argument, scope);
                    arguments.push(Argument { at, keyword: None, is_spread: true, value: Value::Other });
                }
                "keyword_argument" => {
                    let keyword = argument.child_by_field_name("name").map(|name| self.text(name));
                    let value = argument.child_by_field_name("value");
                    let value = value.map_or(Value::Other, |value| self.value(value, scope));
                    arguments.push(Argument { at, keyword, is_spread: false, value });
                }
                _ => {
                    let value = self.value(argument, scope);
                    arguments.push(Argument { at, keyword: None, is_spread: false, value });
                }
            }
        }
        arguments
    }

    pub(super) fn comparison(&mut self, node: Node, scope: usize) {
        let sides = children(node);
        let values: Vec<Value<'t>> = sides.iter().map(|side| self.value(*side, scope)).collect();
        if let [Value::Path(left), Value::Text(text)] = values.as_slice() {
            let comparison = Comparison { left: left.clone(), text: text.clone(), at: sides[1].start_byte() };
            self.facts.comparisons.push(comparison);
        }
    }

    pub(super) fn assignment(&mut self, node: Node, scope: usize) {
        let annotation = node.child_by_field_name("type");
        if let Some(annotation) = annotation {
            self.visit(annotation, scope);
        }
        let value = node.child_by_field_name("right").map(|right| self.value(right, scope));
        let Some(left) = node.child_by_field_name("left") else { return };
        let annotated = annotation.and_then(|annotation| self.annotated(annotation));
        // Where a value stands too, it counts: proxies are annotated as what they stand for.
        let type_of = match &value {
            Some(value) => self.type_of(value),
            None => annotated.map(Type::Instance),
        };
        if self.text(left) == "__all__" {
            self.promised(&value);
        }
        let target = match left.kind() {
            "identifier" => vec![self.name(left)],
            "attribute" => self.attribute_target(left, scope, type_of.clone()),
            _ => {
                self.bind_target(left, scope, None);
                return;
            }
        };
        if left.kind() == "identifier" {
            let home = self.binding_scope(scope);
            let what = match &value {
                // Another name for the same thing.
                Some(Value::Path(path)) if path.len() == 1 => What::Value(None),
                _ => What::Value(type_of),
            };
            self.bind(home, target[0], what);
        }
        if let Some(value) = value {
            self.facts.assignments.push(Assignment { target, value });
        }
    }

    fn promised(&mut self, value: &Option<Value<'t>>) {
        let Some(Value::List(items)) = value else {
            self.facts.exports.is_open = true;
            return;
        };
        for (at, item) in items {
            if let Value::Text(Cow::Borrowed(text)) = item {
                self.facts.exports.promised.push(Name { text, at: *at });
            }
        }
    }

    fn attribute_target(&mut self, node: Node, scope: usize, type_of: Option<Type<'t>>) -> Path<'t> {
        let path = self.chain(node, scope, Touch::Write);
        if let [own, member] = path.as_slice()
            && let Some(class) = self.own_class(own.text, scope)
        {
            self.instance_member(class, *member, type_of);
        }
        path
    }

    /// What a value is, if it is made right here.
    pub(super) fn type_of(&self, value: &Value<'t>) -> Option<Type<'t>> {
        match value {
            Value::Call(call) => {
                let path = &self.facts.calls[*call].path;
                let is_named = path.iter().all(|name| !name.text.is_empty());
                is_named.then(|| Type::Returned(path.clone()))
            }
            _ => None,
        }
    }

    /// The one class that an annotation names: `Store`, `store.Store`, `"Store"`.
    pub(super) fn annotated(&self, annotation: Node) -> Option<Path<'t>> {
        let inner = annotation.named_child(0)?;
        match inner.kind() {
            "identifier" => Some(vec![self.name(inner)]),
            "attribute" => {
                let object = inner.child_by_field_name("object").filter(|object| object.kind() == "identifier")?;
                Some(vec![self.name(object), self.name(inner.child_by_field_name("attribute")?)])
            }
            "string" => {
                let content = inner.named_child(1)?;
                let text = self.text(content);
                let is_plain = text.chars().all(|c| c.is_alphanumeric() || c == '_');
                is_plain.then(|| vec![self.name(content)])
            }
            _ => None,
        }
    }

    /// Binds the names of an assignment's left side.
    pub(super) fn bind_target(&mut self, node: Node, scope: usize, type_of: Option<Type<'t>>) {
        let home = self.binding_scope(scope);
        self.bind_in(node, home, scope, type_of);
    }

    pub(super) fn bind_in(&mut self, node: Node, home: usize, scope: usize, type_of: Option<Type<'t>>) {
        match node.kind() {
            "identifier" => {
                let name = self.name(node);
                self.bind(home, name, What::Value(type_of));
            }
            "attribute" => {
                self.attribute_target(node, scope, None);
            }
            "subscript" | "call" => self.visit(node, scope),
            _ => {
                for child in children(node) {
                    self.bind_in(child, home, scope, None);
                }
            }
        }
    }
}
