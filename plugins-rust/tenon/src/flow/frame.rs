//! A frame of events that was received.

use crate::error::Error;

/// The size of `tenon_events`.
pub(super) const HEAD: usize = 88;
/// The longest frame.
pub(super) const MAX_FRAME: usize = i32::MAX as usize;

/// The kind of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// An event.
    #[default]
    Row,
    /// Not an event: its stream ends here properly.
    End,
    /// Not an event: its stream was cut off here.
    Broken,
    /// A piece of a byte stream: exactly the bytes before byte number `position` of the stream.
    Piece,
}

impl Mark {
    fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Row),
            1 => Some(Self::End),
            2 => Some(Self::Broken),
            4 => Some(Self::Piece),
            _ => None,
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Row => 0,
            Self::End => 1,
            Self::Broken => 2,
            Self::Piece => 4,
        }
    }
}

/// A row of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// The bytes of the event.
    pub bytes: &'a [u8],
    /// The stream that it belongs to.
    pub stream: u64,
    /// The position in its stream.
    pub position: u64,
    /// The time at which it came into the flow, in nanoseconds since 1970.
    pub ingest_ns: u64,
    /// The kind of the row.
    pub mark: Mark,
    /// The metadata, as JSON; empty if there is none.
    pub meta: &'a [u8],
}

/// A frame that was checked as a whole. It borrows the input of a call.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    rows: usize,
    stream: u64,
    position: u64,
    ingest_ns: u64,
    offsets: &'a [u8],
    data: &'a [u8],
    streams: Option<&'a [u8]>,
    positions: Option<&'a [u8]>,
    ingest: Option<&'a [u8]>,
    marks: Option<&'a [u8]>,
    meta_offsets: Option<&'a [u8]>,
    meta: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads and checks a frame. The metadata is not parsed.
    ///
    /// # Errors
    /// [`Status::Invalid`](crate::Status::Invalid) if the bytes break the layout.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::read(bytes).map_err(|problem| Error::invalid(format_args!("the input is not a frame: {problem}")))
    }

    fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        if bytes.len() < HEAD {
            return Err("it is too short");
        }
        let word = |index: usize| int(bytes, index) as usize;
        let [size, rows, length] = [word(0), word(1), word(2)];
        if length != bytes.len() || length > MAX_FRAME {
            return Err("its length is wrong");
        }
        if size < HEAD || size > length {
            return Err("the size of its head is wrong");
        }
        let column = |index: usize, width: usize, count: usize| match word(index) {
            0 => Ok(None),
            at if at < size || at % 8 != 0 => Err("a column begins at a wrong place"),
            at => {
                let end = count.checked_mul(width).and_then(|size| at.checked_add(size));
                end.and_then(|end| bytes.get(at..end)).map(Some).ok_or("a column is outside of it")
            }
        };
        let offsets = column(3, 4, rows + 1)?.unwrap_or_default();
        if offsets.is_empty() && rows > 0 {
            return Err("it has rows, and no offsets");
        }
        let meta_offsets = column(9, 4, rows + 1)?;
        let frame = Self {
            rows,
            stream: long(bytes, 6),
            position: long(bytes, 7),
            ingest_ns: long(bytes, 8),
            offsets,
            data: column(4, 1, last_offset(offsets)?)?.unwrap_or_default(),
            streams: column(5, 8, rows)?,
            positions: column(6, 8, rows)?,
            ingest: column(7, 8, rows)?,
            marks: column(8, 1, rows)?,
            meta_offsets,
            meta: column(10, 1, last_offset(meta_offsets.unwrap_or_default())?)?.unwrap_or_default(),
        };
        if word(11) > 2 {
            return Err("its state is unknown");
        }
        frame.check_rows()?;
        Ok(frame)
    }

    /// Checks what the columns say together.
    fn check_rows(&self) -> Result<(), &'static str> {
        if self.positions.is_none() && self.position.checked_add(self.rows as u64).is_none() {
            return Err("its positions are too large");
        }
        let has_bytes = |offsets: &[u8]| offsets.len() > 4 && int(offsets, 0) < int(offsets, offsets.len() / 4 - 1);
        if self.data.is_empty() && has_bytes(self.offsets) {
            return Err("it has rows with bytes, and no column for them");
        }
        if self.meta.is_empty() && has_bytes(self.meta_offsets.unwrap_or_default()) {
            return Err("it has metadata, and no column for it");
        }
        for (index, &mark) in self.marks.unwrap_or_default().iter().enumerate() {
            match Mark::of(mark) {
                None => return Err("it has an unknown mark"),
                Some(Mark::End | Mark::Broken) if !self.bytes(index).is_empty() => {
                    return Err("a row that ends its stream has bytes");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    fn bytes(&self, index: usize) -> &'a [u8] {
        between(self.offsets, self.data, index)
    }

    /// Returns a row.
    ///
    /// # Panics
    /// If there are fewer rows.
    pub fn row(&self, index: usize) -> Row<'a> {
        assert!(index < self.rows, "row {index} of a frame of {} rows", self.rows);
        Row {
            bytes: self.bytes(index),
            stream: self.streams.map_or(self.stream, |column| long(column, index)),
            position: self.positions.map_or_else(|| self.position + index as u64, |column| long(column, index)),
            ingest_ns: self.ingest.map_or(self.ingest_ns, |column| long(column, index)),
            mark: self.marks.and_then(|marks| Mark::of(marks[index])).unwrap_or_default(),
            meta: self.meta_offsets.map_or(&[], |offsets| between(offsets, self.meta, index)),
        }
    }

    /// Returns all rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'a>> + use<'a> {
        let frame = *self;
        (0..self.rows).map(move |index| frame.row(index))
    }
}

