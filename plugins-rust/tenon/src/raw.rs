//! The ABI of `include/tenon.h`, member by member.
//!
//! Plugins never need this module. It is for code that uses the ABI directly: hosts written in Rust, tests,
//! and plugins that are faulty on purpose.

use core::ffi::{c_char, c_void};
use core::mem::{offset_of, size_of};

/// The type `tenon_status`: a number, see [`Status`](crate::Status) for its meaning.
pub type RawStatus = i32;

/// The ABI version of plugins that use this crate: the oldest minor version that has every member the crate
/// uses.
pub const ABI_VERSION: &core::ffi::CStr = c"1.0.0";

/// The flag `TENON_SINGLETON`: at most one instance at a time in one process.
pub const SINGLETON: u32 = 1 << 1;
/// The flag `TENON_DETERMINISTIC`: on a fresh instance, equal config and equal input give an equal result.
pub const DETERMINISTIC: u32 = 1 << 2;

/// The type `tenon_out`: memory of the host that a plugin appends to. Owned by the host, and valid until the
/// call returns.
#[repr(C)]
#[derive(Debug)]
pub struct Out {
    /// Start of the memory. It may be NULL while `capacity` is 0.
    pub data: *mut u8,
    /// Number of bytes written so far.
    pub len: usize,
    /// Number of bytes that fit.
    pub capacity: usize,
    /// Makes room for `additional` bytes after `len`, and may move `data`.
    pub reserve: unsafe extern "C" fn(out: *mut Out, additional: usize) -> RawStatus,
}

/// The type `tenon_host`: the host of an instance. Owned by the host, and valid until `drop` returns.
#[repr(C)]
#[derive(Debug)]
pub struct Host {
    /// `sizeof(tenon_host)` when the host was compiled.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// Owned by the host.
    pub ctx: *mut c_void,
    /// Sends a UTF-8 message of `len` bytes, which is copied. Any thread.
    pub log: unsafe extern "C" fn(host: *const Host, level: i32, message: *const c_char, len: usize),
    /// Sends an event of `len` bytes, which is copied. Any thread.
    pub emit: unsafe extern "C" fn(host: *const Host, data: *const u8, len: usize) -> RawStatus,
    /// Returns a further service of the host, or NULL. Any thread.
    pub get_extension: unsafe extern "C" fn(host: *const Host, id: *const c_char) -> *const c_void,
}

/// The id of the host's extension `TENON_ORIGIN`.
pub const ORIGIN: &core::ffi::CStr = c"tenon.origin/1";

/// The type `tenon_method`: the signature of `something` and of every method of a kind.
pub type Method =
    unsafe extern "C" fn(state: *mut c_void, input: *const u8, input_len: usize, out: *mut Out) -> RawStatus;

/// The signature of the slot `new`.
pub type New = unsafe extern "C" fn(
    host: *const Host,
    config: *const u8,
    config_len: usize,
    state: *mut *mut c_void,
    error: *mut Out,
) -> RawStatus;

/// The type `tenon_plugin`: the vtable of a plugin, in static storage.
#[repr(C)]
#[derive(Debug)]
pub struct Plugin {
    /// `sizeof(tenon_plugin)` when the plugin was compiled.
    pub size: u32,
    /// A combination of [`SINGLETON`] and the other flags.
    pub flags: u32,
    /// Returns the ABI version. Any thread.
    pub get_version: extern "C" fn() -> *const c_char,
    /// Returns the plugin's name. Any thread.
    pub get_name: extern "C" fn() -> *const c_char,
    /// Creates an instance. Any thread.
    pub new: New,
    /// Destroys an instance.
    pub drop: unsafe extern "C" fn(state: *mut c_void),
    /// Does one unit of the plugin's work.
    pub something: Method,
    /// Returns the method table of a kind by its id, for example `math/1`, or NULL. Any thread.
    pub get_extension: Option<unsafe extern "C" fn(id: *const c_char) -> *const c_void>,
}

/// The method table of a kind: two numbers, followed by the methods.
#[repr(C)]
#[derive(Debug)]
pub struct MethodTable<const N: usize> {
    /// Size of the table in bytes, including this member.
    pub size: u32,
    /// Number of methods.
    pub count: u32,
    /// The methods in the order of their slots.
    pub methods: [Method; N],
}

/// The type `tenon_descriptor_t`: facts that a host reads from the file before it loads the library.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// The constant [`DESCRIPTOR_MAGIC`].
    pub magic: [u8; 8],
    /// Size of the descriptor in bytes.
    pub size: u32,
    /// Major version of the ABI.
    pub abi_major: u32,
    /// Minor version of the ABI.
    pub abi_minor: u32,
    /// Patch version of the ABI.
    pub abi_patch: u32,
    /// Size of a pointer in bytes: 8.
    pub pointer_size: u8,
    /// Byte order: 1 for little-endian.
    pub endian: u8,
    /// Zero.
    pub reserved: u16,
    /// `sizeof(tenon_plugin)`.
    pub vtable_size: u32,
    /// The same flags as in the vtable.
    pub flags: u32,
    /// Zero.
    pub reserved2: u32,
    /// The name that `get_name` returns, padded with NUL.
    pub name: [u8; 64],
    /// The plugin's own version, padded with NUL.
    pub version: [u8; 32],
    /// The kinds, `codec/1.0.0;connector/1.0.0`, padded with NUL.
    pub kinds: [u8; 256],
}

/// The first bytes of every descriptor.
pub const DESCRIPTOR_MAGIC: [u8; 8] = *b"TENON\0\0\x01";

macro_rules! pinned {
    ($type:ty, $size:literal, $($member:ident: $offset:literal),+) => {
        const _: () = {
            assert!(size_of::<$type>() == $size);
            $(assert!(offset_of!($type, $member) == $offset);)+
        };
    };
}

const _: () =
    assert!(size_of::<usize>() == 8 && cfg!(target_endian = "little"), "tenon plugins are 64-bit and little-endian");
pinned!(Out, 32, data: 0, len: 8, capacity: 16, reserve: 24);
pinned!(Host, 40, size: 0, reserved: 4, ctx: 8, log: 16, emit: 24, get_extension: 32);
pinned!(
    Plugin, 56, size: 0, flags: 4, get_version: 8, get_name: 16, new: 24, drop: 32, something: 40,
    get_extension: 48
);
pinned!(MethodTable<2>, 24, size: 0, count: 4, methods: 8);
pinned!(
    Descriptor, 392, magic: 0, size: 8, abi_major: 12, abi_minor: 16, abi_patch: 20, pointer_size: 24,
    endian: 25, reserved: 26, vtable_size: 28, flags: 32, reserved2: 36, name: 40, version: 104, kinds: 136
);
