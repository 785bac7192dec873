//! Where answers come from: a server, a recorded run, or, with nothing set, the recorded run of a shipped prompt.

use std::sync::Arc;

use anyhow::{Context, Result};
use secrecy::SecretString;

use crate::{
    model::{
        Anthropic, Error, Model, Ollama, OpenAi, Responses,
        cassette::{Cassette, Tempo},
        provider::{Provider, Wire},
    },
    shipped::shipped,
    spec::Spec,
    workspace::read_record,
};

/// Where answers come from.
#[derive(Clone, Debug)]
pub enum Source {
    Server {
        provider: Provider,
        key: SecretString,
        model: String,
    },
    /// The recorded run in this file.
    Replay(String),
    /// Nothing was set: only a shipped prompt can be answered, from its recorded run.
    Nothing,
}

impl Source {
    /// Opens the model; `tempo` is that of a shipped recorded run.
    ///
    /// # Errors
    /// [`Error::NoModel`] if nothing was set and the spec is not one that ships with a recorded run; or if the address,
    /// the key or the recorded run cannot be used.
    pub fn open(&self, spec: &Spec, tempo: Tempo) -> Result<Arc<dyn Model>> {
        Ok(match self {
            Source::Server { provider, key, model } => {
                let (address, rungs) = (&provider.base_url, provider.rungs.clone());
                match provider.wire {
                    Wire::Chat => Arc::new(OpenAi::new(address, key, model, rungs)?),
                    Wire::Responses => Arc::new(Responses::new(address, key, model, rungs)?),
                    Wire::Anthropic => Arc::new(Anthropic::new(address, key, model, rungs)?),
                    Wire::Ollama => Arc::new(Ollama::new(address, key, model, rungs)?),
                }
            }
            Source::Replay(file) => {
                let lines =
                    read_record(file.as_ref()).with_context(|| format!("could not read the recorded run '{file}'"))?;
                Arc::new(Cassette::parse(file, &lines, Tempo::Instant)?)
            }
            Source::Nothing => {
                let shipped = shipped(spec).ok_or(Error::NoModel)?;
                Arc::new(Cassette::parse(&format!("recorded run {}", shipped.name), shipped.run, tempo)?)
            }
        })
    }
}
