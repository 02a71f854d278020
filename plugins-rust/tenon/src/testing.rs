//! A host for tests. It runs plugins through their real vtable, without Node.js.
//!
//! ```
//! use tenon::testing::TestHost;
//! use tenon::{Error, Host, Level, Output, Plugin, Status};
//!
//! struct Sum(u64);
//! impl Plugin for Sum {
//!     const NAME: &'static str = "sum";
//!     const VERSION: &'static str = "1.0.0";
//!     fn new(host: Host, _config: &str) -> Result<Self, Error> {
//!         host.log(Level::Info, "adding up");
//!         Ok(Sum(0))
//!     }
//!     fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
//!         self.0 += input.iter().map(|&b| u64::from(b)).sum::<u64>();
//!         out.append(&self.0.to_le_bytes())
//!     }
//! }
//!
//! let host = TestHost::new();
//! let mut sum = host.start::<Sum>("").unwrap();
//! assert_eq!(sum.something(&[1, 2]).unwrap(), 3_u64.to_le_bytes());
//! assert_eq!(host.logs(), [(Level::Info, "adding up".to_owned())]);
//!
//! host.limit_output(4);
//! assert_eq!(sum.something(&[]).unwrap_err().status(), Status::NoMemory);
//! ```

use core::ffi::{c_char, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::Error;
use crate::export::{Export, Kind};
use crate::host::{EmitError, Level};
use crate::plugin::Plugin;
use crate::raw::{self, RawStatus};
use crate::slots;
use crate::status::Status;

/// A host that records events and log messages. A clone refers to the same host.
#[derive(Clone)]
pub struct TestHost(Arc<Shared>);

struct Shared {
    raw: raw::Host,
    logs: Mutex<Vec<(Level, String)>>,
    events: Mutex<Vec<Vec<u8>>>,
    /// The status that `emit` returns.
    answer: AtomicI32,
    /// The limit for an output, in bytes.
    limit: AtomicUsize,
}

// SAFETY: `raw` holds functions and a pointer to this struct, and neither ever changes; the rest is `Send`.
unsafe impl Send for Shared {}
// SAFETY: as for `Send`; the rest is `Sync`.
unsafe impl Sync for Shared {}

impl TestHost {
    /// Creates a host that accepts all events and messages.
    #[allow(clippy::new_without_default, reason = "a host is an identity, not a value")]
    pub fn new() -> Self {
        Self(Arc::new_cyclic(|shared: &Weak<Shared>| Shared {
            raw: raw::Host {
                size: size_of::<raw::Host>() as u32,
                reserved: 0,
                ctx: shared.as_ptr().cast_mut().cast(),
                log,
                emit,
                get_extension,
            },
            logs: Mutex::default(),
            events: Mutex::default(),
            answer: AtomicI32::new(Status::Ok.raw()),
            limit: AtomicUsize::new(usize::MAX),
        }))
    }

    /// Creates an instance of a plugin.
    ///
    /// # Errors
    /// The error that the plugin's `new` returned; [`Status::Panic`] if it panicked.
    pub fn start<P: Plugin>(&self, config: &str) -> Result<TestInstance<P>, Error> {
        self.start_bytes(config.as_bytes())
    }

    /// As [`start`](Self::start), with a config that may be invalid UTF-8.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_bytes<P: Plugin>(&self, config: &[u8]) -> Result<TestInstance<P>, Error> {
        let vtable = slots::vtable::<Bare<P>>();
        let mut state = ptr::null_mut();
        self.with_output(|error| {
            // SAFETY: as the ABI requires, all pointers are valid for the call, and the host outlives the
            // instance, which holds a reference to it.
            unsafe { (vtable.new)(&self.0.raw, config.as_ptr(), config.len(), &mut state, error) }
        })?;
        Ok(TestInstance { host: self.clone(), vtable, state, plugin: PhantomData })
    }

    /// Returns the events so far, the oldest first.
    pub fn events(&self) -> Vec<Vec<u8>> {
        lock(&self.0.events).clone()
    }

    /// Returns the log messages so far, the oldest first.
    pub fn logs(&self) -> Vec<(Level, String)> {
        lock(&self.0.logs).clone()
    }

    /// Makes the host refuse events from now on, or accept them again with `None`.
    pub fn refuse_events(&self, with: Option<EmitError>) {
        let status = with.map_or(Status::Ok, EmitError::status);
        self.0.answer.store(status.raw(), Ordering::Relaxed);
    }

    /// Limits every output from now on to this number of bytes.
    pub fn limit_output(&self, bytes: usize) {
        self.0.limit.store(bytes, Ordering::Relaxed);
    }

    fn with_output(&self, call: impl FnOnce(*mut raw::Out) -> RawStatus) -> Result<Vec<u8>, Error> {
        let memory = Box::into_raw(Box::new(Memory {
            out: raw::Out { data: ptr::null_mut(), len: 0, capacity: 0, reserve },
            bytes: Vec::new(),
            limit: self.0.limit.load(Ordering::Relaxed),
        }));
        let status = call(memory.cast());
        // SAFETY: created above, and the plugin does not use it after its return.
        let Memory { out, mut bytes, .. } = *unsafe { Box::from_raw(memory) };
        assert!(out.len <= bytes.len(), "the plugin wrote {} bytes into {}", out.len, bytes.len());
        bytes.truncate(out.len);
        match Status::from_raw(status) {
            Some(Status::Ok) => Ok(bytes),
            Some(status) => Err(Error::with_status(status, String::from_utf8_lossy(&bytes))),
            None => panic!("the plugin returned {status}, which is not a status"),
        }
    }
}

