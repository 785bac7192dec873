//! What follows from what was typed, set and found, before anything is opened or asked.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use smol_dev::{
    event::Chosen,
    generate::Scope,
    landing::FINISHED,
    lineage::{Ground, Lineage},
    plan::Plan,
    prompts::Prompts,
    questions::Shelf,
    rerun::{Past, Planning, Renewal, WORDS},
    settings::{Settings, Typed},
    spec::{Document, Spec, SpecSource},
    workspace::{self, Folder, Outside, Workspace},
};

use crate::{
    cli::{GenArgs, Local},
    dry_run,
    face::Face,
    surroundings,
    words::counted,
};

/// The spec that is meant when none is named.
pub const DEFAULT_PROMPT: &str = "prompt.md";

/// What follows from what was typed and found, before anything is opened.
pub struct Decided {
    pub spec: Spec,
    pub settings: Settings,
    pub prompts: Prompts,
    pub asked: dry_run::Asked,
    pub past: Past,
    /// The files beside the prompt that the spec was read from.
    pub included: BTreeSet<PathBuf>,
}

impl Decided {
    pub fn shelf(&self) -> Shelf<'_> {
        let out = &self.settings.out;
        Shelf { directory: out, read: Box::new(move |path| workspace::read_below(Path::new(out), path)) }
    }

    fn plan(&self) -> Result<Option<Plan>> {
        Ok((self.shelf().read)(&Plan::path())?.map(Plan::new))
    }

    pub fn planning(&self) -> Result<Planning> {
        Ok(self.past.planning(&self.spec, &self.prompts, self.plan()?.is_some()))
    }

    /// Why each file of the plan on disk would be asked for; nothing if there is no plan.
    pub fn chosen(&self) -> Result<Vec<Chosen>> {
        let Some(plan) = self.plan()? else { return Ok(Vec::new()) };
        let ground = Ground { plan: &plan, prompts: self.prompts.fingerprint(&WORDS), model: &self.asked.model };
        let shelf = self.shelf();
        // A file that cannot be read is there all the same.
        self.past.explain(&ground, &self.spec, |path| Ok(!matches!((shelf.read)(path), Ok(None))))
    }

    /// Whether there is nothing that a run would ask for.
    pub fn is_up_to_date(&self, scope: &Scope) -> Result<bool> {
        if !matches!(scope, Scope::Everything | Scope::FromPlan) || self.planning()? != Planning::Saved {
            return Ok(false);
        }
        let knows_list = self.plan()?.is_some_and(|plan| self.past.list(&plan).is_some());
        Ok(knows_list && self.chosen()?.iter().all(|chosen| chosen.reasons.is_empty()))
    }
}

/// The prompt as it was named.
pub fn prompt(args: &GenArgs) -> &str {
    args.prompt.as_ref().or(args.prompt_flag.as_ref()).map_or(DEFAULT_PROMPT, String::as_str)
}

pub fn decide(args: &GenArgs, face: &Face) -> Result<Decided> {
    let typed = Typed {
        model: args.model.clone(),
        base_url: args.base_url.clone(),
        out: args.out.clone(),
        jobs: args.jobs,
        replay: args.replay.clone(),
        retries: args.retries,
        retry_wait: args.retry_wait,
        first_token_timeout: args.first_token_timeout,
        silence_timeout: args.silence_timeout,
        connect_timeout: args.connect_timeout,
        effort: args.effort,
        max_cost: args.max_cost,
        is_local_wanted: args.local == Local::Auto,
    };
    let settings = Settings::decide(typed, &surroundings::look()?)?;
    let prompts = match &args.prompts {
        Some(directory) => workspace::read_prompts(directory)
            .with_context(|| format!("could not read the prompts in '{}'", directory.display()))?,
        None => Default::default(),
    };
    let prompts = Prompts::with(prompts)?;
    let outside = if args.allow_outside { Outside::Allowed } else { Outside::Refused };
    let mut included = BTreeSet::new();
    let spec = read_spec(prompt(args), outside, &prompts, &mut included)?;
    let mut settings = settings;
    if workspace::is_cut_short(Path::new(&settings.out)) && !args.dry_run && !args.explain {
        drop(Workspace::open(Path::new(&settings.out), "")?);
        settings.notices.insert(0, FINISHED.to_owned());
    }
    let lineage = match args.fresh {
        true => Lineage::default(),
        false => workspace::read_lineage(Path::new(&settings.out))?,
    };
    let asked = dry_run::Asked::of(&settings, lineage.files.values().next().map(|sources| sources.model.as_str()));
    let renewal = if args.yes { Renewal::WriteAnew } else { Renewal::Keep };
    let past = Past { lineage, renewal };
    let mut decided = Decided { spec, settings, prompts, asked, past, included };
    if !args.dry_run && !args.explain && wants_renewal(&decided, face)? {
        decided.past.renewal = Renewal::WriteAnew;
    }
    Ok(decided)
}

