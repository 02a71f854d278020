//! Stops panics at the boundary and records their messages.
//!
//! Every cdylib has its own standard library and so its own panic hook. The hook of this library writes the
//! message and the location of a panic in a slot to a fixed buffer instead of stderr. Panics on other
//! threads, for example the plugin's own, go to the previous hook.
//!
//! The thread-locals are const-initialised and need no destructor. This is deliberate: a thread-local with a
//! destructor would tie the library to every thread that ever called it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// The capacity for a message, in bytes. Longer messages are cut.
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

/// One struct, because the lookup of a thread-local costs more than the rest of a call.
struct Local {
    /// The number of slots on this thread's stack: more than one if the host calls back.
    depth: Cell<u32>,
    /// Whether `last` belongs to the call in progress.
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

/// A panic that was caught. Its message is in the thread's buffer.
pub struct Panicked(());

impl Panicked {
    /// Passes the message to `work`: `src/lib.rs:12:5: index out of bounds`.
    pub fn with_message<T>(self, work: impl FnOnce(&str) -> T) -> T {
        // A copy, because `work` calls the host, which may call back into this library and reuse the buffer.
        let message = LOCAL.with(|local| *local.last.borrow());
        work(message.as_str())
    }
}

/// Runs code of the plugin and catches a panic in it.
#[inline]
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    LOCAL.with(|local| {
        local.recorded.set(false);
        local.depth.set(local.depth.get() + 1);
        // Unwind safety: after a panic the instance is poisoned, and only its drop sees it again.
        let result = panic::catch_unwind(AssertUnwindSafe(work));
        local.depth.set(local.depth.get() - 1);
        result.map_err(|payload| finish(local, payload))
    })
}

/// Disposes of the payload. Dropping one that is neither `&str` nor `String` runs code of the plugin, which
/// may panic again outside of the barrier. Such a payload is leaked.
#[cold]
fn finish(local: &Local, payload: Box<dyn Any + Send>) -> Panicked {
    // If the plugin has replaced the hook, only the payload has the message.
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
        "(the payload of the panic is not a string)"
    }
}

fn record(local: &Local, text: fmt::Arguments<'_>) {
    // The buffer is already borrowed if formatting the message panics. Rust aborts in that case anyway.
    let Ok(mut last) = local.last.try_borrow_mut() else { return };
    last.len = 0;
    // An error says that the message was cut, which is acceptable.
    let _ = last.write_fmt(text);
    local.recorded.set(true);
}

/// Redirects panics in slots to the buffer from now on. Only the first call has an effect.
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

/// Returns whether Rust aborts after this panic, as it does for a panic in a drop while another panic
/// unwinds. Only the message identifies such a panic. If Rust changed it, the process would end with less
/// output on stderr, and nothing else would change.
fn is_fatal(text: &str) -> bool {
    matches!(text, "panic in a destructor during cleanup" | "panic in a function that cannot unwind")
}

/// Prints the recorded message to stderr. The process is about to end, so the host cannot receive it any
/// more.
fn report(local: &Local) {
    match local.last.try_borrow() {
        Ok(last) if local.recorded.get() => eprintln!("panicked at {}", last.as_str()),
        _ => {}
    }
}
