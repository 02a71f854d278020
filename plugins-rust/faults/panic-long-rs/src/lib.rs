//! Panics with a message of two mebibytes in which every character has two bytes.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

struct Talker;

impl Plugin for Talker {
    const NAME: &'static str = "panic-long-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Talker)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        panic!("{}", "ü".repeat(1 << 20))
    }
}

tenon::plugin!(Talker);
