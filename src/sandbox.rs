//! What a project's own command may reach when it is run: as little as bubblewrap can leave it, where that is there.
//! Decides only; starts nothing and looks at no disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// What a command gets of the environment, by the beginnings of names: where programs are and how a person writes. No
/// key of anything is among it.
const PASSED: [&str; 26] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_",
    "TZ",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "VIRTUAL_ENV",
    "VOLTA_HOME",
    "PNPM_HOME",
    "BUN_INSTALL",
    "DENO_DIR",
    "DOTNET_ROOT",
    "SYSTEMROOT",
    "SystemRoot",
    "TMP",
    "TEMP",
];
/// What it gets beside that: nobody is there to answer, nobody sees colours, and no test is to be watched for ever.
const SET: [(&str, &str); 7] = [
    ("CI", "true"),
    ("NO_COLOR", "1"),
    ("TERM", "dumb"),
    ("CARGO_TERM_COLOR", "never"),
    ("PYTHONUNBUFFERED", "1"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("RUST_BACKTRACE", "0"),
];
/// Below a person's home: tools that no entry of the search path leads to.
const TOOLS: [&str; 6] = [".rustup", ".cargo", ".local/lib", ".local/share/uv", ".nvm", "go"];
/// Keys that lie among the tools.
const KEYS: [&str; 2] = [".cargo/credentials.toml", ".cargo/credentials"];
/// Where smol looks for keys, beside the project.
const DOTENV: &str = ".env";
/// Where the system keeps what names mean, for a command that may use the network.
const RESOLVERS: [&str; 2] = ["/run/systemd/resolve", "/run/resolvconf"];

/// Where the command runs, and what of the machine it has to do with. All paths are real ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The only one that it may write to.
    pub directory: PathBuf,
    /// The person's own working directory.
    pub working: PathBuf,
    pub home: Option<PathBuf>,
    /// All of the person's environment.
    pub environment: BTreeMap<String, String>,
}

/// Whether the command may use the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    Shared,
    None,
}

/// What stands between the command and the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    Bubblewrap {
        network: Network,
    },
    /// Nothing, for this reason.
    None {
        why: String,
    },
}

/// What is under a name on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    Nothing,
    Directory,
    File,
}

impl Ground {
    /// The environment that the command gets.
    pub fn environment(&self, sandbox: &Sandbox) -> BTreeMap<String, String> {
        let is_passed = |name: &str| PASSED.iter().any(|beginning| name.starts_with(beginning));
        let passed = self.environment.iter().filter(|(name, _)| is_passed(name));
        let mut environment: BTreeMap<String, String> =
            passed.map(|(name, value)| (name.clone(), value.clone())).collect();
        environment.extend(SET.map(|(name, value)| (name.to_owned(), value.to_owned())));
        if let Sandbox::Bubblewrap { network } = sandbox {
            ["TMPDIR", "TMP", "TEMP"].iter().for_each(|name| drop(environment.insert((*name).into(), "/tmp".into())));
            if *network == Network::None {
                environment.insert("CARGO_NET_OFFLINE".to_owned(), "true".to_owned());
            }
        }
        environment
    }

