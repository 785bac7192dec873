//! Settles what waits, as a person says: theirs stays, the new text takes its place, or both stand there.

use std::str::FromStr;

use anyhow::{Result, anyhow, bail};

use super::{
    Landing, Workspace, base,
    commit::Draft,
    disk::{self, Present},
    manifest::Standing,
    transaction::{Outcome, Purpose, hash_of},
};
use crate::{
    merge::{Merge, common, merge},
    path::RelPath,
    proposal::text_of,
};

/// Which text a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The person's own, as it is.
    Ours,
    /// The new one.
    Theirs,
    /// Both, merged; where they do not go together, between conflict markers.
    Markers,
}

impl FromStr for Resolution {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Resolution> {
        match word {
            "ours" => Ok(Resolution::Ours),
            "theirs" => Ok(Resolution::Theirs),
            "markers" => Ok(Resolution::Markers),
            _ => bail!("'{word}' is none of ours, theirs and markers"),
        }
    }
}

impl Workspace {
    /// Settles what waits for these files. The new text counts as what smol wrote from then on.
    ///
    /// # Errors
    /// If nothing waits for one of them, or the disk refuses; then nothing has changed.
    pub fn resolve(&self, resolution: Resolution, paths: &[RelPath]) -> Result<Vec<(RelPath, Landing)>> {
        let mut draft = Draft::default();
        let mut landings = Vec::new();
        for path in paths {
            landings.push((path.clone(), self.settle(resolution, path, &mut draft)?));
        }
        let steps = draft.steps.clone();
        let outcomes = self.transact(draft, Purpose::Write)?;
        for (step, outcome) in steps.iter().zip(outcomes) {
            let Some((_, landing)) = landings.iter_mut().find(|(path, _)| *path == step.path) else { continue };
            match outcome {
                Outcome::Done => {}
                Outcome::Changed => *landing = Landing::Failed { why: "it was changed at the same moment".to_owned() },
                Outcome::Failed(why) => *landing = Landing::Failed { why },
            }
        }
        Ok(landings)
    }

    fn settle(&self, resolution: Resolution, path: &RelPath, draft: &mut Draft) -> Result<Landing> {
        let was = self.state().manifest.standing(path);
        let Some(hash) = was.waits.clone() else { bail!(self.nothing_waits(path)) };
        let text =
            base::find(&self.memory, &hash).ok_or_else(|| anyhow!("the text that waits for '{path}' is gone"))?;
        let present = disk::look(&self.dir, path.as_str())
            .map_err(|error| error.context(format!("could not look at '{path}'")))?;
        let settled = Standing { written: Some(hash), waits: None };
        let stays = |draft: &mut Draft| {
            draft.notes.push((path.clone(), settled.clone()));
            Ok(Landing::Kept { waits_at: None, why: "settled: yours stays as it is".to_owned() })
        };
        let old = hash_of(&present);
        let (after, landing) = match (resolution, &present) {
            (Resolution::Ours, _) => return stays(draft),
            (_, Present::Odd(what)) => bail!("'{path}' cannot be written: {what}; move it away first"),
            (Resolution::Theirs, _) | (Resolution::Markers, Present::Nothing) => {
                (text.clone(), Landing::Written { lines: text.lines().count() })
            }
            (Resolution::Markers, Present::File(bytes)) => {
                let mine = text_of(bytes)
                    .ok_or_else(|| anyhow!("'{path}' is no text in UTF-8, so no markers can go into it"))?;
                let base = was.written.as_deref().and_then(|hash| base::find(&self.memory, hash));
                let (merged, marked) = match merge(&base.unwrap_or_else(|| common(mine, &text)), mine, &text) {
                    Merge::Clean(merged) => (merged, 0),
                    Merge::Clash { marked, hunks } => (marked, hunks.len()),
                };
                if merged == mine {
                    return stays(draft);
                }
                let lines = merged.lines().count();
                (merged, Landing::Merged { lines, marked })
            }
        };
        if old == Some(disk::hash(after.as_bytes())) {
            return stays(draft);
        }
        draft.write(self, path, old, &after, &text, was)?;
        Ok(landing)
    }

    fn nothing_waits(&self, path: &RelPath) -> String {
        let state = self.state();
        let waiting: Vec<String> = state.manifest.waiting.keys().map(|path| format!("'{path}'")).collect();
        match waiting.is_empty() {
            true => format!("no new text waits for '{path}', nor for any other file in '{}'", self.name),
            false => format!("no new text waits for '{path}'; one does for {}", waiting.join(", ")),
        }
    }
}
