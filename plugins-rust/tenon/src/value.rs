//! The values of records that are not lists or generated types.

use crate::error::Error;
use crate::reader::{Broken, Reader, Value};
use crate::writer::{Sink, Writer};

/// A number or a bool.
pub trait Scalar: for<'a> Value<'a> + Default {}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl<'a> Value<'a> for $type {
            const SIZE: usize = size_of::<$type>();
            const ALIGN: usize = size_of::<$type>();
            const PLAIN: bool = true;
            const SPANS: bool = false;

            #[inline]
            fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
                Ok(Self::from_le_bytes(reader.bytes(at)?))
            }

            #[inline]
            fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
                writer.put(at, &self.to_le_bytes());
                Ok(())
            }
        }
        impl Scalar for $type {}
    )+};
}
numbers!(i8, u8, i16, u16, i32, u32, i64, u64, f32, f64);

impl<'a> Value<'a> for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;
    const SPANS: bool = false;

    #[inline]
    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        match reader.bytes(at)? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Broken::new(format_args!("is {other}, expected 0 or 1 for a bool"))),
        }
    }

    #[inline]
    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
        writer.put(at, &[u8::from(self)]);
        Ok(())
    }
}
impl Scalar for bool {}

impl<'a, T: Scalar, const N: usize> Value<'a> for [T; N] {
    const SIZE: usize = N * T::SIZE;
    const ALIGN: usize = T::ALIGN;
    const PLAIN: bool = T::PLAIN;
    const SPANS: bool = false;

    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        let mut array = [T::default(); N];
        for (i, element) in array.iter_mut().enumerate() {
            *element = element_at(reader, at, i)?;
        }
        Ok(array)
    }

    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.into_iter().enumerate().try_for_each(|(i, element)| element.write(writer, at + i * T::SIZE))
    }
}

/// Reads one of several elements in a row.
#[inline]
pub(crate) fn element_at<'a, T: Value<'a>>(reader: &mut Reader<'a>, at: usize, i: usize) -> Result<T, Broken> {
    T::read(reader, at + i * T::SIZE).map_err(|broken| broken.inside(format_args!("[{i}]")))
}

impl<'a> Value<'a> for &'a [u8] {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    const SPANS: bool = true;

    #[inline]
    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        reader.slice(at)
    }

    #[inline]
    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
        writer.bytes(at, self)
    }
}

impl<'a> Value<'a> for &'a str {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    const SPANS: bool = true;

    #[inline]
    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        let bytes = reader.slice(at)?;
        std::str::from_utf8(bytes).map_err(|error| Broken::new(format_args!("is not UTF-8: {error}")))
    }

    #[inline]
    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
        writer.bytes(at, self.as_bytes())
    }
}

impl<'a, T: Value<'a>> Value<'a> for Option<T> {
    const SIZE: usize = (T::ALIGN + T::SIZE).next_multiple_of(T::ALIGN);
    const ALIGN: usize = T::ALIGN;
    const SPANS: bool = T::SPANS;

    #[inline]
    fn read(reader: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {
        if bool::read(reader, at)? { T::read(reader, at + T::ALIGN).map(Some) } else { Ok(None) }
    }

    #[inline]
    fn write<S: Sink>(self, writer: &mut Writer<S>, at: usize) -> Result<(), Error> {
        self.is_some().write(writer, at)?;
        self.map_or(Ok(()), |value| value.write(writer, at + T::ALIGN))
    }
}

/// Reads the number of an enum, of flags or of a union's member.
#[inline]
pub fn read_number(reader: &mut Reader<'_>, at: usize) -> Result<u32, Broken> {
    Ok(u32::from_le_bytes(reader.bytes(at)?))
}

/// Returns the problem of a number that no member has.
#[cold]
pub fn unknown(number: u32, members: usize) -> Broken {
    Broken::new(format_args!("is member {number} of {members}"))
}

/// Reads the value of a union's member. `T` is `()` for a member without a value.
pub fn read_member<'a, T: Value<'a>>(reader: &mut Reader<'a>, at: usize) -> Result<T, Broken> {
    let (start, len) = reader.span(at + 4, 1, T::ALIGN)?;
    if len != T::SIZE {
        return Err(Broken::new(format_args!("is a member with {len} bytes, expected {}", T::SIZE)));
    }
    T::read(reader, start)
}

/// Skips the value of a union's member that this version of the kind does not know.
pub fn skip_member(reader: &mut Reader<'_>, at: usize) -> Result<(), Broken> {
    reader.span(at + 4, 1, 1).map(|_| ())
}

/// Writes a member of a union.
pub fn write_member<'a, T: Value<'a>, S: Sink>(
    writer: &mut Writer<S>,
    at: usize,
    number: u32,
    value: T,
) -> Result<(), Error> {
    number.write(writer, at)?;
    if T::SIZE == 0 {
        return Ok(());
    }
    let start = writer.aligned(T::ALIGN)?;
    writer.element(T::SIZE)?;
    writer.span(at + 4, start, T::SIZE)?;
    value.write(writer, start)
}

impl<'a> Value<'a> for () {
    const SIZE: usize = 0;
    const ALIGN: usize = 1;
    const PLAIN: bool = true;
    const SPANS: bool = false;

    fn read(_: &mut Reader<'a>, _: usize) -> Result<Self, Broken> {
        Ok(())
    }

    fn write<S: Sink>(self, _: &mut Writer<S>, _: usize) -> Result<(), Error> {
        Ok(())
    }
}
