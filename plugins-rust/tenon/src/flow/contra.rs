//! The small structs that travel with frames and against them.

use std::ops::RangeInclusive;

use crate::error::Error;
use crate::output::Output;
use crate::status::Status;

/// The most that a pull may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// The number of rows, at least 1.
    pub rows: u64,
    /// The number of bytes, at least 1. A single event may exceed it.
    pub bytes: u64,
}

impl Credit {
    /// For frames that are not the answer of a pull.
    pub(super) const UNLIMITED: Self = Self { rows: u64::MAX, bytes: u64::MAX };

    pub(super) fn parse(input: &[u8]) -> Result<Self, Error> {
        match longs::<2>(input) {
            Some([rows, bytes]) if input.len() == 16 && rows > 0 && bytes > 0 => Ok(Self { rows, bytes }),
            _ => Err(Error::invalid("the input is not a tenon_credit")),
        }
    }
}

/// Returns the first numbers of some bytes.
fn longs<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for (number, chunk) in numbers.iter_mut().zip(bytes.get(..8 * N)?.chunks_exact(8)) {
        *number = u64::from_le_bytes(chunk.try_into().ok()?);
    }
    Some(numbers)
}

/// The streams that a source continues, with the positions after which it does.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a>(&'a [u8]);

impl<'a> Resume<'a> {
    pub(super) fn parse(input: &'a [u8]) -> Result<Self, Error> {
        if input.len() % 16 == 0 { Ok(Self(input)) } else { Err(Error::invalid("the input is not a tenon_resume[]")) }
    }

    /// Returns each stream and its position.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + use<'a> {
        self.0.chunks_exact(16).filter_map(longs::<2>).map(|[stream, position]| (stream, position))
    }

    /// Returns the position of a stream.
    pub fn after(&self, stream: u64) -> Option<u64> {
        self.iter().find(|&(one, _)| one == stream).map(|(_, position)| position)
    }
}

/// Positions of a stream, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The stream.
    pub stream: u64,
    /// The positions.
    pub positions: RangeInclusive<u64>,
}

/// A message of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// To a source: everything up to the last of the positions is settled.
    Ack(Range),
    /// To a source: the range became dead letters.
    Fail(Range),
    /// To a source: nothing is pulled until [`Message::Resume`].
    Pause,
    /// To a source: it is pulled again.
    Resume,
    /// To a source: take in nothing new, and end once all that was taken in is pulled. To a sink: nothing more is
    /// written; answer what is pending.
    Drain,
    /// A message that this version does not know.
    Other(u32),
}

/// The messages of the host.
#[derive(Debug, Clone, Copy)]
pub struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    pub(super) fn parse(input: &'a [u8]) -> Result<Self, Error> {
        if input.len() % 32 == 0 { Ok(Self(input)) } else { Err(Error::invalid("the input is not a tenon_contra[]")) }
    }

    /// Returns each message.
    pub fn iter(&self) -> impl Iterator<Item = Message> + use<'a> {
        self.0.chunks_exact(32).filter_map(longs::<4>).map(|[what, stream, first, last]| {
            let range = Range { stream, positions: first..=last };
            match what as u32 {
                1 => Message::Ack(range),
                2 => Message::Fail(range),
                5 => Message::Pause,
                6 => Message::Resume,
                7 => Message::Drain,
                other => Message::Other(other),
            }
        })
    }

    /// Returns whether the flow drains.
    pub fn drain(&self) -> bool {
        self.iter().any(|message| message == Message::Drain)
    }
}

/// The answers of a sink. Without any, all rows of a frame are delivered.
#[derive(Debug)]
pub struct Answers<'a>(Output<'a>);

impl<'a> Answers<'a> {
    pub(super) fn new(out: Output<'a>) -> Self {
        Self(out)
    }

    fn add(&mut self, what: u32, status: Status, stream: u64, positions: &RangeInclusive<u64>) -> Result<(), Error> {
        self.0.append(&what.to_le_bytes())?;
        self.0.append(&(status as i32).to_le_bytes())?;
        for long in [stream, *positions.start(), *positions.end()] {
            self.0.append(&long.to_le_bytes())?;
        }
        Ok(())
    }

    /// The range is delivered.
    ///
    /// # Errors
    /// [`Status::NoMemory`], as all methods here.
    pub fn ack(&mut self, stream: u64, positions: RangeInclusive<u64>) -> Result<(), Error> {
        self.add(1, Status::Ok, stream, &positions)
    }

    /// The range was not delivered. [`Status::Invalid`] is final; after any other status it is written again.
    ///
    /// # Errors
    /// As for [`ack`](Self::ack).
    pub fn fail(&mut self, stream: u64, positions: RangeInclusive<u64>, status: Status) -> Result<(), Error> {
        self.add(2, status, stream, &positions)
    }

    /// Rows that no other answer covers are answered later, by `contraflow`.
    ///
    /// # Errors
    /// As for [`ack`](Self::ack).
    pub fn later(&mut self) -> Result<(), Error> {
        self.add(0, Status::Ok, 0, &(0..=0))
    }

    /// Nothing may be written until [`open`](Self::open).
    ///
    /// # Errors
    /// As for [`ack`](Self::ack).
    pub fn close(&mut self) -> Result<(), Error> {
        self.add(3, Status::Ok, 0, &(0..=0))
    }

    /// Frames may be written again.
    ///
    /// # Errors
    /// As for [`ack`](Self::ack).
    pub fn open(&mut self) -> Result<(), Error> {
        self.add(4, Status::Ok, 0, &(0..=0))
    }
}