impl fmt::Debug for TestHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestHost").finish_non_exhaustive()
    }
}

/// An instance of a plugin. Dropping it drops the plugin.
pub struct TestInstance<P: Plugin> {
    host: TestHost,
    vtable: &'static raw::Plugin,
    state: *mut c_void,
    plugin: PhantomData<P>,
}

// SAFETY: the ABI lets a host call an instance from any thread, one at a time, and `Plugin` is `Send`.
unsafe impl<P: Plugin> Send for TestInstance<P> {}

impl<P: Plugin> TestInstance<P> {
    /// Calls [`Plugin::something`] and returns its output.
    ///
    /// # Errors
    /// The error that the plugin returned, [`Status::Panic`] if it panicked, and [`Status::Poisoned`] after
    /// that.
    ///
    /// # Panics
    /// If the plugin violated the contract: it wrote past its output or returned an undefined status.
    pub fn something(&mut self, input: &[u8]) -> Result<Vec<u8>, Error> {
        let (something, state) = (self.vtable.something, self.state);
        self.host.with_output(|out| {
            // SAFETY: as the ABI requires, `state` is alive, and `&mut self` rules out concurrent calls.
            unsafe { something(state, input.as_ptr(), input.len(), out) }
        })
    }
}

impl<P: Plugin> Drop for TestInstance<P> {
    fn drop(&mut self) {
        // SAFETY: `state` came from `new`, and this is its last use.
        unsafe { (self.vtable.drop)(self.state) };
    }
}

impl<P: Plugin> fmt::Debug for TestInstance<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestInstance").field("plugin", &P::NAME).finish_non_exhaustive()
    }
}

/// A plugin without kinds.
struct Bare<P>(PhantomData<P>);

impl<P: Plugin> Export for Bare<P> {
    type Plugin = P;
    const KINDS: &'static [Kind] = &[];
}

/// An output and its memory. `out` is the first member, so a pointer to it is also a pointer to both.
#[repr(C)]
struct Memory {
    out: raw::Out,
    bytes: Vec<u8>,
    limit: usize,
}

unsafe extern "C" fn reserve(out: *mut raw::Out, additional: usize) -> RawStatus {
    // SAFETY: every output of this host is the first member of a `Memory`.
    let memory = unsafe { &mut *out.cast::<Memory>() };
    match memory.out.len.checked_add(additional) {
        Some(needed) if needed <= memory.limit => {
            // Allocates exactly what is needed, at a new address each time, to reveal plugins that keep old
            // pointers.
            let mut bytes = vec![0; needed];
            bytes[..memory.out.len].copy_from_slice(&memory.bytes[..memory.out.len]);
            memory.bytes = bytes;
            memory.out.data = memory.bytes.as_mut_ptr();
            memory.out.capacity = needed;
            Status::Ok.raw()
        }
        _ => Status::NoMemory.raw(),
    }
}

unsafe extern "C" fn log(host: *const raw::Host, level: i32, message: *const c_char, len: usize) {
    // SAFETY: `ctx` is the host of `TestHost::new`, which lives as long as an instance; the message is
    // borrowed for the call.
    let (shared, message) =
        unsafe { (&*(*host).ctx.cast::<Shared>(), std::slice::from_raw_parts(message.cast(), len)) };
    let level = match level {
        0 => Level::Error,
        1 => Level::Warn,
        2 => Level::Info,
        3 => Level::Debug,
        _ => Level::Trace,
    };
    let message = String::from_utf8_lossy(message).into_owned();
    lock(&shared.logs).push((level, message));
}

unsafe extern "C" fn emit(host: *const raw::Host, data: *const u8, len: usize) -> RawStatus {
    // SAFETY: as for `log`.
    let (shared, event) = unsafe { (&*(*host).ctx.cast::<Shared>(), std::slice::from_raw_parts(data, len)) };
    let status = shared.answer.load(Ordering::Relaxed);
    if status == Status::Ok.raw() {
        lock(&shared.events).push(event.to_vec());
    }
    status
}

unsafe extern "C" fn get_extension(_host: *const raw::Host, _id: *const c_char) -> *const c_void {
    ptr::null()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
