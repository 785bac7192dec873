//! What the other files of a package of Go define.

use super::super::super::{
    facts::{Mention, What},
    project::Project,
    resolve::Resolution,
};

/// Another file of the same Go package, or an import whose package has another name than its path.
pub fn in_package(project: &Project, unit: usize, mention: &Mention) -> bool {
    let name = mention.name.text;
    let of_sibling = |sibling: &usize| {
        let bindings = project.units[*sibling].facts.scopes[0].bindings.get(name);
        bindings.is_some_and(|bindings| bindings.iter().any(|binding| !matches!(binding.what, What::Import(..))))
    };
    if project.siblings(unit).iter().any(of_sibling) {
        return true;
    }
    let facts = &project.units[unit].facts;
    let end = mention.name.at + name.len();
    if !project.units[unit].text[end..].starts_with('.') {
        return false;
    }
    let is_used = |number: usize| {
        facts.scopes[0].bindings.iter().any(|(bound, bindings)| {
            bindings.iter().any(|binding| matches!(binding.what, What::Import(import, _) if import == number))
                && facts.mentions.iter().any(|mention| mention.name.text == *bound)
                || facts.accesses.iter().any(|access| {
                    access.path[0].text == *bound
                        && bindings
                            .iter()
                            .any(|binding| matches!(binding.what, What::Import(import, _) if import == number))
                })
        })
    };
    (0..facts.imports.len()).any(|number| match project.resolution(unit, number) {
        Resolution::Package(target) => project.units[*target].facts.package == Some(name),
        Resolution::Standard => false,
        _ => !is_used(number),
    })
}
