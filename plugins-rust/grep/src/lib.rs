//! grep: selects the lines that match a pattern. The first plugin to read: a config, an input, an output.
//!
//! - **Input**: text, which may be invalid UTF-8, because files often are.
//! - **Result**: the lines that match, each followed by a line feed.
//! - **Config**: `{"pattern": "…", "ignoreCase": false, "invert": false}`. The pattern has the syntax
//!   of the `regex` crate.

// A plugin needs no `unsafe`. Forbidding it costs nothing and proves that to the reader.
#![forbid(unsafe_code)]

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use tenon::{Error, Host, Output, Plugin};

/// The config, as it is passed. An unknown member is most likely misspelt, so it is refused instead of
/// ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    pattern: String,
    #[serde(default)]
    ignore_case: bool,
    #[serde(default)]
    invert: bool,
}

/// One instance. The host calls it with one input at a time, so it may keep whatever makes the next call
/// faster. Here that is the compiled pattern, which costs far more to compile than to use.
struct Grep {
    pattern: Regex,
    /// Whether to select the lines that do *not* match.
    invert: bool,
}

impl Plugin for Grep {
    const NAME: &'static str = "grep";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, config: &str) -> Result<Self, Error> {
        if config.is_empty() {
            return Err(Error::invalid("grep needs a config: {\"pattern\": \"…\"}"));
        }
        // `Error::invalid` says that the user must change something. `?` alone would say that grep has
        // failed.
        let config: Config =
            serde_json::from_str(config).map_err(|e| Error::invalid(format_args!("the config: {e}")))?;
        let pattern = RegexBuilder::new(&config.pattern)
            .case_insensitive(config.ignore_case)
            .build()
            .map_err(|e| Error::invalid(format_args!("the pattern: {e}")))?;
        Ok(Grep { pattern, invert: config.invert })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        for line in input.split_inclusive(|&byte| byte == b'\n') {
            let text = without_line_end(line);
            if self.pattern.is_match(text) == self.invert {
                continue;
            }
            // `append` copies to the host's memory, which grows as needed. There is nothing to free.
            out.append(line)?;
            if !line.ends_with(b"\n") {
                out.append(b"\n")?;
            }
        }
        Ok(())
    }
}

/// Returns the part of a line that the pattern sees: `$` matches before the end of a line, no matter which
/// system wrote it.
fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

// Writes the entry points, the vtable and the descriptor.
tenon::plugin!(Grep);

#[cfg(test)]
mod tests {
    use super::*;
    use tenon::Status;
    use tenon::testing::TestHost;

    fn grep(config: &str, input: &[u8]) -> Vec<u8> {
        TestHost::new().start::<Grep>(config).unwrap().something(input).unwrap()
    }

    #[test]
    fn selects_the_lines_that_match() {
        let text = b"one\ntwo\nthree\nfour";
        assert_eq!(grep(r#"{"pattern":"o"}"#, text), b"one\ntwo\nfour\n");
        assert_eq!(grep(r#"{"pattern":"^t.*e$"}"#, text), b"three\n");
        assert_eq!(grep(r#"{"pattern":"nothing"}"#, text), b"");
        assert_eq!(grep(r#"{"pattern":""}"#, b""), b"");
    }

    #[test]
    fn case_can_be_ignored_and_the_selection_inverted() {
        assert_eq!(grep(r#"{"pattern":"ÄB","ignoreCase":true}"#, "äb\nab\n".as_bytes()), "äb\n".as_bytes());
        assert_eq!(grep(r#"{"pattern":"b","invert":true}"#, b"a\nb\n\nc"), b"a\n\nc\n");
    }

    #[test]
    fn bytes_that_are_not_utf_8_pass_through() {
        assert_eq!(grep(r#"{"pattern":"x"}"#, b"\xff\xfex\xc3\n\xff\n\0x\n"), b"\xff\xfex\xc3\n\0x\n");
    }

    #[test]
    fn windows_line_ends_are_kept_and_not_matched() {
        assert_eq!(grep(r#"{"pattern":"a$"}"#, b"a\r\nb\r\na"), b"a\r\na\n");
    }

    #[test]
    fn an_invalid_config_is_refused_with_a_reason() {
        let cases = [
            ("", "grep needs a config"),
            ("nonsense", "the config: expected"),
            ("{}", "missing field `pattern`"),
            (r#"{"pattern":"a","patern":"b"}"#, "unknown field `patern`"),
            (r#"{"pattern":7}"#, "expected a string"),
            (r#"{"pattern":"("}"#, "unclosed group"),
        ];
        for (config, reason) in cases {
            let error = TestHost::new().start::<Grep>(config).unwrap_err();
            assert_eq!(error.status(), Status::Invalid);
            assert!(error.message().contains(reason), "{config}: {error}");
        }
    }
}
