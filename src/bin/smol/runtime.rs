//! The one thread that all streams share: they wait far more than they work.
//!
//! Tokens come one by one, and to look for each as it comes costs many times what it takes to read it. So what has come
//! is read at once, and then nobody looks for a while that is shorter than a person sees.

use std::{
    cell::Cell,
    io,
    pin::pin,
    time::{Duration, Instant},
};

use smol_dev::event::Event;

/// How often what has come is looked at while tokens come. That costs a run a few times as much: once each for plan, first
/// token and end.
const PERIOD: Duration = Duration::from_millis(30);
/// So many steps are done at most before what they brought is looked at. All that came in a period is far less, so that
/// it is looked at once; and they take longer than one, so that nobody rests while more of a flood waits.
const STEPS: u32 = 1 << 16;
/// Threads that may wait for the disk at the same time.
const DISK_THREADS: usize = 4;
/// How long a file that is being written has to get done after Ctrl-C.
const GRACE: Duration = Duration::from_millis(500);

thread_local! {
    /// Whether anything has come since the last look.
    static HAS_HEARD: Cell<bool> = const { Cell::new(false) };
}

/// Notes that something came from a stream, if that is what the event says.
pub fn hear(event: &Event) {
    if matches!(event, Event::Piece { .. } | Event::Thinking { .. }) {
        HAS_HEARD.set(true);
    }
}

pub struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    pub fn new() -> io::Result<Runtime> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        Ok(Runtime(builder.enable_all().event_interval(STEPS).max_blocking_threads(DISK_THREADS).build()?))
    }

    /// Does `work`, and rests while tokens come.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        // Whoever looks takes all that has come: nothing more comes while he looks.
        let mut work = pin!(tokio::task::unconstrained(work));
        let mut begun = Instant::now();
        self.0.block_on(std::future::poll_fn(move |context| {
            let done = work.as_mut().poll(context);
            if HAS_HEARD.take() && done.is_pending() {
                std::thread::sleep(PERIOD.saturating_sub(begun.elapsed()));
                begun = Instant::now();
            }
            done
        }))
    }

    /// Lets go of what still runs.
    pub fn shutdown(self) {
        self.0.shutdown_timeout(GRACE);
    }
}
