//! The kinds of connectors and stages, for [`plugin!`](crate::plugin!).

use super::connector::{Codec, Next, Postprocessor, Preprocessor, Sink, Source};
use super::contra::{Answers, Credit, Messages, Resume};
use super::frame::Frame;
use super::writer::FrameWriter;
use crate::cursors::Cursors;
use crate::error::Error;
use crate::export::{self, Typed, table, typed};
use crate::output::Output;
use crate::plugin::Plugin;
use crate::slots::{Method, method};

/// Makes a module with a kind: its trait, its version, and the body of each method.
macro_rules! kind {
    ($doc:literal $module:ident, $trait:ident, $spec:literal, $count:literal,
     $($slot:ident: |$plugin:ident, $input:ident, $out:ident| $body:expr;)+) => {
        #[doc = $doc]
        pub mod $module {
            use super::*;

            /// Offers the kind: `tenon::plugin!(…, kinds: { … })` names this module.
            #[derive(Debug)]
            pub struct Kind;

            impl<P: Plugin + $trait> Typed<P> for Kind {
                const KIND: export::Kind = typed($spec, const { &table::<$count>(&[$(method::<P, $slot>),+]) });
            }

            $(
                struct $slot;

                impl<P: Plugin + $trait> Method<P> for $slot {
                    fn call(
                        $plugin: &mut P,
                        _: &mut Cursors,
                        $input: &[u8],
                        $out: &mut Output<'_>,
                    ) -> Result<(), Error> {
                        $body
                    }
                }
            )+
        }
    };
}

kind!("The kind `source/1` of a [`Source`]." source_1, Source, "source/1.0.0", 3,
    Connect: |plugin, input, out| {
        let connected = plugin.connect(Resume::parse(input)?)?;
        write_connected(out, connected.0)
    };
    Pull: |plugin, input, out| {
        let credit = Credit::parse(input)?;
        let mut writer = FrameWriter::new(out.reborrow(), credit)?;
        let (state, wake_ns) = match plugin.pull(credit, &mut writer)? {
            Next::More => (0, 0),
            Next::Idle => (1, 0),
            Next::IdleFor(time) => (1, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)),
            Next::Done => (2, 0),
        };
        writer.finish(state, u64::MAX, wake_ns)
    };
    Contraflow: |plugin, input, _out| plugin.contraflow(Messages::parse(input)?);
);

kind!("The kind `sink/1` of a [`Sink`]." sink_1, Sink, "sink/1.0.0", 3,
    Connect: |plugin, input, out| {
        if !input.is_empty() {
            return Err(Error::invalid("the input of connect is not empty"));
        }
        let connected = plugin.connect()?;
        write_connected(out, connected.0)
    };
    Write: |plugin, input, out| plugin.write(&Frame::parse(input)?, &mut Answers::new(out.reborrow()));
    Contraflow: |plugin, input, out| {
        plugin.contraflow(Messages::parse(input)?, &mut Answers::new(out.reborrow()))
    };
);

kind!("The kind `preprocessor/1` of a [`Preprocessor`]." preprocessor_1, Preprocessor, "preprocessor/1.0.0", 2,
    Process: |plugin, input, out| {
        let frame = Frame::parse(input)?;
        let mut writer = FrameWriter::new(out.reborrow(), Credit::UNLIMITED)?;
        let held = plugin.process(&frame, &mut writer)?;
        writer.end_held(held)
    };
    Finish: |plugin, input, out| {
        let stream = stream_of(input)?;
        let mut writer = FrameWriter::new(out.reborrow(), Credit::UNLIMITED)?;
        plugin.finish(stream, &mut writer)?;
        writer.end_held(None)
    };
);

kind!("The kind `postprocessor/1` of a [`Postprocessor`]." postprocessor_1, Postprocessor, "postprocessor/1.0.0", 2,
    Process: |plugin, input, out| {
        let frame = Frame::parse(input)?;
        let mut writer = FrameWriter::new(out.reborrow(), Credit::UNLIMITED)?;
        let held = plugin.process(&frame, &mut writer)?;
        writer.end_held(held)
    };
    Finish: |plugin, input, out| {
        let stream = stream_of(input)?;
        let mut writer = FrameWriter::new(out.reborrow(), Credit::UNLIMITED)?;
        plugin.finish(stream, &mut writer)?;
        writer.end_held(None)
    };
);

kind!("The kind `codec/1` of a [`Codec`]." codec_1, Codec, "codec/1.0.0", 2,
    Encode: |plugin, input, out| plugin.encode(input, out);
    Decode: |plugin, input, out| plugin.decode(input, out);
);

fn write_connected(out: &mut Output<'_>, flags: u32) -> Result<(), Error> {
    out.append(&8_u32.to_le_bytes())?;
    out.append(&flags.to_le_bytes())
}

fn stream_of(input: &[u8]) -> Result<u64, Error> {
    let bytes = input.try_into().map_err(|_| Error::invalid("the input is not a stream"))?;
    Ok(u64::from_le_bytes(bytes))
}
