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

use smol_dev::{event::Event, tokens};

/// How often what has come is looked at while tokens come. That costs a run some three times as much: once each for plan,
/// first token and end.
const PERIOD: Duration = Duration::from_millis(20);
/// The same while many write: nobody waits for any one of them, and the screen is drawn no more often than this.
const LONG_PERIOD: Duration = Duration::from_millis(60);
/// As many tokens in one period come from many streams, or from one that is very fast.
const MANY: u64 = 32;
/// So many steps are done at most before what they brought is looked at: enough for what hundreds of streams bring in a
/// period, and too few for what must not grow without a look.
const STEPS: u32 = 4096;
/// Threads that may wait for the disk at the same time.
const DISK_THREADS: usize = 4;
/// How long a file that is being written has to get done after Ctrl-C.
const GRACE: Duration = Duration::from_millis(500);

thread_local! {
    /// Tokens that have come in this period.
    static HEARD: Cell<u64> = const { Cell::new(0) };
}

/// Counts what of an event came from a stream.
pub fn hear(event: &Event) {
    if let Event::Piece { text, .. } = event {
        HEARD.set(HEARD.get() + tokens::estimate(text));
    } else if let Event::Thinking { tokens, .. } = event {
        HEARD.set(HEARD.get() + tokens);
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
            let period = match HEARD.take() {
                0 => return done,
                1..MANY => PERIOD,
                MANY.. => LONG_PERIOD,
            };
            if done.is_pending() {
                std::thread::sleep(period.saturating_sub(begun.elapsed()));
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
