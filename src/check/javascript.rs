//! Facts of JavaScript and TypeScript, JSX included, out of their syntax trees.

mod declarations;
mod modules;
mod objects;
mod parameters;
mod values;

use tree_sitter::{Node, Tree};

use super::{
    facts::{Access, Comparison, Facts, Literal, Mention, Name, Path, ScopeKind, Touch, Value},
    syntax::{child_of_kind, children, name, text},
};

/// Reads one file's facts. `text` is what `tree` was parsed from.
pub fn read<'t>(tree: &Tree, text: &'t str) -> Facts<'t> {
    let mut reader = Reader { facts: Facts::new(), source: text, guards: 0, nesting: 0, writes: Vec::new() };
    reader.each(tree.root_node(), 0);
    reader.settle_writes();
    reader.facts
}

struct Reader<'t> {
    facts: Facts<'t>,
    source: &'t str,
    /// How many `try` blocks stand around.
    guards: usize,
    /// How many functions stand around.
    nesting: usize,
    writes: Vec<Write<'t>>,
}

/// An assignment to a plain name.
struct Write<'t> {
    name: Name<'t>,
    scope: usize,
    is_read_too: bool,
}

impl<'t> Reader<'t> {
    fn text(&self, node: Node) -> &'t str {
        text(node, self.source)
    }

    fn name(&self, node: Node) -> Name<'t> {
        name(node, self.source)
    }

    fn each(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            self.visit(child, scope);
        }
    }

    fn each_field(&mut self, node: Node, fields: &[&str], scope: usize) {
        for field in fields {
            if let Some(child) = node.child_by_field_name(field) {
                self.visit(child, scope);
            }
        }
    }

    fn visit(&mut self, node: Node, scope: usize) {
        match node.kind() {
            "comment" => {}
            "import_statement" => self.import_statement(node, scope),
            "import_alias" => self.import_alias(node, scope),
            "export_statement" => self.export_statement(node, scope),
            "function_declaration" | "generator_function_declaration" | "function_signature" => {
                self.function_declaration(node, scope);
            }
            "function_expression" | "generator_function" | "arrow_function" => {
                self.function(node, scope, None);
            }
            "class_declaration" | "abstract_class_declaration" | "class" => {
                self.class(node, scope);
            }
            "variable_declarator" => self.variable(node, scope),
            "enum_declaration" | "interface_declaration" | "type_alias_declaration" => {
                self.type_declaration(node, scope)
            }
            "internal_module" | "module" => self.namespace(node, scope),
            "ambient_declaration" => self.ambient(node, scope),
            "statement_block" | "for_statement" | "switch_body" | "class_static_block" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                self.each(node, inner);
            }
            "for_in_statement" => self.for_in(node, scope),
            "try_statement" => self.try_statement(node, scope),
            "if_statement" | "ternary_expression" => self.condition(node, scope),
            "catch_clause" => {
                let inner = self.facts.scope(scope, ScopeKind::Block);
                if let Some(parameter) = node.child_by_field_name("parameter") {
                    self.pattern(parameter, inner, inner, None);
                }
                self.each_field(node, &["body"], inner);
            }
            "with_statement" => {
                self.facts.is_open = true;
                self.each(node, scope);
            }
            "identifier" | "shorthand_property_identifier" => self.mention(node, scope),
            "member_expression" => {
                self.chain(node, scope, Touch::Read);
            }
            "call_expression" | "new_expression" => {
                self.call(node, scope);
            }
            "assignment_expression" | "augmented_assignment_expression" => self.assignment(node, scope),
            "binary_expression" => self.comparison(node, scope),
            "switch_statement" => self.switch(node, scope),
            "unary_expression" => self.unary(node, scope),
            "string" | "template_string" | "object" => {
                self.value(node, scope);
            }
            "jsx_opening_element" | "jsx_self_closing_element" => self.element(node, scope),
            "jsx_closing_element" | "property_identifier" | "statement_identifier" | "regex" => {}
            "decorator" => self.decorator(node, scope),
            // Types have names of their own, and a library of them that is not looked at.
            "type_annotation"
            | "type_arguments"
            | "type_parameters"
            | "implements_clause"
            | "type_query"
            | "predefined_type"
            | "type_predicate_annotation"
            | "asserts_annotation" => {}
            "as_expression" | "satisfies_expression" | "type_assertion" => {
                let is_first = node.kind() != "type_assertion";
                let inner = children(node);
                let expression = if is_first { inner.first() } else { inner.last() };
                if let Some(expression) = expression {
                    self.visit(*expression, scope);
                }
            }
            _ => self.each(node, scope),
        }
    }

    fn mention(&mut self, node: Node, scope: usize) {
        let name = self.name(node);
        if name.text == "arguments" {
            return;
        }
        let is_guarded = self.is_tested(node) || is_idle(node);
        self.facts.mentions.push(Mention { name, scope, is_guarded });
    }

    /// `typeof name`, `name?.x` and the like ask whether it is there.
    fn is_tested(&self, node: Node) -> bool {
        let Some(parent) = node.parent() else { return false };
        parent.kind() == "unary_expression"
            && parent.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "typeof")
    }

    /// `a.b.c`: the path of it, and a mention of `a`. Only the whole chain is an access.
    fn chain(&mut self, node: Node, scope: usize, touch: Touch) -> Path<'t> {
        let path = self.path(node, scope);
        if path.len() > 1 {
            let is_guarded =
                self.guards > 0 || self.is_tested(node) || node.child_by_field_name("optional_chain").is_some();
            self.facts.accesses.push(Access {
                path: path.clone(),
                scope,
                is_written: touch == Touch::Write,
                is_guarded,
            });
        }
        path
    }

    /// The path of an expression; what has no name is visited and stands as an empty name.
    fn path(&mut self, node: Node, scope: usize) -> Path<'t> {
        let nameless = Name { text: "", at: node.start_byte() };
        match node.kind() {
            "identifier" => {
                self.mention(node, scope);
                vec![self.name(node)]
            }
            "this" | "super" | "import" => vec![self.name(node)],
            "member_expression" => {
                let Some(object) = node.child_by_field_name("object") else { return vec![nameless] };
                let mut path = self.path(object, scope);
                if let Some(property) = node.child_by_field_name("property") {
                    path.push(self.name(property));
                }
                path
            }
            "non_null_expression" | "parenthesized_expression" if node.named_child_count() == 1 => {
                match node.named_child(0) {
                    Some(inner)
                        if matches!(
                            inner.kind(),
                            "identifier" | "this" | "member_expression" | "non_null_expression"
                        ) =>
                    {
                        self.path(inner, scope)
                    }
                    Some(inner) => {
                        self.visit(inner, scope);
                        vec![nameless]
                    }
                    None => vec![nameless],
                }
            }
            _ => {
                self.visit(node, scope);
                vec![nameless]
            }
        }
    }

    fn for_in(&mut self, node: Node, scope: usize) {
        let inner = self.facts.scope(scope, ScopeKind::Block);
        if let Some(left) = node.child_by_field_name("left") {
            match node.child_by_field_name("kind").map(|kind| self.text(kind)) {
                Some("var") => {
                    let function = self.facts.function_scope(scope);
                    self.pattern(left, function, inner, None);
                }
                Some(_) => self.pattern(left, inner, inner, None),
                None => self.visit(left, inner),
            }
        }
        self.each_field(node, &["right", "body"], inner);
    }

    fn try_statement(&mut self, node: Node, scope: usize) {
        let has_handler = node.child_by_field_name("handler").is_some();
        self.guards += usize::from(has_handler);
        self.each_field(node, &["body"], scope);
        self.guards -= usize::from(has_handler);
        self.each_field(node, &["handler", "finalizer"], scope);
    }

    /// What stands behind a condition may be there only where the condition holds.
    fn condition(&mut self, node: Node, scope: usize) {
        self.each_field(node, &["condition"], scope);
        self.hold_condition(node, scope);
        self.guards += 1;
        self.each_field(node, &["consequence", "alternative"], scope);
        self.guards -= 1;
    }

    fn comparison(&mut self, node: Node, scope: usize) {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            return self.each(node, scope);
        };
        let operator = node.child_by_field_name("operator").map_or("", |operator| operator.kind());
        let is_guard = matches!(operator, "&&" | "||" | "??");
        if operator == "&&" {
            self.hold_right_side(left, right, scope);
        }
        let left_value = self.value(left, scope);
        self.guards += usize::from(is_guard);
        let right_value = self.value(right, scope);
        self.guards -= usize::from(is_guard);
        if matches!(operator, "==" | "===" | "!=" | "!==") {
            match (left_value, right_value) {
                (Value::Path(left), Value::Text(text)) => {
                    self.facts.comparisons.push(Comparison { left, text, at: right.start_byte() });
                }
                (Value::Text(text), Value::Path(path)) => {
                    self.facts.comparisons.push(Comparison { left: path, text, at: left.start_byte() });
                }
                _ => {}
            }
        }
    }

    fn switch(&mut self, node: Node, scope: usize) {
        let value = node.child_by_field_name("value").and_then(|value| value.named_child(0));
        let path = value.map(|value| self.value(value, scope));
        let Some(body) = node.child_by_field_name("body") else { return };
        self.hold_cases(value, body, scope);
        let inner = self.facts.scope(scope, ScopeKind::Block);
        for case in children(body) {
            let tested = case.child_by_field_name("value");
            if let (Some(Value::Path(path)), Some(tested)) = (&path, tested)
                && let Value::Text(text) = self.value(tested, inner)
            {
                self.facts.comparisons.push(Comparison { left: path.clone(), text, at: tested.start_byte() });
            } else if let Some(tested) = tested {
                self.visit(tested, inner);
            }
            let rest: Vec<Node> = children(case).into_iter().filter(|child| Some(*child) != tested).collect();
            for child in rest {
                self.visit(child, inner);
            }
        }
    }

    fn unary(&mut self, node: Node, scope: usize) {
        let is_typeof = node.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "typeof");
        self.guards += usize::from(is_typeof);
        self.each_field(node, &["argument"], scope);
        self.guards -= usize::from(is_typeof);
    }

    /// An element of JSX: components are names, the others are HTML.
    fn element(&mut self, node: Node, scope: usize) {
        if let Some(tag) = node.child_by_field_name("name") {
            let is_component = tag.kind() == "member_expression" || self.text(tag).starts_with(char::is_uppercase);
            if is_component && tag.kind() == "identifier" {
                self.mention(tag, scope);
            } else if is_component {
                self.visit(tag, scope);
            }
        }
        for attribute in children(node) {
            match attribute.kind() {
                "jsx_attribute" => self.attribute(attribute, scope),
                "jsx_expression" => self.each(attribute, scope),
                _ => {}
            }
        }
    }

    fn decorator(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            if child.kind() == "call_expression" {
                let call = self.call(child, scope);
                self.facts.calls[call].is_decorator = true;
            } else {
                self.visit(child, scope);
            }
        }
    }

    fn literal(&mut self, at: usize, text: std::borrow::Cow<'t, str>) {
        self.facts.literals.push(Literal { at, text });
    }

    fn parameters_of<'n>(&self, node: Node<'n>) -> Option<Node<'n>> {
        node.child_by_field_name("parameters").or_else(|| child_of_kind(node, "formal_parameters"))
    }
}

/// A statement that only names and reckons does nothing: it is text for people, or stands for what is to come.
fn is_idle(node: Node) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        "expression_statement" => true,
        "member_expression" | "sequence_expression" => is_idle(parent),
        "binary_expression" => {
            let operator = parent.child_by_field_name("operator").map_or("", |operator| operator.kind());
            !matches!(operator, "&&" | "||" | "??") && is_idle(parent)
        }
        _ => false,
    }
}
