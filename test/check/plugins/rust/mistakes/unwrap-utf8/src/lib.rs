//! unwrap-utf8 - counts the characters of an input.
//!
//! MISTAKE: it unwraps the result of from_utf8, so an input that is not UTF-8 is a panic.
//! FOUND BY: calls/odd-input or fuzz/input, in `something`.

use tenon::{Error, Host, Output, Plugin};

struct Characters;

impl Plugin for Characters {
    const NAME: &'static str = "unwrap-utf8";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Characters)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let text = std::str::from_utf8(input).unwrap();
        out.append(&(text.chars().count() as u64).to_le_bytes())
    }
}

tenon::plugin!(Characters);
