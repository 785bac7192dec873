//! Names that come through `use …::*`. Modules may bring each other in, in circles and by many ways: where each glob
//! leads is found out once, and a search goes into no module twice.

use std::collections::{HashMap, HashSet};

use super::{Inside, Modules, Name, Place};
use crate::check::{project::Project, syntax::Language};

/// A glob may lead to where another glob brings a module in; so many times one upon the other.
const ROUNDS: usize = 4;

impl<'t> Modules<'t> {
    /// Finds out where every glob leads; in the first round as if none brought a module in.
    pub(super) fn settle_globs(&mut self, project: &Project<'t>) {
        for _ in 0..ROUNDS {
            let mut found = HashMap::new();
            let units = project.units.iter().enumerate().filter(|(_, unit)| unit.language == Language::Rust);
            for (index, unit) in units {
                for (scope, import) in &unit.facts.rust.globs {
                    let path = &unit.facts.imports[*import].names;
                    found.insert((index, *import), self.place(project, index, *scope, path, 12));
                }
            }
            if found == self.globs {
                break;
            }
            self.globs = found;
        }
    }

    /// What the globs of a scope bring in under a name.
    pub(super) fn through_globs(
        &self,
        project: &Project<'t>,
        unit: usize,
        scope: usize,
        name: Name<'t>,
        goes_on: bool,
        steps: usize,
    ) -> Place {
        let start = (unit, scope);
        if steps <= 1 {
            return Place::Unknown;
        }
        let mut is_open = false;
        let mut seen = HashSet::from([start]);
        let mut left = vec![start];
        while let Some((unit, scope)) = left.pop() {
            let facts = &project.units[unit].facts;
            for (_, import) in facts.rust.globs.iter().filter(|(at, _)| *at == scope) {
                match self.globs.get(&(unit, *import)) {
                    Some(Place::Module(target)) if !seen.insert(*target) => {}
                    Some(Place::Module((home, inner))) => {
                        let facts = &project.units[*home].facts;
                        if !project.units[*home].is_read() || facts.is_open {
                            is_open = true;
                        } else if let Some(bindings) = facts.scopes[*inner].bindings.get(name.text) {
                            return self.of_binding(project, *home, *inner, name, bindings, goes_on, steps - 1);
                        } else {
                            is_open |= facts.rust.macro_scopes.contains(inner);
                            left.push((*home, *inner));
                        }
                    }
                    Some(Place::Class(unit, class)) => match self.of_class(project, *unit, *class, name.text) {
                        Place::Missing(..) => {}
                        found => return found,
                    },
                    _ => is_open = true,
                }
            }
        }
        // Macros are exported from wherever they stand, and derives make types beside those that they are for.
        let may_be_made = project.rust.macros.contains(name.text) || project.rust.may_be_derived(name.text);
        if is_open || seen.len() > 1 && may_be_made {
            return Place::Unknown;
        }
        Place::Missing(0, Inside::Module(start))
    }
}
