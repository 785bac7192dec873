//! What stands before an item in `#[…]`, and whether it may make something else of the item, or more items beside it.
//! Works on the text of attributes alone.

use super::super::members::is_standard_trait;

/// Attributes of the language, and of its tools.
const OF_THE_LANGUAGE: &[&str] = &[
    "allow",
    "automatically_derived",
    "bench",
    "cfg",
    "cfg_attr",
    "clippy",
    "cold",
    "const_trait",
    "coverage",
    "default",
    "deny",
    "deprecated",
    "derive",
    "diagnostic",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "global_allocator",
    "ignore",
    "inline",
    "link",
    "link_name",
    "link_section",
    "macro_export",
    "macro_use",
    "marker",
    "must_use",
    "no_mangle",
    "non_exhaustive",
    "panic_handler",
    "path",
    "proc_macro",
    "proc_macro_attribute",
    "proc_macro_derive",
    "repr",
    "rustfmt",
    "should_panic",
    "stable",
    "target_feature",
    "test",
    "track_caller",
    "unsafe",
    "unstable",
    "used",
    "warn",
];
/// Attributes of well known crates that leave the names in a function as they are, and add none; by their last word.
const THAT_KEEP: &[&str] = &[
    "async_trait",
    "case",
    "command",
    "connect",
    "debug_handler",
    "delete",
    "get",
    "handler",
    "head",
    "instrument",
    "launch",
    "main",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "rstest",
    "serial",
    "test",
    "wasm_bindgen",
];
/// Derives of well known crates that make nothing but an impl, or a type that begins like the one they are for.
const DERIVES: &[&str] = &[
    "Arbitrary",
    "Args",
    "AsChangeset",
    "AsExpression",
    "AsMut",
    "AsRef",
    "AsRefStr",
    "Associations",
    "BorshDeserialize",
    "BorshSerialize",
    "Bundle",
    "CandidType",
    "Component",
    "Constructor",
    "Deref",
    "DerefMut",
    "Diagnostic",
    "Display",
    "Educe",
    "EnumCount",
    "EnumIter",
    "EnumString",
    "Event",
    "From",
    "FromArgs",
    "FromPrimitive",
    "FromRow",
    "FromSqlRow",
    "Identifiable",
    "Insertable",
    "Into",
    "IntoIterator",
    "IntoParams",
    "IntoStaticStr",
    "IsVariant",
    "JsonSchema",
    "MultipartForm",
    "Pod",
    "Properties",
    "Queryable",
    "QueryableByName",
    "Reflect",
    "Resource",
    "RustEmbed",
    "Selectable",
    "SmartDefault",
    "SqlType",
    "StructOpt",
    "Subcommand",
    "Template",
    "ToPrimitive",
    "ToSchema",
    "ToTokens",
    "TryFrom",
    "Type",
    "Unwrap",
    "Validate",
    "ValueEnum",
    "Zeroable",
    "ZeroizeOnDrop",
];

/// Whether an attribute before a function, an impl, a trait or a module comes from a crate that may rewrite it.
pub fn may_rewrite(attributes: &str) -> bool {
    names(attributes).any(|path| {
        let (first, last) = (path.split("::").next().unwrap_or(path), path.rsplit("::").next().unwrap_or(path));
        !OF_THE_LANGUAGE.contains(&first) && !first.starts_with("rustc_") && !THAT_KEEP.contains(&last)
    })
}

/// Whether an attribute before any derive is none of the language's: it may make anything out of the type.
pub fn is_rewritten(attributes: &str) -> bool {
    names(attributes).take_while(|path| *path != "derive").any(|path| !OF_THE_LANGUAGE.contains(&path))
}

/// Whether a derive may make more than an impl for the type: modules, or types of other names.
pub fn may_add_items(attributes: &str) -> bool {
    // The `Parser` of pest makes an enum out of a grammar, that of clap only an impl.
    let is_of_grammar = names(attributes).any(|path| path == "grammar" || path == "grammar_inline");
    is_of_grammar
        || is_rewritten(attributes)
        || derives(attributes)
            .iter()
            .any(|name| !name.is_empty() && !is_standard_trait(name) && !DERIVES.contains(name) && *name != "Parser")
}

/// The names in `#[derive(…)]`.
pub fn derives(attributes: &str) -> Vec<&str> {
    let lists = attributes.split("derive(").skip(1).filter_map(|rest| rest.split(')').next());
    lists.flat_map(|list| list.split(',')).map(|name| name.trim().rsplit("::").next().unwrap_or_default()).collect()
}

/// What the attributes are called, one after another; those in comments are none.
fn names(attributes: &str) -> impl Iterator<Item = &str> {
    let lines = attributes.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    lines.flat_map(|line| line.split("#[").skip(1)).map(|attribute| {
        let end = attribute.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(attribute.len());
        &attribute[..end]
    })
}

#[cfg(test)]
mod tests {
    use super::{is_rewritten, may_add_items, may_rewrite};

    #[test]
    fn attributes_of_crates_may_rewrite_an_item() {
        for (attributes, expected) in [
            ("", false),
            ("#[inline]\n#[must_use]\n", false),
            ("#[tokio::main]\n", false),
            ("#[get(\"/\")]\n", false),
            ("#[clippy::msrv = \"1\"]\n#[rustfmt::skip]\n", false),
            ("/// #[window]\n#[test]\n", false),
            ("#[window]\n", true),
            ("#[allow(dead_code)]\n#[action_impl(sync = crate::sync::Cursor<T>)]\n", true),
        ] {
            assert_eq!(may_rewrite(attributes), expected, "{attributes}");
        }
    }

    #[test]
    fn derives_may_make_more_than_an_impl() {
        for (attributes, expected) in [
            ("#[derive(Debug, Clone)]\n", false),
            ("#[derive(Debug, serde::Serialize)]\n#[serde(rename_all = \"camelCase\")]\n", false),
            ("#[derive(clap::Parser)]\n#[command(version)]\n", false),
            ("#[derive(Parser)]\n#[grammar = \"json.pest\"]\n", true),
            ("#[derive(Debug, Snafu)]\n", true),
            ("#[bitfield]\n#[derive(Debug)]\n", true),
        ] {
            assert_eq!(may_add_items(attributes), expected, "{attributes}");
        }
        assert!(is_rewritten("#[bitfield]\n#[derive(Debug)]\n"));
        assert!(!is_rewritten("#[repr(C)]\n#[derive(Debug)]\n#[serde(default)]\n"));
    }
}
