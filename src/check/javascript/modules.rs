//! What goes in and out of a file: `import`, `export`, `require`, and what bundlers make of them.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::{
        facts::{Argument, Call, Export, ExportOf, Import, ImportKind, Imported, Name, Value, What},
        syntax::{child_of_kind, has_token},
    },
    Reader, children,
};

/// Functions that write members to what they get, in the language and in the usual libraries.
const ADD_MEMBERS: &[&str] = &[
    "assign",
    "assignIn",
    "call",
    "apply",
    "defineProperty",
    "defineProperties",
    "extend",
    "merge",
    "mixin",
    "mixins",
    "defaults",
    "defaultsDeep",
    "makeObservable",
    "makeAutoObservable",
    "extendObservable",
];

impl<'t> Reader<'t> {
    fn import(&mut self, from: Cow<'t, str>, at: usize, kind: ImportKind) -> usize {
        let is_guarded = self.guards > 0 || (kind != ImportKind::Module && self.nesting > 0);
        self.facts.imports.push(Import {
            from,
            at,
            kind,
            names: Vec::new(),
            default: None,
            is_star: false,
            is_guarded,
            is_type_only: false,
        });
        self.facts.imports.len() - 1
    }

    pub(super) fn import_statement(&mut self, node: Node, scope: usize) {
        self.facts.exports.has_module_syntax = true;
        if let Some(require) = child_of_kind(node, "import_require_clause") {
            let Some(source) = require.child_by_field_name("source") else { return };
            let from = self.string(source);
            let import = self.import(from, source.start_byte(), ImportKind::Require);
            if let Some(name) = child_of_kind(require, "identifier") {
                let name = self.name(name);
                self.facts.bind(scope, name, What::Import(import, Imported::Whole));
            }
            return;
        }
        let Some(source) = node.child_by_field_name("source") else {
            return self.each(node, scope);
        };
        let from = self.string(source);
        let import = self.import(from, source.start_byte() + 1, ImportKind::Module);
        self.facts.imports[import].is_type_only = has_token(node, "type") || has_token(node, "typeof");
        let Some(clause) = child_of_kind(node, "import_clause") else { return };
        for part in children(clause) {
            match part.kind() {
                "identifier" => {
                    let name = self.name(part);
                    self.facts.imports[import].default = Some(name.at);
                    self.facts.bind(scope, name, What::Import(import, Imported::Default));
                }
                "namespace_import" => {
                    if let Some(name) = part.named_child(0) {
                        let name = self.name(name);
                        self.facts.bind(scope, name, What::Import(import, Imported::Whole));
                    }
                }
                "named_imports" => self.named_imports(part, import, scope),
                _ => {}
            }
        }
    }

    /// `import a = b.c` of TypeScript.
    pub(super) fn import_alias(&mut self, node: Node, scope: usize) {
        let mut parts = children(node).into_iter();
        let Some(alias) = parts.next() else { return };
        let name = self.name(alias);
        self.facts.bind(scope, name, What::Type);
        let mut of = parts.next();
        while let Some(inner) = of.filter(|of| of.kind() == "nested_identifier") {
            of = inner.named_child(0);
        }
        if let Some(of) = of {
            self.visit(of, scope);
        }
    }

    fn named_imports(&mut self, node: Node, import: usize, scope: usize) {
        for specifier in children(node) {
            let Some(name) = specifier.child_by_field_name("name") else { continue };
            let name = self.name(name);
            let local = specifier.child_by_field_name("alias").map_or(name, |alias| self.name(alias));
            let imported = match name.text {
                "default" => {
                    self.facts.imports[import].default = Some(name.at);
                    Imported::Default
                }
                text => {
                    self.facts.imports[import].names.push(name);
                    Imported::Name(text)
                }
            };
            self.facts.bind(scope, local, What::Import(import, imported));
        }
    }

