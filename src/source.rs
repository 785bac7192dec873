//! Where answers come from: a server, a recorded run, or, with nothing set, the recorded run of a shipped prompt.

use std::sync::Arc;

use anyhow::{Context, Result};
use secrecy::SecretString;

use crate::{
    model::{
        Anthropic, Error, Model, Ollama, OpenAi, Responses,
        cassette::{Cassette, Tempo},
        local::{self, LocalServer},
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
    /// Nothing was set: the first of these servers that runs on this machine, else the recorded run of a shipped prompt.
    Local {
        providers: Vec<Provider>,
        model: Option<String>,
    },
    /// The recorded run of a shipped prompt, and nothing else.
    Nothing,
}

/// A model, and what a person should know of how it was found.
pub struct Opened {
    pub model: Arc<dyn Model>,
    pub notice: Option<String>,
    /// Whether a recorded run of a shipped prompt answers.
    pub is_demo: bool,
}

impl Source {
    /// Opens the model; `tempo` is that of a shipped recorded run.
    ///
    /// # Errors
    /// [`Error::NoModel`] if nothing was set, no server runs on this machine, and the spec is not one that ships with a
    /// recorded run; or if the address, the key or the recorded run cannot be used.
    pub async fn open(&self, spec: &Spec, tempo: Tempo) -> Result<Opened> {
        let plain = |model| Opened { model, notice: None, is_demo: false };
        Ok(match self {
            Source::Server { provider, key, model } => plain(connect(provider, key, model)?),
            Source::Replay(file) => {
                let lines =
                    read_record(file.as_ref()).with_context(|| format!("could not read the recorded run '{file}'"))?;
                plain(Arc::new(Cassette::parse(file, &lines, Tempo::Instant)?))
            }
            Source::Local { providers, model } => {
                let servers = local::look(providers).await;
                let with_models = servers.iter().find_map(|server| Some((server, server.models.first()?)));
                let Some((LocalServer { provider, .. }, first)) = with_models else { return demo(spec, tempo) };
                let model = model.as_ref().unwrap_or(first);
                let notice = format!(
                    "nothing is set, so {} on this machine is asked, at {}; --model names another one",
                    provider.name, provider.base_url
                );
                Opened { model: connect(provider, &String::new().into(), model)?, notice: Some(notice), is_demo: false }
            }
            Source::Nothing => demo(spec, tempo)?,
        })
    }
}

fn connect(provider: &Provider, key: &SecretString, model: &str) -> Result<Arc<dyn Model>> {
    let (address, rungs) = (&provider.base_url, provider.rungs.clone());
    Ok(match provider.wire {
        Wire::Chat => Arc::new(OpenAi::new(address, key, model, rungs)?),
        Wire::Responses => Arc::new(Responses::new(address, key, model, rungs)?),
        Wire::Anthropic => Arc::new(Anthropic::new(address, key, model, rungs)?),
        Wire::Ollama => Arc::new(Ollama::new(address, key, model, rungs)?),
    })
}

/// The recorded run of a shipped prompt.
fn demo(spec: &Spec, tempo: Tempo) -> Result<Opened> {
    let shipped = shipped(spec).ok_or(Error::NoModel)?;
    let model = Arc::new(Cassette::parse(&format!("recorded run {}", shipped.name), shipped.run, tempo)?);
    let notice = "no key and no server is set, so this shipped prompt is answered from its recorded run, \
                  which was authored for the demo";
    Ok(Opened { model, notice: Some(notice.to_owned()), is_demo: true })
}
