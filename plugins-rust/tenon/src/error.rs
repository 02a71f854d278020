//! The error that a plugin returns.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::host::EmitError;
use crate::status::Status;

/// Why a call failed: a [`Status`] for programs and a message for people.
///
/// The constructor chooses the status. Any error of another library becomes [`Status::Failed`] by `?`, with the
/// messages of its causes appended; an [`EmitError`] and an out-of-memory [`io::Error`] keep their meaning.
///
/// ```
/// use tenon::{Error, Status};
///
/// fn parse(input: &[u8]) -> Result<i64, Error> {
///     let text = std::str::from_utf8(input)?;
///     text.parse().map_err(|e| Error::invalid(format_args!("{text:?} is not a number: {e}")))
/// }
/// assert_eq!(parse(b"42").unwrap(), 42);
/// assert_eq!(parse(b"\xff").unwrap_err().status(), Status::Failed);
/// assert_eq!(parse(b"x").unwrap_err().status(), Status::Invalid);
/// ```
//
// It does not implement `std::error::Error` itself, as that would forbid the conversion from every other error.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: Cow<'static, str>,
}

impl Error {
    /// The plugin's own error, [`Status::Failed`].
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Failed, message)
    }

    /// The input, or the config, is not acceptable: [`Status::Invalid`].
    pub fn invalid(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Invalid, message)
    }

    /// The plugin does not do this: [`Status::Unsupported`].
    pub fn unsupported(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Unsupported, message)
    }

    /// Nothing was consumed, try again later: [`Status::Busy`].
    pub fn busy(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Busy, message)
    }

    /// The host had no memory for the output: [`Status::NoMemory`]. Does not allocate.
    pub const fn no_memory() -> Self {
        Self { status: Status::NoMemory, message: Cow::Borrowed("the host has no more memory for the output") }
    }

    pub(crate) fn with_status(status: Status, message: impl fmt::Display) -> Self {
        Self { status, message: Cow::Owned(message.to_string()) }
    }

    /// What programs go by. Never [`Status::Ok`].
    pub const fn status(&self) -> Status {
        self.status
    }

    /// What people read.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.status, self.message)
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Self::with_status(status_of(&error), message)
    }
}

fn status_of(error: &(dyn std::error::Error + 'static)) -> Status {
    if let Some(error) = error.downcast_ref::<EmitError>() {
        return error.status();
    }
    match error.downcast_ref::<io::Error>() {
        Some(error) if error.kind() == io::ErrorKind::OutOfMemory => Status::NoMemory,
        _ => Status::Failed,
    }
}
