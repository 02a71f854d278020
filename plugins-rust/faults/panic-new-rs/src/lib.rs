//! Panics in `new`: no instance is created.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

struct NoStart;

impl Plugin for NoStart {
    const NAME: &'static str = "panic-new-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        panic!("new panics")
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Ok(())
    }
}

tenon::plugin!(NoStart);
