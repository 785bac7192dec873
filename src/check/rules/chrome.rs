//! What Chrome refuses or ignores in an extension: permissions, and what Manifest V3 forbids.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Rule,
        facts::{ScriptKind, Setting},
        project::{Project, join, parent},
        syntax::Language,
    },
    Found,
    files::is_extension,
};

/// Namespaces of `chrome` that are not there without the permission of this name.
/// Source: developer.chrome.com, reference of the extension APIs.
const PERMISSIONS: &[(&str, &[&str])] = &[
    ("alarms", &["alarms"]),
    ("bookmarks", &["bookmarks"]),
    ("browsingData", &["browsingData"]),
    ("contentSettings", &["contentSettings"]),
    ("contextMenus", &["contextMenus"]),
    ("cookies", &["cookies"]),
    ("debugger", &["debugger"]),
    ("declarativeContent", &["declarativeContent"]),
    ("declarativeNetRequest", &["declarativeNetRequest", "declarativeNetRequestWithHostAccess"]),
    ("desktopCapture", &["desktopCapture"]),
    ("downloads", &["downloads"]),
    ("fontSettings", &["fontSettings"]),
    ("gcm", &["gcm"]),
    ("history", &["history"]),
    ("identity", &["identity"]),
    ("idle", &["idle"]),
    ("management", &["management"]),
    ("nativeMessaging", &["nativeMessaging"]),
    ("notifications", &["notifications"]),
    ("offscreen", &["offscreen"]),
    ("pageCapture", &["pageCapture"]),
    ("power", &["power"]),
    ("printing", &["printing"]),
    ("privacy", &["privacy"]),
    ("proxy", &["proxy"]),
    ("readingList", &["readingList"]),
    ("scripting", &["scripting"]),
    ("search", &["search"]),
    ("sessions", &["sessions"]),
    ("sidePanel", &["sidePanel"]),
    ("storage", &["storage"]),
    ("tabCapture", &["tabCapture"]),
    ("tabGroups", &["tabGroups"]),
    ("topSites", &["topSites"]),
    ("tts", &["tts"]),
    ("webNavigation", &["webNavigation"]),
    ("webRequest", &["webRequest"]),
];
/// What is there without the permission of its namespace.
const FREE: &[&str] = &["management.uninstallSelf", "management.getSelf", "management.getPermissionWarningsByManifest"];
/// What Manifest V2 had and V3 has no more.
const GONE: &[(&str, &str)] = &[
    ("tabs.executeScript", "chrome.scripting.executeScript"),
    ("tabs.insertCSS", "chrome.scripting.insertCSS"),
    ("tabs.getSelected", "chrome.tabs.query"),
    ("tabs.sendRequest", "chrome.runtime.sendMessage"),
    ("extension.getURL", "chrome.runtime.getURL"),
    ("extension.sendMessage", "chrome.runtime.sendMessage"),
    ("extension.onMessage", "chrome.runtime.onMessage"),
    ("extension.sendRequest", "chrome.runtime.sendMessage"),
    ("extension.getBackgroundPage", "chrome.runtime messages"),
    ("runtime.getBackgroundPage", "chrome.runtime messages"),
];

/// Everything about extensions.
pub fn extensions(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        let is_manifest =
            project.path(index).rsplit('/').next() == Some("manifest.json") && is_extension(project, index);
        if !is_manifest || !unit.is_read() || project.is_material(unit.file) {
            continue;
        }
        let manifest = Manifest { project, unit: index };
        manifest.keys(&mut found);
        manifest.uses(&mut found);
        manifest.pages(&mut found);
    }
    found
}

struct Manifest<'p, 't> {
    project: &'p Project<'t>,
    unit: usize,
}

impl<'p, 't> Manifest<'p, 't> {
    fn setting(&self, key: &str) -> Option<&'p Setting<'t>> {
        self.project.units[self.unit].facts.settings.iter().find(|setting| setting.key == key)
    }

    /// Firefox has scripts in the background, and actions of pages, in this version too.
    fn is_of_firefox(&self) -> bool {
        let settings = &self.project.units[self.unit].facts.settings;
        let is_named = settings.iter().any(|setting| setting.key.starts_with("browser_specific_settings.gecko"));
        is_named && self.setting("background.service_worker").is_none()
    }

    fn list(&self, key: &str) -> Vec<&'p Setting<'t>> {
        let settings = &self.project.units[self.unit].facts.settings;
        settings.iter().filter(|setting| setting.key.rsplit_once('.').is_some_and(|(list, _)| list == key)).collect()
    }

    fn is_v3(&self) -> bool {
        self.setting("manifest_version").is_some_and(|version| version.text == "3")
    }

