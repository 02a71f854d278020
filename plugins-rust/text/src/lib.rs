//! text - the kind `text` in Rust: places of a needle, lines and words.
//!
//! `text_1.rs` is generated from `text.kind.json`. It reads the inputs, which borrow from the host's message, and
//! writes the outputs directly into the host's memory.

#![forbid(unsafe_code)]

use tenon::{Error, Host, Output, Plugin};
use text_1::{CountIn, CountOut, FindIn, FindOut, Hit, LinesCursor, LinesIn, LinesItem, Progress};

#[rustfmt::skip]
mod text_1;

const MIB: usize = 1 << 20;

struct Text(Host);

impl Plugin for Text {
    const NAME: &'static str = "text-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(host: Host, config: &str) -> Result<Self, Error> {
        match config {
            "" => Ok(Text(host)),
            _ => Err(Error::invalid("text takes no config")),
        }
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Err(Error::unsupported("text has only the methods of its kind text/1.1.0"))
    }
}

impl text_1::Text for Text {
    fn find(&mut self, input: FindIn<'_>, mut out: FindOut<'_>) -> Result<(), Error> {
        let FindIn { text, needle, limit } = input;
        if needle.is_empty() {
            return Err(Error::invalid("needle must not be empty"));
        }
        let mut places = Places { text, searched: 0, counted: 0, line: 1, needle };
        let limit = limit.map_or(usize::MAX, |limit| limit as usize);
        let mut total = 0;
        let mut first = None;
        let hits = std::iter::from_fn(|| {
            let hit = places.next()?;
            first.get_or_insert(hit.at);
            total += 1;
            Some(hit)
        });
        out.hits(hits.take(limit))?;
        total += places.count() as u32;
        out.total(total);
        let first = first.or_else(|| text.find(needle).map(|at| at as u32));
        out.first(first.map_or("", |at| line_at(text, at as usize)))?;
        self.report(text.len());
        Ok(())
    }

    fn lines(&mut self, input: LinesIn<'_>) -> Result<Box<dyn LinesCursor>, Error> {
        Ok(Box::new(Lines { text: input.text.to_owned(), at: 0 }))
    }

    fn count(&mut self, input: CountIn<'_>, mut out: CountOut<'_>) -> Result<(), Error> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
        out.words(input.text.as_bytes().split(is_space).filter(|word| !word.is_empty()).count() as u64);
        Ok(())
    }
}

impl Text {
    /// Emits the progress after each whole MiB. A host that does not accept events misses nothing that it needs.
    fn report(&self, length: usize) {
        for done in (MIB..=length).step_by(MIB) {
            let _ = Progress { done: done as u64, of: length as u64 }.emit(&self.0);
        }
    }
}

/// The places of a needle that do not overlap.
struct Places<'a> {
    text: &'a str,
    /// The place from which the search continues.
    searched: usize,
    /// The place from which newlines are counted.
    counted: usize,
    line: u32,
    needle: &'a str,
}

impl Iterator for Places<'_> {
    type Item = Hit;

    fn next(&mut self) -> Option<Hit> {
        let at = self.searched + self.text[self.searched..].find(self.needle)?;
        self.line += newlines(&self.text[self.counted..at]);
        self.counted = at;
        self.searched = at + self.needle.len();
        Some(Hit { at: at as u32, line: self.line })
    }
}

fn newlines(text: &str) -> u32 {
    text.bytes().filter(|&byte| byte == b'\n').count() as u32
}

/// Returns the line with this place, without its newline.
fn line_at(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    &text[start..end]
}

/// The lines of a string, which the cursor keeps.
struct Lines {
    text: String,
    at: usize,
}

impl LinesCursor for Lines {
    fn next(&mut self) -> Result<Option<LinesItem<'_>>, Error> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let at = self.at as u64;
        let (line, used) = rest.find('\n').map_or((rest, rest.len()), |end| (&rest[..end], end + 1));
        self.at += used;
        Ok(Some(LinesItem { at, line }))
    }
}

tenon::plugin!(Text, kinds: { text_1 });
