//! Uses a thread-local with a destructor. It runs when the thread ends, and the library must still be mapped
//! then.
#![forbid(unsafe_code)]

use std::cell::RefCell;

use tenon::{Error, Host, Output, Plugin};

thread_local! {
    /// A `Vec`, which must be freed when the thread ends.
    static CALLS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

struct Local;

impl Plugin for Local {
    const NAME: &'static str = "tls-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Local)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let calls = CALLS.with_borrow_mut(|calls| {
            calls.push(input.len());
            calls.len() as u64
        });
        out.append(&calls.to_le_bytes())
    }
}

tenon::plugin!(Local);
