//! Connectors and stages of flows: what `include/tenon_flow.h` describes, in safe Rust.
//!
//! A plugin implements one or more of the traits [`Source`], [`Sink`], [`Preprocessor`], [`Postprocessor`] and
//! [`Codec`], and names their kinds in [`plugin!`](crate::plugin!):
//!
//! ```
//! use tenon::flow::{Connected, Connection, Credit, FrameWriter, Messages, Next, Resume, RowInfo, Source};
//! use tenon::{Error, Host, Output, Plugin};
//!
//! /// Counts to ten. The position of a number is the number itself.
//! #[derive(Default)]
//! struct Numbers {
//!     /// The last number.
//!     at: Connection<u64>,
//!     draining: bool,
//! }
//!
//! impl Plugin for Numbers {
//!     const NAME: &'static str = "numbers";
//!     const VERSION: &'static str = "1.0.0";
//!     fn new(_host: Host, _config: &str) -> Result<Self, Error> {
//!         Ok(Numbers::default())
//!     }
//!     fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
//!         Err(Error::unsupported("use the kind source/1"))
//!     }
//! }
//!
//! impl Source for Numbers {
//!     fn connect(&mut self, resume: Resume<'_>) -> Result<Connected, Error> {
//!         self.at.open(resume.after(0).unwrap_or(0));
//!         Ok(Connected::REPLAYS)
//!     }
//!
//!     fn pull(&mut self, _credit: Credit, out: &mut FrameWriter<'_>) -> Result<Next, Error> {
//!         let at = self.at.get()?;
//!         while *at < 10 && !self.draining {
//!             let text = format!("number {}", *at + 1);
//!             if !out.fits(text.len()) {
//!                 return Ok(Next::More);
//!             }
//!             *at += 1;
//!             out.push(text.as_bytes(), RowInfo::now(*at))?;
//!         }
//!         Ok(Next::Done)
//!     }
//!
//!     fn contraflow(&mut self, messages: Messages<'_>) -> Result<(), Error> {
//!         self.at.get()?;
//!         self.draining |= messages.drain();
//!         Ok(())
//!     }
//! }
//!
//! tenon::plugin!(Numbers, kinds: { tenon::flow::source_1 });
//! # fn main() {}
//! ```
//!
//! Every frame that a plugin receives was checked as a whole. A frame that breaks the layout is refused before the
//! plugin sees it.

mod connector;
mod contra;
mod frame;
mod kinds;
mod writer;

pub use connector::{Codec, Connected, Connection, Next, Postprocessor, Preprocessor, Sink, Source};
pub use contra::{Answers, Credit, Message, Messages, Range, Resume};
pub use frame::{Frame, Mark, Row};
pub use kinds::{codec_1, postprocessor_1, preprocessor_1, sink_1, source_1};
pub use writer::{FrameWriter, RowInfo};

/// Returns the present time as frames have it: nanoseconds since 1970.
pub fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
