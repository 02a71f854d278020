//! Panics in `get_plugin`, written by hand without the barrier of the SDK. A panic in an `extern "C"`
//! function aborts.
#![forbid(unsafe_code)]

tenon_faults::entry_points! {
    get_version: c"1.0.0".as_ptr(),
    get_name: c"panic-get-plugin-rs".as_ptr(),
    get_plugin: panic!("get_plugin panics"),
}
