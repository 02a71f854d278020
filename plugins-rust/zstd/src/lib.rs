//! zstd-rs: compresses and decompresses with Zstandard. A plugin around a large C library, which is compiled
//! and linked in, so that the plugin has no dependencies.
//!
//! - **Input**: any bytes, or Zstandard frames with `"decompress": true`.
//! - **Result**: one frame, or the decompressed contents of the frames.
//! - **Config**: `{"level": 3, "decompress": false, "maxOutput": 268435456}`. Levels are 1 to 19.
//!   `maxOutput` limits the decompressed bytes, because a kilobyte can decompress to a gigabyte.

#![forbid(unsafe_code)]

use std::io::Read;

use serde::Deserialize;
use tenon::{Error, Host, Output, Plugin};
use zstd::bulk::Compressor;
use zstd::stream::read::Decoder;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    level: i32,
    decompress: bool,
    max_output: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config { level: 3, decompress: false, max_output: 256 << 20 }
    }
}

/// The mode of an instance. The library's own state lives as long as the instance.
enum Zstd {
    Compress(Box<Compressor<'static>>),
    Decompress { max_output: u64 },
}

/// The size of the pieces in which output is appended, in bytes.
const PIECE: usize = 64 * 1024;

impl Plugin for Zstd {
    const NAME: &'static str = "zstd-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, config: &str) -> Result<Self, Error> {
        let config = match config {
            "" => Config::default(),
            text => serde_json::from_str(text).map_err(|e| Error::invalid(format_args!("the config: {e}")))?,
        };
        if config.decompress {
            return Ok(Zstd::Decompress { max_output: config.max_output });
        }
        if !(1..=19).contains(&config.level) {
            return Err(Error::invalid(format_args!("the level is {}, expected 1 to 19", config.level)));
        }
        Ok(Zstd::Compress(Box::new(Compressor::new(config.level)?)))
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        match self {
            Zstd::Compress(compressor) => out.append(&compressor.compress(input)?),
            Zstd::Decompress { max_output } => decompress(input, *max_output, out),
        }
    }
}

fn decompress(input: &[u8], max_output: u64, out: &mut Output<'_>) -> Result<(), Error> {
    let invalid = |e: std::io::Error| Error::invalid(format_args!("not a Zstandard frame: {e}"));
    let mut decoder = Decoder::with_buffer(input).map_err(invalid)?;
    let mut piece = vec![0; PIECE];
    let mut made = 0;
    loop {
        let size = decoder.read(&mut piece).map_err(invalid)?;
        if size == 0 {
            return Ok(());
        }
        made += size as u64;
        if made > max_output {
            return Err(Error::invalid(format_args!("the result is larger than maxOutput, {max_output} bytes")));
        }
        out.append(&piece[..size])?;
    }
}

tenon::plugin!(Zstd);

#[cfg(test)]
mod tests {
    use super::*;
    use tenon::Status;
    use tenon::testing::TestHost;

    fn run(config: &str, input: &[u8]) -> Vec<u8> {
        TestHost::new().start::<Zstd>(config).unwrap().something(input).unwrap()
    }

    #[test]
    fn decompressing_restores_the_input() {
        let text = b"the quick brown fox ".repeat(10_000);
        for level in [1, 3, 19] {
            let packed = run(&format!(r#"{{"level":{level}}}"#), &text);
            assert!(packed.len() < text.len() / 100);
            assert_eq!(run(r#"{"decompress":true}"#, &packed), text);
        }
        assert_eq!(run(r#"{"decompress":true}"#, &run("", b"")), b"");
    }

    #[test]
    fn consecutive_frames_are_decompressed_as_one() {
        let both = [run("", b"one "), run("", b"two")].concat();
        assert_eq!(run(r#"{"decompress":true}"#, &both), b"one two");
    }

    #[test]
    fn an_invalid_frame_is_refused_and_the_next_call_works() {
        let host = TestHost::new();
        let mut instance = host.start::<Zstd>(r#"{"decompress":true}"#).unwrap();
        assert_eq!(instance.something(b"no frame").unwrap_err().status(), Status::Invalid);
        let packed = run("", b"text");
        let cut = &packed[..packed.len() - 1];
        assert_eq!(instance.something(cut).unwrap_err().status(), Status::Invalid);
        assert_eq!(instance.something(&packed).unwrap(), b"text");
    }

    #[test]
    fn a_small_frame_cannot_make_a_large_result() {
        let packed = run("", &vec![0; 1 << 20]);
        let host = TestHost::new();
        let mut instance = host.start::<Zstd>(r#"{"decompress":true,"maxOutput":1000}"#).unwrap();
        let error = instance.something(&packed).unwrap_err();
        assert!(error.to_string().contains("maxOutput, 1000 bytes"), "{error}");
    }

    #[test]
    fn an_invalid_config_is_refused_with_a_reason() {
        for (config, reason) in [
            ("nonsense", "the config: expected"),
            (r#"{"level":20}"#, "the level is 20, expected 1 to 19"),
            (r#"{"levle":2}"#, "unknown field `levle`"),
        ] {
            let error = TestHost::new().start::<Zstd>(config).err().unwrap();
            assert_eq!(error.status(), Status::Invalid);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
