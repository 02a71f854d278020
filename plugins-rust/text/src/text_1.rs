//! The kind text 1.1.0. `tenon kind bind` generated this file: change the kind, not the file.
//!
//! ```ignore
//! #[rustfmt::skip]
//! mod text_1;
//!
//! tenon::plugin!(MyPlugin, kinds: { text_1 });
//! ```
#![allow(dead_code, missing_docs, non_snake_case, non_camel_case_types, unreachable_pub, unused_imports, unused_variables)]
#![allow(clippy::enum_variant_names, clippy::just_underscores_and_digits, clippy::large_enum_variant, clippy::new_ret_no_self)]
#![allow(clippy::should_implement_trait, clippy::upper_case_acronyms, clippy::wrong_self_convention)]
#![allow(clippy::doc_markdown, clippy::missing_errors_doc, clippy::must_use_candidate)]

use tenon::__private::{
    Broken, Builder, Cursors, Method, Reader, Record, Sink, Typed, Writer, Written, close, method, next, open, read,
    read_member, read_number, respond, skip_member, table, typed, unknown, write_member,
};
use tenon::kind::{List, LongArray, Value};
use tenon::{EmitError, Error, Host, Output, Plugin};

/// Searching text. A line ends with a newline; the last one may lack it.
///
/// The kind text, version 1.1.0. A plugin implements it.
pub trait Text {
    /// Finds all places of a needle, from left to right. The search continues behind the end of a place, so
    /// places do not overlap. Emits progress after each MiB of text.
    fn find(&mut self, input: FindIn<'_>, out: FindOut<'_>) -> Result<(), Error>;

    /// Returns the lines one by one. An empty rest behind the last newline is not a line.
    fn lines(&mut self, input: LinesIn<'_>) -> Result<Box<dyn LinesCursor>, Error>;

    /// Counts words: runs of bytes other than space, tab, newline, vertical tab, form feed and carriage return.
    ///
    /// Since version 1.1.0. By default it is not supported.
    fn count(&mut self, _input: CountIn<'_>, _out: CountOut<'_>) -> Result<(), Error> {
        Err(Error::unsupported("this plugin does not have text.count"))
    }
}

/// The items that `lines` returns, one after another. It is dropped when the host closes the cursor, and at the
/// latest with the instance.
pub trait LinesCursor: Send {
    /// Returns the next item; `None` after the last one.
    fn next(&mut self) -> Result<Option<LinesItem<'_>>, Error>;
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FindIn<'a> {
    pub text: &'a str,
    /// The string to find. An empty one is refused (TENON_INVALID).
    pub needle: &'a str,
    /// The most hits to return. If it is absent, all are returned.
    pub limit: Option<u32>,
}

impl<'a> Value<'a> for FindIn<'a> {
    const SIZE: usize = 24;
    const ALIGN: usize = 4;
    const SPANS: bool = true;

    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        Ok(Self {
            text: r.field("text", at)?,
            needle: r.field("needle", at + 8)?,
            limit: r.field("limit", at + 16)?,
        })
    }

    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.text.write(w, at)?;
        self.needle.write(w, at + 8)?;
        self.limit.write(w, at + 16)?;
        Ok(())
    }
}

/// Writes the output. Fields whose values are strings, bytes, lists or unions are written once, in the order of
/// the functions. A field that is not written is zero, empty or absent.
#[derive(Debug)]
pub struct FindOut<'a>(Record<'a>);

impl FindOut<'_> {
    /// The number of all places, which may exceed the limit.
    pub fn total(&mut self, value: u32) {
        self.0.fixed(0, value);
    }

    /// The first places.
    pub fn hits(&mut self, values: impl IntoIterator<Item = Hit>) -> Result<(), Error> {
        self.0.list(1, "hits", 4, values)
    }

    /// The line with the first place, without its newline; empty if there is none.
    pub fn first(&mut self, value: &str) -> Result<(), Error> {
        self.0.span(2, "first", 12, value)
    }
}

impl<'a> Builder<'a> for FindOut<'a> {
    const SIZE: usize = 20;
    const REQUIRED: &'static [&'static str] = &[];

    fn wrap(record: Record<'a>) -> Self {
        Self(record)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The offset of the place in the UTF-8 text, in bytes.
    pub at: u32,
    /// The number of the line, from 1.
    pub line: u32,
}

