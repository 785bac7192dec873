//! Where answers come from: a server, a recorded run, or, with nothing set, the recorded run of a shipped prompt.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::{
    model::{
        Error, Model, Server,
        cassette::{Cassette, Tempo},
        catalog::Catalog,
        local::{self, LocalServer},
        provider::Provider,
        service::{Manner, Remembered, Service},
    },
    pace::Capacity,
    shipped::shipped,
    spec::Spec,
    workspace::read_record,
};

/// Where answers come from.
#[derive(Clone, Debug)]
pub enum Source {
    Server(Box<Service>),
    /// The recorded run in this file.
    Replay(String),
    /// Nothing was set: the first of these servers that runs on this machine, else the recorded run of a shipped prompt.
    Local {
        catalog: Catalog,
        providers: Vec<Provider>,
        model: Option<String>,
        manner: Manner,
    },
    /// The recorded run of a shipped prompt, and nothing else.
    Nothing,
}

/// A model, and what a person should know of how it was found.
pub struct Opened {
    pub model: Arc<dyn Model>,
    /// The name that what it takes is remembered by, if it is worth remembering.
    pub name: Option<String>,
    /// How much it takes at the same time.
    pub capacity: Capacity,
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
    pub async fn open(&self, spec: &Spec, tempo: Tempo, remembered: &Remembered) -> Result<Opened> {
        match self {
            Source::Server(service) => connect((**service).clone(), remembered).await,
            Source::Replay(file) => {
                let lines =
                    read_record(file.as_ref()).with_context(|| format!("could not read the recorded run '{file}'"))?;
                let model = Arc::new(Cassette::parse(file, &lines, Tempo::Instant)?);
                Ok(Opened { model, name: None, capacity: Capacity::Elastic, notice: None, is_demo: false })
            }
            Source::Local { catalog, providers, model, manner } => {
                let named = |provider: &Provider, model: &str| {
                    Service::new(catalog, provider.clone(), String::new().into(), model, *manner)
                };
                let servers = local::look(providers.iter().map(|provider| named(provider, ""))).await;
                let with_models = servers.iter().find_map(|server| Some((server, server.models.first()?)));
                let Some((LocalServer { service, .. }, first)) = with_models else { return demo(spec, tempo) };
                let provider = &service.provider;
                let notice = format!(
                    "nothing is set, so {} on this machine is asked, at {}; --model names another one",
                    provider.name, provider.base_url
                );
                let service = named(provider, model.as_ref().unwrap_or(&first.name));
                Ok(Opened { notice: Some(notice), ..connect(service, remembered).await? })
            }
            Source::Nothing => demo(spec, tempo),
        }
    }
}

async fn connect(service: Service, remembered: &Remembered) -> Result<Opened> {
    let name = service.name();
    let habits = remembered.habits(&name);
    let model = Server::new(Service { habits, ..service })?.with_window().await;
    let capacity = model.capacity();
    Ok(Opened { model: Arc::new(model), name: Some(name), capacity, notice: None, is_demo: false })
}

/// The recorded run of a shipped prompt.
fn demo(spec: &Spec, tempo: Tempo) -> Result<Opened> {
    let shipped = shipped(spec).ok_or(Error::NoModel)?;
    let model = Arc::new(Cassette::parse(&format!("recorded run {}", shipped.name), shipped.run, tempo)?);
    let notice = "no key and no server is set, so this shipped prompt is answered from its recorded run, \
                  which was authored for the demo";
    let (capacity, notice) = (Capacity::Elastic, Some(notice.to_owned()));
    Ok(Opened { model, name: None, capacity, notice, is_demo: true })
}
