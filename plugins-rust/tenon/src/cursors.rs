//! The open cursors of an instance.

use std::any::Any;
use std::collections::BTreeMap;

use crate::error::Error;
use crate::output::Output;
use crate::reader::{Value, read};
use crate::writer::Writer;

/// The open cursors of an instance by their numbers.
#[derive(Default)]
pub struct Cursors {
    last: u64,
    open: BTreeMap<u64, Box<dyn Any + Send>>,
}

/// The most items in one answer. Their fixed parts are reserved before it is known how many there are.
const MOST: u32 = 1024;

/// The offsets in the records of the slots of a cursor.
mod at {
    pub const MAX: usize = 8;
    pub const ITEMS: usize = 0;
    pub const DONE: usize = 8;
    pub const OUTPUT: usize = 12;
}

/// Keeps a new cursor and answers with its number.
pub fn open<C: Send + 'static>(cursors: &mut Cursors, out: &mut Output<'_>, cursor: C) -> Result<(), Error> {
    out.append(&(cursors.last + 1).to_le_bytes())?;
    cursors.last += 1;
    cursors.open.insert(cursors.last, Box::new(cursor));
    Ok(())
}

/// Closes a cursor.
pub fn close<C: Send + 'static>(method: &str, cursors: &mut Cursors, input: &[u8]) -> Result<(), Error> {
    let number = read::<u64>(method, input)?;
    find::<C>(cursors, number)?;
    cursors.open.remove(&number);
    Ok(())
}

/// Answers with the next items of a cursor. `fill` writes them and returns whether they are the last ones.
pub fn next<'o, C: Send + 'static>(
    method: &str,
    cursors: &mut Cursors,
    input: &[u8],
    out: &'o mut Output<'_>,
    (size, align): (usize, usize),
    fill: impl FnOnce(&mut C, &mut Items<'o>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let Asked { cursor, max } = read::<Asked>(method, input)?;
    let cursor = find::<C>(cursors, cursor)?;
    let max = max.min(MOST) as usize;
    let mut writer = Writer::new(out.reborrow(), at::OUTPUT)?;
    let start = writer.room(at::ITEMS, max, size, align)?;
    let mut items = Items { writer, start, size, max, len: 0 };
    let done = fill(cursor, &mut items)?;
    let Items { mut writer, len, .. } = items;
    writer.span(at::ITEMS, start, len)?;
    done.write(&mut writer, at::DONE)
}

fn find<C: Send + 'static>(cursors: &mut Cursors, number: u64) -> Result<&mut C, Error> {
    let cursor = cursors.open.get_mut(&number).and_then(|cursor| cursor.downcast_mut());
    cursor.ok_or_else(|| Error::invalid(format_args!("no cursor {number}")))
}

/// The items of an answer.
#[derive(Debug)]
pub struct Items<'o> {
    writer: Writer<Output<'o>>,
    start: usize,
    size: usize,
    max: usize,
    len: usize,
}

impl Items<'_> {
    /// Returns whether the host wants more items.
    pub fn wants_more(&self) -> bool {
        self.len < self.max
    }

    /// Writes an item.
    pub fn push<'v, T: Value<'v>>(&mut self, item: T) -> Result<(), Error> {
        item.write(&mut self.writer, self.start + self.len * self.size)?;
        self.len += 1;
        Ok(())
    }
}

/// The input of `next`.
#[derive(Clone, Copy)]
struct Asked {
    cursor: u64,
    max: u32,
}

impl<'a> Value<'a> for Asked {
    const SIZE: usize = 16;
    const ALIGN: usize = 8;
    const SPANS: bool = false;

    fn read(reader: &mut crate::reader::Reader<'a>, place: usize) -> Result<Self, crate::reader::Broken> {
        Ok(Self { cursor: reader.field("cursor", place)?, max: reader.field("max", place + at::MAX)? })
    }

    fn write<S: crate::writer::Sink>(self, writer: &mut Writer<S>, place: usize) -> Result<(), Error> {
        self.cursor.write(writer, place)?;
        self.max.write(writer, place + at::MAX)
    }
}
