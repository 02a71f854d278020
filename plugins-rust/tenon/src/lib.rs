//! Write plugins for tenon, the plugin system for Node.js, in safe Rust.
//!
//! A plugin is a cdylib. A complete one:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! tenon = { path = "node_modules/tenon/plugins-rust/tenon" }
//! ```
//!
//! ```
//! #![forbid(unsafe_code)]
//!
//! use tenon::{Error, Host, Output, Plugin};
//!
//! struct Greet {
//!     greeting: String,
//! }
//!
//! impl Plugin for Greet {
//!     const NAME: &'static str = "greet";
//!     const VERSION: &'static str = "1.0.0";
//!
//!     fn new(_host: Host, config: &str) -> Result<Self, Error> {
//!         match config {
//!             "" => Ok(Greet { greeting: "hello ".to_owned() }),
//!             _ => Err(Error::invalid("greet takes no config")),
//!         }
//!     }
//!
//!     fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
//!         out.append(self.greeting.as_bytes())?;
//!         out.append(input)
//!     }
//! }
//!
//! tenon::plugin!(Greet);
//!
//! // Plugins can be tested without Node:
//! let host = tenon::testing::TestHost::new();
//! let mut greet = host.start::<Greet>("").unwrap();
//! assert_eq!(greet.something(b"world").unwrap(), b"hello world");
//! ```
//!
//! # What the crate sees to
//!
//! - [`plugin!`] writes the four exports of the ABI: `get_version`, `get_name`, `get_plugin` and `tenon_descriptor`. Nothing
//!   else is exported. The author writes no `unsafe`; `#![forbid(unsafe_code)]` holds in a plugin's crate.
//! - A panic never crosses the boundary. The host gets [`Status::Panic`] with its message and place; every later call of
//!   the instance is answered with [`Status::Poisoned`]; its drop still runs. A panic of a drop is logged. What cannot be
//!   stopped ends the process: a panic within a drop while another panic unwinds, a stack overflow, [`std::process::abort`].
//! - Panics inside a call print nothing, their message goes to the host. Panics on threads that the plugin started itself
//!   are printed as always, and poison nothing: such a thread has to be joined, its panic is for the plugin to handle.
//! - The layout of every struct is held against the C header at compile time, and so are a plugin's name, version and kinds.
//! - A call from within a call of the same instance is refused with [`Status::Busy`].
//!
//! `panic = "abort"` in the profile is a compile error, because nothing of this would be true with it.

#![deny(unsafe_op_in_unsafe_fn, missing_docs)]

#[cfg(panic = "abort")]
compile_error!(
    "tenon plugins need panic = \"unwind\": a panic has to stop at the boundary, not end the host. \
     Remove `panic = \"abort\"` from the profile in Cargo.toml."
);

mod error;
mod export;
mod host;
mod macros;
mod output;
mod panics;
mod plugin;
pub mod raw;
mod slots;
mod status;
pub mod testing;

pub use error::Error;
pub use host::{EmitError, Host, Level};
pub use output::Output;
pub use plugin::Plugin;
pub use status::Status;

/// What the macro expands to. Not for use by hand, and not stable.
#[doc(hidden)]
pub mod __private {
    pub use crate::export::{Export, Kind, descriptor, table};
    pub use crate::slots::{Method, get_name, get_version, method, vtable};
}
