//! json - writes JSON with indentation and sorted keys. It needs an input that is JSON.

use tenon::{Error, Host, Output, Plugin};

struct Pretty;

impl Plugin for Pretty {
    const NAME: &'static str = "corpus-json";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Pretty)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let value: serde_json::Value =
            serde_json::from_slice(input).map_err(|e| Error::invalid(format_args!("the input is not JSON: {e}")))?;
        let text = serde_json::to_vec_pretty(&value).map_err(|e| Error::failed(format_args!("{e}")))?;
        out.append(&text)
    }
}

tenon::plugin!(Pretty);
