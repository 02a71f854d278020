//! Panics in `get_name`, written by hand without the barrier of the SDK. A panic in an `extern "C"` function
//! aborts.
#![forbid(unsafe_code)]

tenon_faults::entry_points! {
    get_version: c"1.0.0".as_ptr(),
    get_name: panic!("get_name panics"),
    get_plugin: core::ptr::null(),
}
