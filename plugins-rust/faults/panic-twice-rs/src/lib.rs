//! Panics, and panics again in a drop while the first panic unwinds. Rust aborts, and no barrier can prevent
//! that.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

struct Twice;

struct Unwound;

impl Drop for Unwound {
    fn drop(&mut self) {
        panic!("the second panic");
    }
}

impl Plugin for Twice {
    const NAME: &'static str = "panic-twice-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Twice)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        let _end = Unwound;
        panic!("the first panic")
    }
}

tenon::plugin!(Twice);
