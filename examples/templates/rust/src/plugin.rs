//! A plugin that greets. The config can set the greeting: `{"greeting": "Good morning"}`.
#![forbid(unsafe_code)]

use serde::Deserialize;
use tenon::{Error, Host, Output, Plugin};

/// The state of an instance, which is its config.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Greeter {
    greeting: String,
}

impl Default for Greeter {
    fn default() -> Self {
        Greeter { greeting: "Hello".to_owned() }
    }
}

impl Plugin for Greeter {
    const NAME: &'static str = "{{name}}";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, config: &str) -> Result<Self, Error> {
        if config.is_empty() {
            return Ok(Greeter::default());
        }
        serde_json::from_str(config).map_err(|problem| Error::invalid(problem.to_string()))
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        if input.is_empty() {
            return Err(Error::invalid("the input must name someone to greet"));
        }
        out.append(self.greeting.as_bytes())?;
        out.append(b", ")?;
        out.append(input)?;
        out.append(b"!")
    }
}

tenon::plugin!(Greeter);
