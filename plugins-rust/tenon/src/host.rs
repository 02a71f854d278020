//! The host, as a plugin sees it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::raw;
use crate::status::Status;

/// How serious a log message is.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something failed.
    Error = 0,
    /// Something is odd.
    Warn = 1,
    /// Something happened.
    Info = 2,
    /// For whoever looks for a fault.
    Debug = 3,
    /// Everything.
    Trace = 4,
}

/// Why the host did not take an event.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmitError {
    /// The host's bounded queue is full. Try again later, or drop the event.
    Busy,
    /// The instance is closed: nobody will read events any more.
    Closed,
    /// This host takes no events.
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
            Self::Closed => "the instance is closed, the host takes no more events",
            Self::Unsupported => "this host takes no events",
            Self::Failed => "the host failed to take the event",
        })
    }
}

impl std::error::Error for EmitError {}

/// The host that an instance works for: takes log messages and events, from any thread.
///
/// Clone it freely and give the clones to your own threads. The host itself is gone once the plugin has been dropped; a
/// handle that outlives it notices: [`emit`](Host::emit) says [`EmitError::Closed`], [`log`](Host::log) does nothing.
/// The drop of an instance waits for calls of its handles that are under way, so none of them touches a dead host.
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

/// The way to the host, and whether it still exists. `users` counts the calls under way; its top bit says "closed".
struct Link {
    raw: *const raw::Host,
    users: AtomicUsize,
}

const CLOSED: usize = 1 << (usize::BITS - 1);

// SAFETY: `raw` is only followed between `enter` and `leave`, while the host is alive, and then only to call functions
// that the ABI lets any thread call.
unsafe impl Send for Link {}
// SAFETY: as for `Send`; `users` is atomic.
unsafe impl Sync for Link {}

impl Link {
    /// Runs `work` with the host if it still exists, and keeps it alive until `work` is done.
    //
    // A counter and not an RwLock: a host may call back into the plugin from within `emit`, and read locks that nest
    // can deadlock with a waiting writer.
    fn with<T>(&self, work: impl FnOnce(&raw::Host) -> T) -> Option<T> {
        let user = User(&self.users);
        if self.users.fetch_add(1, Ordering::Acquire) & CLOSED != 0 {
            return None;
        }
        // SAFETY: the count was raised before the link was closed, and `close` returns (and with it the slot behind
        // which the host may go away) only after `user` has lowered it again.
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

/// Lowers the count again, whichever way its scope is left.
struct User<'a>(&'a AtomicUsize);

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl Host {
    /// # Safety
    /// `raw` points to a host that stays valid until [`Host::close`] has returned.
    pub(crate) unsafe fn connect(raw: *const raw::Host) -> Self {
        Self(Arc::new(Link { raw, users: AtomicUsize::new(0) }))
    }

    /// Cuts off every clone of this handle and waits for their calls that are under way.
    pub(crate) fn close(&self) {
        self.0.close();
    }

    /// Hands a message to the host's log. Never blocks; messages are dropped when too many wait.
    ///
    /// ```no_run
    /// # fn demo(host: tenon::Host) {
    /// host.log(tenon::Level::Info, "ready");
    /// host.log(tenon::Level::Debug, format_args!("{} items", 3));
    /// # }
    /// ```
    pub fn log(&self, level: Level, message: impl fmt::Display) {
        // Formatted outside, so that code of the plugin never runs while the host is held.
        let message = message.to_string();
        self.0.with(|host| {
            // SAFETY: the host is alive, the message is valid for the call, and the host copies it.
            unsafe { (host.log)(host, level as i32, message.as_ptr().cast(), message.len()) }
        });
    }

    /// Hands an event to the host. The bytes are copied; the call never blocks.
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

    /// Whether the instance was dropped and the host is out of reach. It may become so right after the answer.
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

    /// A host whose `emit` says that it has begun and returns only when it is told to.
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
        // SAFETY: `raw` lives until the end of the test, the handle is closed before.
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
