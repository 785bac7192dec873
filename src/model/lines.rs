//! The connections to a service, shared by all questions.
//!
//! HTTP/1 opens one for each answer, and keeps it for the next. HTTP/2 carries many answers over one, but servers take
//! only so many at once on it, and its client lets the others wait in silence; so past that there is another.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_openai::Client;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::Response;
use tokio::sync::Notify;

use super::{
    http::{self as shared, Endpoint},
    openai,
};

/// Servers take at least so many at once (RFC 9113 recommends no smaller limit), and hardly one takes fewer.
const STREAMS: usize = 100;

/// What may come over one of them before anybody looks at it, in bytes: more than the longest answer has, so that one
/// that comes in one piece passes.
const MOST_UNSEEN: usize = 16 * 1024 * 1024;

/// One client of HTTP and, over it, one of OpenAI's protocols. Whoever holds it uses it.
pub(super) struct Line {
    pub(super) http: reqwest::Client,
    pub(super) openai: Client<Endpoint>,
    pub(super) unseen: Arc<Unseen>,
}

/// What has come and nobody has looked at. A stream that never ends and comes faster than it is read waits there, and
/// not in memory.
#[derive(Default)]
pub(super) struct Unseen {
    bytes: AtomicUsize,
    seen: Notify,
}

impl Unseen {
    /// The parts of an answer, each as soon as there is room for it.
    pub(super) fn parts(self: Arc<Unseen>, answer: Response) -> impl Stream<Item = reqwest::Result<Bytes>> + Send {
        answer.bytes_stream().then(move |part| {
            let unseen = self.clone();
            async move {
                unseen.add(part.as_ref().map_or(0, Bytes::len)).await;
                part
            }
        })
    }

    /// Waits until there is room, and takes it.
    async fn add(&self, bytes: usize) {
        loop {
            let seen = self.seen.notified();
            if self.bytes.load(Ordering::Relaxed) < MOST_UNSEEN {
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
                return;
            }
            seen.await;
        }
    }

    /// All that has come is looked at.
    pub(super) fn see(&self) {
        if self.bytes.swap(0, Ordering::Relaxed) >= MOST_UNSEEN {
            self.seen.notify_waiters();
        }
    }
}

pub(super) struct Lines {
    endpoint: Endpoint,
    /// There is always one.
    lines: Mutex<Vec<Arc<Line>>>,
}

impl Lines {
    /// # Errors
    /// If there is nothing to make a secure connection with.
    pub(super) fn to(endpoint: &Endpoint) -> anyhow::Result<Lines> {
        let first = Line::to(endpoint)?;
        Ok(Lines { endpoint: endpoint.clone(), lines: Mutex::new(vec![Arc::new(first)]) })
    }

    /// One that has room for another answer, until it is dropped.
    pub(super) fn free(&self) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // One of them is held by the list.
        if let Some(line) = lines.iter().find(|line| Arc::strong_count(line) <= STREAMS) {
            return line.clone();
        }
        match Line::to(&self.endpoint) {
            Ok(line) => lines.push(Arc::new(line)),
            // What could be made before can be used a little more.
            Err(_) => lines.rotate_left(1),
        }
        lines[lines.len() - 1].clone()
    }
}

impl Line {
    fn to(endpoint: &Endpoint) -> anyhow::Result<Line> {
        let http = shared::client(endpoint)?;
        let unseen = Arc::<Unseen>::default();
        Ok(Line { openai: openai::client(&http, endpoint, &unseen), http, unseen })
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    #[tokio::test]
    async fn what_nobody_looks_at_waits() {
        let unseen = Unseen::default();
        unseen.add(MOST_UNSEEN - 1).await;
        unseen.add(10).await;
        let mut next = std::pin::pin!(unseen.add(1));
        assert!(futures::poll!(&mut next).is_pending());
        unseen.see();
        assert!(futures::poll!(&mut next).is_ready());
    }

    #[test]
    fn a_line_carries_a_hundred_answers_and_takes_others_when_they_end() {
        let endpoint = Endpoint::new("http://127.0.0.1:9", &"".to_owned().into(), AUTHORIZATION, "").expect("is fine");
        let lines = Lines::to(&endpoint).expect("needs no certificates");
        let mut held: Vec<Arc<Line>> = (0..STREAMS).map(|_| lines.free()).collect();
        assert!(held.iter().all(|line| Arc::ptr_eq(line, &held[0])));
        let second = lines.free();
        assert!(!Arc::ptr_eq(&second, &held[0]));
        let ended = held.pop().expect("there are some");
        drop(ended);
        assert!(Arc::ptr_eq(&lines.free(), &held[0]));
        assert!(Arc::ptr_eq(&lines.free(), &held[0]), "it was dropped at once");
    }
}
