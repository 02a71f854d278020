//! A frame of events that is being written.

use super::contra::Credit;
use super::frame::{HEAD, MAX_FRAME, Mark, Row};
use super::now_ns;
use crate::error::Error;
use crate::output::Output;

/// The value of `held` if nothing is held.
const NOWHERE: u64 = u64::MAX;

/// The members of a row besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowInfo<'a> {
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

impl RowInfo<'_> {
    /// Returns the members of an event of stream 0 that comes in now.
    pub fn now(position: u64) -> Self {
        Self { position, ingest_ns: now_ns(), ..Self::default() }
    }
}

impl<'a> From<Row<'a>> for RowInfo<'a> {
    fn from(Row { stream, position, ingest_ns, mark, meta, .. }: Row<'a>) -> Self {
        Self { stream, position, ingest_ns, mark, meta }
    }
}

/// Writes a frame into the output of a call, row by row.
#[derive(Debug)]
pub struct FrameWriter<'a> {
    out: Output<'a>,
    start: usize,
    credit: Credit,
    ends: Vec<u32>,
    streams: Vec<u64>,
    positions: Vec<u64>,
    ingest: Vec<u64>,
    marks: Vec<u8>,
    meta_ends: Vec<u32>,
    meta: Vec<u8>,
}

impl<'a> FrameWriter<'a> {
    pub(super) fn new(mut out: Output<'a>, credit: Credit) -> Result<Self, Error> {
        let start = out.len();
        out.append_zeros(HEAD)?;
        Ok(Self {
            out,
            start,
            credit,
            ends: Vec::new(),
            streams: Vec::new(),
            positions: Vec::new(),
            ingest: Vec::new(),
            marks: Vec::new(),
            meta_ends: Vec::new(),
            meta: Vec::new(),
        })
    }

    /// Returns the number of rows so far.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are no rows so far.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the number of bytes of all rows so far.
    pub fn size(&self) -> usize {
        self.out.len() - self.start - HEAD
    }

    /// Returns whether the credit of a pull has room for one more row of that size. The first row always fits. Stages
    /// have no credit.
    pub fn fits(&self, size: usize) -> bool {
        let Credit { rows, bytes } = self.credit;
        self.is_empty() || ((self.len() as u64) < rows && (self.size() + size) as u64 <= bytes)
    }

    /// Appends a row.
    ///
    /// # Errors
    /// [`Status::Failed`](crate::Status::Failed) if the credit has no room for it, or if the frame exceeds 2 GiB.
    pub fn push(&mut self, bytes: &[u8], info: RowInfo<'_>) -> Result<(), Error> {
        if !self.fits(bytes.len()) {
            return Err(Error::failed("the frame exceeds the credit of the pull: ask `fits` before `push`"));
        }
        if self.size() + bytes.len() + self.meta.len() + info.meta.len() > MAX_FRAME / 2 {
            return Err(Error::failed("the frame exceeds 1 GiB"));
        }
        self.out.append(bytes)?;
        self.meta.extend_from_slice(info.meta);
        self.ends.push(self.size() as u32);
        self.meta_ends.push(self.meta.len() as u32);
        self.streams.push(info.stream);
        self.positions.push(info.position);
        self.ingest.push(info.ingest_ns);
        self.marks.push(info.mark.number());
        Ok(())
    }

    /// Ends the frame of a stage, which holds input from that position on.
    pub(super) fn end_held(self, held: Option<u64>) -> Result<(), Error> {
        self.finish(0, held.unwrap_or(NOWHERE), 0)
    }

    /// Ends the frame of a source. Columns whose values follow from the head are left out.
    pub(super) fn finish(mut self, state: u32, held: u64, wake_ns: u64) -> Result<(), Error> {
        let rows = self.len();
        let first = |column: &[u64]| column.first().copied().unwrap_or_default();
        let [stream, position, ingest_ns] = [&self.streams, &self.positions, &self.ingest].map(|column| first(column));
        let consecutive = self.positions.iter().zip(position..).all(|(&one, expected)| one == expected);
        let equal = |column: &[u64]| column.iter().all(|&one| one == first(column));
        let [ends, meta_ends] = [&self.ends, &self.meta_ends].map(|ends| {
            let mut bytes = vec![0; 4];
            bytes.extend(ends.iter().flat_map(|end| end.to_le_bytes()));
            bytes
        });
        let longs = |column: &[u64]| column.iter().flat_map(|one| one.to_le_bytes()).collect::<Vec<u8>>();
        let with_meta = !self.meta.is_empty();
        let data = if self.size() > 0 { HEAD } else { 0 };
        let columns = [
            (rows > 0).then_some(ends),
            (!equal(&self.streams)).then(|| longs(&self.streams)),
            (!consecutive).then(|| longs(&self.positions)),
            (!equal(&self.ingest)).then(|| longs(&self.ingest)),
            self.marks.iter().any(|&mark| mark != 0).then(|| std::mem::take(&mut self.marks)),
            with_meta.then_some(meta_ends),
            with_meta.then(|| std::mem::take(&mut self.meta)),
        ];
        let mut places = [0; 7];
        for (place, column) in places.iter_mut().zip(columns) {
            if let Some(bytes) = column {
                self.pad()?;
                *place = self.out.len() - self.start;
                self.out.append(&bytes)?;
            }
        }
        self.pad()?;
        let length = self.out.len() - self.start;
        if length > MAX_FRAME {
            return Err(Error::failed("the frame exceeds 2 GiB"));
        }
        let [offsets, streams, positions, ingest, marks, meta_offsets, meta] = places;
        let words = [HEAD, rows, length, offsets, data, streams, positions, ingest, marks, meta_offsets, meta];
        let mut head = Vec::with_capacity(HEAD);
        head.extend(words.iter().flat_map(|&word| (word as u32).to_le_bytes()));
        head.extend(state.to_le_bytes());
        head.extend([stream, position, ingest_ns, held, wake_ns].iter().flat_map(|long| long.to_le_bytes()));
        self.out.replace(self.start, &head);
        Ok(())
    }

    /// Columns and frames end at multiples of 8.
    fn pad(&mut self) -> Result<(), Error> {
        let length = self.out.len() - self.start;
        self.out.append_zeros(length.next_multiple_of(8) - length)
    }
}