/// Whether a person wants to pay for files anew of which only the model or the prompts have changed.
fn wants_renewal(decided: &Decided, face: &Face) -> Result<bool> {
    let chosen = decided.chosen()?;
    let kept = chosen.iter().filter(|chosen| !chosen.kept_despite.is_empty()).count();
    if kept == 0 {
        return Ok(false);
    }
    let files = counted(kept, "file");
    let question = format!("only the model or the prompts changed for {files}: have them written anew? [y]es, [n]o:");
    let answer = face.ask(&question);
    if answer.is_none() {
        face.note(&format!(
            "only the model or the prompts changed for {files}, which stay; --yes has them written anew"
        ));
    }
    Ok(matches!(answer.as_deref(), Some("y" | "yes")))
}

/// Every file that it is read from beside the prompt is put into `included`.
fn read_spec(argument: &str, outside: Outside, prompts: &Prompts, included: &mut BTreeSet<PathBuf>) -> Result<Spec> {
    let text = match SpecSource::of(argument) {
        SpecSource::Stdin => std::io::read_to_string(std::io::stdin()).context("could not read the spec from stdin")?,
        SpecSource::File(path) => {
            let path = Path::new(&path);
            let context = || format!("could not read the spec '{}'", path.display());
            let text = workspace::read_named(path).with_context(context)?;
            let folder = Folder::of(path, outside).with_context(context)?;
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let document = Document { name: &name, text: &text, specs: &folder.specs()? };
            let read = RefCell::new(BTreeSet::new());
            let load = |below: &str| {
                read.borrow_mut().insert(path.with_file_name("").join(below));
                folder.read(below)
            };
            let spec = Spec::read(prompts, &document, &load);
            included.extend(read.into_inner());
            return spec;
        }
        SpecSource::Text(text) if workspace::is_file(Path::new(&text)) => {
            return Err(anyhow!(
                "'{text}' is a file, but only a path that ends in .md is read; the rest is taken as the spec itself"
            ));
        }
        SpecSource::Text(text) => text,
    };
    // Whatever directory it is typed in has nothing to do with it.
    let no_folder = |_: &str| bail!("a spec that comes as text has no folder to include from; save it as a .md file");
    Spec::read(prompts, &Document { name: "the spec", text: &text, specs: &[] }, &no_folder)
}

/// What a person should know of their spec.
pub fn about(spec: &Spec) -> Vec<String> {
    let mut notices = Vec::new();
    if !spec.files.is_empty() {
        let files: Vec<_> = spec.files.keys().map(|path| format!("'{path}'")).collect();
        notices.push(format!("shown to the writer of one file alone: the spec of {}", files.join(", ")));
    }
    match spec.all_images().map(|image| &image.id).collect::<BTreeSet<_>>().len() {
        0 => {}
        images => notices.push(format!(
            "{} with the spec; estimates of tokens and cost leave images out",
            if images == 1 { "1 image goes".to_owned() } else { format!("{images} images go") }
        )),
    }
    notices
}