    /// Bubblewrap's arguments, up to the command.
    pub fn bubblewrap(&self, network: Network, there: impl Fn(&Path) -> There) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        let mut add = |words: &[&std::ffi::OsStr]| args.extend(words.iter().map(|word| (*word).to_owned()));
        let word = std::ffi::OsStr::new;
        add(&["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"].map(word));
        if network == Network::Shared {
            add(&[word("--share-net")]);
        }
        add(&["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"].map(word));
        for private in ["/tmp", "/var/tmp", "/run"].iter().filter(|path| there(Path::new(path)) == There::Directory) {
            add(&["--tmpfs", private].map(word));
        }
        for path in (network == Network::Shared).then_some(RESOLVERS).iter().flatten() {
            add(&["--ro-bind-try", path, path].map(word));
        }
        let bind = |how: &'static str, path: &Path| [word(how).to_owned(), path.into(), path.into()];
        let hide = |path: &Path| match there(path) {
            There::Directory => vec![word("--tmpfs").to_owned(), path.into()],
            There::File => vec![word("--ro-bind").to_owned(), "/dev/null".into(), path.into()],
            There::Nothing => Vec::new(),
        };
        if let Some(home) = self.home.as_ref().filter(|home| there(home) == There::Directory) {
            args.extend(hide(home));
            for tool in self.tools(home).iter().filter(|tool| there(tool) != There::Nothing) {
                args.extend(bind("--ro-bind", tool));
            }
            KEYS.iter().for_each(|key| args.extend(hide(&home.join(key))));
        }
        // A home or a root as the working directory would bring back what was hidden.
        let holds_home = self.home.as_ref().is_some_and(|home| home.starts_with(&self.working));
        if !holds_home && self.working.parent().is_some() {
            args.extend(bind("--ro-bind", &self.working));
        }
        let directory = &self.directory;
        args.extend(bind("--bind", directory));
        for dotenv in BTreeSet::from([self.working.join(DOTENV), directory.join(DOTENV)]) {
            if dotenv.starts_with(directory) || !holds_home {
                args.extend(hide(&dotenv));
            }
        }
        // What smol remembers decides whose files are whose; a hook of git's would run later, and outside.
        args.extend(hide(&directory.join(".smol")));
        if there(&directory.join(".git")) != There::Nothing {
            args.extend(bind("--ro-bind", &directory.join(".git")));
        }
        args.extend([word("--chdir").to_owned(), directory.into(), word("--").to_owned()]);
        args
    }

    /// Tools below the person's home that the command may read.
    fn tools(&self, home: &Path) -> Vec<PathBuf> {
        let search_path = self.environment.get("PATH").map_or("", String::as_str);
        let entries = search_path.split(':').map(Path::new).filter(|entry| entry.starts_with(home));
        let roots = entries.map(|entry| {
            let is_bin = |name: &str| matches!(name, "bin" | ".bin" | "shims" | "sbin");
            let above = entry.parent().filter(|above| *above != home && !above.ends_with(".local"));
            match (above, entry.file_name().and_then(|name| name.to_str())) {
                (Some(above), Some(name)) if is_bin(name) => above.to_owned(),
                _ => entry.to_owned(),
            }
        });
        let named = ["CARGO_HOME", "RUSTUP_HOME", "PYENV_ROOT", "NVM_DIR", "VIRTUAL_ENV", "GOROOT", "JAVA_HOME"];
        let named = named.iter().filter_map(|name| self.environment.get(*name)).map(PathBuf::from);
        let known = TOOLS.iter().map(|tool| home.join(tool));
        let all: BTreeSet<PathBuf> = roots.chain(named).chain(known).collect();
        all.into_iter().filter(|tool| tool.starts_with(home) && tool != home).collect()
    }
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sandbox::Bubblewrap { network: Network::None } => f.write_str("in bubblewrap, without network"),
            Sandbox::Bubblewrap { network: Network::Shared } => f.write_str("in bubblewrap, with the network"),
            Sandbox::None { why } => write!(f, "in no sandbox ({why}): it can do what you can do"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(directory: &str, working: &str, environment: &[(&str, &str)]) -> Ground {
        Ground {
            directory: directory.into(),
            working: working.into(),
            home: Some("/home/me".into()),
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn args(ground: &Ground, network: Network) -> String {
        let there = |path: &Path| match path.to_str().expect("is text") {
            "/run" | "/home/me/.nvm" => There::Nothing,
            path if path.ends_with(".env") || path.ends_with("credentials.toml") => There::File,
            _ => There::Directory,
        };
        let args = ground.bubblewrap(network, there);
        args.iter().map(|arg| arg.to_str().expect("is text")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn no_key_goes_along() {
        let person = [("OPENAI_API_KEY", "sk-1"), ("AWS_SECRET_ACCESS_KEY", "s"), ("PATH", "/bin"), ("LC_ALL", "C")];
        let ground = ground("/w/out", "/w", &person);
        let inside = ground.environment(&Sandbox::Bubblewrap { network: Network::None });
        assert!(!inside.keys().any(|name| name.contains("KEY")), "{inside:?}");
        assert_eq!([&inside["PATH"], &inside["LC_ALL"], &inside["TMPDIR"]], ["/bin", "C", "/tmp"]);
        let outside = ground.environment(&Sandbox::None { why: String::new() });
        assert!(!outside.contains_key("OPENAI_API_KEY") && !outside.contains_key("TMPDIR"));
    }

    #[test]
    fn only_the_output_directory_can_be_written() {
        let ground = ground("/home/me/p/out", "/home/me/p", &[("PATH", "/home/me/.pyenv/shims:/home/me/.local/bin")]);
        let args = args(&ground, Network::None);
        assert_eq!(args.matches("--bind ").count(), 1, "{args}");
        let order = [
            "--ro-bind / /",
            "--tmpfs /tmp",
            "--tmpfs /home/me ",
            "--ro-bind /home/me/.pyenv /home/me/.pyenv",
            "--ro-bind /dev/null /home/me/.cargo/credentials.toml",
            "--ro-bind /home/me/p /home/me/p",
            "--bind /home/me/p/out /home/me/p/out",
            "--ro-bind /dev/null /home/me/p/.env",
            "--tmpfs /home/me/p/out/.smol",
            "--ro-bind /home/me/p/out/.git",
            "--chdir /home/me/p/out --",
        ];
        let places: Vec<_> = order.map(|part| args.find(part).unwrap_or_else(|| panic!("{part} in {args}"))).to_vec();
        assert!(places.is_sorted(), "{args}");
        assert!(args.contains("--ro-bind /home/me/.local/bin /home/me/.local/bin"), "{args}");
        assert!(!args.contains("/run") && !args.contains("--share-net") && !args.contains(".nvm"), "{args}");
    }

    #[test]
    fn a_home_as_the_working_directory_stays_hidden() {
        for working in ["/home/me", "/home", "/"] {
            let args = args(&ground("/w/out", working, &[]), Network::Shared);
            assert!(!args.contains(&format!("--ro-bind {working} {working} --bind")), "{args}");
            assert!(args.contains("--share-net"), "{args}");
        }
    }
}
