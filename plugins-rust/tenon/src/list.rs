//! Lists in records.

use std::fmt;

use crate::error::Error;
use crate::reader::{Broken, Reader, Value};
use crate::value::element_at;
use crate::writer::{Sink, Writer};

/// A list in a record: a view of a message that was checked, whose elements are decoded when they are asked for. A
/// list that a plugin returns can also be a slice of its own.
///
/// ```
/// use tenon::kind::List;
///
/// let list = List::from(&[3_u32, 1, 2]);
/// assert_eq!(list.len(), 3);
/// assert_eq!(list.iter().max(), Some(3));
/// ```
pub struct List<'a, T>(Source<'a, T>);

enum Source<'a, T> {
    Message { message: &'a [u8], at: usize, len: usize },
    Slice(&'a [T]),
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for List<'_, T> {}
impl<T> Clone for Source<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Source<'_, T> {}

impl<'a, T: Value<'a>> List<'a, T> {
    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Message { len, .. } => len,
            Source::Slice(slice) => slice.len(),
        }
    }

    /// Returns whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an element, or `None` if the list is shorter.
    pub fn get(&self, index: usize) -> Option<T> {
        match self.0 {
            Source::Slice(slice) => slice.get(index).copied(),
            Source::Message { message, at, len } if index < len => {
                match T::read(&mut Reader::again(message), at + index * T::SIZE) {
                    Ok(element) => Some(element),
                    Err(broken) => unreachable!("the message was checked: {broken:?}"),
                }
            }
            Source::Message { .. } => None,
        }
    }

    /// Returns the elements in their order.
    pub fn iter(&self) -> Iter<'a, T> {
        Iter { list: *self, next: 0 }
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(slice: &'a [T]) -> Self {
        Self(Source::Slice(slice))
    }
}
impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(array: &'a [T; N]) -> Self {
        Self(Source::Slice(array))
    }
}
impl<'a, T> From<&'a Vec<T>> for List<'a, T> {
    fn from(vec: &'a Vec<T>) -> Self {
        Self(Source::Slice(vec))
    }
}
impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self(Source::Slice(&[]))
    }
}

impl<'a, T: Value<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
impl<'a, T: Value<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// The elements of a [`List`].
pub struct Iter<'a, T> {
    list: List<'a, T>,
    next: usize,
}

impl<'a, T: Value<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let element = self.list.get(self.next)?;
        self.next += 1;
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.list.len() - self.next;
        (left, Some(left))
    }
}
impl<'a, T: Value<'a>> ExactSizeIterator for Iter<'a, T> {}

impl<'a, T: Value<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
impl<'a, T: Value<'a>> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Value<'a>> Value<'a> for List<'a, T> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    const SPANS: bool = true;

    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        let (start, len) = reader.span(at, T::SIZE, T::ALIGN)?;
        if !T::PLAIN {
            for i in 0..len {
                element_at::<T>(reader, start, i)?;
            }
        }
        Ok(Self(Source::Message { message: reader.message(), at: start, len }))
    }

    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
        let start = writer.room(at, self.len(), T::SIZE, T::ALIGN)?;
        self.iter().enumerate().try_for_each(|(i, element)| element.write(writer, start + i * T::SIZE))
    }
}

/// A fixed array that is too large to be copied to the stack: its elements are decoded when they are asked for.
/// The number of elements is `N`.
pub struct LongArray<'a, T, const N: usize>(List<'a, T>);

impl<T, const N: usize> Clone for LongArray<'_, T, N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, const N: usize> Copy for LongArray<'_, T, N> {}

impl<'a, T, const N: usize> From<&'a [T; N]> for LongArray<'a, T, N> {
    fn from(array: &'a [T; N]) -> Self {
        Self(List::from(array))
    }
}

impl<'a, T, const N: usize> LongArray<'a, T, N> {
    /// Returns the elements as a list.
    pub fn list(self) -> List<'a, T> {
        self.0
    }
}

impl<'a, T: Value<'a> + fmt::Debug, const N: usize> fmt::Debug for LongArray<'a, T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<'a, T: Value<'a> + PartialEq, const N: usize> PartialEq for LongArray<'a, T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<'a, T: Value<'a>, const N: usize> Value<'a> for LongArray<'a, T, N> {
    const SIZE: usize = N * T::SIZE;
    const ALIGN: usize = T::ALIGN;
    const PLAIN: bool = T::PLAIN;
    const SPANS: bool = false;

    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        for i in 0..if T::PLAIN { 0 } else { N } {
            element_at::<T>(reader, at, i)?;
        }
        Ok(Self(List(Source::Message { message: reader.message(), at, len: N })))
    }

    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.0.iter().enumerate().try_for_each(|(i, element)| element.write(writer, at + i * T::SIZE))
    }
}
