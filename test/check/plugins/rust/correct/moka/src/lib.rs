//! moka - remembers the results of the last thousand inputs of an instance.

use moka::sync::Cache;
use tenon::{Error, Host, Output, Plugin};

struct Remembered {
    results: Cache<Vec<u8>, u64>,
}

impl Plugin for Remembered {
    const NAME: &'static str = "corpus-moka";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Remembered { results: Cache::new(1000) })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let result =
            if input.len() > 65536 { sum(input) } else { self.results.get_with(input.to_vec(), || sum(input)) };
        out.append(&result.to_le_bytes())
    }
}

tenon::plugin!(Remembered);
