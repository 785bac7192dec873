//! Servers on this machine: which of the usual ones answer, and with which models. Nothing but a list is asked for.

use std::time::Duration;

use futures::future::join_all;

use super::{Server, models::Listed, service::Service};

/// A server that runs on this machine answers sooner, or is not there.
const LIMIT: Duration = Duration::from_secs(2);

/// A server that answers, and the models it has.
#[derive(Clone, Debug)]
pub struct LocalServer {
    pub service: Service,
    pub models: Vec<Listed>,
}

/// Asks all of `services` at the same time; those that do not answer are left out.
pub async fn look(services: impl IntoIterator<Item = Service>) -> Vec<LocalServer> {
    join_all(services.into_iter().map(ask)).await.into_iter().flatten().collect()
}

async fn ask(service: Service) -> Option<LocalServer> {
    let models = Server::new(service.clone()).ok()?.models(LIMIT).await.ok()?;
    Some(LocalServer { service, models })
}
