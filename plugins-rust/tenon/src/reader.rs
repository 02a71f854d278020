//! Reading of messages: records whose strings and lists follow them. A message is checked completely before the
//! plugin sees any of it, in one pass, and is then decoded where it is.

use std::fmt;

use crate::error::Error;
use crate::writer::{Sink, Writer};

/// A value in a record: a scalar, a string, a list, an enum, a record and so on. Generated code implements it for
/// the types of a kind.
pub trait Value<'a>: Copy + 'a {
    /// The bytes of the fixed part.
    const SIZE: usize;
    /// The alignment of the fixed part.
    const ALIGN: usize;
    /// Whether every pattern of bits is a value. Then there is nothing to check.
    const PLAIN: bool = false;
    /// Whether a part of the value is behind the fixed part of its record.
    const SPANS: bool;

    /// Reads and checks the value.
    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken>;
    /// Writes the value.
    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error>;
}

/// A message that is being read.
#[derive(Debug)]
pub struct Reader<'a> {
    message: &'a [u8],
    /// The end of the span that was visited last. Spans never overlap and never go backwards.
    end: usize,
}

/// The place and the problem of a message that cannot be read.
#[derive(Debug)]
pub struct Broken(Box<(String, String)>);

impl Broken {
    /// Describes the problem of a value.
    #[cold]
    pub fn new(problem: impl fmt::Display) -> Self {
        Self(Box::new((String::new(), problem.to_string())))
    }

    /// Adds the field that contains the value.
    #[cold]
    #[must_use]
    pub fn inside(mut self, field: impl fmt::Display) -> Self {
        let path = &mut self.0.0;
        *path =
            if path.is_empty() || path.starts_with('[') { format!("{field}{path}") } else { format!("{field}.{path}") };
        self
    }

    /// Returns the error for the host. `method` is `text.find` for example.
    #[cold]
    fn into_error(self, method: &str) -> Error {
        let (path, problem) = *self.0;
        let dot = if path.is_empty() { "" } else { "." };
        Error::invalid(format_args!("{method}: the input{dot}{path} {problem}"))
    }
}

/// Reads the record of a method.
///
/// # Errors
/// [`Status::Invalid`](crate::Status::Invalid) with the method and the place, if the message is not such a record.
pub fn read<'a, T: Value<'a>>(method: &str, message: &'a [u8]) -> Result<T, Error> {
    let fits = if T::SPANS { message.len() >= T::SIZE } else { message.len() == T::SIZE };
    if !fits {
        let least = if T::SPANS { "at least " } else { "" };
        let (found, expected) = (message.len(), T::SIZE);
        return Err(Error::invalid(format_args!("{method}: the input has {found} bytes, expected {least}{expected}")));
    }
    T::read(&mut Reader { message, end: T::SIZE }, 0).map_err(|broken| broken.into_error(method))
}

impl<'a> Reader<'a> {
    /// Reads a part of a message that was checked before.
    pub(crate) fn again(message: &'a [u8]) -> Self {
        Self { message, end: 0 }
    }

    /// Reads a field. `name` is its name in errors.
    #[inline]
    pub fn field<T: Value<'a>>(&mut self, name: &str, at: usize) -> Result<T, Broken> {
        T::read(self, at).map_err(|broken| broken.inside(name))
    }

    /// Returns `N` bytes of the message.
    #[inline]
    pub fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], Broken> {
        match self.message.get(at..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(bytes) => Ok(*bytes),
            None => Err(Broken::new("is outside of the message")),
        }
    }

    /// Reads a span and checks its place. Returns where it begins, and its number of elements.
    pub fn span(&mut self, at: usize, size: usize, align: usize) -> Result<(usize, usize), Broken> {
        let start = u32::from_le_bytes(self.bytes(at)?) as usize;
        let len = u32::from_le_bytes(self.bytes(at + 4)?) as usize;
        if len == 0 {
            return if start == 0 { Ok((0, 0)) } else { Err(Broken::new("is an empty span that is not at 0")) };
        }
        if start % align != 0 {
            return Err(Broken::new(format_args!("is a span at {start}, which is not a multiple of {align}")));
        }
        if start < self.end {
            let end = self.end;
            return Err(Broken::new(format_args!("is a span at {start}, before the end of another at {end}")));
        }
        match len.checked_mul(size).and_then(|bytes| bytes.checked_add(start)) {
            Some(end) if end <= self.message.len() => self.end = end,
            _ => return Err(Broken::new(format_args!("is a span that goes beyond {} bytes", self.message.len()))),
        }
        Ok((start, len))
    }

    /// Returns the bytes of a span of bytes.
    pub(crate) fn slice(&mut self, at: usize) -> Result<&'a [u8], Broken> {
        let (start, len) = self.span(at, 1, 1)?;
        self.message.get(start..start + len).ok_or_else(|| Broken::new("is outside of the message"))
    }

    /// Returns the whole message.
    pub(crate) fn message(&self) -> &'a [u8] {
        self.message
    }
}
