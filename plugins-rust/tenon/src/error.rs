//! The error that a plugin returns.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::host::EmitError;
use crate::status::Status;

/// The error of a failed call: a [`Status`] for programs and a message for people.
///
/// The constructor selects the status. The operator `?` converts any error of another library to
/// [`Status::Failed`] and appends the messages of its causes. An [`EmitError`] and an out-of-memory
/// [`io::Error`] keep their own status.
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
// `Error` does not implement `std::error::Error`, because that would rule out the conversion from all other
// errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: Cow<'static, str>,
}

impl Error {
    /// Creates the plugin's own error, [`Status::Failed`].
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Failed, message)
    }

    /// Creates an error for an input or a config that is not acceptable: [`Status::Invalid`].
    pub fn invalid(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Invalid, message)
    }

    /// Creates an error for an operation that the plugin does not support: [`Status::Unsupported`].
    pub fn unsupported(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Unsupported, message)
    }

    /// Creates an error for back-pressure: [`Status::Busy`]. Nothing was consumed, and the host may try again
    /// later.
    pub fn busy(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Busy, message)
    }

    /// Creates an error for a connector without a connection: [`Status::Closed`]. The host connects it again.
    pub fn closed(message: impl fmt::Display) -> Self {
        Self::with_status(Status::Closed, message)
    }

    /// Creates the error for an output that the host has no memory for: [`Status::NoMemory`]. Does not
    /// allocate.
    pub const fn no_memory() -> Self {
        Self { status: Status::NoMemory, message: Cow::Borrowed("the host has no more memory for the output") }
    }

    pub(crate) fn with_status(status: Status, message: impl fmt::Display) -> Self {
        Self { status, message: Cow::Owned(message.to_string()) }
    }

    /// Returns the status, which programs evaluate. Never [`Status::Ok`].
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Returns the message, which people read.
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
