//! Leaks a megabyte in each call.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::mem;

use tenon::{Error, Host, Output, Plugin};

struct Leaky;

impl Plugin for Leaky {
    const NAME: &'static str = "leaks-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Leaky)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        // Written to, because untouched pages would not count.
        mem::forget(black_box(vec![1_u8; 1 << 20]));
        Ok(())
    }
}

tenon::plugin!(Leaky);
