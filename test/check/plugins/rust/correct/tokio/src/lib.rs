//! tokio - hashes the lines of an input in tasks, on a runtime of two threads. Drop ends the runtime.

use std::time::Duration;

use tenon::{Error, Host, Output, Plugin};
use tokio::runtime::{Builder, Runtime};

struct Tasks {
    /// `None` after drop has taken it.
    runtime: Option<Runtime>,
}

fn hash(line: &[u8]) -> u64 {
    line.iter().fold(14695981039346656037, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(1099511628211))
}

impl Plugin for Tasks {
    const NAME: &'static str = "corpus-tokio";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DETERMINISTIC: bool = true;

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
        Ok(Tasks { runtime: Some(runtime) })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let Some(runtime) = &self.runtime else { return Err(Error::invalid("the runtime has ended")) };
        let sum = runtime.block_on(async {
            let lines: Vec<Vec<u8>> = input.split(|&byte| byte == b'\n').take(16).map(<[u8]>::to_vec).collect();
            let tasks: Vec<_> = lines.into_iter().map(|line| tokio::spawn(async move { hash(&line) })).collect();
            let mut sum = 0u64;
            for task in tasks {
                sum = sum.wrapping_add(task.await.unwrap_or(0));
            }
            tokio::time::sleep(Duration::from_micros(10)).await;
            sum
        });
        out.append(&sum.to_le_bytes())
    }
}

impl Drop for Tasks {
    /// Waits for the threads of the runtime.
    fn drop(&mut self) {
        drop(self.runtime.take());
    }
}

tenon::plugin!(Tasks);
