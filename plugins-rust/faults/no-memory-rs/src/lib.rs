//! Requests more memory than exists, for a length that it trusted. Rust aborts.
#![forbid(unsafe_code)]

use std::hint::black_box;

use tenon::{Error, Host, Output, Plugin};

struct Believer;

impl Plugin for Believer {
    const NAME: &'static str = "no-memory-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Believer)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let length = (isize::MAX as usize) - input.len();
        out.append(&black_box(Vec::<u8>::with_capacity(length)))
    }
}

tenon::plugin!(Believer);
