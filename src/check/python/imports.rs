//! `import` and `from … import`.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::{
        facts::{Import, ImportKind, Imported, What},
        syntax::child_of_kind,
    },
    Reader, children,
};

impl<'t> Reader<'t> {
    fn import(&mut self, from: &'t str, at: usize) -> usize {
        self.facts.imports.push(Import {
            from: Cow::Borrowed(from),
            at,
            kind: ImportKind::Module,
            names: Vec::new(),
            default: None,
            is_star: false,
            is_guarded: self.guards > 0 || self.nesting > 0,
            is_type_only: false,
        });
        self.facts.imports.len() - 1
    }

    pub(super) fn import_statement(&mut self, node: Node, scope: usize) {
        let home = self.binding_scope(scope);
        for child in children(node) {
            let (module, alias) = match child.kind() {
                "aliased_import" => (child.child_by_field_name("name"), child.child_by_field_name("alias")),
                "dotted_name" => (Some(child), None),
                _ => continue,
            };
            let Some(module) = module else { continue };
            let import = self.import(self.text(module), module.start_byte());
            match alias {
                Some(alias) => {
                    let alias = self.name(alias);
                    self.bind(home, alias, What::Import(import, Imported::Whole));
                }
                None => {
                    let Some(first) = module.named_child(0) else { continue };
                    let first = self.name(first);
                    // `import a.b` binds `a`, and what is in it depends on what else is imported.
                    let what = match module.named_child_count() {
                        1 => What::Import(import, Imported::Whole),
                        _ => What::Value(None),
                    };
                    self.bind(home, first, what);
                }
            }
        }
    }

    pub(super) fn import_from(&mut self, node: Node, scope: usize) {
        let home = self.binding_scope(scope);
        let Some(module) = node.child_by_field_name("module_name") else { return };
        let import = self.import(self.text(module), module.start_byte());
        if child_of_kind(node, "wildcard_import").is_some() {
            self.facts.imports[import].is_star = true;
            self.facts.exports.stars.push(import);
            return;
        }
        let mut cursor = node.walk();
        let names: Vec<Node> = node.children_by_field_name("name", &mut cursor).collect();
        for child in names {
            let (name, alias) = match child.kind() {
                "aliased_import" => (child.child_by_field_name("name"), child.child_by_field_name("alias")),
                _ => (Some(child), None),
            };
            let Some(name) = name else { continue };
            let name = self.name(name);
            self.facts.imports[import].names.push(name);
            let local = alias.map_or(name, |alias| self.name(alias));
            self.bind(home, local, What::Import(import, Imported::Name(name.text)));
        }
    }
}
