//! grep: picks the lines of a text that match a pattern. The first plugin to read: a config, an input, an output.
//!
//! - **Input**: text. It need not be UTF-8; files seldom promise that.
//! - **Result**: the lines that match, each with a line feed at its end.
//! - **Config**: `{"pattern": "…", "ignoreCase": false, "invert": false}`; the pattern is one of the `regex` crate.

// Nothing in a plugin needs `unsafe`. Forbidding it costs nothing and tells the reader so.
#![forbid(unsafe_code)]

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use tenon::{Error, Host, Output, Plugin};

/// The config, as it comes in. An unknown member is most likely a misspelt one, so it is refused and not ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    pattern: String,
    #[serde(default)]
    ignore_case: bool,
    #[serde(default)]
    invert: bool,
}

/// One instance. The host calls it with one text at a time, so it may keep whatever makes the next call faster: here the
/// compiled pattern, which costs far more to make than to use.
struct Grep {
    pattern: Regex,
    /// Whether to pick the lines that do *not* match.
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
        // `Error::invalid` says that the user has to change something, `?` alone would say that grep has failed.
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
            // `append` copies into memory of the host, which grows as needed; there is nothing to free.
            out.append(line)?;
            if !line.ends_with(b"\n") {
                out.append(b"\n")?;
            }
        }
        Ok(())
    }
}

/// What the pattern gets to see: `$` should match before the end of a line, whichever system wrote it.
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
    fn picks_the_lines_that_match() {
        let text = b"one\ntwo\nthree\nfour";
        assert_eq!(grep(r#"{"pattern":"o"}"#, text), b"one\ntwo\nfour\n");
        assert_eq!(grep(r#"{"pattern":"^t.*e$"}"#, text), b"three\n");
        assert_eq!(grep(r#"{"pattern":"nothing"}"#, text), b"");
        assert_eq!(grep(r#"{"pattern":""}"#, b""), b"");
    }

    #[test]
    fn case_and_choice_can_be_turned_round() {
        assert_eq!(grep(r#"{"pattern":"ÄB","ignoreCase":true}"#, "äb\nab\n".as_bytes()), "äb\n".as_bytes());
        assert_eq!(grep(r#"{"pattern":"b","invert":true}"#, b"a\nb\n\nc"), b"a\n\nc\n");
    }

    #[test]
    fn bytes_that_are_not_utf_8_pass_through() {
        assert_eq!(grep(r#"{"pattern":"x"}"#, b"\xff\xfex\xc3\n\xff\n\0x\n"), b"\xff\xfex\xc3\n\0x\n");
    }

    #[test]
    fn line_ends_of_windows_are_kept_and_not_matched() {
        assert_eq!(grep(r#"{"pattern":"a$"}"#, b"a\r\nb\r\na"), b"a\r\na\n");
    }

    #[test]
    fn a_config_that_makes_no_sense_is_refused_with_a_reason() {
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
