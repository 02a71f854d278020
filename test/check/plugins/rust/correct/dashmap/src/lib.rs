//! dashmap - counts how often each input has been seen by any instance of the process, up to 1024 inputs.

use std::sync::LazyLock;

use dashmap::DashMap;
use tenon::{Error, Host, Output, Plugin};

static SEEN: LazyLock<DashMap<u64, u64>> = LazyLock::new(DashMap::new);

struct Seen;

impl Plugin for Seen {
    const NAME: &'static str = "corpus-dashmap";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Seen)
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let hash = input.iter().fold(0u64, |hash, &byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let count = {
            let mut entry = SEEN.entry(hash % 1024).or_insert(0);
            *entry += 1;
            *entry
        };
        out.append(&count.to_le_bytes())
    }
}

tenon::plugin!(Seen);
