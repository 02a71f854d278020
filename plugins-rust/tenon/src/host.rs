//! The host, as a plugin sees it.

use core::ffi::{CStr, c_char};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::raw;
use crate::status::Status;

/// The severity of a log message.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// An operation failed.
    Error = 0,
    /// Something unexpected happened, and the plugin continues.
    Warn = 1,
    /// A normal event worth recording.
    Info = 2,
    /// Details for debugging.
    Debug = 3,
    /// Everything else.
    Trace = 4,
}

/// The reason why the host did not accept an event.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmitError {
    /// The host's bounded queue is full. Try again later, or drop the event.
    Busy,
    /// The instance is closed. No one will read further events.
    Closed,
    /// This host accepts no events.
    Unsupported,
    /// The host failed in another way.
    Failed,
}

impl EmitError {
    pub(crate) const fn status(self) -> Status {
        match self {
            Self::Busy => Status::Busy,
            Self::Closed => Status::Closed,
            Self::Unsupported => Status::Unsupported,
            Self::Failed => Status::Failed,
        }
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "the host's queue of events is full",
            Self::Closed => "the instance is closed, and the host accepts no more events",
            Self::Unsupported => "this host accepts no events",
            Self::Failed => "the host failed to accept the event",
        })
    }
}

impl std::error::Error for EmitError {}

/// The host of an instance. It accepts log messages and events from any thread.
///
/// Cloning is cheap. Pass clones to your own threads. The host is unreachable after the plugin was dropped,
/// and a handle that outlives the plugin notices that: [`emit`](Host::emit) returns [`EmitError::Closed`],
/// and [`log`](Host::log) does nothing. The drop of an instance waits for calls of its handles that are in
/// progress, so no call reaches a freed host.
///
/// ```
/// use tenon::{EmitError, Error, Host, Output, Plugin, testing::TestHost};
///
/// struct Echo(Host);
/// impl Plugin for Echo {
///     const NAME: &'static str = "echo";
///     const VERSION: &'static str = "1.0.0";
///     fn new(host: Host, _config: &str) -> Result<Self, Error> {
///         Ok(Echo(host))
///     }
///     fn something(&mut self, input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
///         match self.0.emit(input) {
///             Err(EmitError::Busy) => Err(Error::busy("the host is behind, call again later")),
///             other => Ok(other?),
///         }
///     }
/// }
///
/// let host = TestHost::new();
/// let mut echo = host.start::<Echo>("").unwrap();
/// echo.something(b"hello").unwrap();
/// assert_eq!(host.events(), [b"hello"]);
/// ```
#[derive(Clone)]
pub struct Host(Arc<Link>);

/// The connection to the host. `users` counts the calls in progress, and its top bit says that the connection
/// is closed.
struct Link {
    raw: *const raw::Host,
    users: AtomicUsize,
}

const CLOSED: usize = 1 << (usize::BITS - 1);

// SAFETY: `raw` is only dereferenced between the increment and the decrement of `users`, while the host is
// alive, and only to call functions that the ABI allows on any thread.
unsafe impl Send for Link {}
// SAFETY: as for `Send`; `users` is atomic.
unsafe impl Sync for Link {}

impl Link {
    /// Runs `work` with the host if it still exists, and keeps it alive until `work` returns.
    //
    // This is a counter and not an RwLock, because a host may call back into the plugin from `emit`. Nested
    // read locks can deadlock with a waiting writer.
    fn with<T>(&self, work: impl FnOnce(&raw::Host) -> T) -> Option<T> {
        let user = User(&self.users);
        if self.users.fetch_add(1, Ordering::Acquire) & CLOSED != 0 {
            return None;
        }
        // SAFETY: the count was incremented before the link was closed. `close` returns only after `user` has
        // decremented the count again, and the host may be freed only after the slot that calls `close` has
        // returned.
        let result = work(unsafe { &*self.raw });
        drop(user);
        Some(result)
    }

    fn close(&self) {
        self.users.fetch_or(CLOSED, Ordering::AcqRel);
        let mut rounds = 0_u32;
        while self.users.load(Ordering::Acquire) != CLOSED {
            // `log` and `emit` never block, so this takes no longer than a copy of the event.
            if rounds < 100 {
                thread::yield_now();
            } else {
                thread::sleep(Duration::from_micros(50));
            }
            rounds = rounds.saturating_add(1);
        }
    }
}

