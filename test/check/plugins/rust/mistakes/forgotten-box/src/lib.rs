//! forgotten-box - interns inputs that begin with a letter, for results that live as long as the process.
//!
//! MISTAKE: Box::leak is called for each input, and not once for each different one.
//! FOUND BY: resources/leak-per-call, in `intern`.

use tenon::{Error, Host, Output, Plugin};

struct Interner {
    last: &'static [u8],
}

fn intern(bytes: &[u8]) -> &'static [u8] {
    Box::leak(bytes.to_vec().into_boxed_slice())
}

impl Plugin for Interner {
    const NAME: &'static str = "forgotten-box";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Interner { last: b"" })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        if input.first().is_some_and(u8::is_ascii_alphabetic) {
            self.last = intern(input);
            return out.append(self.last);
        }
        out.append(input)
    }
}

tenon::plugin!(Interner);