impl<'a> Value<'a> for Hit {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    const PLAIN: bool = true;
    const SPANS: bool = false;

    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        Ok(Self {
            at: r.field("at", at)?,
            line: r.field("line", at + 4)?,
        })
    }

    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.at.write(w, at)?;
        self.line.write(w, at + 4)?;
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinesIn<'a> {
    pub text: &'a str,
}

impl<'a> Value<'a> for LinesIn<'a> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    const SPANS: bool = true;

    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        Ok(Self {
            text: r.field("text", at)?,
        })
    }

    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.text.write(w, at)?;
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinesItem<'a> {
    /// The offset of the line in the UTF-8 text, in bytes.
    pub at: u64,
    /// The line without its newline.
    pub line: &'a str,
}

impl<'a> Value<'a> for LinesItem<'a> {
    const SIZE: usize = 16;
    const ALIGN: usize = 8;
    const SPANS: bool = true;

    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        Ok(Self {
            at: r.field("at", at)?,
            line: r.field("line", at + 8)?,
        })
    }

    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.at.write(w, at)?;
        self.line.write(w, at + 8)?;
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountIn<'a> {
    pub text: &'a str,
}

impl<'a> Value<'a> for CountIn<'a> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    const SPANS: bool = true;

    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        Ok(Self {
            text: r.field("text", at)?,
        })
    }

    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.text.write(w, at)?;
        Ok(())
    }
}

/// Writes the output. A field that is not written is zero or absent.
#[derive(Debug)]
pub struct CountOut<'a>(Record<'a>);

impl CountOut<'_> {
    /// Writes `words`.
    pub fn words(&mut self, value: u64) {
        self.0.fixed(0, value);
    }
}

impl<'a> Builder<'a> for CountOut<'a> {
    const SIZE: usize = 8;
    const REQUIRED: &'static [&'static str] = &[];

    fn wrap(record: Record<'a>) -> Self {
        Self(record)
    }
}

/// find emits it after each MiB (1048576 bytes) of text that it has searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The bytes that were searched so far.
    pub done: u64,
    /// The bytes of the text.
    pub of: u64,
}

impl<'a> Value<'a> for Progress {
    const SIZE: usize = 16;
    const ALIGN: usize = 8;
    const PLAIN: bool = true;
    const SPANS: bool = false;

    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        Ok(Self {
            done: r.field("done", at)?,
            of: r.field("of", at + 8)?,
        })
    }

    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.done.write(w, at)?;
        self.of.write(w, at + 8)?;
        Ok(())
    }
}

impl Progress {
    /// Emits the event.
    pub fn emit(self, host: &Host) -> Result<(), EmitError> {
        tenon::__private::emit(host, 0x60a3_8806_3cea_9351, self)
    }
}

/// Offers the kind: `tenon::plugin!(…, kinds: { … })` names this module.
#[derive(Debug)]
pub struct Kind;

impl<P: Plugin + Text> Typed<P> for Kind {
    const KIND: tenon::__private::Kind = typed("text/1.1.0", const { &table::<5>(&[
        method::<P, SlotFind>,
        method::<P, SlotLinesOpen>,
        method::<P, SlotLinesNext>,
        method::<P, SlotLinesClose>,
        method::<P, SlotCount>,
    ]) });
}

struct SlotFind;
impl<P: Plugin + Text> Method<P> for SlotFind {
    fn call(plugin: &mut P, _cursors: &mut Cursors, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let input = read::<FindIn<'_>>("text.find", input)?;
        respond::<FindOut<'_>>("text.find", out, &Written::default(), |out| <P as Text>::find(plugin, input, out))
    }
}

struct SlotLinesOpen;
impl<P: Plugin + Text> Method<P> for SlotLinesOpen {
    fn call(plugin: &mut P, cursors: &mut Cursors, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let input = read::<LinesIn<'_>>("text.lines_open", input)?;
        let cursor = <P as Text>::lines(plugin, input)?;
        open::<Box<dyn LinesCursor>>(cursors, out, cursor)
    }
}