/// Decrements the count at the end of its scope, even during a panic.
struct User<'a>(&'a AtomicUsize);

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl Host {
    /// Connects to a host.
    ///
    /// # Safety
    /// `raw` must point to a host that stays valid until [`Host::close`] has returned.
    pub(crate) unsafe fn connect(raw: *const raw::Host) -> Self {
        Self(Arc::new(Link { raw, users: AtomicUsize::new(0) }))
    }

    /// Disconnects every clone of this handle, and waits for their calls in progress.
    pub(crate) fn close(&self) {
        self.0.close();
    }

    /// Sends a message to the host's log. It never blocks, and the host drops messages when too many wait.
    ///
    /// May be called from any thread. Does nothing when the instance is closed.
    ///
    /// ```no_run
    /// # fn demo(host: tenon::Host) {
    /// host.log(tenon::Level::Info, "ready");
    /// host.log(tenon::Level::Debug, format_args!("{} items", 3));
    /// # }
    /// ```
    pub fn log(&self, level: Level, message: impl fmt::Display) {
        // Formatted first, so that code of the plugin never runs while the host is held.
        let message = message.to_string();
        self.0.with(|host| {
            // SAFETY: the host is alive, the message is valid for the call, and the host copies it.
            unsafe { (host.log)(host, level as i32, message.as_ptr().cast(), message.len()) }
        });
    }

    /// Sends an event to the host. The bytes are copied, and the call never blocks. May be called from any
    /// thread.
    ///
    /// # Errors
    /// - [`EmitError::Busy`] if the host's bounded queue is full. Nothing was consumed.
    /// - [`EmitError::Closed`] if the instance is closed.
    /// - [`EmitError::Unsupported`] if this host accepts no events.
    /// - [`EmitError::Failed`] for any other failure, for example an event that exceeds the queue on its own.
    pub fn emit(&self, event: &[u8]) -> Result<(), EmitError> {
        let status = self.0.with(|host| {
            // SAFETY: the host is alive, the event is valid for the call, and the host copies it.
            unsafe { (host.emit)(host, event.as_ptr(), event.len()) }
        });
        match status.map(Status::from_raw) {
            Some(Some(Status::Ok)) => Ok(()),
            None | Some(Some(Status::Closed)) => Err(EmitError::Closed),
            Some(Some(Status::Busy)) => Err(EmitError::Busy),
            Some(Some(Status::Unsupported)) => Err(EmitError::Unsupported),
            Some(_) => Err(EmitError::Failed),
        }
    }

    /// Returns the path of the file that the plugin was loaded from: absolute, and without links. Returns
    /// `None` if the host does not know it, or when the instance is closed.
    ///
    /// A host loads a private copy of the file. Look for data, and for libraries that you open yourself, in
    /// the folder of this path.
    ///
    /// ```no_run
    /// # fn demo(host: tenon::Host) -> Option<std::path::PathBuf> {
    /// Some(host.origin()?.with_file_name("model.bin"))
    /// # }
    /// ```
    pub fn origin(&self) -> Option<PathBuf> {
        let path = self.0.with(|host| {
            // SAFETY: the host is alive, and the id is NUL-terminated.
            unsafe { (host.get_extension)(host, raw::ORIGIN.as_ptr()) }.cast::<c_char>()
        })?;
        if path.is_null() {
            return None;
        }
        // SAFETY: the extension is a NUL-terminated string that is valid until the process ends.
        let text = unsafe { CStr::from_ptr(path) };
        text.to_str().ok().map(PathBuf::from)
    }

    /// Returns whether the instance was dropped. A `false` may be outdated at once, because another thread
    /// may drop it.
    pub fn is_closed(&self) -> bool {
        self.0.users.load(Ordering::Relaxed) & CLOSED != 0
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::{c_char, c_void};
    use std::ptr;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A host whose `emit` reports that it has begun, and returns only on request.
    struct SlowHost {
        begun: Sender<()>,
        finish: Receiver<()>,
        done: Arc<AtomicUsize>,
    }

    unsafe extern "C" fn slow_emit(host: *const raw::Host, _data: *const u8, _len: usize) -> raw::RawStatus {
        // SAFETY: `ctx` is the SlowHost of the test below.
        let slow = unsafe { &*(*host).ctx.cast::<SlowHost>() };
        slow.begun.send(()).unwrap();
        slow.finish.recv().unwrap();
        slow.done.store(1, Ordering::SeqCst);
        Status::Ok.raw()
    }

    unsafe extern "C" fn no_log(_: *const raw::Host, _: i32, _: *const c_char, _: usize) {}

    unsafe extern "C" fn no_extension(_: *const raw::Host, _: *const c_char) -> *const c_void {
        ptr::null()
    }

    #[test]
    fn closing_waits_for_an_emit_that_is_under_way_and_refuses_later_ones() {
        let (begun, has_begun) = channel();
        let (finish_it, finish) = channel();
        let done = Arc::new(AtomicUsize::new(0));
        let slow = SlowHost { begun, finish, done: done.clone() };
        let raw = raw::Host {
            size: 40,
            reserved: 0,
            ctx: ptr::from_ref(&slow).cast_mut().cast(),
            log: no_log,
            emit: slow_emit,
            get_extension: no_extension,
        };
        // SAFETY: `raw` lives until the end of the test, and the handle is closed before that.
        let host = unsafe { Host::connect(&raw) };
        thread::scope(|scope| {
            let emitter = host.clone();
            let emitting = scope.spawn(move || emitter.emit(b"x"));
            has_begun.recv().unwrap();
            let closing = scope.spawn(|| {
                host.close();
                done.load(Ordering::SeqCst)
            });
            while !host.is_closed() {
                thread::yield_now();
            }
            assert_eq!(host.emit(b"late"), Err(EmitError::Closed));
            assert!(!closing.is_finished());
            finish_it.send(()).unwrap();
            assert_eq!(emitting.join().unwrap(), Ok(()));
            assert_eq!(closing.join().unwrap(), 1, "close returned while an emit was still running");
        });
    }
}
