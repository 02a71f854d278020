//! The functions of the vtable. They convert raw arguments to safe ones, call the plugin, and convert its
//! result to a status.

use core::ffi::{CStr, c_char, c_void};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::cursors::Cursors;
use crate::error::Error;
use crate::export::{Export, flags, name_bytes};
use crate::host::{Host, Level};
use crate::output::Output;
use crate::panics::{Panicked, catch, install_hook};
use crate::plugin::Plugin;
use crate::raw::{self, RawStatus};
use crate::status::Status;

/// The memory that the ABI's `state` pointer refers to.
struct Instance<P> {
    gate: AtomicU8,
    host: Host,
    work: UnsafeCell<Work<P>>,
}

/// The parts of an instance that a call may change.
struct Work<P> {
    // Dropped first: a cursor may use what the plugin set up.
    cursors: Cursors,
    plugin: P,
}

// The states of an instance's gate.
const READY: u8 = 0;
const RUNNING: u8 = 1;
const POISONED: u8 = 2;

/// One method of a plugin, as a type, so that each method has its own C function.
pub trait Method<P: Plugin> {
    /// Calls the method.
    fn call(plugin: &mut P, cursors: &mut Cursors, input: &[u8], out: &mut Output<'_>) -> Result<(), Error>;
}

/// [`Plugin::something`] as a method.
pub struct Something;

impl<P: Plugin> Method<P> for Something {
    fn call(plugin: &mut P, _: &mut Cursors, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        plugin.something(input, out)
    }
}

/// Returns the vtable of a plugin, which is built at compile time.
pub const fn vtable<E: Export>() -> &'static raw::Plugin {
    const {
        &raw::Plugin {
            size: size_of::<raw::Plugin>() as u32,
            flags: flags::<E::Plugin>(),
            get_version,
            get_name: get_name::<E::Plugin>,
            new: new::<E::Plugin>,
            drop: drop_instance::<E::Plugin>,
            something: method::<E::Plugin, Something>,
            get_extension: Some(get_extension::<E>),
        }
    }
}

/// Returns the ABI version, NUL-terminated.
pub extern "C" fn get_version() -> *const c_char {
    raw::ABI_VERSION.as_ptr()
}

/// Returns the plugin's name, NUL-terminated.
pub extern "C" fn get_name<P: Plugin>() -> *const c_char {
    let name: &'static [u8; 64] = const { &name_bytes(P::NAME) };
    name.as_ptr().cast()
}

unsafe extern "C" fn new<P: Plugin>(
    host: *const raw::Host,
    config: *const u8,
    config_len: usize,
    state: *mut *mut c_void,
    error: *mut raw::Out,
) -> RawStatus {
    // SAFETY: by the ABI, `host` is valid until `drop` returns or `new` fails, and the link is closed before
    // either.
    let host = unsafe { Host::connect(host) };
    // SAFETY: by the ABI, `config` is borrowed until return.
    let config = unsafe { borrow(config, config_len) };
    // SAFETY: by the ABI, `error` is valid until return.
    let error = unsafe { Output::from_raw(error) };
    install_hook();
    let made = catch(|| {
        let config = std::str::from_utf8(config).map_err(|e| Error::invalid(format_args!("the config: {e}")))?;
        P::new(host.clone(), config)
    });
    let failure = match made {
        Ok(Ok(plugin)) => {
            let work = UnsafeCell::new(Work { cursors: Cursors::default(), plugin });
            let instance = Box::new(Instance { gate: AtomicU8::new(READY), host, work });
            // SAFETY: by the ABI, `state` points to memory for the pointer.
            unsafe { ptr::write(state, Box::into_raw(instance).cast()) };
            return Status::Ok.raw();
        }
        Ok(Err(error)) => Ok(Err(error)),
        Err(panic) => Err(panic),
    };
    host.close();
    answer(error, failure)
}

unsafe extern "C" fn drop_instance<P: Plugin>(state: *mut c_void) {
    // SAFETY: by the ABI, `state` comes from `new`, and `drop` is the last call with it.
    let Instance { host, work, .. } = *unsafe { Box::from_raw(state.cast::<Instance<P>>()) };
    // The plugin's threads may use the host while the plugin is dropped, but not afterwards.
    if let Err(panic) = catch(|| drop(work)) {
        panic.with_message(|text| host.log(Level::Error, format_args!("{}: drop panicked: {text}", P::NAME)));
    }
    host.close();
}

/// The C function of a method. The macro stores it in the method table of a kind.
///
/// # Safety
/// As the ABI requires for `something`: `state` must be a live instance of `P`, no other call of it may run
/// on another thread, and `input` and `out` must be valid until return.
pub unsafe extern "C" fn method<P: Plugin, M: Method<P>>(
    state: *mut c_void,
    input: *const u8,
    input_len: usize,
    out: *mut raw::Out,
) -> RawStatus {
    // SAFETY: by the ABI, `state` comes from `new` and was not dropped.
    let instance = unsafe { &*state.cast::<Instance<P>>() };
    // SAFETY: by the ABI, `out` is valid until return.
    let mut out = unsafe { Output::from_raw(out) };
    // The ABI forbids concurrent calls, so loads and stores are enough to detect a call from within a call.
    match instance.gate.load(Ordering::Acquire) {
        READY => {}
        RUNNING => return refuse(out, Status::Busy, "the instance is in the middle of another call"),
        _ => return refuse(out, Status::Poisoned, "an earlier call of this instance panicked; make a new one"),
    }
    instance.gate.store(RUNNING, Ordering::Relaxed);
    // SAFETY: by the ABI, `input` is borrowed until return.
    let input = unsafe { borrow(input, input_len) };
    let result = catch(|| {
        // SAFETY: the gate admits one call at a time, and `drop` comes after the last call.
        let Work { plugin, cursors } = unsafe { &mut *instance.work.get() };
        M::call(plugin, cursors, input, &mut out)
    });
    let gate = if result.is_ok() { READY } else { POISONED };
    instance.gate.store(gate, Ordering::Release);
    answer(out, result)
}

unsafe extern "C" fn get_extension<E: Export>(id: *const c_char) -> *const c_void {
    // SAFETY: by the ABI, `id` is a NUL-terminated string.
    let id = unsafe { CStr::from_ptr(id) };
    let kind = E::KINDS.iter().find(|kind| kind.has_id(id.to_bytes()));
    kind.map_or(ptr::null(), |kind| kind.table)
}

/// Borrows the bytes of an argument.
///
/// # Safety
/// `data` must point to `len` bytes that do not change during `'a`. It may be any pointer if `len` is 0.
unsafe fn borrow<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: required of the caller.
    unsafe { std::slice::from_raw_parts(data, len) }
}

/// Returns the status of a finished call. On failure the output holds the message instead of a result.
#[inline]
fn answer(out: Output<'_>, result: Result<Result<(), Error>, Panicked>) -> RawStatus {
    match result {
        Ok(Ok(())) => Status::Ok.raw(),
        Ok(Err(error)) => refuse(out, error.status(), error.message()),
        Err(panic) => panic.with_message(|text| refuse(out, Status::Panic, text)),
    }
}

#[cold]
fn refuse(mut out: Output<'_>, status: Status, message: &str) -> RawStatus {
    out.clear();
    // If the message does not fit, the status alone must do.
    let _ = out.append(message.as_bytes());
    status.raw()
}
