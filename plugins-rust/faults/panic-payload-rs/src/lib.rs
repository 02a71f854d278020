//! Panics with a payload that is not a string and that panics again when it is dropped.
#![forbid(unsafe_code)]

use std::panic::panic_any;

use tenon::{Error, Host, Output, Plugin};

struct Bomber;

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload was dropped");
    }
}

impl Plugin for Bomber {
    const NAME: &'static str = "panic-payload-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Bomber)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        panic_any(Bomb)
    }
}

tenon::plugin!(Bomber);
