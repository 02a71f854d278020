//! json-filter: a stage that keeps the JSON events with a certain value and leaves out the others.
//!
//! - **Kind**: `preprocessor/1.0.0`. An event that is not JSON is refused, and becomes a dead letter.
//! - **Config**: `{"pointer": "/level"}`, the place of the value, as a JSON Pointer (RFC 6901). It must exist.
//!   `{"equals": value}`: it must be that value. `{"in": [values]}`: it must be one of those. `{"not": true}`: keeps
//!   the events that the rest of the config leaves out.

#![forbid(unsafe_code)]

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tenon::flow::{Frame, FrameWriter, Preprocessor};
use tenon::{Error, Host, Output, Plugin};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Filter {
    /// Empty: the whole event, which always exists.
    pointer: String,
    #[serde(deserialize_with = "present")]
    equals: Option<Value>,
    r#in: Option<Vec<Value>>,
    not: bool,
}

/// Reads a value that is present, which may be null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Filter {
    fn keeps(&self, event: &Value) -> bool {
        let found = event.pointer(&self.pointer).is_some_and(|value| {
            self.equals.as_ref().is_none_or(|wanted| wanted == value)
                && self.r#in.as_ref().is_none_or(|wanted| wanted.contains(value))
        });
        found != self.not
    }
}

impl Plugin for Filter {
    const NAME: &'static str = "json-filter";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, config: &str) -> Result<Self, Error> {
        if config.is_empty() {
            return Ok(Filter::default());
        }
        let filter: Filter =
            serde_json::from_str(config).map_err(|e| Error::invalid(format_args!("the config: {e}")))?;
        if !filter.pointer.is_empty() && !filter.pointer.starts_with('/') {
            let pointer = &filter.pointer;
            return Err(Error::invalid(format_args!("\"pointer\" is {pointer:?}, expected to begin with '/'")));
        }
        Ok(filter)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Err(Error::unsupported("use the kind preprocessor/1"))
    }
}

impl Preprocessor for Filter {
    fn process(&mut self, frame: &Frame<'_>, out: &mut FrameWriter<'_>) -> Result<Option<u64>, Error> {
        for row in frame.rows() {
            let event = serde_json::from_slice(row.bytes)
                .map_err(|e| Error::invalid(format_args!("the event at position {} is not JSON: {e}", row.position)))?;
            if self.keeps(&event) {
                out.push(row.bytes, row.into())?;
            }
        }
        Ok(None)
    }
}

tenon::plugin!(Filter, kinds: { tenon::flow::preprocessor_1 });
