//! The trait that a plugin implements.

use crate::error::Error;
use crate::host::Host;
use crate::output::Output;

/// A plugin. A value of the type is one instance; its end is [`Drop`].
///
/// The host calls one instance from one thread at a time, but not always from the same thread (hence [`Send`]), and it may
/// call different instances at the same time. There is no way to let it call one instance concurrently: `&mut self` says
/// so. A panic in any of the functions stops at the boundary: the host gets its message and place, and the instance does
/// nothing more than to be dropped.
///
/// An instance that started threads ends them in its `Drop`; they may use clones of the [`Host`] until then.
pub trait Plugin: Sized + Send + 'static {
    /// What the plugin is called: 1 to 63 bytes of `[A-Za-z0-9._-]`. Checked when the plugin is compiled.
    const NAME: &'static str;

    /// The plugin's own semantic version, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;

    /// Whether there may be only one instance at a time in a process.
    const SINGLETON: bool = false;

    /// Whether calls of fresh instances with one config and one input have one result; `tenon check` holds the plugin to it.
    const DETERMINISTIC: bool = false;

    /// Makes an instance. `config` is JSON; it is empty if the user gave none.
    ///
    /// # Errors
    /// With any error no instance is made. [`Error::invalid`] is the one for a config that makes no sense.
    fn new(host: Host, config: &str) -> Result<Self, Error>;

    /// Does one unit of the plugin's work: bytes in, bytes out.
    ///
    /// # Errors
    /// With any error the host gets the error's status and message; what was written to `out` is discarded.
    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error>;
}
