//! The classic wrong type: `get_name` returns an integer, which a host that trusts it follows as a pointer.

use core::ffi::c_char;
use core::ptr;

use tenon::raw;

/// The ABI version, which is fine.
#[unsafe(no_mangle)]
pub extern "C" fn get_version() -> *const c_char {
    raw::ABI_VERSION.as_ptr()
}

/// An integer where a string is expected.
#[unsafe(no_mangle)]
pub extern "C" fn get_name() -> u32 {
    1234
}

/// Never called: the name is refused before.
#[unsafe(no_mangle)]
pub extern "C" fn get_plugin() -> *const raw::Plugin {
    ptr::null()
}
