//! Facts of Go, out of its syntax tree.

mod declarations;

use std::borrow::Cow;

use tree_sitter::{Node, Tree};

use super::{
    facts::{
        Access, Argument, Call, Comparison, Facts, FieldUse, Literal, Mention, Name, Path, ScopeKind, Touch, Type,
        Value, What,
    },
    syntax::{children, name, text},
};

/// Reads one file's facts. `text` is what `tree` was parsed from.
pub fn read<'t>(tree: &Tree, text: &'t str) -> Facts<'t> {
    let mut reader = Reader { facts: Facts::new(), source: text };
    reader.each(tree.root_node(), 0);
    reader.facts
}

struct Reader<'t> {
    facts: Facts<'t>,
    source: &'t str,
}

impl<'t> Reader<'t> {
    fn text(&self, node: Node) -> &'t str {
        text(node, self.source)
    }

    fn name(&self, node: Node) -> Name<'t> {
        name(node, self.source)
    }

    fn each(&mut self, node: Node, scope: usize) {
        // A variable is seen from behind its declaration on; that of a loop's head is seen in its body too.
        let is_sequence = !matches!(node.kind(), "for_clause" | "labeled_statement");
        let mut scope = scope;
        for child in children(node) {
            match child.kind() {
                "short_var_declaration" if is_sequence => {
                    let behind = self.facts.scope(scope, ScopeKind::Block);
                    self.short_variables(child, scope, behind);
                    scope = behind;
                }
                "var_declaration" | "const_declaration" if scope != 0 => scope = self.local_variables(child, scope),
                _ => self.visit(child, scope),
            }
        }
    }

    fn each_field(&mut self, node: Node, field: &str, scope: usize) {
        let mut cursor = node.walk();
        let found: Vec<Node> = node.children_by_field_name(field, &mut cursor).collect();
        for child in found {
            self.visit(child, scope);
        }
    }

    fn visit(&mut self, node: Node, scope: usize) {
        match node.kind() {
            "comment" => {}
            "package_clause" => self.facts.package = node.named_child(0).map(|name| self.text(name)),
            "import_spec" => self.import(node),
            "function_declaration" => self.function_declaration(node, scope),
            "method_declaration" => self.method(node, scope),
            "func_literal" => {
                self.function(node, scope);
            }
            "type_spec" | "type_alias" => self.type_declaration(node, scope),
            "const_spec" | "var_spec" => self.variables(node, scope, scope),
            "short_var_declaration" => self.short_variables(node, scope, scope),
            "range_clause" => {
                self.each_field(node, "right", scope);
                self.bind_left(node, scope);
            }
            "receive_statement" => {
                self.each_field(node, "right", scope);
                self.bind_left(node, scope);
            }
            "type_switch_statement" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                for child in children(node) {
                    let is_alias = node.child_by_field_name("alias") == Some(child);
                    if is_alias {
                        for alias in children(child) {
                            let name = self.name(alias);
                            self.facts.bind(inner, name, What::Value(None));
                        }
                    } else {
                        self.visit(child, inner);
                    }
                }
            }
            "block"
            | "if_statement"
            | "for_statement"
            | "expression_switch_statement"
            | "select_statement"
            | "expression_case"
            | "default_case"
            | "type_case"
            | "communication_case" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                self.each(node, inner);
            }
            "identifier" | "type_identifier" => self.mention(node, scope),
            "selector_expression" | "qualified_type" => {
                self.chain(node, scope, Touch::Read);
            }
            "call_expression" => {
                self.call(node, scope);
            }
            "composite_literal" => self.composite(node, scope),
            "keyed_element" => self.keyed(node, scope),
            "assignment_statement" => {
                if let Some(left) = node.child_by_field_name("left") {
                    for target in children(left) {
                        if target.kind() == "selector_expression" {
                            self.chain(target, scope, Touch::Write);
                        } else {
                            self.visit(target, scope);
                        }
                    }
                }
                self.each_field(node, "right", scope);
            }
            "binary_expression" => self.comparison(node, scope),
            "interpreted_string_literal" | "raw_string_literal" => {
                self.value(node, scope);
            }
            "parameter_declaration" | "variadic_parameter_declaration" => self.each_field(node, "type", scope),
            "struct_type" => {
                let mut left = vec![node];
                while let Some(node) = left.pop() {
                    match node.kind() {
                        "field_declaration" => self.each_field(node, "type", scope),
                        _ => left.extend(children(node)),
                    }
                }
            }
            "method_elem" => {
                self.each_field(node, "parameters", scope);
                self.each_field(node, "result", scope);
            }
            _ => self.each(node, scope),
        }
    }

    fn mention(&mut self, node: Node, scope: usize) {
        let name = self.name(node);
        self.facts.mentions.push(Mention { name, scope, is_guarded: false });
    }

    fn chain(&mut self, node: Node, scope: usize, touch: Touch) -> Path<'t> {
        let path = self.path(node, scope);
        if path.len() > 1 {
            let access = Access { path: path.clone(), scope, is_written: touch == Touch::Write, is_guarded: false };
            self.facts.accesses.push(access);
        }
        path
    }

    fn path(&mut self, node: Node, scope: usize) -> Path<'t> {
        match node.kind() {
            "identifier" | "type_identifier" => {
                self.mention(node, scope);
                vec![self.name(node)]
            }
            "selector_expression" => {
                let Some(operand) = node.child_by_field_name("operand") else { return Path::new() };
                let mut path = self.path(operand, scope);
                path.extend(node.child_by_field_name("field").map(|field| self.name(field)));
                path
            }
            "qualified_type" => {
                let parts = [node.child_by_field_name("package"), node.child_by_field_name("name")];
                parts.into_iter().flatten().map(|part| self.name(part)).collect()
            }
            "parenthesized_expression" if node.named_child_count() == 1 => {
                node.named_child(0).map_or_else(Path::new, |inner| self.path(inner, scope))
            }
            _ => {
                self.visit(node, scope);
                vec![Name { text: "", at: node.start_byte() }]
            }
        }
    }

    /// Visits an expression and says what is plain to see of it.
    fn value(&mut self, node: Node, scope: usize) -> Value<'t> {
        match node.kind() {
            "interpreted_string_literal" | "raw_string_literal" => {
                let quoted = self.text(node);
                let text = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                self.facts.literals.push(Literal { at: node.start_byte(), text: Cow::Borrowed(text) });
                Value::Text(Cow::Borrowed(text))
            }
            "identifier" => {
                self.mention(node, scope);
                Value::Path(vec![self.name(node)])
            }
            "selector_expression" => Value::Path(self.chain(node, scope, Touch::Read)),
            "call_expression" => Value::Call(self.call(node, scope)),
            "func_literal" => Value::Function(self.function(node, scope)),
            "binary_expression" => match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
                (Some(left), Some(right)) => {
                    let left = self.value(left, scope);
                    self.value(right, scope);
                    match left {
                        Value::Text(Cow::Borrowed(text)) => Value::Template(vec![text, ""]),
                        _ => Value::Other,
                    }
                }
                _ => Value::Other,
            },
            _ => {
                self.visit(node, scope);
                Value::Other
            }
        }
    }

    fn call(&mut self, node: Node, scope: usize) -> usize {
        let path = match node.child_by_field_name("function") {
            Some(callee) if callee.kind() == "selector_expression" => self.chain(callee, scope, Touch::Read),
            Some(callee) => self.path(callee, scope),
            None => Path::new(),
        };
        let mut arguments = Vec::new();
        if let Some(list) = node.child_by_field_name("arguments") {
            for argument in children(list).into_iter().filter(|argument| argument.kind() != "comment") {
                let at = argument.start_byte();
                let is_spread = argument.kind() == "variadic_argument";
                let value = self.value(argument, scope);
                arguments.push(Argument { at, keyword: None, is_spread, value });
            }
            // One call may give several values.
            if let [only] = arguments.as_mut_slice() {
                only.is_spread |= matches!(only.value, Value::Call(_));
            }
        }
        let at = path.last().map_or(node.start_byte(), |name| name.at);
        self.facts.calls.push(Call { at, path, scope, arguments, is_new: false, is_decorator: false });
        self.facts.calls.len() - 1
    }

    fn comparison(&mut self, node: Node, scope: usize) {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            return self.each(node, scope);
        };
        let values = (self.value(left, scope), self.value(right, scope));
        if let (Value::Path(path), Value::Text(text)) = values {
            self.facts.comparisons.push(Comparison { left: path, text, at: right.start_byte() });
        }
    }

    /// `T{…}`: keys are fields where `T` is a struct, and values where it is a map.
    fn composite(&mut self, node: Node, scope: usize) {
        let Some(made) = node.child_by_field_name("type") else { return self.each(node, scope) };
        let of = match made.kind() {
            "type_identifier" => self.path(made, scope),
            "qualified_type" => self.chain(made, scope, Touch::Read),
            _ => {
                self.visit(made, scope);
                Path::new()
            }
        };
        let Some(body) = node.child_by_field_name("body") else { return };
        for element in children(body) {
            if element.kind() != "keyed_element" || of.is_empty() {
                self.visit(element, scope);
                continue;
            }
            let key = element.child_by_field_name("key").and_then(|key| key.named_child(0));
            match key {
                Some(key) if key.kind() == "identifier" => {
                    let name = self.name(key);
                    self.facts.fields.push(FieldUse { of: of.clone(), name, scope });
                }
                Some(key) => self.visit(key, scope),
                None => {}
            }
            self.each_field(element, "value", scope);
        }
    }

    /// A key whose struct is not named here: a field's name or a constant.
    fn keyed(&mut self, node: Node, scope: usize) {
        if let Some(key) = node.child_by_field_name("key").and_then(|key| key.named_child(0))
            && key.kind() != "identifier"
        {
            self.visit(key, scope);
        }
        self.each_field(node, "value", scope);
    }

    fn bind_left(&mut self, node: Node, scope: usize) {
        let Some(left) = node.child_by_field_name("left") else { return };
        for target in children(left) {
            if target.kind() == "identifier" {
                let name = self.name(target);
                self.facts.bind(scope, name, What::Value(None));
            } else {
                self.visit(target, scope);
            }
        }
    }

    /// What an expression is an instance of, as far as it shows.
    fn type_of(&self, node: Node) -> Option<Type<'t>> {
        match node.kind() {
            "composite_literal" => self.type_path(node.child_by_field_name("type")?).map(Type::Instance),
            "unary_expression" if self.text(node).starts_with('&') => {
                self.type_of(node.child_by_field_name("operand")?)
            }
            "call_expression" => {
                let callee = node.child_by_field_name("function")?;
                let path: Option<Path<'t>> = match callee.kind() {
                    "identifier" => Some(vec![self.name(callee)]),
                    "selector_expression" => {
                        let operand =
                            callee.child_by_field_name("operand").filter(|operand| operand.kind() == "identifier")?;
                        Some(vec![self.name(operand), self.name(callee.child_by_field_name("field")?)])
                    }
                    _ => None,
                };
                path.map(Type::Returned)
            }
            _ => None,
        }
    }

    /// `T`, `*T`, `pkg.T`.
    fn type_path(&self, node: Node) -> Option<Path<'t>> {
        match node.kind() {
            "type_identifier" => Some(vec![self.name(node)]),
            "pointer_type" => self.type_path(node.named_child(0)?),
            "qualified_type" => Some(vec![
                self.name(node.child_by_field_name("package")?),
                self.name(node.child_by_field_name("name")?),
            ]),
            _ => None,
        }
    }
}
