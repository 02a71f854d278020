//! The kind state 1.0.0. `tenon kind bind` generated this file: change the kind, not the file.
//!
//! ```ignore
//! #[rustfmt::skip]
//! mod state_1;
//!
//! tenon::plugin!(MyPlugin, kinds: { state_1 });
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

/// Moves what an instance has learned to an instance of another version of the plugin, when the host reloads it.
///
/// The kind state, version 1.0.0. A plugin implements it.
pub trait State {
    /// Returns the state. Changes nothing, and may be called several times: the host may go on with this
    /// instance.
    fn save(&mut self, out: SaveOut<'_>) -> Result<(), Error>;

    /// Replaces the state of a new instance. Afterwards it answers like the one that was saved. Refuses a format
    /// that it does not know (TENON_UNSUPPORTED), and data that is damaged (TENON_INVALID).
    fn restore(&mut self, input: RestoreIn<'_>) -> Result<(), Error>;
}

/// Writes the output. Fields whose values are strings, bytes, lists or unions are written once, in the order of
/// the functions. A field that is not written is zero, empty or absent.
#[derive(Debug)]
pub struct SaveOut<'a>(Record<'a>);

impl SaveOut<'_> {
    /// The format of the data, a number of the plugin's own. A plugin that changes what the data means raises it.
    pub fn format(&mut self, value: u32) {
        self.0.fixed(0, value);
    }

    /// The state. The host keeps it and does not read it.
    pub fn data(&mut self, value: &[u8]) -> Result<(), Error> {
        self.0.span(1, "data", 4, value)
    }
}

impl<'a> Builder<'a> for SaveOut<'a> {
    const SIZE: usize = 12;
    const REQUIRED: &'static [&'static str] = &[];

    fn wrap(record: Record<'a>) -> Self {
        Self(record)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestoreIn<'a> {
    /// The format that save returned.
    pub format: u32,
    /// The data that save returned.
    pub data: &'a [u8],
}

impl<'a> Value<'a> for RestoreIn<'a> {
    const SIZE: usize = 12;
    const ALIGN: usize = 4;
    const SPANS: bool = true;

    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        Ok(Self {
            format: r.field("format", at)?,
            data: r.field("data", at + 4)?,
        })
    }

    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.format.write(w, at)?;
        self.data.write(w, at + 4)?;
        Ok(())
    }
}

/// Offers the kind: `tenon::plugin!(…, kinds: { … })` names this module.
#[derive(Debug)]
pub struct Kind;

impl<P: Plugin + State> Typed<P> for Kind {
    const KIND: tenon::__private::Kind = typed("state/1.0.0", const { &table::<2>(&[
        method::<P, SlotSave>,
        method::<P, SlotRestore>,
    ]) });
}

struct SlotSave;
impl<P: Plugin + State> Method<P> for SlotSave {
    fn call(plugin: &mut P, _cursors: &mut Cursors, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        read::<()>("state.save", input)?;
        respond::<SaveOut<'_>>("state.save", out, &Written::default(), |out| <P as State>::save(plugin, out))
    }
}

struct SlotRestore;
impl<P: Plugin + State> Method<P> for SlotRestore {
    fn call(plugin: &mut P, _cursors: &mut Cursors, input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        let input = read::<RestoreIn<'_>>("state.restore", input)?;
        <P as State>::restore(plugin, input)
    }
}

/// The hash of the layout of each slot.
const HASHES: [u64; 2] = [
    0x3a96_de3c_ab81_efc9, // save
    0x3de9_78d4_aca8_b578, // restore
];
const DOCUMENT: &str = "{\"format\":1,\"name\":\"state\",\"doc\":\"Moves what an instance has learned to an instance of another version of the plugin, when the host reloads it.\",\"version\":\"1.0.0\",\"methods\":[{\"name\":\"save\",\"doc\":\"Returns the state. Changes nothing, and may be called several times: the host may go on with this instance.\",\"input\":[],\"output\":[{\"name\":\"format\",\"doc\":\"The format of the data, a number of the plugin's own. A plugin that changes what the data means raises it.\",\"type\":\"u32\"},{\"name\":\"data\",\"doc\":\"The state. The host keeps it and does not read it.\",\"type\":\"bytes\"}]},{\"name\":\"restore\",\"doc\":\"Replaces the state of a new instance. Afterwards it answers like the one that was saved. Refuses a format that it does not know (TENON_UNSUPPORTED), and data that is damaged (TENON_INVALID).\",\"input\":[{\"name\":\"format\",\"doc\":\"The format that save returned.\",\"type\":\"u32\"},{\"name\":\"data\",\"doc\":\"The data that save returned.\",\"type\":\"bytes\"}],\"output\":[]}]}";
tenon::__kind_facts!(tenon_kind_state_1, "state/1.0.0", HASHES, DOCUMENT);
