//! Entry points by hand, for plugins that are wrong in a way that the SDK does not allow.

pub use tenon::raw::Plugin;

/// Exports the three entry points, each with the given expression as its body, and no descriptor.
#[macro_export]
macro_rules! entry_points {
    (get_version: $version:expr, get_name: $name:expr, get_plugin: $plugin:expr $(,)?) => {
        /// The ABI version.
        #[unsafe(no_mangle)]
        pub extern "C" fn get_version() -> *const ::core::ffi::c_char {
            $version
        }

        /// The name.
        #[unsafe(no_mangle)]
        pub extern "C" fn get_name() -> *const ::core::ffi::c_char {
            $name
        }

        /// The vtable.
        #[unsafe(no_mangle)]
        pub extern "C" fn get_plugin() -> *const $crate::Plugin {
            $plugin
        }
    };
}
