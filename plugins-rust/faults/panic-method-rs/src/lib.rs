//! Panics in a method of a kind.
#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};

struct BadCodec;

impl Plugin for BadCodec {
    const NAME: &'static str = "panic-method-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(BadCodec)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl BadCodec {
    fn encode(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        panic!("encode panics")
    }

    fn decode(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        out.append(input)
    }
}

tenon::plugin!(BadCodec, kinds: { "codec/1.0.0" => [BadCodec::encode, BadCodec::decode] });
