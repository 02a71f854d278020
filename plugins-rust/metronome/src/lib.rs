//! metronome-rs: emits an event at an interval. A plugin with a thread of its own, which sends events outside
//! of calls. The counterpart of `plugins-c/metronome.c`.
//!
//! - **Event**: the number of the tick, from 1, as an unsigned 64-bit little-endian integer.
//! - **Result**: the number of ticks so far, in the same form. The input is ignored.
//! - **Config**: `{"interval": ms}`, 1 to 86400000 (default 1000). `{"count": n}` stops after n ticks
//!   (default 0: until the instance is closed).
//! - **Kinds**: `state/1.0.0`. The next version of the plugin goes on with the number of the next tick.
//!   `source/1.0.0`. In a flow, a tick is an event of JSON, `{"tick":1}`, whose position is its number. The thread then
//!   only wakes the host, and does so once for all ticks that wait.

#![forbid(unsafe_code)]

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;
use state_1::{RestoreIn, SaveOut};
use tenon::flow::{Connected, Credit, FrameWriter, Messages, Next, Resume, RowInfo, Source, source_1};
use tenon::{EmitError, Error, Host, Level, Output, Plugin};

#[rustfmt::skip]
mod state_1;

/// The format of the saved state: the number of ticks, in the form of the result.
const STATE_FORMAT: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    interval: u64,
    count: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config { interval: 1000, count: 0 }
    }
}

impl Config {
    fn parse(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(Config::default());
        }
        let config: Config = serde_json::from_str(text).map_err(|e| Error::invalid(format_args!("the config: {e}")))?;
        match config.interval {
            1..=86_400_000 => Ok(config),
            other => Err(Error::invalid(format_args!("\"interval\" is {other}, expected 1 to 86400000 ms"))),
        }
    }
}

/// The state that the thread and the calls of the host share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Signalled when `stop` is set.
    wake: Condvar,
}

#[derive(Default)]
struct State {
    stop: bool,
    ticks: u64,
    /// The state of the connection; `None` if no flow is connected.
    flow: Option<Pulled>,
    /// The thread has done all of its ticks.
    finished: bool,
}

/// A connection to a flow.
#[derive(Clone, Copy)]
struct Pulled {
    /// The last tick that was pulled.
    tick: u64,
    draining: bool,
    /// The flow was asked to pull, and has not done so yet.
    asked: bool,
}

impl Shared {
    /// Locks the state. No code panics with the lock held, and even then the numbers would be valid.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Metronome {
    shared: Arc<Shared>,
    /// `None` after the thread was joined.
    thread: Option<JoinHandle<()>>,
}

impl Plugin for Metronome {
    const NAME: &'static str = "metronome-rs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn new(host: Host, config: &str) -> Result<Self, Error> {
        let config = Config::parse(config)?;
        let shared = Arc::<Shared>::default();
        let thread = thread::Builder::new().name("metronome".to_owned()).spawn({
            let shared = shared.clone();
            move || run(&host, &config, &shared)
        })?;
        Ok(Metronome { shared, thread: Some(thread) })
    }

    fn something(&mut self, _input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let ticks = self.shared.lock().ticks;
        out.append(&ticks.to_le_bytes())
    }
}

impl state_1::State for Metronome {
    fn save(&mut self, mut out: SaveOut<'_>) -> Result<(), Error> {
        out.format(STATE_FORMAT);
        out.data(&self.shared.lock().ticks.to_le_bytes())
    }

    fn restore(&mut self, input: RestoreIn<'_>) -> Result<(), Error> {
        if input.format != STATE_FORMAT {
            return Err(Error::unsupported(format_args!(
                "format {} of the state, expected {STATE_FORMAT}",
                input.format
            )));
        }
        let ticks = input.data.try_into().map_err(|_| Error::invalid("the state must have 8 bytes"))?;
        self.shared.lock().ticks = u64::from_le_bytes(ticks);
        Ok(())
    }
}

impl Metronome {
    /// Calls a function with the state of the connection.
    fn connected<T>(&self, act: impl FnOnce(&mut State, &mut Pulled) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.shared.lock();
        let mut pulled = state.flow.ok_or_else(|| Error::closed("not connected"))?;
        let result = act(&mut state, &mut pulled);
        state.flow = Some(pulled);
        result
    }
}

impl Source for Metronome {
    fn connect(&mut self, resume: Resume<'_>) -> Result<Connected, Error> {
        let mut state = self.shared.lock();
        state.ticks = state.ticks.max(resume.after(0).unwrap_or(0));
        state.flow = Some(Pulled { tick: state.ticks, draining: false, asked: false });
        Ok(Connected::NO_PROMISE)
    }

    fn pull(&mut self, _credit: Credit, out: &mut FrameWriter<'_>) -> Result<Next, Error> {
        self.connected(|state, pulled| {
            pulled.asked = false;
            while pulled.tick < state.ticks {
                let event = format!("{{\"tick\":{}}}", pulled.tick + 1);
                if !out.fits(event.len()) {
                    return Ok(Next::More);
                }
                pulled.tick += 1;
                out.push(event.as_bytes(), RowInfo::now(pulled.tick))?;
            }
            Ok(if pulled.draining || state.finished { Next::Done } else { Next::Idle })
        })
    }

    fn contraflow(&mut self, messages: Messages<'_>) -> Result<(), Error> {
        self.connected(|_, pulled| {
            pulled.draining |= messages.drain();
            Ok(())
        })
    }
}

/// Joins the thread, because the host and everything else that the thread uses may be gone when the drop has
/// returned.
impl Drop for Metronome {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // An error says that the thread has panicked, and the panic has already been printed.
            let _ = thread.join();
        }
    }
}

