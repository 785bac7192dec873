//! Which files nobody wants to send: what tools wrote, what others wrote, and what holds keys. By name and first lines.

/// Files that a package manager keeps, by their names.
const LOCKS: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "Cargo.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pixi.lock",
    "Pipfile.lock",
    "conda-lock.yml",
    "Gemfile.lock",
    "composer.lock",
    "go.sum",
    "go.work.sum",
    "mix.lock",
    "pubspec.lock",
    "Podfile.lock",
    "Package.resolved",
    "packages.lock.json",
    "gradle.lockfile",
    "flake.lock",
    "MODULE.bazel.lock",
    "Cartfile.resolved",
    "rebar.lock",
];

/// Directories whose content others wrote or tools made.
const OTHERS: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "vendor",
    "third_party",
    "Pods",
    "Carthage",
    ".venv",
    "venv",
    "site-packages",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".gradle",
    ".terraform",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".turbo",
    ".parcel-cache",
    ".angular",
    ".yarn",
    ".dart_tool",
    "DerivedData",
    ".bundle",
    ".eggs",
    ".idea",
    ".vs",
];

/// Directories of version control and of smol: not even listed.
pub const MEMORIES: &[&str] = &[".git", ".hg", ".svn", ".jj", ".smol"];

/// Endings of files that tools write.
const WRITTEN_BY_TOOLS: &[&str] = &[
    ".min.js",
    ".min.mjs",
    ".min.css",
    ".js.map",
    ".css.map",
    ".mjs.map",
    ".bundle.js",
    ".chunk.js",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    "_pb.js",
    "_pb.d.ts",
    ".g.dart",
    ".freezed.dart",
    ".designer.cs",
    ".generated.cs",
    ".g.cs",
    "_generated.go",
    ".gen.go",
    ".tsbuildinfo",
    ".snap",
];

/// Files whose whole purpose is to hold keys, by their names in lower case.
const KEYS: &[&str] = &[
    ".netrc",
    "_netrc",
    ".pgpass",
    ".git-credentials",
    ".htpasswd",
    ".pypirc",
    ".vault-token",
    ".my.cnf",
    ".mylogin.cnf",
    ".s3cfg",
    ".boto",
    ".dockercfg",
    ".terraformrc",
    "terraform.rc",
    "credentials.json",
    "client_secret.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "secrets.toml",
    "kubeconfig",
    "master.key",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "identity.age",
    "service-account.json",
    "service_account.json",
    "wallet.dat",
    ".envrc",
];

/// Endings of such files.
const KEY_ENDINGS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".p8",
    ".ovpn",
    ".tfstate",
    ".tfstate.backup",
    ".tfvars",
    ".asc",
    ".gpg",
    ".age",
    ".jceks",
    ".keytab",
    ".agekey",
];

/// Words behind `.env.` that say that it holds no key.
const SAMPLES: &[&str] = &["example", "sample", "template", "dist", "tpl", "default", "defaults", "schema"];

/// Bytes of the beginning in which a generator says so.
const HEAD: usize = 1024;
/// A script or style with lines this long on average was not written by a person, in bytes.
const MINIFIED: usize = 300;

/// Whether a directory of this name is other people's.
pub fn is_others(directory: &str) -> bool {
    OTHERS.contains(&directory)
}

/// Why a file of this path holds keys, if it does.
pub fn keys(path: &str) -> Option<&'static str> {
    let lower = path.to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let is_sample = name.split('.').any(|part| SAMPLES.contains(&part));
    let is_environment = name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
    let is_credentials = [".aws/credentials", ".docker/config.json", ".kube/config", ".cargo/credentials.toml"];
    if is_environment && !is_sample {
        return Some("an environment file, which holds keys");
    }
    let is_key = KEYS.contains(&name)
        || KEY_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || is_credentials.iter().any(|ending| lower.ends_with(ending));
    (is_key && !is_sample).then_some("a file for keys")
}

/// Why the file at `path` was written by a tool, if it was.
pub fn by_a_tool(path: &str, text: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if LOCKS.contains(&name) || name.ends_with(".lock") && !name.starts_with('.') {
        return Some("a lock file");
    }
    let lower = name.to_lowercase();
    if WRITTEN_BY_TOOLS.iter().any(|ending| lower.ends_with(ending)) {
        return Some("written by a tool");
    }
    let head = &text[..text.floor_char_boundary(HEAD)];
    if head.lines().any(is_a_generators_mark) {
        return Some("says that it was generated");
    }
    let is_script = [".js", ".mjs", ".cjs", ".css", ".svg", ".html"].iter().any(|ending| lower.ends_with(ending));
    let lines = || text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (is_script && text.len() > 4 * MINIFIED && text.len() / lines() > MINIFIED).then_some("minified")
}

/// The marks that generators agreed on: those of Go, of Facebook's tools, and of .NET, in a comment.
fn is_a_generators_mark(line: &str) -> bool {
    let line = line.trim_start();
    let is_comment =
        ["//", "#", "/*", "*", "<!--", "--", ";", "\"\"\"", "%"].iter().any(|start| line.starts_with(start));
    let says = |words: &str| line.contains(words);
    is_comment
        && (says("@generated") && !says("`@generated")
            || says("<auto-generated")
            || (says("enerated by") || says("enerated from") || says("ENERATED"))
                && (says("DO NOT EDIT") || says("o not edit")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_keys() {
        for path in [
            ".env",
            "a/.env.production",
            "prod.env",
            "certs/server.pem",
            "deploy/ID_RSA",
            "infra/terraform.tfstate",
            "home/.aws/credentials",
            ".netrc",
            "app.p12",
        ] {
            assert!(keys(path).is_some(), "{path}");
        }
        for path in [
            ".env.example",
            ".example.env",
            "env.py",
            "src/key.rs",
            "environment.ts",
            "docs/credentials.md",
            "monkey.js",
        ] {
            assert_eq!(keys(path), None, "{path}");
        }
    }

    #[test]
    fn files_that_tools_wrote() {
        let long = "a".repeat(5_000);
        for (path, text) in [
            ("Cargo.lock", ""),
            ("web/yarn.lock", ""),
            ("jquery.min.js", ""),
            ("app.js", long.as_str()),
            ("a.go", "// Code generated by protoc-gen-go. DO NOT EDIT.\npackage a\n"),
            ("a.rs", "// @generated\n"),
            ("a.cs", "// <auto-generated />\n"),
        ] {
            assert!(by_a_tool(path, text).is_some(), "{path}");
        }
        for (path, text) in [
            ("lock.rs", ""),
            ("data.json", long.as_str()),
            ("gen.py", "MARK = '@generated'\n"),
            ("readme.md", "This tool writes '@generated' on top.\n"),
            ("build.rs", "// Files generated by us have a mark.\n"),
        ] {
            assert_eq!(by_a_tool(path, text), None, "{path}");
        }
    }
}