    /// The scripts and pages of the extension: everything below its manifest.
    fn units(&self) -> impl Iterator<Item = usize> {
        let directory = parent(self.project.path(self.unit));
        (0..self.project.units.len()).filter(move |unit| {
            let path = self.project.path(*unit);
            (directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')))
                && !self.project.is_material(self.project.units[*unit].file)
        })
    }

    fn told(&self, found: &mut Vec<Found>, unit: usize, at: usize, name: &str, message: String) {
        found
            .push(Found::error(unit, at, Rule::ChromeExtension, name, message).looked_in(self.project.path(self.unit)));
    }

    /// Pages that run in a sandbox of their own, and the scripts that these load: no policy forbids them anything.
    fn sandboxed(&self) -> BTreeSet<String> {
        let directory = parent(self.project.path(self.unit));
        let pages: Vec<String> =
            self.list("sandbox.pages").iter().filter_map(|page| join(directory, &page.text)).collect();
        let mut sandboxed: BTreeSet<String> = pages.iter().cloned().collect();
        for page in &pages {
            let links = self.project.unit_at(page).map(|unit| &self.project.units[unit].facts.links);
            sandboxed.extend(links.into_iter().flatten().filter_map(|link| join(parent(page), &link.target)));
        }
        sandboxed
    }

    /// Whether anything of the extension names the page: others lie there for people.
    fn is_named(&self, page: usize) -> bool {
        let path = self.project.path(page);
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_for_tests = parent(path).split('/').any(|part| part.starts_with("test"));
        let names = |unit: usize| self.project.path(unit) != path && self.project.units[unit].text.contains(name);
        !is_for_tests && self.units().any(names)
    }

    /// Keys that do not go together, or not with this version.
    fn keys(&self, found: &mut Vec<Found>) {
        let popup = ["action", "browser_action", "page_action"]
            .iter()
            .find_map(|action| self.setting(&format!("{action}.default_popup")));
        // A popup that is set while the extension runs may be taken away again.
        let is_set = self.units().any(|unit| self.project.units[unit].text.contains(".setPopup("));
        if popup.is_some_and(|popup| !popup.text.is_empty()) && !is_set {
            for unit in self.units().filter(|unit| self.project.units[*unit].language.is_script()) {
                for access in &self.project.units[unit].facts.accesses {
                    let words: Vec<&str> = access.path.iter().map(|name| name.text).collect();
                    if let ["chrome" | "browser", "action" | "browserAction" | "pageAction", "onClicked", ..] =
                        words.as_slice()
                    {
                        let message =
                            "'onClicked' never happens: the manifest gives the action a 'default_popup'".to_owned();
                        self.told(found, unit, access.path[2].at, "onClicked", message);
                    }
                }
            }
        }
        if !self.is_v3() || self.is_of_firefox() {
            return;
        }
        for (key, instead) in [
            ("background.scripts", "background.service_worker"),
            ("background.page", "background.service_worker"),
            ("background.persistent", "nothing: a service worker never persists"),
            ("browser_action", "action"),
            ("page_action", "action"),
        ] {
            if let Some(setting) = self.setting(key) {
                // Firefox reads `scripts` beside the service worker.
                if key == "background.scripts" && self.setting("background.service_worker").is_some() {
                    continue;
                }
                self.told(found, self.unit, setting.at, key, format!("Manifest V3 has no '{key}'; it has {instead}"));
            }
        }
        if let Some(setting) = self.setting("content_security_policy").filter(|setting| !setting.text.is_empty()) {
            let message =
                "Manifest V3 wants 'content_security_policy' to be an object with 'extension_pages'".to_owned();
            self.told(found, self.unit, setting.at, "content_security_policy", message);
        }
        for setting in self.list("permissions") {
            if setting.text.contains("://") || setting.text == "<all_urls>" {
                let message = format!("Manifest V3 wants '{}' in 'host_permissions'", setting.text);
                self.told(found, self.unit, setting.at, &setting.text, message);
            }
        }
    }

    /// The APIs that scripts use, against the permissions.
    fn uses(&self, found: &mut Vec<Found>) {
        let mut granted: BTreeSet<&str> = BTreeSet::new();
        for key in ["permissions", "optional_permissions"] {
            granted.extend(self.list(key).iter().map(|setting| setting.text.as_ref()));
        }
        let mut used: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for unit in self.units().filter(|unit| self.project.units[*unit].language.is_script()) {
            for access in &self.project.units[unit].facts.accesses {
                let [first, second, ..] = access.path.as_slice() else { continue };
                if !matches!(first.text, "chrome" | "browser")
                    || self.project.lookup(unit, access.scope, first.text).is_some()
                {
                    continue;
                }
                let dotted = access.path.iter().skip(1).take(2).map(|name| name.text).collect::<Vec<_>>().join(".");
                if !access.is_guarded && !FREE.contains(&dotted.as_str()) {
                    used.entry(second.text).or_insert((unit, second.at));
                }
                if let Some((_, instead)) =
                    GONE.iter().find(|(gone, _)| self.is_v3() && *gone == dotted && !access.is_guarded)
                {
                    let message = format!("Manifest V3 has no 'chrome.{dotted}'; it has {instead}");
                    self.told(found, unit, second.at, &dotted, message);
                }
                let is_gone = matches!(second.text, "browserAction" | "pageAction") && !self.is_of_firefox();
                if self.is_v3() && is_gone && !access.is_guarded {
                    let message = format!("Manifest V3 has no 'chrome.{}'; it has chrome.action", second.text);
                    self.told(found, unit, second.at, second.text, message);
                }
            }
        }
        for (api, permissions) in PERMISSIONS {
            let Some((unit, at)) = used.get(api) else { continue };
            if !permissions.iter().any(|permission| granted.contains(permission)) {
                let message = format!("'chrome.{api}' is not there without the permission '{}'", permissions[0]);
                let nearest = self.project.nearest(permissions[0], granted.iter().copied());
                let place = self.project.path(self.unit);
                // A build may add to the manifest.
                let is_built = self.project.manifests.has_build(place);
                let make = if is_built { Found::hint } else { Found::error };
                found.push(make(*unit, *at, Rule::ChromeExtension, api, message).looked_in(place).nearest(nearest));
            }
        }
        if used.contains_key("action") && self.setting("action").is_none() && self.is_v3() {
            let (unit, at) = used["action"];
            self.told(
                found,
                unit,
                at,
                "action",
                "'chrome.action' is not there: the manifest has no 'action'".to_owned(),
            );
        }
        for setting in self.list("permissions") {
            let api = PERMISSIONS.iter().find(|(_, permissions)| permissions.contains(&setting.text.as_ref()));
            let is_named =
                self.units().any(|unit| self.project.units[unit].text.contains(&format!(".{}", setting.text)));
            if let Some((api, _)) = api.filter(|(api, _)| !used.contains_key(api) && !is_named) {
                let message =
                    format!("the permission '{}' is asked for, and no script uses 'chrome.{api}'", setting.text);
                found.push(
                    Found::hint(self.unit, setting.at, Rule::ChromeExtension, &setting.text, message)
                        .looked_in("the scripts"),
                );
            }
        }
    }

    /// Pages of the extension may hold no scripts, and load none from elsewhere; the worker has no page at all.
    fn pages(&self, found: &mut Vec<Found>) {
        if !self.is_v3() {
            return;
        }
        let sandboxed = self.sandboxed();
        let is_sandboxed = |unit: &usize| sandboxed.contains(self.project.path(*unit));
        for unit in self.units().filter(|unit| self.project.units[*unit].language == Language::Html) {
            if is_sandboxed(&unit) || !self.is_named(unit) {
                continue;
            }
            let facts = &self.project.units[unit].facts;
            for script in &facts.scripts {
                let what = match script.kind {
                    ScriptKind::Classic | ScriptKind::Module if !script.text.trim().is_empty() => {
                        "a script inside a page"
                    }
                    ScriptKind::Attribute => "a script inside an attribute",
                    _ => continue,
                };
                self.told(
                    found,
                    unit,
                    script.at,
                    "script",
                    format!("{what} of an extension is not run: its policy forbids it"),
                );
            }
            for link in facts.links.iter().filter(|link| link.by == "src") {
                let is_script = link.target.split('?').next().is_some_and(|target| target.ends_with(".js"));
                if link.target.starts_with("http") && is_script {
                    let message = format!("Manifest V3 loads no code from elsewhere: '{}'", link.target);
                    self.told(found, unit, link.at, &link.target, message);
                }
            }
        }
        for unit in self.units().filter(|unit| self.project.units[*unit].language.is_script() && !is_sandboxed(unit)) {
            for call in &self.project.units[unit].facts.calls {
                let is_eval = matches!(call.path.as_slice(), [only] if only.text == "eval" || only.text == "Function" && call.is_new);
                if is_eval {
                    let message = format!("Manifest V3 runs no text as code: '{}'", call.path[0].text);
                    self.told(found, unit, call.at, call.path[0].text, message);
                }
            }
        }
        let worker = self.setting("background.service_worker");
        let worker = worker.and_then(|worker| join(parent(self.project.path(self.unit)), &worker.text));
        let Some(unit) = worker.and_then(|path| self.project.unit_at(&path)) else { return };
        let facts = &self.project.units[unit].facts;
        for mention in &facts.mentions {
            let name = mention.name.text;
            let is_of_page =
                matches!(name, "window" | "document" | "localStorage" | "sessionStorage" | "XMLHttpRequest" | "alert");
            // Functions that are handed to a page run there.
            let is_handed_on = self.project.units[unit].text.contains("executeScript");
            if is_of_page
                && !mention.is_guarded
                && !is_handed_on
                && self.project.lookup(unit, mention.scope, name).is_none()
            {
                self.told(found, unit, mention.name.at, name, format!("a service worker has no '{name}'"));
                break;
            }
        }
    }
}
