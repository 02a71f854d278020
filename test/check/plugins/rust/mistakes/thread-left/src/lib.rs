//! thread-left - counts bytes on a thread of its own.
//!
//! MISTAKE: drop closes the channel, but does not join the thread.
//! FOUND BY: threads/left-after-drop, in `new`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use tenon::{Error, Host, Output, Plugin};

struct Counter {
    sizes: Sender<u64>,
    total: Arc<AtomicU64>,
}

impl Plugin for Counter {
    const NAME: &'static str = "thread-left";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        let (sizes, received) = channel();
        let total = Arc::<AtomicU64>::default();
        let counted = total.clone();
        thread::spawn(move || {
            while let Ok(size) = received.recv() {
                counted.fetch_add(size, Ordering::Relaxed);
            }
            thread::sleep(Duration::from_millis(1)); // lets a last reader see the total
        });
        Ok(Counter { sizes, total })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        self.sizes.send(input.len() as u64).map_err(|_| Error::failed("the thread has ended"))?;
        out.append(&self.total.load(Ordering::Relaxed).to_le_bytes())
    }
}

tenon::plugin!(Counter);
