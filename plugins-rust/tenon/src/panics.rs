//! Stops panics at the boundary and remembers what they said.
//!
//! A panic hook of this library (every cdylib has a standard library of its own, hence hooks of its own) writes message
//! and place of a panic inside a slot into a fixed buffer instead of to stderr. Panics on other threads, the plugin's own
//! for example, reach the hook that was there before.
//!
//! The thread-locals are const-initialised and need no destructor, on purpose: a thread-local with a destructor would
//! tie the library to every thread that ever called it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// Room for a message; longer ones are cut.
const CAPACITY: usize = 1024;

/// The last message of a thread.
#[derive(Clone, Copy)]
struct Message {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Message {
    fn as_str(&self) -> &str {
        // Only whole characters were written.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut end = text.len().min(CAPACITY - self.len);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.bytes[self.len..self.len + end].copy_from_slice(&text.as_bytes()[..end]);
        self.len += end;
        if end == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// One struct, because to find a thread-local costs more than all the rest of a call.
struct Local {
    /// How many slots are on this thread's stack; more than one if the host calls back.
    depth: Cell<u32>,
    /// Whether `last` belongs to the call that is under way.
    recorded: Cell<bool>,
    last: RefCell<Message>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            depth: Cell::new(0),
            recorded: Cell::new(false),
            last: RefCell::new(Message { bytes: [0; CAPACITY], len: 0 }),
        }
    };
}
const _: () = assert!(!std::mem::needs_drop::<Local>());

/// A panic was stopped. Its message waits in the thread's buffer.
pub struct Panicked(());

impl Panicked {
    /// Hands out the message: `src/lib.rs:12:5: index out of bounds`.
    pub fn with_message<T>(self, work: impl FnOnce(&str) -> T) -> T {
        // A copy: `work` talks to the host, which may call back into this library and use the buffer again.
        let message = LOCAL.with(|local| *local.last.borrow());
        work(message.as_str())
    }
}

/// Runs a piece of the plugin's code; a panic in it ends here.
#[inline]
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    LOCAL.with(|local| {
        local.recorded.set(false);
        local.depth.set(local.depth.get() + 1);
        // Unwind safety: after a panic the instance is poisoned, and nothing but its drop sees it again.
        let result = panic::catch_unwind(AssertUnwindSafe(work));
        local.depth.set(local.depth.get() - 1);
        result.map_err(|payload| finish(local, payload))
    })
}

/// Ends the payload. Dropping one that is neither `&str` nor `String` runs code of the plugin, which may panic again, now
/// outside of the barrier: it is leaked instead.
#[cold]
fn finish(local: &Local, payload: Box<dyn Any + Send>) -> Panicked {
    // The plugin may have replaced the hook; then the payload has all that is known.
    if !local.recorded.get() {
        record(local, format_args!("{}", text_of(&*payload)));
    }
    if payload.is::<&'static str>() || payload.is::<String>() {
        drop(payload);
    } else {
        std::mem::forget(payload);
    }
    Panicked(())
}

fn text_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "(the payload of the panic is no text)"
    }
}

fn record(local: &Local, text: fmt::Arguments<'_>) {
    // Borrowed already if the text itself panics while it is written, which Rust answers with an abort anyway.
    let Ok(mut last) = local.last.try_borrow_mut() else { return };
    last.len = 0;
    // An error says that the message was cut, which is fine.
    let _ = last.write_fmt(text);
    local.recorded.set(true);
}

/// Makes panics inside of slots go to the buffer, from now on. Every other call does nothing.
pub fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let text = text_of(info.payload());
            LOCAL.with(|local| {
                if local.depth.get() == 0 {
                    previous(info);
                } else if is_fatal(text) {
                    report(local);
                    previous(info);
                } else if let Some(place) = info.location() {
                    record(local, format_args!("{place}: {text}"));
                } else {
                    record(local, format_args!("{text}"));
                }
            });
        }));
    });
}

/// Whether Rust turns the panic into an abort, as it does with one in a drop while another one unwinds. It has no better
/// mark than its text; were Rust to word it otherwise, the process would die with less on stderr, no more.
fn is_fatal(text: &str) -> bool {
    matches!(text, "panic in a destructor during cleanup" | "panic in a function that cannot unwind")
}

/// The process is about to end, and with it the way to the host: what was kept goes to stderr after all.
fn report(local: &Local) {
    match local.last.try_borrow() {
        Ok(last) if local.recorded.get() => eprintln!("panicked at {}", last.as_str()),
        _ => {}
    }
}
