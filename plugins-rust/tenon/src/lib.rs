//! Write plugins for tenon, the plugin system for Node.js, in safe Rust.
//!
//! A plugin is a cdylib. This is the manifest of a complete plugin, followed by its source:
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
//! // Plugins can be tested without Node.js:
//! let host = tenon::testing::TestHost::new();
//! let mut greet = host.start::<Greet>("").unwrap();
//! assert_eq!(greet.something(b"world").unwrap(), b"hello world");
//! ```
//!
//! # Guarantees
//!
//! - [`plugin!`] writes the four exports of the ABI: `get_version`, `get_name`, `get_plugin` and
//!   `tenon_descriptor`. Nothing else is exported. A plugin needs no `unsafe`, and `#![forbid(unsafe_code)]`
//!   holds in its crate.
//! - A panic never crosses the boundary. The host receives [`Status::Panic`] with the message and the
//!   location of the panic. Every later call of the instance returns [`Status::Poisoned`], and its drop still
//!   runs. A panic in a drop is logged.
//! - Some failures cannot be stopped and end the process: a panic in a drop while another panic unwinds, a
//!   stack overflow, and [`std::process::abort`].
//! - A panic in a call prints nothing, because its message goes to the host. A panic on a thread that the
//!   plugin started is printed as usual and poisons nothing. The plugin must join such a thread and handle
//!   its panic.
//! - The layout of every struct is checked against the C header at compile time. So are a plugin's name,
//!   version and kinds.
//! - A call from within a call of the same instance returns [`Status::Busy`].
//!
//! `panic = "abort"` in the profile is a compile error, because none of these guarantees would hold.

#![deny(unsafe_op_in_unsafe_fn, missing_docs)]

#[cfg(panic = "abort")]
compile_error!(
    "tenon plugins need panic = \"unwind\": a panic must stop at the boundary, not end the host. \
     Remove `panic = \"abort\"` from the profile in Cargo.toml."
);

mod cursors;
mod error;
mod event;
mod export;
mod facts;
pub mod flow;
mod host;
mod list;
mod macros;
mod output;
mod panics;
mod plugin;
pub mod raw;
mod reader;
mod record;
mod slots;
mod status;
pub mod testing;
mod value;
mod writer;

pub use error::Error;
pub use host::{EmitError, Host, Level};
pub use output::Output;
pub use plugin::Plugin;
pub use status::Status;

/// The types in the generated modules of kinds.
pub mod kind {
    pub use crate::list::{Iter, List, LongArray};
    pub use crate::reader::Value;
    pub use crate::value::Scalar;
}

/// The parts that the macro expands to. Not for direct use, and not stable.
#[doc(hidden)]
pub mod __private {
    pub use crate::cursors::{Cursors, Items, close, next, open};
    pub use crate::event::emit;
    pub use crate::export::{Export, Kind, Typed, descriptor, table, typed};
    pub use crate::facts::{Facts, facts};
    pub use crate::reader::{Broken, Reader, read};
    pub use crate::record::{Builder, Record, Written, respond};
    pub use crate::slots::{Method, get_name, get_version, method, vtable};
    pub use crate::value::{read_member, read_number, skip_member, unknown, write_member};
    pub use crate::writer::{Sink, Writer};
}
