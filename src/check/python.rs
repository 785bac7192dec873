//! Facts of Python, out of its syntax tree.

mod declarations;
mod imports;
mod parameters;
mod values;

use std::collections::HashMap;

use tree_sitter::{Node, Tree};

use super::{
    facts::{Access, Call, Facts, Mention, Name, Path, Scope, ScopeKind, Touch, Type, Value, What},
    syntax::{self, name, text},
};

/// Reads one file's facts. `text` is what `tree` was parsed from.
pub fn read<'t>(tree: &Tree, text: &'t str) -> Facts<'t> {
    let mut reader =
        Reader { facts: Facts::new(), source: text, guards: 0, catches: 0, nesting: 0, selves: HashMap::new() };
    reader.each(tree.root_node(), 0);
    // Whoever writes into these can make any name.
    let makes_names = |access: &Access| matches!(access.path[0].text, "globals" | "vars");
    let calls_them = reader.facts.calls.iter().filter(|call| call.path.len() == 1).any(|call| {
        let is_of_file = reader.facts.function_scope(call.scope) == 0;
        match call.path[0].text {
            "exec" | "globals" => true,
            "eval" => is_of_file,
            // Without an argument these are the names of the file itself.
            "vars" | "locals" => is_of_file && call.arguments.is_empty(),
            _ => false,
        }
    });
    reader.facts.is_open |= calls_them || reader.facts.accesses.iter().any(makes_names);
    reader.facts.exports.is_open |= reader.facts.is_open || gives_itself_away(&reader.facts, text);
    reader.facts
}

/// Whether others may add to the module.
fn gives_itself_away(facts: &Facts, text: &str) -> bool {
    // A function that gets the module's name can add to it: `pass_through(__name__, …)`.
    let takes_name = |call: &Call| {
        let is_function = |name: &Name| name.text.starts_with(|c: char| c.is_lowercase()) && name.text != "getLogger";
        call.scope == 0
            && call.arguments.len() > 1
            && call.path.last().is_some_and(is_function)
            && matches!(&call.arguments[0].value, Value::Path(path) if path.len() == 1 && path[0].text == "__name__")
    };
    // Modules that are made elsewhere: `sys.modules[…] = …`, `setattr(module, …)`.
    text.contains("sys.modules") || text.contains("setattr(") || facts.calls.iter().any(takes_name)
}

/// A backslash at the end of a line is a node of its own, wherever it stands: between arguments, too.
fn children<'n>(node: Node<'n>) -> Vec<Node<'n>> {
    let mut children = syntax::children(node);
    children.retain(|child| child.kind() != "line_continuation");
    children
}

