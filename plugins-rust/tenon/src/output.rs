//! The output of a call.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use crate::error::Error;
use crate::raw;
use crate::status::Status;

/// The output of a call: memory of the host that a plugin appends to.
///
/// The output grows as needed. [`append`](Output::append) is the direct way to write. `Output` also
/// implements [`io::Write`], so `write!` and the encoders of other crates can write to it. The memory belongs
/// to the host and is only valid during the call.
///
/// If the call fails, the host receives the error's message instead of the output.
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
    /// Wraps the output of a call.
    ///
    /// # Safety
    /// `raw` must point to an output of the host that no other code uses during `'a`.
    pub(crate) unsafe fn from_raw(raw: *mut raw::Out) -> Self {
        // SAFETY: the ABI passes an output to every call.
        let raw = unsafe { NonNull::new_unchecked(raw) };
        Self { raw, call: PhantomData }
    }

    /// Returns an output with a shorter lifetime. It writes to the same memory.
    pub(crate) fn reborrow(&mut self) -> Output<'_> {
        Output { raw: self.raw, call: PhantomData }
    }

    /// Appends this number of zeros.
    pub(crate) fn append_zeros(&mut self, count: usize) -> Result<(), Error> {
        if count == 0 {
            return Ok(()); // `data` may still be NULL
        }
        self.reserve(count)?;
        let out = self.raw.as_ptr();
        // SAFETY: `reserve` made room for the bytes after `len`.
        unsafe {
            ptr::write_bytes((*out).data.add((*out).len), 0, count);
            (*out).len += count;
        }
        Ok(())
    }

    /// Replaces bytes that were written before.
    ///
    /// # Panics
    /// If there are fewer bytes at `at`.
    pub(crate) fn replace(&mut self, at: usize, bytes: &[u8]) {
        assert!(at <= self.len() && bytes.len() <= self.len() - at, "only written bytes can be replaced");
        let out = self.raw.as_ptr();
        // SAFETY: the host's memory has `len` bytes, and does not overlap the plugin's.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), (*out).data.add(at), bytes.len()) };
    }

    // Always a short borrow, because `reserve` writes to the same memory.
    #[inline]
    fn view(&self) -> &raw::Out {
        // SAFETY: `from_raw` requires a valid output, and nothing writes to it while `self` is borrowed.
        unsafe { self.raw.as_ref() }
    }

    /// Returns the number of bytes written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.view().len
    }

    /// Returns whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Discards everything that was written. The memory is kept.
    #[inline]
    pub fn clear(&mut self) {
        // SAFETY: see `view`; 0 never exceeds `capacity`.
        unsafe { (*self.raw.as_ptr()).len = 0 };
    }

    /// Makes room for `additional` more bytes, so that a long result grows only once.
    ///
    /// # Errors
    /// [`Status::NoMemory`] if the host does not have that much memory. The output is unchanged.
    #[inline]
    pub fn reserve(&mut self, additional: usize) -> Result<(), Error> {
        if self.room() >= additional { Ok(()) } else { self.grow(additional) }
    }

    #[cold]
    fn grow(&mut self, additional: usize) -> Result<(), Error> {
        let reserve = self.view().reserve;
        // SAFETY: the pointer is the host's own, and no borrow of the struct is alive.
        let status = unsafe { reserve(self.raw.as_ptr(), additional) };
        // The host is trusted to keep its struct valid, but not to provide the room that it promised.
        if status == Status::Ok.raw() && self.room() >= additional { Ok(()) } else { Err(Error::no_memory()) }
    }

    #[inline]
    fn room(&self) -> usize {
        let out = self.view();
        out.capacity.saturating_sub(out.len)
    }

    /// Appends bytes, which are copied.
    ///
    /// # Errors
    /// [`Status::NoMemory`] if the host has no more memory. The output is unchanged.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(()); // `data` may still be NULL
        }
        self.reserve(bytes.len())?;
        let out = self.raw.as_ptr();
        // SAFETY: `reserve` made room for the bytes after `len`, and the host's memory does not overlap the
        // plugin's.
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
