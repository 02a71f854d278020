//! Panics when it is dropped. The host can only learn of it from the log.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

struct BadEnd;

impl Drop for BadEnd {
    fn drop(&mut self) {
        panic!("drop panics");
    }
}

impl Plugin for BadEnd {
    const NAME: &'static str = "panic-drop-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(BadEnd)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Ok(())
    }
}

tenon::plugin!(BadEnd);