struct Reader<'t> {
    facts: Facts<'t>,
    source: &'t str,
    /// How many `try` blocks with handlers, and conditions, stand around.
    guards: usize,
    /// How many `try` blocks of the same function expect that a name is not there.
    catches: usize,
    /// How many functions stand around.
    nesting: usize,
    /// The first parameters of methods, by scope and name, and the class whose instance each is.
    selves: HashMap<(usize, &'t str), usize>,
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
            "import_statement" => self.import_statement(node, scope),
            "import_from_statement" => self.import_from(node, scope),
            "future_import_statement" => {}
            "decorated_definition" => self.decorated(node, scope),
            "function_definition" => {
                self.function(node, scope, &[]);
            }
            "class_definition" => self.class(node, scope, &[]),
            "lambda" => self.lambda(node, scope),
            "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
                self.comprehension(node, scope);
            }
            "assignment" => self.assignment(node, scope),
            "augmented_assignment" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.visit(left, scope);
                    self.bind_target(left, scope, None);
                }
                self.each_field(node, "right", scope);
            }
            "named_expression" => {
                if let Some(name) = node.child_by_field_name("name") {
                    let home = self.binding_scope(scope);
                    let name = self.name(name);
                    self.bind(home, name, What::Value(None));
                }
                self.each_field(node, "value", scope);
            }
            "for_statement" | "for_in_clause" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.bind_target(left, scope, None);
                }
                for field in ["right", "body", "alternative"] {
                    self.each_field(node, field, scope);
                }
            }
            "try_statement" => self.try_statement(node, scope),
            "with_statement" => self.with_statement(node, scope),
            "if_statement" | "conditional_expression" | "elif_clause" | "else_clause" => self.condition(node, scope),
            "except_clause" | "except_group_clause" => self.except(node, scope),
            "as_pattern" => self.as_pattern(node, scope),
            "global_statement" => {
                for child in children(node) {
                    let name = self.name(child);
                    self.facts.bind(0, name, What::Value(None));
                }
            }
            "nonlocal_statement" | "keyword_separator" | "positional_separator" => {}
            "delete_statement" => self.each(node, scope),
            "case_clause" => {
                for child in children(node) {
                    if child.kind() == "case_pattern" {
                        self.case_pattern(child, scope)
                    } else {
                        self.visit(child, scope)
                    }
                }
            }
            "type_alias_statement" => {
                let inner = self.facts.scope(scope, ScopeKind::Function);
                if let Some(left) = node.child_by_field_name("left") {
                    self.bind_type_alias(left, scope, inner);
                }
                self.each_field(node, "right", inner);
            }
            "identifier" => self.mention(node, scope),
            "attribute" => {
                self.chain(node, scope, Touch::Read);
            }
            "call" => {
                self.call(node, scope);
            }
            "comparison_operator" => self.comparison(node, scope),
            "string" | "concatenated_string" => {
                self.value(node, scope);
            }
            "keyword_argument" => self.each_field(node, "value", scope),
            "print_statement" | "exec_statement" => {
                self.facts.is_open |= node.kind() == "exec_statement";
                self.each(node, scope);
            }
            _ => self.each(node, scope),
        }
    }

    fn mention(&mut self, node: Node, scope: usize) {
        let name = self.name(node);
        let is_guarded = self.catches > 0;
        self.facts.mentions.push(Mention { name, scope, is_guarded });
    }

    /// `a.b.c`: only the whole chain is an access.
    fn chain(&mut self, node: Node, scope: usize, touch: Touch) -> Path<'t> {
        let path = self.path(node, scope);
        if path.len() > 1 {
            let is_guarded = self.guards > 0;
            self.facts.accesses.push(Access {
                path: path.clone(),
                scope,
                is_written: touch == Touch::Write,
                is_guarded,
            });
        }
        path
    }

    fn path(&mut self, node: Node, scope: usize) -> Path<'t> {
        match node.kind() {
            "identifier" => {
                self.mention(node, scope);
                vec![self.name(node)]
            }
            "attribute" => {
                let Some(object) = node.child_by_field_name("object") else { return Path::new() };
                let mut path = self.path(object, scope);
                if let Some(attribute) = node.child_by_field_name("attribute") {
                    path.push(self.name(attribute));
                }
                path
            }
            _ => {
                self.visit(node, scope);
                vec![Name { text: "", at: node.start_byte() }]
            }
        }
    }

    /// A function, the file or a class: where a plain assignment binds.
    fn binding_scope(&self, scope: usize) -> usize {
        self.facts.function_scope(scope)
    }

    fn bind(&mut self, scope: usize, name: Name<'t>, what: What<'t>) {
        if let Scope { kind: ScopeKind::Class, class: Some(class), .. } = self.facts.scopes[scope] {
            self.class_member(class, name, &what);
        }
        self.facts.bind(scope, name, what);
    }

    fn comprehension(&mut self, node: Node, scope: usize) {
        // A block, so that `:=` in it binds around it.
        let inner = self.facts.scope(scope, ScopeKind::Block);
        for child in children(node).into_iter().filter(|child| child.kind() == "for_in_clause") {
            if let Some(left) = child.child_by_field_name("left") {
                self.bind_in(left, inner, inner, None);
            }
            self.each_field(child, "right", inner);
        }
        for child in children(node).into_iter().filter(|child| child.kind() != "for_in_clause") {
            self.visit(child, inner);
        }
    }

    fn try_statement(&mut self, node: Node, scope: usize) {
        let has_handler = children(node).iter().any(|child| child.kind().starts_with("except"));
        let is_caught = children(node).iter().filter(|child| child.kind().starts_with("except")).any(|clause| {
            let head = self.text(*clause).split(':').next().unwrap_or_default().trim();
            head == "except" || ["NameError", "Exception", "ImportError"].iter().any(|error| head.contains(error))
        });
        let (guards, catches) = (self.guards, self.catches);
        self.guards += usize::from(has_handler);
        self.catches += usize::from(is_caught);
        for child in children(node) {
            self.visit(child, scope);
        }
        (self.guards, self.catches) = (guards, catches);
    }

    /// `with suppress(ImportError):` is a `try` in one word.
    fn with_statement(&mut self, node: Node, scope: usize) {
        let head = self.text(node).lines().next().unwrap_or_default();
        let suppresses = usize::from(head.contains("suppress("));
        self.guards += suppresses;
        self.each(node, scope);
        self.guards -= suppresses;
    }

    /// What stands behind a condition may be there only where the condition holds.
    fn condition(&mut self, node: Node, scope: usize) {
        let is_main =
            node.child_by_field_name("condition").is_some_and(|condition| self.text(condition).contains("__name__"));
        let is_else_of_loop = node.kind() == "else_clause"
            && node.parent().is_some_and(|parent| parent.kind() != "if_statement" && parent.kind() != "try_statement");
        let adds = usize::from(!is_main && !is_else_of_loop);
        if node.kind() == "conditional_expression" {
            return self.each(node, scope);
        }
        self.each_field(node, "condition", scope);
        self.guards += adds;
        for field in ["consequence", "body", "alternative"] {
            self.each_field(node, field, scope);
        }
        self.guards -= adds;
    }

    fn except(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            self.visit(child, scope);
        }
        if let Some(alias) = node.child_by_field_name("alias") {
            self.bind_target(alias, scope, None);
        }
    }

    fn as_pattern(&mut self, node: Node, scope: usize) {
        // What is caught is of the class that is named; what `with` gives can be anything.
        let is_caught = node.parent().is_some_and(|parent| parent.kind().starts_with("except"));
        let mut type_of = None;
        for child in children(node) {
            if child.kind() == "as_pattern_target" {
                if let Some(target) = child.named_child(0) {
                    self.bind_target(target, scope, type_of.take());
                }
            } else if is_caught && matches!(child.kind(), "identifier" | "attribute") {
                let path = self.path(child, scope);
                type_of = path.iter().all(|name| !name.text.is_empty()).then_some(Type::Instance(path));
            } else {
                self.visit(child, scope);
            }
        }
    }

    /// Names in a pattern of `match` are bound, unless they have dots.
    fn case_pattern(&mut self, node: Node, scope: usize) {
        for child in children(node) {
            match child.kind() {
                "dotted_name" if child.named_child_count() == 1 && node.kind() != "class_pattern" => {
                    let home = self.binding_scope(scope);
                    let name = self.name(child);
                    self.bind(home, name, What::Value(None));
                }
                "dotted_name" => {
                    if let Some(first) = child.named_child(0) {
                        self.mention(first, scope);
                    }
                }
                "splat_pattern" | "as_pattern" | "identifier" => {
                    let home = self.binding_scope(scope);
                    if child.kind() == "identifier" && node.kind() != "keyword_pattern" {
                        let name = self.name(child);
                        self.bind(home, name, What::Value(None));
                    } else {
                        self.case_pattern(child, scope);
                    }
                }
                "comment" => self.visit(child, scope),
                _ => self.case_pattern(child, scope),
            }
        }
    }
}
