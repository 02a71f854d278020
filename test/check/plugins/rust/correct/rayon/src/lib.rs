//! rayon - sorts the words of an input on a pool of three threads. The pool of rayon does not wait for its
//! threads, so the plugin starts them itself and joins them.

use std::thread::JoinHandle;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tenon::{Error, Host, Output, Plugin};

struct Sorter {
    /// `None` after drop has taken it.
    pool: Option<ThreadPool>,
    threads: Vec<JoinHandle<()>>,
}

impl Plugin for Sorter {
    const NAME: &'static str = "corpus-rayon";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        let mut threads = Vec::new();
        let pool = ThreadPoolBuilder::new()
            .num_threads(3)
            .spawn_handler(|thread| {
                threads.push(std::thread::Builder::new().spawn(|| thread.run())?);
                Ok(())
            })
            .build()
            .map_err(|error| Error::failed(format_args!("cannot start the pool: {error}")))?;
        Ok(Sorter { pool: Some(pool), threads })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let Some(pool) = &self.pool else { return Err(Error::invalid("the pool has ended")) };
        let mut words: Vec<&[u8]> = input.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).collect();
        pool.install(|| words.par_sort());
        words.iter().try_for_each(|word| {
            out.append(word)?;
            out.append(b"\n")
        })
    }
}

impl Drop for Sorter {
    fn drop(&mut self) {
        drop(self.pool.take());
        for thread in self.threads.drain(..) {
            // An error is a panic of the thread, which was printed.
            let _ = thread.join();
        }
    }
}

tenon::plugin!(Sorter);
