//! The traits of connectors and stages.

use std::time::Duration;

use super::contra::{Answers, Credit, Messages, Resume};
use super::frame::Frame;
use super::writer::FrameWriter;
use crate::error::Error;
use crate::output::Output;

/// The promises of a connector when it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connected(pub(super) u32);

impl Connected {
    /// Nothing.
    pub const NO_PROMISE: Self = Self(0);
    /// A source that can read again whatever is not acknowledged.
    pub const REPLAYS: Self = Self(1);
    /// A sink whose answer means that the rows survive a crash.
    pub const DURABLE: Self = Self(2);
}

/// The state of a source after a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There may be more at once.
    More,
    /// Nothing now: the host pulls again when the source wakes it, by an event of no bytes.
    Idle,
    /// Nothing now: the host pulls again after that time, or when the source wakes it.
    IdleFor(Duration),
    /// This frame is the last.
    Done,
}

/// A value that a connector has while it is connected. Every method of a source or sink fails with
/// [`Status::Closed`](crate::Status::Closed) before `connect` succeeded, because that is how a host notices that it
/// calls a fresh instance. [`get`](Self::get) does that.
#[derive(Debug)]
pub struct Connection<T>(Option<T>);

impl<T> Default for Connection<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Connection<T> {
    /// Is connected from now on.
    pub fn open(&mut self, value: T) {
        self.0 = Some(value);
    }

    /// Is not connected any more.
    pub fn close(&mut self) {
        self.0 = None;
    }

    /// Returns what belongs to the connection.
    ///
    /// # Errors
    /// [`Status::Closed`](crate::Status::Closed) if there is no connection.
    pub fn get(&mut self) -> Result<&mut T, Error> {
        self.0.as_mut().ok_or_else(|| Error::closed("not connected"))
    }
}

/// Brings events into a flow: the kind `source/1`.
pub trait Source {
    /// Connects, and continues streams. It is called again after [`Status::Closed`](crate::Status::Closed).
    ///
    /// # Errors
    /// [`Error::closed`] if there is no connection now. The host tries again after a pause.
    fn connect(&mut self, resume: Resume<'_>) -> Result<Connected, Error>;

    /// Returns what there is, at most the credit. Never blocks.
    ///
    /// # Errors
    /// [`Error::closed`] if there is no connection.
    fn pull(&mut self, credit: Credit, out: &mut FrameWriter<'_>) -> Result<Next, Error>;

    /// Hears what the host says.
    ///
    /// # Errors
    /// [`Error::closed`] if there is no connection.
    fn contraflow(&mut self, messages: Messages<'_>) -> Result<(), Error>;
}

/// Takes events out of a flow: the kind `sink/1`.
pub trait Sink {
    /// Connects. It is called again after [`Status::Closed`](crate::Status::Closed).
    ///
    /// # Errors
    /// [`Error::closed`] if there is no connection now. The host tries again after a pause.
    fn connect(&mut self) -> Result<Connected, Error>;

    /// Takes a frame. Without answers, all its rows are delivered.
    ///
    /// # Errors
    /// [`Error::closed`] if there is no connection, [`Error::busy`] if nothing was consumed, and [`Error::invalid`] if
    /// the frame is never accepted. After [`Error::failed`] it is written again.
    fn write(&mut self, frame: &Frame<'_>, answers: &mut Answers<'_>) -> Result<(), Error>;

    /// Hears what the host says, and answers what it can by now. The host also asks without a message when the sink
    /// woke it, by an event of no bytes.
    ///
    /// # Errors
    /// [`Error::closed`] if there is no connection.
    fn contraflow(&mut self, messages: Messages<'_>, answers: &mut Answers<'_>) -> Result<(), Error>;
}

/// Works on one stream between a source and its flow: the kind `preprocessor/1`.
pub trait Preprocessor {
    /// Processes a frame. Returns the oldest position of the input that a fresh instance must see again, or `None`.
    ///
    /// # Errors
    /// [`Error::invalid`] for rows that are never accepted.
    fn process(&mut self, frame: &Frame<'_>, out: &mut FrameWriter<'_>) -> Result<Option<u64>, Error>;

    /// The stream ended. Returns what was left of it; usually nothing.
    ///
    /// # Errors
    /// Any error: what is held is then dead.
    fn finish(&mut self, _stream: u64, _out: &mut FrameWriter<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Works on one stream between a flow and a sink: the kind `postprocessor/1`.
pub trait Postprocessor {
    /// As [`Preprocessor::process`].
    ///
    /// # Errors
    /// As for [`Preprocessor::process`].
    fn process(&mut self, frame: &Frame<'_>, out: &mut FrameWriter<'_>) -> Result<Option<u64>, Error>;

    /// As [`Preprocessor::finish`].
    ///
    /// # Errors
    /// As for [`Preprocessor::finish`].
    fn finish(&mut self, _stream: u64, _out: &mut FrameWriter<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Converts single events between bytes and JSON: the kind `codec/1`. An empty result means that there is no event.
pub trait Codec {
    /// Converts JSON to bytes.
    ///
    /// # Errors
    /// [`Error::invalid`] if the event cannot be converted. It becomes a dead letter.
    fn encode(&mut self, event: &[u8], out: &mut Output<'_>) -> Result<(), Error>;

    /// Converts bytes to JSON.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    fn decode(&mut self, event: &[u8], out: &mut Output<'_>) -> Result<(), Error>;
}
