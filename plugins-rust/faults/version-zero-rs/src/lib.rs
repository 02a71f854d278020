//! Built for ABI 0.0.0. Both `get_name` and `get_plugin` abort: a host that refuses the version never gets there.
#![forbid(unsafe_code)]

tenon_faults::entry_points! {
    get_version: c"0.0.0".as_ptr(),
    get_name: std::process::abort(),
    get_plugin: std::process::abort(),
}
