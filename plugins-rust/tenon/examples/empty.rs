//! The smallest possible plugin: no state, no work.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

struct Empty;

impl Plugin for Empty {
    const NAME: &'static str = "empty";
    const VERSION: &'static str = "1.2.3";

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Empty)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Ok(())
    }
}

tenon::plugin!(Empty);
