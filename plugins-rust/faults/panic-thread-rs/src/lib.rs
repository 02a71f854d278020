//! Panics on a thread of its own and reports that. It is an ordinary error, and nothing is poisoned.
#![forbid(unsafe_code)]

use std::thread;

use tenon::{Error, Host, Output, Plugin};

struct Delegate;

impl Plugin for Delegate {
    const NAME: &'static str = "panic-thread-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Delegate)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        let thread = thread::spawn(|| panic!("the thread panics"));
        thread.join().map_err(|_| Error::failed("the thread panicked"))
    }
}

tenon::plugin!(Delegate);
