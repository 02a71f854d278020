//! Panics at the place that its argument selects. tests/stderr.rs checks what is printed to stderr.
#![forbid(unsafe_code)]

use tenon::testing::TestHost;
use tenon::{Error, Host, Output, Plugin};

struct Noisy;

impl Plugin for Noisy {
    const NAME: &'static str = "noisy";
    const VERSION: &'static str = "1.0.0";

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Noisy)
    }

    fn something(&mut self, input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        match input {
            b"call" => panic!("a panic in a call"),
            b"thread" => {
                let thread = std::thread::spawn(|| panic!("a panic on a thread of its own"));
                thread.join().map_err(|_| Error::failed("the thread panicked"))
            }
            b"twice" => {
                let _end = Unwound;
                panic!("the first panic")
            }
            _ => Ok(()),
        }
    }
}

struct Unwound;

impl Drop for Unwound {
    fn drop(&mut self) {
        panic!("the second panic");
    }
}

fn main() {
    let input = std::env::args().nth(1).unwrap_or_default();
    if input == "host" {
        TestHost::new().start::<Noisy>("").unwrap();
        panic!("a panic of the host itself");
    }
    let result = TestHost::new().start::<Noisy>("").unwrap().something(input.as_bytes());
    println!("{result:?}");
}
