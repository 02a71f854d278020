//! csv: a codec between records of CSV (RFC 4180) and JSON.
//!
//! - **Kind**: `codec/1.0.0`. `decode` takes one record, with or without its line break. All values are strings.
//!   `encode` takes JSON and returns a record without a line break. Numbers, booleans and null (as an empty field) are
//!   written as such, arrays and objects as JSON. An empty record is left out.
//! - **Config**: `{"columns": ["name", …]}`: records are objects with these members. Without it, they are arrays.
//!   `{"delimiter": ";"}`: one ASCII character (default a comma).

#![forbid(unsafe_code)]

use serde::Deserialize;
use serde_json::{Map, Value};
use tenon::flow::Codec;
use tenon::{Error, Host, Output, Plugin};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Config {
    columns: Option<Vec<String>>,
    delimiter: Option<String>,
}

struct Csv {
    columns: Option<Vec<String>>,
    delimiter: u8,
}

impl Plugin for Csv {
    const NAME: &'static str = "csv";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, config: &str) -> Result<Self, Error> {
        let Config { columns, delimiter } = match config {
            "" => Config::default(),
            text => serde_json::from_str(text).map_err(|e| Error::invalid(format_args!("the config: {e}")))?,
        };
        let delimiter = match delimiter.as_deref().unwrap_or(",").as_bytes() {
            &[byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => byte,
            _ => {
                return Err(Error::invalid(
                    "\"delimiter\" must be one ASCII character, and not a quote or a line break",
                ));
            }
        };
        Ok(Csv { columns, delimiter })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        self.decode(input, out)
    }
}

impl Codec for Csv {
    fn decode(&mut self, event: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(self.delimiter).from_reader(event);
        let mut records = reader.records();
        let Some(record) = records.next() else {
            return Ok(());
        };
        let record = record.map_err(Error::invalid)?;
        if records.next().is_some() {
            return Err(Error::invalid("the event has more than one record"));
        }
        let values = record.iter().map(|field| Value::String(field.to_owned()));
        let value = match &self.columns {
            None => Value::Array(values.collect()),
            Some(columns) if columns.len() == record.len() => {
                Value::Object(columns.iter().cloned().zip(values).collect::<Map<_, _>>())
            }
            Some(columns) => {
                let (found, expected) = (record.len(), columns.len());
                return Err(Error::invalid(format_args!("the record has {found} fields, expected {expected}")));
            }
        };
        serde_json::to_writer(out, &value).map_err(Error::from)
    }

    fn encode(&mut self, event: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let value: Value = serde_json::from_slice(event).map_err(Error::invalid)?;
        let fields: Vec<String> = match (&self.columns, value) {
            (None, Value::Array(values)) => values.into_iter().map(field_of).collect(),
            (Some(columns), Value::Object(mut members)) => {
                let fields = columns.iter().map(|name| members.remove(name).map_or(String::new(), field_of)).collect();
                if let Some(name) = members.keys().next() {
                    return Err(Error::invalid(format_args!("the member {name:?} is not a column")));
                }
                fields
            }
            (None, _) => return Err(Error::invalid("without columns, the event must be an array")),
            (Some(_), _) => return Err(Error::invalid("with columns, the event must be an object")),
        };
        if fields.is_empty() {
            return Ok(());
        }
        let mut writer = csv::WriterBuilder::new().delimiter(self.delimiter).from_writer(Vec::new());
        writer.write_record(&fields)?;
        let bytes = writer.into_inner().map_err(|e| Error::failed(e.error()))?;
        out.append(bytes.strip_suffix(b"\n").unwrap_or(&bytes))
    }
}

/// Returns a value as a field.
fn field_of(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

tenon::plugin!(Csv, kinds: { tenon::flow::codec_1 });