/// Returns number `index` of a column that has it.
fn int(column: &[u8], index: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&column[index * 4..index * 4 + 4]);
    u32::from_le_bytes(bytes)
}

fn long(column: &[u8], index: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&column[index * 8..index * 8 + 8]);
    u64::from_le_bytes(bytes)
}

/// Returns the bytes of a row. A column without bytes is absent.
fn between<'a>(offsets: &[u8], data: &'a [u8], index: usize) -> &'a [u8] {
    if data.is_empty() { &[] } else { &data[int(offsets, index) as usize..int(offsets, index + 1) as usize] }
}

/// Checks that offsets never decrease, and returns the last; 0 if there are none.
fn last_offset(offsets: &[u8]) -> Result<usize, &'static str> {
    let mut last = 0;
    for index in 0..offsets.len() / 4 {
        let next = int(offsets, index);
        if next < last || next > i32::MAX as u32 {
            return Err("its offsets decrease, or are negative");
        }
        last = next;
    }
    Ok(last as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of two rows: `ab` at position 7, and `c`.
    fn sample() -> Vec<u8> {
        let mut bytes = vec![0; 112];
        for (index, word) in [(0, 88_u32), (1, 2), (2, 112), (3, 88), (4, 104), (23, 2), (24, 3)] {
            bytes[index * 4..index * 4 + 4].copy_from_slice(&word.to_le_bytes());
        }
        bytes[56..64].copy_from_slice(&7_u64.to_le_bytes());
        bytes[104..107].copy_from_slice(b"abc");
        bytes
    }

    #[test]
    fn a_frame_has_its_rows() {
        let bytes = sample();
        let frame = Frame::parse(&bytes).unwrap();
        let rows: Vec<_> = frame.rows().map(|row| (row.bytes, row.position, row.mark)).collect();
        assert_eq!(rows, [(&b"ab"[..], 7, Mark::Row), (&b"c"[..], 8, Mark::Row)]);
    }

    #[test]
    fn every_shorter_frame_is_refused_and_every_changed_byte_does_no_harm() {
        let good = sample();
        for length in 0..good.len() {
            assert!(Frame::parse(&good[..length]).is_err(), "{length} bytes");
        }
        for at in 0..good.len() {
            for value in [0, 1, 4, 0x7f, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                if let Ok(frame) = Frame::parse(&bytes) {
                    assert!(frame.rows().map(|row| row.bytes.len()).sum::<usize>() <= bytes.len());
                }
            }
        }
    }
}
