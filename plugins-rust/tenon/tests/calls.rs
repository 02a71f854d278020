//! Plugins called through their vtable by a host that may refuse memory and events.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tenon::testing::TestHost;
use tenon::{EmitError, Error, Host, Level, Output, Plugin, Status};

/// Does what its input says.
struct Actor {
    host: Host,
    calls: u32,
}

impl Plugin for Actor {
    const NAME: &'static str = "actor";
    const VERSION: &'static str = "1.0.0";

    fn new(host: Host, config: &str) -> Result<Self, Error> {
        match config {
            "fail" => Err(Error::invalid("as you wish")),
            "panic" => panic!("new {}", "failed"),
            _ => Ok(Actor { host, calls: 0 }),
        }
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        self.calls += 1;
        out.append(b"begun ")?;
        match std::str::from_utf8(input)? {
            "panic" => panic!("call {} went wrong", self.calls),
            "panic with a long message" => panic!("{}", "ü".repeat(4000)),
            "panic with a number" => std::panic::panic_any(42_u32),
            "panic with a bomb" => std::panic::panic_any(Bomb),
            "fail" => Err(Error::failed("no")),
            "emit" => Ok(self.host.emit(b"event")?),
            "io error" => {
                std::fs::read("/nonexistent/file")?;
                Ok(())
            }
            "caught" => {
                let caught = std::panic::catch_unwind(|| panic!("private"));
                write!(out, "{}", caught.is_err())?;
                Ok(())
            }
            "thread" => {
                let joined = std::thread::spawn(|| panic!("on a thread of its own")).join();
                write!(out, "{}", joined.is_err())?;
                Ok(())
            }
            text => out.append(text.as_bytes()),
        }
    }
}

struct Bomb;
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload of a panic was dropped");
    }
}

fn status_and_message<T: std::fmt::Debug>(result: Result<T, Error>) -> (Status, String) {
    let error = result.unwrap_err();
    (error.status(), error.message().to_owned())
}

#[test]
fn a_result_grows_in_memory_of_the_host() {
    let mut actor = TestHost::new().start::<Actor>("").unwrap();
    let long = "x".repeat(100_000);
    assert_eq!(actor.something(long.as_bytes()).unwrap(), format!("begun {long}").into_bytes());
    assert_eq!(actor.something(b"").unwrap(), b"begun ");
}

#[test]
fn an_output_that_may_not_grow_is_no_memory_and_the_instance_stays_usable() {
    let host = TestHost::new();
    let mut actor = host.start::<Actor>("").unwrap();
    host.limit_output(10);
    let (status, message) = status_and_message(actor.something(b"more than ten bytes"));
    assert_eq!(status, Status::NoMemory);
    assert_eq!(message, "", "the message does not fit either");
    assert_eq!(actor.something(b"ten!").unwrap(), b"begun ten!");
}

#[test]
fn a_failure_has_its_message_instead_of_a_result() {
    let mut actor = TestHost::new().start::<Actor>("").unwrap();
    assert_eq!(status_and_message(actor.something(b"fail")), (Status::Failed, "no".to_owned()));
    let (status, message) = status_and_message(actor.something(b"io error"));
    assert_eq!(status, Status::Failed);
    assert!(message.contains("No such file") || message.contains("cannot find"), "{message}");
    assert_eq!(actor.something(b"fine").unwrap(), b"begun fine");
}

#[test]
fn a_failed_new_creates_nothing() {
    let host = TestHost::new();
    assert_eq!(status_and_message(host.start::<Actor>("fail")), (Status::Invalid, "as you wish".to_owned()));
    let (status, message) = status_and_message(host.start::<Actor>("panic"));
    assert_eq!(status, Status::Panic);
    assert!(message.starts_with("tenon/tests/calls.rs:"), "{message}");
    assert!(message.ends_with(": new failed"), "{message}");
    let (status, message) = status_and_message(host.start_bytes::<Actor>(b"\xff"));
    assert_eq!(status, Status::Invalid);
    assert!(message.starts_with("the config: invalid utf-8"), "{message}");
}

#[test]
fn a_panic_has_a_message_and_a_location_and_poisons_the_instance() {
    let host = TestHost::new();
    let mut actor = host.start::<Actor>("").unwrap();
    let mut other = host.start::<Actor>("").unwrap();
    actor.something(b"fine").unwrap();
    let (status, message) = status_and_message(actor.something(b"panic"));
    assert_eq!(status, Status::Panic);
    assert!(message.starts_with("tenon/tests/calls.rs:"), "{message}");
    assert!(message.ends_with(": call 2 went wrong"), "{message}");
    for _ in 0..3 {
        let (status, message) = status_and_message(actor.something(b"fine"));
        assert_eq!(status, Status::Poisoned);
        assert!(message.contains("an earlier call of this instance panicked"), "{message}");
    }
    assert_eq!(other.something(b"fine").unwrap(), b"begun fine", "another instance is not affected");
}

