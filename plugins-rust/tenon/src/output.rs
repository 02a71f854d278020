//! Where results go.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use crate::error::Error;
use crate::raw;
use crate::status::Status;

/// The result of a call: memory of the host that a plugin appends to.
///
/// It grows as needed. [`append`](Output::append) is the direct way; it is also an [`io::Write`], so that `write!` and
/// every encoder of other crates can write into it.
///
/// ```
/// use std::io::Write;
/// use tenon::{Error, Output};
///
/// fn answer(out: &mut Output<'_>) -> Result<(), Error> {
///     out.append(b"the answer is ")?;
///     write!(out, "{}", 42)?;
///     Ok(())
/// }
/// ```
pub struct Output<'a> {
    raw: NonNull<raw::Out>,
    call: PhantomData<&'a mut raw::Out>,
}

impl<'a> Output<'a> {
    /// # Safety
    /// `raw` points to an output of the host that nobody else uses during `'a`.
    pub(crate) unsafe fn from_raw(raw: *mut raw::Out) -> Self {
        // SAFETY: the ABI promises an output to every call.
        let raw = unsafe { NonNull::new_unchecked(raw) };
        Self { raw, call: PhantomData }
    }

    // Only ever a short borrow: `reserve` writes to the same memory.
    #[inline]
    fn view(&self) -> &raw::Out {
        // SAFETY: `from_raw` promised a valid output, and nothing writes to it while `self` is borrowed.
        unsafe { self.raw.as_ref() }
    }

    /// Bytes written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.view().len
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes back all that was written. The memory stays.
    #[inline]
    pub fn clear(&mut self) {
        // SAFETY: see `view`; 0 is never above `capacity`.
        unsafe { (*self.raw.as_ptr()).len = 0 };
    }

    /// Makes sure that `additional` more bytes fit, so that a long result grows only once.
    ///
    /// # Errors
    /// [`Status::NoMemory`] if the host cannot give that much. What was written stays as it is.
    #[inline]
    pub fn reserve(&mut self, additional: usize) -> Result<(), Error> {
        if self.room() >= additional { Ok(()) } else { self.grow(additional) }
    }

    #[cold]
    fn grow(&mut self, additional: usize) -> Result<(), Error> {
        let reserve = self.view().reserve;
        // SAFETY: the pointer is the host's own, and no borrow of the struct is alive.
        let status = unsafe { reserve(self.raw.as_ptr(), additional) };
        // The host is trusted to keep its struct valid, not to keep its word about the room.
        if status == Status::Ok.raw() && self.room() >= additional { Ok(()) } else { Err(Error::no_memory()) }
    }

    #[inline]
    fn room(&self) -> usize {
        let out = self.view();
        out.capacity.saturating_sub(out.len)
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`Status::NoMemory`] if the host cannot give more memory. What was written stays as it is.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(()); // `data` may still be NULL
        }
        self.reserve(bytes.len())?;
        let out = self.raw.as_ptr();
        // SAFETY: `reserve` made room for the bytes behind `len`; the host's memory overlaps nothing of the plugin's.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), (*out).data.add((*out).len), bytes.len());
            (*out).len += bytes.len();
        }
        Ok(())
    }
}

impl io::Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.append(bytes).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