/// Runs the thread.
fn run(host: &Host, config: &Config, shared: &Shared) {
    let interval = Duration::from_millis(config.interval);
    let mut due = Instant::now();
    let mut lost = false;
    loop {
        // Add to the time that was due, not to the current time, so that delays do not accumulate.
        due += interval;
        if wait_until(due, shared).is_break() {
            return;
        }
        let event = tick(config, shared);
        // Never call the host with a lock held: it may call back and need a lock that another thread holds.
        let emitted = match event {
            Event::Tick(tick) => host.emit(&tick.to_le_bytes()),
            Event::Wake => wake(host, shared),
            Event::Nothing => Ok(()),
            Event::Finished => return,
        };
        match emitted {
            // A host without events may still ask for the number of ticks.
            Ok(()) | Err(EmitError::Unsupported) => {}
            // An old tick is useless: drop it instead of waiting, and report that once.
            Err(EmitError::Busy) if lost => {}
            Err(EmitError::Busy) => {
                lost = true;
                host.log(Level::Warn, "metronome-rs: the host does not keep up, ticks are lost");
            }
            Err(_) => return,
        }
    }
}

/// The effect of a tick.
enum Event {
    /// Sends its number.
    Tick(u64),
    /// Asks a flow to pull.
    Wake,
    /// Nothing: the flow was asked before, and has not pulled yet.
    Nothing,
    /// Nothing: all ticks were done before.
    Finished,
}

/// Does a tick.
fn tick(config: &Config, shared: &Shared) -> Event {
    let mut state = shared.lock();
    // A restored instance may have done all of its ticks already.
    let was_finished = config.count != 0 && state.ticks >= config.count;
    if !was_finished {
        state.ticks += 1;
    }
    state.finished = config.count != 0 && state.ticks >= config.count;
    let ticks = state.ticks;
    match &mut state.flow {
        Some(pulled) if !pulled.asked => {
            pulled.asked = true;
            Event::Wake
        }
        _ if was_finished => Event::Finished,
        Some(_) => Event::Nothing,
        None => Event::Tick(ticks),
    }
}

/// Asks the flow to pull. If the host is busy, the next tick asks again.
fn wake(host: &Host, shared: &Shared) -> Result<(), EmitError> {
    let emitted = host.emit(&[]);
    if let (Err(_), Some(pulled)) = (&emitted, &mut shared.lock().flow) {
        pulled.asked = false;
    }
    // No tick is lost by that.
    if emitted == Err(EmitError::Busy) { Ok(()) } else { emitted }
}

/// Waits until `due`, or until the drop asks the thread to end. It uses a condition variable instead of a
/// sleep, because closing a metronome with an interval of a day must not take a day.
fn wait_until(due: Instant, shared: &Shared) -> ControlFlow<()> {
    let time_left = due.saturating_duration_since(Instant::now());
    let (state, _) = shared
        .wake
        .wait_timeout_while(shared.lock(), time_left, |state| !state.stop)
        .unwrap_or_else(PoisonError::into_inner);
    if state.stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

tenon::plugin!(Metronome, kinds: { state_1, source_1 });

#[cfg(test)]
mod tests {
    use super::*;
    use tenon::Status;
    use tenon::testing::{TestHost, TestInstance};

    fn ticks(metronome: &mut TestInstance<Metronome>) -> u64 {
        u64::from_le_bytes(metronome.something(b"").unwrap().try_into().unwrap())
    }

    /// Waits for that number of ticks. The test runner stops a metronome that never ticks.
    fn wait_for_ticks(metronome: &mut TestInstance<Metronome>, count: u64) {
        while ticks(metronome) < count {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn ticks_as_often_as_configured() {
        let host = TestHost::new();
        let mut metronome = host.start::<Metronome>(r#"{"interval":1,"count":3}"#).unwrap();
        wait_for_ticks(&mut metronome, 3);
        thread::sleep(Duration::from_millis(5));
        assert_eq!(ticks(&mut metronome), 3);
        drop(metronome);
        assert_eq!(host.events(), [1_u64, 2, 3].map(u64::to_le_bytes));
    }

    #[test]
    fn ends_at_once_even_if_the_next_tick_is_a_day_away() {
        let host = TestHost::new();
        let mut metronome = host.start::<Metronome>(r#"{"interval":86400000}"#).unwrap();
        assert_eq!(ticks(&mut metronome), 0);
        drop(metronome);
        assert!(host.events().is_empty());
    }

    #[test]
    fn keeps_ticking_for_a_busy_host_and_reports_once_that_ticks_are_lost() {
        let host = TestHost::new();
        host.refuse_events(Some(EmitError::Busy));
        let mut metronome = host.start::<Metronome>(r#"{"interval":1}"#).unwrap();
        wait_for_ticks(&mut metronome, 4);
        drop(metronome);
        assert!(host.events().is_empty());
        assert_eq!(host.logs().len(), 1);
        assert_eq!(host.logs()[0].0, Level::Warn);
    }

    #[test]
    fn an_invalid_config_is_refused_with_a_reason() {
        let cases = [
            (r#"{"interval":0}"#, "expected 1 to 86400000"),
            (r#"{"interval":86400001}"#, "expected 1 to 86400000"),
            (r#"{"interval":-1}"#, "the config: invalid value"),
            (r#"{"intervall":1}"#, "unknown field `intervall`"),
            ("[", "the config: EOF"),
        ];
        for (config, reason) in cases {
            let error = TestHost::new().start::<Metronome>(config).unwrap_err();
            assert_eq!(error.status(), Status::Invalid);
            assert!(error.message().contains(reason), "{config}: {error}");
        }
    }
}