    pub(super) fn export_statement(&mut self, node: Node, scope: usize) {
        self.facts.exports.has_module_syntax = true;
        let source = node.child_by_field_name("source");
        let import = source.map(|source| {
            let from = self.string(source);
            let import = self.import(from, source.start_byte() + 1, ImportKind::Module);
            self.facts.imports[import].is_type_only = has_token(node, "type");
            import
        });
        for child in children(node) {
            match child.kind() {
                "export_clause" => self.export_clause(child, import, scope),
                "namespace_export" => {
                    let (Some(name), Some(import)) = (child.named_child(0), import) else { continue };
                    let name = self.name(name);
                    self.export(name, ExportOf::Import(import, Imported::Whole));
                }
                "decorator" => self.visit(child, scope),
                _ => {}
            }
        }
        if let (Some(import), true) = (import, has_token(node, "*")) {
            self.facts.imports[import].is_star = true;
            self.facts.exports.stars.push(import);
        }
        // `export = x` of TypeScript: what it is cannot be told by names.
        if has_token(node, "=") {
            self.facts.exports.is_open = true;
            return self.each(node, scope);
        }
        // `export as namespace X`.
        if has_token(node, "namespace") && import.is_none() {
            self.facts.exports.is_open = true;
        }
        let is_default = has_token(node, "default");
        if let Some(declaration) = node.child_by_field_name("declaration") {
            self.exported_declaration(declaration, is_default, scope);
        } else if let Some(value) = node.child_by_field_name("value") {
            let what = match self.value(value, scope) {
                Value::Path(path) if path.len() == 1 => ExportOf::Local(path[0].text),
                _ => ExportOf::Other,
            };
            self.export(Name { text: "default", at: value.start_byte() }, what);
        }
    }

    fn export(&mut self, name: Name<'t>, what: ExportOf<'t>) {
        let text = name.text.trim_matches(['"', '\'']);
        self.facts.exports.names.insert(text, Export { what });
    }

    fn export_clause(&mut self, node: Node, import: Option<usize>, scope: usize) {
        for specifier in children(node) {
            let Some(name) = specifier.child_by_field_name("name") else { continue };
            let name = self.name(name);
            let exported = specifier.child_by_field_name("alias").map_or(name, |alias| self.name(alias));
            match import {
                Some(import) => {
                    let imported = match name.text {
                        "default" => Imported::Default,
                        text => Imported::Name(text),
                    };
                    if imported != Imported::Default {
                        self.facts.imports[import].names.push(name);
                    } else {
                        self.facts.imports[import].default = Some(name.at);
                    }
                    self.export(exported, ExportOf::Import(import, imported));
                }
                None => {
                    let mention = super::Mention { name, scope, is_guarded: false };
                    self.facts.mentions.push(mention);
                    self.export(exported, ExportOf::Local(name.text));
                }
            }
        }
    }

