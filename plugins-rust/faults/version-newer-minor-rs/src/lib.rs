//! Built for ABI 1.99.0. Both `get_name` and `get_plugin` abort, but a host that refuses the version never
//! calls them.
#![forbid(unsafe_code)]

tenon_faults::entry_points! {
    get_version: c"1.99.0".as_ptr(),
    get_name: std::process::abort(),
    get_plugin: std::process::abort(),
}
