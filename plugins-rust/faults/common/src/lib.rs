//! Entry points written by hand, for plugins with faults that the SDK does not allow.

pub use tenon::raw::Plugin;

/// Exports the three entry points without a descriptor. Each has the given expression as its body.
#[macro_export]
macro_rules! entry_points {
    (get_version: $version:expr, get_name: $name:expr, get_plugin: $plugin:expr $(,)?) => {
        /// Returns the ABI version.
        #[unsafe(no_mangle)]
        pub extern "C" fn get_version() -> *const ::core::ffi::c_char {
            $version
        }

        /// Returns the name.
        #[unsafe(no_mangle)]
        pub extern "C" fn get_name() -> *const ::core::ffi::c_char {
            $name
        }

        /// Returns the vtable.
        #[unsafe(no_mangle)]
        pub extern "C" fn get_plugin() -> *const $crate::Plugin {
            $plugin
        }
    };
}
