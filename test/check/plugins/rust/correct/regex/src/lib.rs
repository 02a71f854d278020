//! regex - finds dates in an input. The expression is compiled once for the process, by the first call.

use std::sync::LazyLock;

use regex::bytes::Regex;
use tenon::{Error, Host, Output, Plugin};

static DATE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\d{4})-(\d{2})-(\d{2})").expect("a valid expression"));

struct Dates;

impl Plugin for Dates {
    const NAME: &'static str = "corpus-regex";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Dates)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        for date in DATE.captures_iter(input) {
            out.append(&date[0])?;
            out.append(b"\n")?;
        }
        Ok(())
    }
}

tenon::plugin!(Dates);
