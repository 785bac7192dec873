//! `use`, taken apart into one import for each path.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::{
        facts::{Import, ImportKind, Imported, Name, What},
        syntax::children,
    },
    Reader,
};

impl<'t> Reader<'t, '_> {
    pub(super) fn use_tree(&mut self, node: Node, mut path: Vec<Name<'t>>, scope: usize) {
        match node.kind() {
            "use_list" => {
                for child in children(node) {
                    self.use_tree(child, path.clone(), scope);
                }
            }
            "scoped_use_list" => {
                if let Some(before) = node.child_by_field_name("path") {
                    let Some(before) = self.segments(before) else { return };
                    path.extend(before);
                }
                if let Some(list) = node.child_by_field_name("list") {
                    self.use_tree(list, path, scope);
                }
            }
            "use_as_clause" => {
                let (Some(used), Some(alias)) = (node.child_by_field_name("path"), node.child_by_field_name("alias"))
                else {
                    return;
                };
                let Some(used) = self.segments(used) else { return };
                let is_self = used.len() == 1 && used[0].text == "self" && !path.is_empty();
                if !is_self {
                    path.extend(used);
                }
                let alias = self.name(alias);
                self.used(path, Some(alias), scope);
            }
            "use_wildcard" => {
                if let Some(used) = node.named_child(0) {
                    let Some(used) = self.segments(used) else { return };
                    path.extend(used);
                }
                let import = self.import(path);
                self.facts.imports[import].is_star = true;
                self.facts.rust.globs.push((scope, import));
            }
            _ => {
                let Some(used) = self.segments(node) else { return };
                let is_self = used.len() == 1 && used[0].text == "self" && !path.is_empty();
                if !is_self {
                    path.extend(used);
                }
                self.used(path, None, scope);
            }
        }
    }

    fn used(&mut self, path: Vec<Name<'t>>, alias: Option<Name<'t>>, scope: usize) {
        let Some(last) = path.last().copied() else { return };
        let import = self.import(path);
        let local = alias.unwrap_or(last);
        if alias.is_some() {
            self.facts.rust.aliases.push((local.text, last.text));
        }
        if local.text != "_" && !matches!(local.text, "crate" | "self" | "super") {
            self.facts.bind(scope, local, What::Import(import, Imported::Name(last.text)));
        }
        self.facts.rust.uses.push((scope, import));
    }

    fn import(&mut self, path: Vec<Name<'t>>) -> usize {
        let from = path.iter().map(|name| name.text).collect::<Vec<_>>().join("::");
        let at = path.first().map_or(0, |name| name.at);
        self.facts.imports.push(Import {
            from: Cow::Owned(from),
            at,
            kind: ImportKind::Module,
            names: path,
            default: None,
            is_star: false,
            is_guarded: self.guards > 0,
            is_type_only: false,
        });
        self.facts.imports.len() - 1
    }
}
