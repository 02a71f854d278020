//! Recurses without end.
#![forbid(unsafe_code)]

use std::hint::black_box;

use tenon::{Error, Host, Output, Plugin};

struct Deep;

impl Plugin for Deep {
    const NAME: &'static str = "stack-overflow-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Deep)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        out.append(&[descend(input.len() as u64) as u8])
    }
}

/// Recurses. `black_box` keeps the compiler from turning the recursion into a loop.
#[allow(unconditional_recursion, reason = "the fault itself")]
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    descend(depth + 1) + frame[(depth % 64) as usize]
}

tenon::plugin!(Deep);
