//! The record that a method returns, written field by field.

use std::cell::Cell;

use crate::error::Error;
use crate::output::Output;
use crate::reader::Value;
use crate::writer::Writer;

/// The output of a typed method. Generated code wraps it in a struct with one function for each field.
#[derive(Debug)]
pub struct Record<'a> {
    writer: Writer<Output<'a>>,
    written: &'a Written,
}

/// The fields of a record that are written.
#[derive(Debug, Default)]
pub struct Written {
    /// The first field that may still be written, of those whose values follow the fixed part.
    next: Cell<usize>,
    /// The number of the required fields that were written.
    required: Cell<usize>,
}

/// A generated struct around a [`Record`].
pub trait Builder<'a>: Sized {
    /// The bytes of the fixed part.
    const SIZE: usize;
    /// The fields without which the record is not valid.
    const REQUIRED: &'static [&'static str];
    /// Wraps a record.
    fn wrap(record: Record<'a>) -> Self;
}

/// Lets a method write its record. `method` is `text.find` for example.
pub fn respond<'a, B: Builder<'a>>(
    method: &str,
    out: &'a mut Output<'_>,
    written: &'a Written,
    write: impl FnOnce(B) -> Result<(), Error>,
) -> Result<(), Error> {
    let writer = Writer::new(out.reborrow(), B::SIZE)?;
    write(B::wrap(Record { writer, written }))?;
    if written.required.get() == B::REQUIRED.len() {
        return Ok(());
    }
    Err(Error::failed(format_args!("{method}: the plugin must write {}", B::REQUIRED.join(", "))))
}

impl Record<'_> {
    /// Stores a value that is completely in the fixed part.
    #[inline]
    pub fn fixed<'v, T: Value<'v>>(&mut self, at: usize, value: T) {
        let result = value.write(&mut self.writer, at);
        debug_assert!(result.is_ok(), "a value without spans always fits");
    }

    /// Writes a value with a part behind the fixed part. `index` is the number of the field.
    pub fn span<'v, T: Value<'v>>(&mut self, index: usize, name: &str, at: usize, value: T) -> Result<(), Error> {
        self.step(index, name)?;
        value.write(&mut self.writer, at)
    }

    /// Writes a value that must not be missing.
    pub fn required<'v, T: Value<'v>>(&mut self, index: usize, name: &str, at: usize, value: T) -> Result<(), Error> {
        self.span(index, name, at, value)?;
        self.written.required.set(self.written.required.get() + 1);
        Ok(())
    }

    /// Writes a list. Its number of elements need not be known before.
    pub fn list<'v, T: Value<'v>>(
        &mut self,
        index: usize,
        name: &str,
        at: usize,
        values: impl IntoIterator<Item = T>,
    ) -> Result<(), Error> {
        self.step(index, name)?;
        if T::SPANS {
            // The fixed parts of all elements come first.
            let all: Vec<T> = values.into_iter().collect();
            let start = self.writer.room(at, all.len(), T::SIZE, T::ALIGN)?;
            return all
                .into_iter()
                .enumerate()
                .try_for_each(|(i, one)| one.write(&mut self.writer, start + i * T::SIZE));
        }
        let start = self.writer.aligned(T::ALIGN)?;
        let mut len = 0;
        for value in values {
            let place = self.writer.element(T::SIZE)?;
            value.write(&mut self.writer, place)?;
            len += 1;
        }
        self.writer.span(at, start, len)
    }

    /// Checks the order of the fields, which is that of their values in the message.
    fn step(&self, index: usize, name: &str) -> Result<(), Error> {
        if index < self.written.next.get() {
            let rule = "strings, bytes, lists and unions are written once, in the order of the fields";
            return Err(Error::failed(format_args!("`{name}` is written too late: {rule}")));
        }
        self.written.next.set(index + 1);
        Ok(())
    }
}
