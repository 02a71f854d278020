//! Writing of messages: records whose strings and lists follow them.

use crate::error::Error;
use crate::output::Output;

/// The memory that a message is written to.
pub trait Sink {
    /// Returns the number of bytes written so far.
    fn end(&self) -> usize;
    /// Appends bytes.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// Appends this number of zeros.
    fn append_zeros(&mut self, count: usize) -> Result<(), Error>;
    /// Replaces bytes that were written before.
    fn replace(&mut self, at: usize, bytes: &[u8]);
}

impl Sink for Output<'_> {
    #[inline]
    fn end(&self) -> usize {
        Output::len(self)
    }
    #[inline]
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Output::append(self, bytes)
    }
    #[inline]
    fn append_zeros(&mut self, count: usize) -> Result<(), Error> {
        Output::append_zeros(self, count)
    }
    #[inline]
    fn replace(&mut self, at: usize, bytes: &[u8]) {
        Output::replace(self, at, bytes);
    }
}

impl Sink for Vec<u8> {
    fn end(&self) -> usize {
        self.len()
    }
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.extend_from_slice(bytes);
        Ok(())
    }
    fn append_zeros(&mut self, count: usize) -> Result<(), Error> {
        self.resize(self.len() + count, 0);
        Ok(())
    }
    fn replace(&mut self, at: usize, bytes: &[u8]) {
        self[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// A message that is being written. Places count from its beginning.
#[derive(Debug)]
pub struct Writer<S: Sink> {
    sink: S,
    base: usize,
}

impl<S: Sink> Writer<S> {
    /// Begins a message with a fixed part of `size` bytes, which are zero.
    pub fn new(mut sink: S, size: usize) -> Result<Self, Error> {
        let base = sink.end();
        sink.append_zeros(size)?;
        Ok(Self { sink, base })
    }

    /// Stores bytes in a fixed part.
    #[inline]
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.sink.replace(self.base + at, bytes);
    }

    /// Appends the bytes of a span.
    pub fn bytes(&mut self, at: usize, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let start = self.end();
        self.sink.append(bytes)?;
        self.span(at, start, bytes.len())
    }

    /// Appends the fixed parts of the elements of a span, which are zero. Returns where they begin.
    pub fn room(&mut self, at: usize, len: usize, size: usize, align: usize) -> Result<usize, Error> {
        if len == 0 {
            return Ok(0);
        }
        let start = self.aligned(align)?;
        self.sink.append_zeros(len.checked_mul(size).ok_or_else(too_long)?)?;
        self.span(at, start, len)?;
        Ok(start)
    }

    /// Appends zeros up to a multiple of `align`. Returns the place behind them.
    pub(crate) fn aligned(&mut self, align: usize) -> Result<usize, Error> {
        let end = self.end();
        self.sink.append_zeros(end.next_multiple_of(align) - end)?;
        Ok(self.end())
    }

    /// Appends the fixed part of one more element. Returns where it begins.
    pub(crate) fn element(&mut self, size: usize) -> Result<usize, Error> {
        let at = self.end();
        self.sink.append_zeros(size)?;
        Ok(at)
    }

    /// Stores a span. Everything that it refers to was written before.
    pub(crate) fn span(&mut self, at: usize, start: usize, len: usize) -> Result<(), Error> {
        let (Ok(_), Ok(start), Ok(len)) = (u32::try_from(self.end()), u32::try_from(start), u32::try_from(len)) else {
            return Err(too_long());
        };
        self.put(at, &if len == 0 { 0 } else { start }.to_le_bytes());
        self.put(at + 4, &len.to_le_bytes());
        Ok(())
    }

    /// Returns the number of bytes of the message so far.
    pub(crate) fn end(&self) -> usize {
        self.sink.end() - self.base
    }

    /// Returns the memory of the message.
    pub(crate) fn into_sink(self) -> S {
        self.sink
    }
}

#[cold]
fn too_long() -> Error {
    Error::failed("the record is too long: a record has at most 4 GiB")
}
