//! The status values of the ABI.

use crate::raw::RawStatus;

/// The outcome of a call, as it crosses the boundary.
#[repr(i32)]
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The call succeeded.
    Ok = 0,
    /// The plugin's own error.
    Failed = 1,
    /// The input or the config is not acceptable.
    Invalid = 2,
    /// The operation is not supported.
    Unsupported = 3,
    /// Back-pressure: nothing was consumed, try again later.
    Busy = 4,
    /// An allocation failed, or the output could not grow.
    NoMemory = 5,
    /// A panic was caught at the boundary, and the instance is poisoned.
    Panic = 6,
    /// Refused: an earlier call of this instance panicked.
    Poisoned = 7,
    /// Refused: the other side is closed.
    Closed = 8,
}

impl Status {
    /// Returns the number that crosses the boundary.
    pub const fn raw(self) -> RawStatus {
        self as RawStatus
    }

    /// Returns the status with this number, or `None` for any other number.
    pub const fn from_raw(raw: RawStatus) -> Option<Self> {
        Some(match raw {
            0 => Self::Ok,
            1 => Self::Failed,
            2 => Self::Invalid,
            3 => Self::Unsupported,
            4 => Self::Busy,
            5 => Self::NoMemory,
            6 => Self::Panic,
            7 => Self::Poisoned,
            8 => Self::Closed,
            _ => return None,
        })
    }
}
