//! Has the classic wrong type: `get_name` returns an integer, which a trusting host dereferences.

use core::ffi::c_char;
use core::ptr;

use tenon::raw;

/// Returns the ABI version, which is valid.
#[unsafe(no_mangle)]
pub extern "C" fn get_version() -> *const c_char {
    raw::ABI_VERSION.as_ptr()
}

/// Returns an integer where a string is expected.
#[unsafe(no_mangle)]
pub extern "C" fn get_name() -> u32 {
    1234
}

/// Returns NULL. Never called, because the name is refused first.
#[unsafe(no_mangle)]
pub extern "C" fn get_plugin() -> *const raw::Plugin {
    ptr::null()
}
