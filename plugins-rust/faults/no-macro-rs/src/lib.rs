//! A plugin whose author forgot `tenon::plugin!`: a library without entry points.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

/// Implements everything and exports nothing.
pub struct Forgetful;

impl Plugin for Forgetful {
    const NAME: &'static str = "no-macro-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Forgetful)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Ok(())
    }
}
