//! Calls, assignments and what can be seen of a value without running anything.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::facts::{
        Argument, Assignment, Call, Export, ExportOf, Link, Mark, MarkKind, Mention, Name, Path, Touch, Value, What,
    },
    Reader, Write, children,
};

impl<'t> Reader<'t> {
    /// Visits an expression and says what is plain to see of it.
    pub(super) fn value(&mut self, node: Node, scope: usize) -> Value<'t> {
        match node.kind() {
            "string" => {
                let text = self.string(node);
                self.literal(node.start_byte(), text.clone());
                Value::Text(text)
            }
            "template_string" => self.template(node, scope),
            "object" => self.object(node, scope),
            "array" => Value::List(
                children(node).into_iter().map(|child| (child.start_byte(), self.value(child, scope))).collect(),
            ),
            "identifier" => {
                self.mention(node, scope);
                Value::Path(vec![self.name(node)])
            }
            "member_expression" => Value::Path(self.chain(node, scope, Touch::Read)),
            "this" => Value::Path(vec![self.name(node)]),
            "call_expression" | "new_expression" => Value::Call(self.call(node, scope)),
            "function_expression" | "arrow_function" | "generator_function" => {
                Value::Function(self.function(node, scope, None))
            }
            "await_expression"
            | "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression" => match node.named_child(0) {
                Some(inner) => self.value(inner, scope),
                None => Value::Other,
            },
            "binary_expression"
                if node.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "+") =>
            {
                self.sum(node, scope)
            }
            _ => {
                self.visit(node, scope);
                Value::Other
            }
        }
    }

    /// The text of a string; the common escapes are resolved.
    pub(super) fn string(&self, node: Node) -> Cow<'t, str> {
        let quoted = self.text(node);
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let mut text = String::new();
        let mut rest = inner.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(c) => text.push(c),
                    None => {}
                },
                c => text.push(c),
            }
        }
        Cow::Owned(text)
    }

    fn template(&mut self, node: Node, scope: usize) -> Value<'t> {
        let mut pieces = Vec::new();
        let mut start = node.start_byte() + 1;
        for child in children(node) {
            if child.kind() == "template_substitution" {
                pieces.push(&self.source[start..child.start_byte()]);
                start = child.end_byte();
                self.each(child, scope);
            }
        }
        pieces.push(&self.source[start..node.end_byte().saturating_sub(1).max(start)]);
        for piece in &pieces {
            let at = piece.as_ptr() as usize - self.source.as_ptr() as usize;
            self.literal(at, Cow::Borrowed(piece));
        }
        match pieces.as_slice() {
            [whole] => Value::Text(Cow::Borrowed(whole)),
            _ => Value::Template(pieces),
        }
    }

    /// `'/todos/' + id`: a text with holes.
    fn sum(&mut self, node: Node, scope: usize) -> Value<'t> {
        let sides: Vec<Node> = ["left", "right"].iter().filter_map(|side| node.child_by_field_name(side)).collect();
        let mut pieces: Vec<&'t str> = Vec::new();
        let mut is_text = false;
        for side in sides {
            let (mut more, is_hole) = match self.value(side, scope) {
                Value::Text(Cow::Borrowed(text)) => (vec![text], false),
                Value::Template(pieces) => (pieces, false),
                _ => (vec!["", ""], true),
            };
            is_text |= !is_hole;
            if let Some(last) = pieces.last_mut() {
                // Two texts side by side are told apart by a hole, which is wider than nothing.
                if last.is_empty() {
                    *last = more.remove(0);
                } else if more.first().is_some_and(|first| first.is_empty()) {
                    more.remove(0);
                }
            }
            pieces.append(&mut more);
        }
        if is_text { Value::Template(pieces) } else { Value::Other }
    }

    fn object(&mut self, node: Node, scope: usize) -> Value<'t> {
        let mut pairs = Vec::new();
        for child in children(node) {
            match child.kind() {
                "pair" => {
                    let Some(key) = child.child_by_field_name("key") else { continue };
                    if key.kind() == "computed_property_name" {
                        self.each(key, scope);
                    }
                    let Some(value) = child.child_by_field_name("value") else { continue };
                    let value = self.value(value, scope);
                    let mut name = self.name(key);
                    name.text = name.text.trim_matches(['"', '\'']);
                    pairs.push((name, value));
                }
                "shorthand_property_identifier" => {
                    self.mention(child, scope);
                    pairs.push((self.name(child), Value::Path(vec![self.name(child)])));
                }
                "method_definition" => {
                    let name = child.child_by_field_name("name").map(|name| self.name(name));
                    let function = self.function(child, scope, None);
                    pairs.extend(name.map(|name| (name, Value::Function(function))));
                }
                _ => {
                    self.visit(child, scope);
                    pairs.push((Name { text: "...", at: child.start_byte() }, Value::Other));
                }
            }
        }
        Value::Object(pairs)
    }

    pub(super) fn call(&mut self, node: Node, scope: usize) -> usize {
        let callee = node.child_by_field_name("function").or_else(|| node.child_by_field_name("constructor"));
        let path = match callee {
            Some(callee) if callee.kind() == "member_expression" => self.chain(callee, scope, Touch::Read),
            Some(callee) => self.path(callee, scope),
            None => Path::new(),
        };
        let mut arguments = Vec::new();
        match node.child_by_field_name("arguments") {
            Some(list) if list.kind() == "arguments" => {
                for argument in children(list) {
                    let at = argument.start_byte();
                    match argument.kind() {
                        "comment" => self.visit(argument, scope),
                        "spread_element" => {
                            self.each(argument, scope);
                            arguments.push(Argument { at, keyword: None, is_spread: true, value: Value::Other });
                        }
                        _ => {
                            let value = self.value(argument, scope);
                            arguments.push(Argument { at, keyword: None, is_spread: false, value });
                        }
                    }
                }
            }
            Some(template) => {
                let value = self.value(template, scope);
                arguments.push(Argument { at: template.start_byte(), keyword: None, is_spread: true, value });
            }
            None => {}
        }
        let at = path.last().map_or(node.start_byte(), |name| name.at);
        let is_new = node.kind() == "new_expression";
        if let [single] = path.as_slice()
            && single.text == "eval"
        {
            self.facts.is_open = true;
        }
        let call = Call { at, path, scope, arguments, is_new, is_decorator: false };
        self.special_call(&call);
        self.facts.calls.push(call);
        self.facts.calls.len() - 1
    }

    pub(super) fn assignment(&mut self, node: Node, scope: usize) {
        let value = match node.child_by_field_name("right") {
            Some(right) => self.value(right, scope),
            None => Value::Other,
        };
        let Some(left) = node.child_by_field_name("left") else { return };
        let target = match left.kind() {
            "identifier" => {
                let name = self.name(left);
                self.write(name, scope, node.kind() == "augmented_assignment_expression");
                vec![name]
            }
            "member_expression" => self.chain(left, scope, Touch::Write),
            // `module.exports[name] = …`: under which names cannot be told.
            "subscript_expression" => {
                let object = left.child_by_field_name("object").map_or("", |object| self.text(object));
                self.facts.exports.is_open |= matches!(object, "exports" | "module.exports");
                if let Some(class) = self.facts.scopes[scope].class.filter(|_| object == "this") {
                    self.facts.classes[class].is_open = true;
                }
                return self.each(left, scope);
            }
            _ => return self.assigned_pattern(left, scope),
        };
        if node.kind() == "assignment_expression" {
            self.exported_by_assignment(&target, &value, scope);
            self.exports_by_another_name(node, &target);
        }
        if let [this, member] = target.as_slice()
            && this.text == "this"
            && let Some(class) = self.facts.scopes[scope].class
        {
            let type_of = self.type_of(&value);
            self.member(class, *member, type_of);
        }
        self.facts.assignments.push(Assignment { target, value });
    }

    fn write(&mut self, name: Name<'t>, scope: usize, is_read_too: bool) {
        self.writes.push(Write { name, scope, is_read_too });
    }

    /// Once all declarations are known: what a write goes to, and what it makes if nothing else does.
    pub(super) fn settle_writes(&mut self) {
        for Write { name, scope, is_read_too } in std::mem::take(&mut self.writes) {
            let mut around = Some(scope);
            let home = loop {
                let Some(at) = around else { break None };
                if self.facts.scopes[at].bindings.contains_key(name.text) {
                    break Some(at);
                }
                around = self.facts.scopes[at].parent;
            };
            match home {
                // It holds something else now: what it was made with is not certain any more.
                Some(home) => self.facts.bind(home, name, What::Value(None)),
                None if is_read_too || self.facts.exports.has_module_syntax => {
                    self.facts.mentions.push(Mention { name, scope, is_guarded: false });
                }
                None => self.facts.bind(0, name, What::Value(None)),
            }
        }
    }

    fn assigned_pattern(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            match child.kind() {
                "identifier" | "shorthand_property_identifier_pattern" => {
                    let name = self.name(child);
                    self.write(name, scope, false);
                }
                "property_identifier" => {}
                "member_expression" => {
                    let target = self.chain(child, scope, Touch::Write);
                    if let ([this, member], Some(class)) = (target.as_slice(), self.facts.scopes[scope].class)
                        && this.text == "this"
                    {
                        self.member(class, *member, None);
                    }
                }
                _ => self.assigned_pattern(child, scope),
            }
        }
    }

    /// `exports.a = …`, `module.exports = …`, `window.a = …`.
    fn exported_by_assignment(&mut self, target: &[Name<'t>], value: &Value<'t>, scope: usize) {
        let words: Vec<&str> = target.iter().map(|name| name.text).collect();
        match words.as_slice() {
            ["module", "exports"] | ["exports"] => {
                self.facts.exports.has_common_js = true;
                self.export_value(value);
            }
            ["module", "exports", _] | ["exports", _] => {
                self.facts.exports.has_common_js = true;
                let name = target[words.len() - 1];
                let what = match value {
                    Value::Path(path) if path.len() == 1 => ExportOf::Local(path[0].text),
                    _ => ExportOf::Other,
                };
                self.facts.exports.names.entry(name.text).or_insert(Export { what });
            }
            ["module", "exports", ..] | ["exports", ..] => {}
            ["window" | "globalThis" | "self" | "global", _] => {
                let what = match value {
                    Value::Function(function) => What::Function(*function),
                    _ => What::Value(None),
                };
                self.facts.bind(0, target[1], what);
            }
            ["this", _] if self.facts.scopes[scope].class.is_none() => {
                self.facts.bind(0, target[1], What::Value(None));
            }
            _ => {}
        }
    }

    /// `var api = module.exports = {}`: by that name anything may be added, also where it is handed to.
    fn exports_by_another_name(&mut self, node: Node, target: &[Name<'t>]) {
        let is_whole = matches!(target, [first] if first.text == "exports")
            || matches!(target, [first, last] if first.text == "module" && last.text == "exports");
        let named = node.parent().and_then(|parent| match parent.kind() {
            "variable_declarator" => parent.child_by_field_name("name"),
            "assignment_expression" => parent.child_by_field_name("left"),
            _ => None,
        });
        let is_named = named.is_some_and(|named| !matches!(self.text(named), "exports" | "module.exports"));
        self.facts.exports.is_open |= is_whole && is_named;
    }

    fn export_value(&mut self, value: &Value<'t>) {
        match value {
            Value::Object(pairs) => {
                for (name, value) in pairs {
                    if name.text == "..." || name.text.starts_with('[') {
                        self.facts.exports.is_open = true;
                    }
                    let what = match value {
                        Value::Path(path) if path.len() == 1 => ExportOf::Local(path[0].text),
                        _ => ExportOf::Other,
                    };
                    self.facts.exports.names.insert(name.text, Export { what });
                }
            }
            Value::Path(path) => {
                self.facts.exports.whole = Some(path.clone());
                self.facts.exports.is_open = true;
            }
            _ => self.facts.exports.is_open = true,
        }
        self.facts.exports.names.entry("default").or_insert(Export { what: ExportOf::Other });
    }

    pub(super) fn attribute(&mut self, node: Node, scope: usize) {
        let parts = children(node);
        let Some(name) = parts.first().map(|name| self.text(*name)) else { return };
        let Some(value) = parts.get(1) else { return };
        let inner = if value.kind() == "jsx_expression" { value.named_child(0) } else { Some(*value) };
        let Some(inner) = inner else { return };
        let at = inner.start_byte() + 1;
        let Value::Text(text) = self.value(inner, scope) else { return };
        let Cow::Borrowed(text) = text else { return };
        let mut mark = |text: &'t str, kind| {
            let at = at + (text.as_ptr() as usize).saturating_sub(self.source[at..].as_ptr() as usize);
            self.facts.marks.push(Mark { name: Name { text, at }, kind });
        };
        match name {
            "id" => mark(text, MarkKind::Id),
            "htmlFor" | "aria-labelledby" | "aria-describedby" | "aria-controls" => {
                text.split_whitespace().for_each(|word| mark(word, MarkKind::IdWanted("in markup")));
            }
            "className" | "class" => text.split_whitespace().for_each(|word| mark(word, MarkKind::Class)),
            "src" if text.starts_with('.') => {
                self.facts.links.push(Link { target: Cow::Borrowed(text), at, by: "src" });
            }
            _ => {}
        }
    }
}
