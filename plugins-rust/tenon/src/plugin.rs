//! The trait that a plugin implements.

use crate::error::Error;
use crate::host::Host;
use crate::output::Output;

/// A plugin. A value of the type is one instance, and [`Drop`] ends it.
///
/// # Threads
/// The host calls one instance from one thread at a time, but not always from the same thread, so an instance
/// must be [`Send`]. Different instances may be called at the same time. Calls of one instance are never
/// concurrent, because they take `&mut self`.
///
/// # Panics
/// A panic in any of the functions stops at the boundary. The host receives its message and location. The
/// instance is poisoned: it accepts no more calls and is only dropped.
///
/// # Drop
/// An instance that started threads must join them in its `Drop`. The threads may use clones of the [`Host`]
/// until then.
pub trait Plugin: Sized + Send + 'static {
    /// The plugin's name: 1 to 63 bytes of `[A-Za-z0-9._-]`. Checked at compile time.
    const NAME: &'static str;

    /// The plugin's own semantic version, at most 31 bytes, usually `env!("CARGO_PKG_VERSION")`. Checked at
    /// compile time.
    const VERSION: &'static str;

    /// Whether a process may have only one instance at a time.
    const SINGLETON: bool = false;

    /// Whether calls of fresh instances with the same config and the same input have the same result.
    /// `tenon check` verifies this.
    const DETERMINISTIC: bool = false;

    /// Creates an instance. `config` is JSON. It is empty if the user passed none, and valid until return.
    ///
    /// # Errors
    /// Any error means that no instance was created. Return [`Error::invalid`] for an unacceptable config.
    fn new(host: Host, config: &str) -> Result<Self, Error>;

    /// Does one unit of the plugin's work: bytes in, bytes out. `input` and `out` are valid until return.
    ///
    /// # Errors
    /// For any error, the host receives its status and message, and the contents of `out` are discarded. The
    /// instance stays usable.
    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error>;
}
