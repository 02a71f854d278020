/// Makes a library a plugin: writes its entry points, its vtable and its descriptor. Use it once per crate,
/// with `crate-type = ["cdylib"]` in `Cargo.toml`.
///
/// ```
/// # use tenon::{Error, Host, Output, Plugin};
/// # struct Greet;
/// # impl Plugin for Greet {
/// #     const NAME: &'static str = "greet";
/// #     const VERSION: &'static str = "1.0.0";
/// #     fn new(_host: Host, _config: &str) -> Result<Self, Error> { Ok(Greet) }
/// #     fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> { out.append(input) }
/// # }
/// tenon::plugin!(Greet);
/// # fn main() {}
/// ```
///
/// A typed plugin also lists its kinds, each with its version and its methods in the order of their slots. A
/// method is anything that can be called like [`Plugin::something`](crate::Plugin::something). A later minor
/// version appends new methods and never moves existing ones. The host finds `math/1.0.0` under the id
/// `math/1`.
///
/// ```
/// # use tenon::{Error, Host, Output, Plugin};
/// # struct Math;
/// # impl Plugin for Math {
/// #     const NAME: &'static str = "math-rs";
/// #     const VERSION: &'static str = "1.0.0";
/// #     fn new(_host: Host, _config: &str) -> Result<Self, Error> { Ok(Math) }
/// #     fn something(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
/// #         Err(Error::unsupported("use the kind math"))
/// #     }
/// # }
/// impl Math {
///     fn min(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
///         let (a, b) = operands(input)?;
///         out.append(&a.min(b).to_le_bytes())
///     }
///     fn max(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
///         let (a, b) = operands(input)?;
///         out.append(&a.max(b).to_le_bytes())
///     }
/// }
///
/// fn operands(input: &[u8]) -> Result<(i32, i32), Error> {
///     let Some((a, b)) = input.split_first_chunk::<4>() else {
///         return Err(Error::invalid("two i32 are expected"));
///     };
///     Ok((i32::from_le_bytes(*a), i32::from_le_bytes(b.try_into()?)))
/// }
///
/// tenon::plugin!(Math, kinds: { "math/1.0.0" => [Math::min, Math::max] });
/// # fn main() {}
/// ```
///
/// The generated module of a kind (`tenon kind bind text.kind.json --lang rust`) has a trait with typed methods. The
/// plugin implements it, and names the module in place of the methods:
///
/// ```ignore
/// #[rustfmt::skip]
/// mod text_1;
///
/// impl text_1::Text for Grep { /* … */ }
///
/// tenon::plugin!(Grep, kinds: { text_1 });
/// ```
///
/// An invalid name, version or kind is a compile error:
///
/// ```compile_fail
/// # use tenon::{Error, Host, Output, Plugin};
/// # struct Greet;
/// # impl Plugin for Greet {
/// const NAME: &'static str = "has spaces";
/// #     const VERSION: &'static str = "1.0.0";
/// #     fn new(_host: Host, _config: &str) -> Result<Self, Error> { Ok(Greet) }
/// #     fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> { out.append(input) }
/// # }
/// tenon::plugin!(Greet);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! plugin {
    ($plugin:ty $(,)?) => {
        $crate::__plugin!($plugin, []);
    };
    ($plugin:ty, kinds: { $($kind:literal => [$($method:expr),* $(,)?]),* $(,)? } $(,)?) => {
        $crate::__plugin!($plugin, [$(
            $crate::__private::Kind {
                spec: $kind,
                table: {
                    const METHODS: &[$crate::raw::Method] = &[$({
                        struct Thunk;
                        impl $crate::__private::Method<$plugin> for Thunk {
                            fn call(
                                plugin: &mut $plugin,
                                _: &mut $crate::__private::Cursors,
                                input: &[u8],
                                out: &mut $crate::Output<'_>,
                            ) -> ::core::result::Result<(), $crate::Error> {
                                // A function pointer, so that a closure needs no type annotations.
                                const METHOD: fn(
                                    &mut $plugin,
                                    &[u8],
                                    &mut $crate::Output<'_>,
                                ) -> ::core::result::Result<(), $crate::Error> = $method;
                                METHOD(plugin, input, out)
                            }
                        }
                        $crate::__private::method::<$plugin, Thunk>
                    }),*];
                    const TABLE: &$crate::raw::MethodTable<{ METHODS.len() }> =
                        &$crate::__private::table(METHODS);
                    ::core::ptr::from_ref(TABLE).cast()
                },
            }
        ),*]);
    };
    ($plugin:ty, kinds: { $($($module:ident)::+),+ $(,)? } $(,)?) => {
        $crate::__plugin!($plugin, [$(<$($module)::+::Kind as $crate::__private::Typed<$plugin>>::KIND),+]);
    };
}

/// Writes the exports of a plugin whose kinds are an array of `Kind`.
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin {
    ($plugin:ty, $kinds:expr) => {
        const _: () = {
            struct Exports;

            impl $crate::__private::Export for Exports {
                type Plugin = $plugin;
                const KINDS: &'static [$crate::__private::Kind] = &$kinds;
            }

            // A custom section without pointers and padding, so that the bytes in the file are final.
            #[unsafe(no_mangle)]
            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__tenon"))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".tenon"))]
            #[allow(non_upper_case_globals)]
            pub static tenon_descriptor: $crate::raw::Descriptor = $crate::__private::descriptor::<Exports>();

            #[unsafe(no_mangle)]
            pub extern "C" fn get_version() -> *const ::core::ffi::c_char {
                $crate::__private::get_version()
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn get_name() -> *const ::core::ffi::c_char {
                $crate::__private::get_name::<$plugin>()
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn get_plugin() -> *const $crate::raw::Plugin {
                $crate::__private::vtable::<Exports>()
            }
        };
    };
}