struct SlotLinesNext;
impl<P: Plugin + Text> Method<P> for SlotLinesNext {
    fn call(_plugin: &mut P, cursors: &mut Cursors, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        next::<Box<dyn LinesCursor>>("text.lines_next", cursors, input, out, (16, 8), |cursor, items| {
            while items.wants_more() {
                match LinesCursor::next(cursor.as_mut())? {
                    Some(item) => items.push(item)?,
                    None => return Ok(true),
                }
            }
            Ok(false)
        })
    }
}

struct SlotLinesClose;
impl<P: Plugin + Text> Method<P> for SlotLinesClose {
    fn call(_plugin: &mut P, cursors: &mut Cursors, input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        close::<Box<dyn LinesCursor>>("text.lines_close", cursors, input)
    }
}

struct SlotCount;
impl<P: Plugin + Text> Method<P> for SlotCount {
    fn call(plugin: &mut P, _cursors: &mut Cursors, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let input = read::<CountIn<'_>>("text.count", input)?;
        respond::<CountOut<'_>>("text.count", out, &Written::default(), |out| <P as Text>::count(plugin, input, out))
    }
}

/// The hash of the layout of each slot.
const HASHES: [u64; 5] = [
    0x51c5_868d_5926_8d70, // find
    0x9b68_5715_c53c_db98, // lines_open
    0xb488_f99e_6d7b_07e0, // lines_next
    0xadab_e6ca_b094_7ee5, // lines_close
    0x9b68_5715_c53c_db98, // count
];
const DOCUMENT: &str = "{\"format\":1,\"name\":\"text\",\"doc\":\"Searching text. A line ends with a newline; the last one may lack it.\",\"version\":\"1.1.0\",\"methods\":[{\"name\":\"find\",\"doc\":\"Finds all places of a needle, from left to right. The search continues behind the end of a place, so places do not overlap. Emits progress after each MiB of text.\",\"input\":[{\"name\":\"text\",\"type\":\"str\"},{\"name\":\"needle\",\"doc\":\"The string to find. An empty one is refused (TENON_INVALID).\",\"type\":\"str\"},{\"name\":\"limit\",\"doc\":\"The most hits to return. If it is absent, all are returned.\",\"type\":{\"option\":\"u32\"}}],\"output\":[{\"name\":\"total\",\"doc\":\"The number of all places, which may exceed the limit.\",\"type\":\"u32\"},{\"name\":\"hits\",\"doc\":\"The first places.\",\"type\":{\"list\":{\"record\":[{\"name\":\"at\",\"doc\":\"The offset of the place in the UTF-8 text, in bytes.\",\"type\":\"u32\"},{\"name\":\"line\",\"doc\":\"The number of the line, from 1.\",\"type\":\"u32\"}],\"as\":\"hit\"}}},{\"name\":\"first\",\"doc\":\"The line with the first place, without its newline; empty if there is none.\",\"type\":\"str\"}]},{\"name\":\"lines\",\"doc\":\"Returns the lines one by one. An empty rest behind the last newline is not a line.\",\"input\":[{\"name\":\"text\",\"type\":\"str\"}],\"cursor\":[{\"name\":\"at\",\"doc\":\"The offset of the line in the UTF-8 text, in bytes.\",\"type\":\"u64\"},{\"name\":\"line\",\"doc\":\"The line without its newline.\",\"type\":\"str\"}]},{\"name\":\"count\",\"doc\":\"Counts words: runs of bytes other than space, tab, newline, vertical tab, form feed and carriage return.\",\"since\":\"1.1.0\",\"input\":[{\"name\":\"text\",\"type\":\"str\"}],\"output\":[{\"name\":\"words\",\"type\":\"u64\"}]}],\"events\":[{\"name\":\"progress\",\"doc\":\"find emits it after each MiB (1048576 bytes) of text that it has searched.\",\"fields\":[{\"name\":\"done\",\"doc\":\"The bytes that were searched so far.\",\"type\":\"u64\"},{\"name\":\"of\",\"doc\":\"The bytes of the text.\",\"type\":\"u64\"}]}]}";
tenon::__kind_facts!(tenon_kind_text_1, "text/1.1.0", HASHES, DOCUMENT);
