//! blackhole-rs: a sink that drops all events and measures how long each took from its source to here. The counterpart
//! of `plugins-c/flow/blackhole.c`, with the histogram of a crate.
//!
//! - **Kind**: `sink/1.0.0`. There is nothing that a crash could lose, so the sink counts as durable.
//! - **Result** of `something`: the measurement so far, as a table of percentiles. The input is ignored.
//! - **Config**: `{"print": bool}` logs the same table when the flow ends (default true).

#![forbid(unsafe_code)]

use std::fmt::Write;

use hdrhistogram::Histogram;
use serde::Deserialize;
use tenon::flow::{Answers, Connected, Connection, Frame, Messages, Sink, now_ns};
use tenon::{Error, Host, Level, Output, Plugin};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    print: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { print: true }
    }
}

struct Blackhole {
    host: Host,
    config: Config,
    connection: Connection<()>,
    /// Nanoseconds.
    times: Histogram<u64>,
    bytes: u64,
    frames: u64,
    begin_ns: u64,
    end_ns: u64,
    /// Everything so far was logged.
    printed: bool,
}

impl Plugin for Blackhole {
    const NAME: &'static str = "blackhole-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(host: Host, config: &str) -> Result<Self, Error> {
        let config = match config {
            "" => Config::default(),
            text => serde_json::from_str(text).map_err(|e| Error::invalid(format_args!("the config: {e}")))?,
        };
        let connection = Connection::default();
        let times = Histogram::new(3)?;
        Ok(Blackhole { host, config, connection, times, bytes: 0, frames: 0, begin_ns: 0, end_ns: 0, printed: false })
    }

    fn something(&mut self, _input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        out.append(self.table().as_bytes())
    }
}

impl Sink for Blackhole {
    fn connect(&mut self) -> Result<Connected, Error> {
        self.connection.open(());
        Ok(Connected::DURABLE)
    }

    fn write(&mut self, frame: &Frame<'_>, _answers: &mut Answers<'_>) -> Result<(), Error> {
        self.connection.get()?;
        self.end_ns = now_ns();
        if self.frames == 0 {
            self.begin_ns = self.end_ns;
        }
        self.frames += 1;
        self.printed = false;
        for row in frame.rows() {
            self.bytes += row.bytes.len() as u64;
            self.times.record(self.end_ns.saturating_sub(row.ingest_ns))?;
        }
        Ok(())
    }

    fn contraflow(&mut self, messages: Messages<'_>, _answers: &mut Answers<'_>) -> Result<(), Error> {
        self.connection.get()?;
        if messages.drain() {
            self.print();
        }
        Ok(())
    }
}

impl Blackhole {
    fn table(&self) -> String {
        let (rows, bytes, frames) = (self.times.len(), self.bytes, self.frames);
        let mut text = format!("blackhole-rs: {rows} events, {bytes} bytes, {frames} frames");
        let seconds = self.end_ns.saturating_sub(self.begin_ns) as f64 / 1e9;
        if seconds > 0.0 {
            // Writing to a string cannot fail.
            let _ = write!(text, ", {:.0} events/s", rows as f64 / seconds);
        }
        if rows == 0 {
            return text;
        }
        text.push_str("\n  time from the source until here, in microseconds");
        let shares = [("50 %", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("99.9 %", 0.999), ("99.99 %", 0.9999)];
        for (name, share) in shares {
            let _ = write!(text, "\n  {name:>8}  {:>14.3}", self.times.value_at_quantile(share) as f64 / 1e3);
        }
        let _ = write!(text, "\n  {:>8}  {:>14.3}", "all", self.times.max() as f64 / 1e3);
        text
    }

    fn print(&mut self) {
        if self.config.print && !self.printed && !self.times.is_empty() {
            self.printed = true;
            self.host.log(Level::Info, self.table());
        }
    }
}

impl Drop for Blackhole {
    fn drop(&mut self) {
        self.print();
    }
}

tenon::plugin!(Blackhole, kinds: { tenon::flow::sink_1 });