#[test]
fn a_long_panic_message_is_cut_between_characters() {
    let mut actor = TestHost::new().start::<Actor>("").unwrap();
    let (status, message) = status_and_message(actor.something(b"panic with a long message"));
    assert_eq!(status, Status::Panic);
    assert!(message.len() > 1000 && message.len() <= 1024, "{}", message.len());
    assert!(message.ends_with('ü') && !message.contains('\u{fffd}'));
}

#[test]
fn a_panic_whose_payload_is_not_a_string_is_stopped_as_well() {
    for input in ["panic with a number", "panic with a bomb"] {
        let mut actor = TestHost::new().start::<Actor>("").unwrap();
        let (status, message) = status_and_message(actor.something(input.as_bytes()));
        assert_eq!(status, Status::Panic);
        assert!(message.ends_with("(the payload of the panic is not a string)"), "{message}");
    }
}

#[test]
fn panics_that_the_plugin_handles_itself_poison_nothing() {
    let mut actor = TestHost::new().start::<Actor>("").unwrap();
    assert_eq!(actor.something(b"caught").unwrap(), b"begun true");
    assert_eq!(actor.something(b"thread").unwrap(), b"begun true");
    assert_eq!(actor.something(b"fine").unwrap(), b"begun fine");
}

#[test]
fn a_refused_event_is_reported_to_the_plugin() {
    let host = TestHost::new();
    let mut actor = host.start::<Actor>("").unwrap();
    let refusals = [
        (EmitError::Busy, Status::Busy),
        (EmitError::Closed, Status::Closed),
        (EmitError::Unsupported, Status::Unsupported),
    ];
    for (refusal, status) in refusals {
        host.refuse_events(Some(refusal));
        assert_eq!(status_and_message(actor.something(b"emit")), (status, refusal.to_string()));
    }
    host.refuse_events(None);
    actor.something(b"emit").unwrap();
    assert_eq!(host.events(), [b"event"]);
}

/// Panics in its drop.
struct BadEnd(Arc<Mutex<Vec<&'static str>>>);

impl Plugin for BadEnd {
    const NAME: &'static str = "bad-end";
    const VERSION: &'static str = "1.0.0";

    fn new(_host: Host, _config: &str) -> Result<Self, Error> {
        Ok(BadEnd(Arc::default()))
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        panic!("a call");
    }
}

impl Drop for BadEnd {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("dropped");
        panic!("the end");
    }
}

#[test]
fn a_panic_in_drop_is_logged_and_stopped_even_after_a_panicking_call() {
    let host = TestHost::new();
    let mut instance = host.start::<BadEnd>("").unwrap();
    assert_eq!(instance.something(b"").unwrap_err().status(), Status::Panic);
    drop(instance);
    let logs = host.logs();
    assert_eq!(logs.len(), 1);
    let (level, message) = &logs[0];
    assert_eq!(*level, Level::Error);
    assert!(message.starts_with("bad-end: drop panicked: tenon/tests/calls.rs:"), "{message}");
    assert!(message.ends_with(": the end"), "{message}");
}

/// Violates the contract: its thread outlives it and uses the host afterwards.
struct Straggler;

type Late = (Sender<()>, JoinHandle<(Result<(), EmitError>, bool)>);
static LATE: Mutex<Option<Late>> = Mutex::new(None);

impl Plugin for Straggler {
    const NAME: &'static str = "straggler";
    const VERSION: &'static str = "1.0.0";

    fn new(host: Host, _config: &str) -> Result<Self, Error> {
        let (begin, begun) = channel();
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        let thread = std::thread::spawn(move || {
            begin.send(host.emit(b"in time")).unwrap();
            ended.recv().unwrap();
            host.log(Level::Error, "too late");
            (host.emit(b"too late"), host.is_closed())
        });
        *LATE.lock().unwrap() = Some((end, thread));
        begun.recv()??;
        Ok(Straggler)
    }

    fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_handle_that_outlives_the_instance_finds_the_host_closed() {
    let host = TestHost::new();
    drop(host.start::<Straggler>("").unwrap());
    let (end, thread) = LATE.lock().unwrap().take().unwrap();
    end.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), (Err(EmitError::Closed), true));
    assert_eq!(host.events(), [b"in time"], "nothing reached the host after the drop");
    assert_eq!(host.logs(), []);
}

#[test]
fn an_instance_may_move_between_threads() {
    let mut actor = TestHost::new().start::<Actor>("").unwrap();
    let result = std::thread::spawn(move || actor.something(b"there")).join().unwrap();
    assert_eq!(result.unwrap(), b"begun there");
}
