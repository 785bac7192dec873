//! What is known of Rust without regard to modules.

use std::collections::{HashMap, HashSet};

use super::super::{
    facts::{ClassKind, Facts},
    members::is_standard_trait,
};

/// All files of Rust together.
#[derive(Default)]
pub struct AllOfRust<'t> {
    pub traits: HashSet<&'t str>,
    pub trait_methods: HashSet<&'t str>,
    /// By type: the traits that it implements.
    pub implements: HashMap<&'t str, Vec<&'t str>>,
    /// By type: the other names that it has somewhere.
    pub aliases: HashMap<&'t str, Vec<&'t str>>,
    /// How many types have a name.
    pub namesakes: HashMap<&'t str, usize>,
    pub associated: HashSet<(&'t str, &'t str)>,
    pub macro_words: HashSet<&'t str>,
    pub macros: HashSet<&'t str>,
    /// Types with a derive that is not of the standard library.
    derived: HashSet<&'t str>,
}

impl<'t> AllOfRust<'t> {
    /// Whether a derive may have made a type of this name: `JobBuilder` for `Job`.
    pub fn may_be_derived(&self, name: &str) -> bool {
        (1..name.len()).any(|end| name.get(..end).is_some_and(|start| self.derived.contains(start)))
    }

    pub fn add(&mut self, facts: &Facts<'t>) {
        let own: HashSet<&str> =
            facts.classes.iter().filter(|class| class.kind == ClassKind::Interface).map(|class| class.name).collect();
        let methods = facts.functions.iter().filter(|function| function.owner.is_some_and(|owner| own.contains(owner)));
        self.trait_methods.extend(methods.map(|function| function.name));
        self.traits.extend(own);
        for (owner, name) in &facts.rust.implements {
            self.implements.entry(owner).or_default().push(name);
        }
        for (alias, name) in &facts.rust.aliases {
            self.aliases.entry(name).or_default().push(alias);
        }
        for class in &facts.classes {
            *self.namesakes.entry(class.name).or_default() += 1;
        }
        self.associated.extend(&facts.rust.associated);
        self.macro_words.extend(&facts.rust.macro_words);
        self.macros.extend(&facts.rust.macros);
        for (class, derives) in &facts.rust.derives {
            if derives.iter().any(|name| !is_standard_trait(name)) {
                self.derived.insert(facts.classes[*class].name);
            }
        }
    }
}
