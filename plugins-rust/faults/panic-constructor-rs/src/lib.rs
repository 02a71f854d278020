//! Panics in a constructor, which the loader runs before any entry point. Nothing can catch that panic, so
//! Rust aborts.

use core::ffi::CStr;

use tenon_faults::entry_points;

#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
#[cfg_attr(not(any(target_vendor = "apple", windows)), unsafe(link_section = ".init_array"))]
static CONSTRUCTOR: extern "C" fn() = constructor;

extern "C" fn constructor() {
    panic!("a constructor panics");
}

const NAME: &CStr = c"panic-constructor-rs";

entry_points! {
    get_version: c"1.0.0".as_ptr(),
    get_name: NAME.as_ptr(),
    get_plugin: core::ptr::null(),
}
