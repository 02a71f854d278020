//! Panics in a call with the most common panic: a slice index out of range.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

struct Careless;

impl Plugin for Careless {
    const NAME: &'static str = "panic-something-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Careless)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let first = *input.first().unwrap_or(&0) as usize;
        let table = [0_u8; 4];
        out.append(&table[first + 4..])
    }
}

tenon::plugin!(Careless);