    fn exported_declaration(&mut self, node: Node, is_default: bool, scope: usize) {
        // Only what this declaration binds is exported; everything it binds is bound at its own place.
        self.visit(node, scope);
        if is_default {
            let what = match node.child_by_field_name("name") {
                Some(name) => ExportOf::Local(self.text(name)),
                None => ExportOf::Other,
            };
            return self.export(Name { text: "default", at: node.start_byte() }, what);
        }
        let range = node.byte_range();
        let bound: Vec<Name<'t>> = match node.kind() {
            "lexical_declaration" | "variable_declaration" => self.facts.scopes[scope]
                .bindings
                .iter()
                .flat_map(|(text, bindings)| bindings.iter().map(|binding| Name { text, at: binding.at }))
                .filter(|name| range.contains(&name.at))
                .collect(),
            "ambient_declaration" => {
                self.facts.exports.is_open = true;
                return;
            }
            "internal_module" | "module" => {
                let name = node.child_by_field_name("name").map(|name| self.name(name));
                name.into_iter().collect()
            }
            _ => node.child_by_field_name("name").map(|name| self.name(name)).into_iter().collect(),
        };
        for name in bound {
            self.export(name, ExportOf::Local(name.text));
        }
    }

    /// Calls that bring files in or give names out.
    pub(super) fn special_call(&mut self, call: &Call<'t>) {
        let words: Vec<&str> = call.path.iter().map(|name| name.text).collect();
        let first = call.arguments.first();
        match words.as_slice() {
            ["require"] | ["require", "resolve"] | ["import"] | ["jest" | "vi", _] => {
                let kind = if words[0] == "import" { ImportKind::Dynamic } else { ImportKind::Require };
                if let Some(argument) = first
                    && let Value::Text(from) = &argument.value
                    && matches!(words[0], "require" | "import")
                {
                    let import = self.import(from.clone(), argument.at + 1, kind);
                    self.facts.imports[import].is_guarded |= words.len() > 1;
                }
            }
            // On the prototype of all objects, or on the global one, that makes a name for everybody.
            [.., "defineProperty" | "__defineGetter__"]
                if let Some(Value::Text(Cow::Borrowed(text))) = made_by(&words, &call.arguments) =>
            {
                self.facts.bind(0, Name { text, at: call.at }, What::Value(None));
            }
            ["Object", "defineProperty" | "defineProperties" | "assign"] if matches!(first.map(|argument| &argument.value), Some(Value::Path(path)) if path[0].text != "this") =>
            {
                if let Some(Value::Path(path)) = first.map(|argument| &argument.value)
                    && matches!(path[0].text, "exports" | "module")
                {
                    self.facts.exports.has_common_js = true;
                    match call.arguments.get(1).map(|argument| &argument.value) {
                        // `__esModule` is the mark that compilers leave.
                        Some(Value::Text(text)) if text == "__esModule" => {}
                        Some(Value::Text(Cow::Borrowed(text))) => {
                            self.facts.exports.names.insert(text, Export { what: ExportOf::Other });
                        }
                        _ => self.facts.exports.is_open = true,
                    }
                }
            }
            _ => {
                // Whoever gets `this` can add to it.
                let is_own = |argument: &Argument| matches!(&argument.value, Value::Path(path) if path[0].text == "this" && path.len() == 1);
                let adds = words.last().is_some_and(|last| ADD_MEMBERS.contains(last));
                if let (true, Some(class)) =
                    (adds && call.arguments.iter().any(is_own), self.facts.scopes[call.scope].class)
                {
                    self.facts.classes[class].is_open = true;
                }
                // Handing `exports` or `module` on lets others fill it.
                let hands_on = |argument: &Argument| match &argument.value {
                    Value::Path(path) => matches!(path[0].text, "exports" | "module") && path.len() <= 2,
                    _ => false,
                };
                if call.arguments.iter().any(hands_on) {
                    self.facts.exports.is_open = true;
                }
            }
        }
    }

    /// `const { a, b } = require('x')`: the names are taken from the file.
    pub(super) fn names_of_require(&mut self, pattern: Node, import: usize, scope: usize) -> bool {
        if pattern.kind() != "object_pattern" {
            return false;
        }
        for part in children(pattern) {
            match part.kind() {
                "shorthand_property_identifier_pattern" => {
                    let name = self.name(part);
                    self.facts.imports[import].names.push(name);
                    self.facts.bind(scope, name, What::Import(import, Imported::Name(name.text)));
                }
                "pair_pattern" => {
                    let (Some(key), Some(value)) = (part.child_by_field_name("key"), part.child_by_field_name("value"))
                    else {
                        continue;
                    };
                    if key.kind() == "property_identifier" {
                        let key = self.name(key);
                        self.facts.imports[import].names.push(key);
                        if value.kind() == "identifier" {
                            let value = self.name(value);
                            self.facts.bind(scope, value, What::Import(import, Imported::Name(key.text)));
                            continue;
                        }
                    }
                    self.pattern(value, scope, scope, None);
                }
                _ => self.pattern(part, scope, scope, None),
            }
        }
        true
    }
}

/// The name that a call defines on what is no module and no `this`: `Object.defineProperty(target, name, …)`.
fn made_by<'a, 't>(words: &[&str], arguments: &'a [Argument<'t>]) -> Option<&'a Value<'t>> {
    if words.last() == Some(&"__defineGetter__") {
        return arguments.first().map(|argument| &argument.value);
    }
    let is_of_module = match &arguments.first()?.value {
        Value::Path(path) => matches!(path[0].text, "exports" | "module" | "this"),
        _ => true,
    };
    (!is_of_module).then(|| arguments.get(1).map(|argument| &argument.value))?
}
