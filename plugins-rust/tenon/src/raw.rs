//! The ABI as `include/tenon.h` has it, member by member.
//!
//! Plugins never need this module. It is for code that speaks the ABI itself: hosts written in Rust, tests, and plugins
//! that are wrong on purpose.

use core::ffi::{c_char, c_void};
use core::mem::{offset_of, size_of};

/// `tenon_status`: a number on the wire, see [`Status`](crate::Status) for its meaning.
pub type RawStatus = i32;

/// The ABI version that this crate writes into plugins: the oldest minor that has all it uses.
pub const ABI_VERSION: &core::ffi::CStr = c"1.0.0";

/// `TENON_SINGLETON`: at most one instance at a time in one process.
pub const SINGLETON: u32 = 1 << 1;
/// `TENON_DETERMINISTIC`: calls of fresh instances with one config and one input have one result.
pub const DETERMINISTIC: u32 = 1 << 2;

/// `tenon_out`: memory of the host that a plugin appends to.
#[repr(C)]
#[derive(Debug)]
pub struct Out {
    /// Start of the memory; may be NULL while `capacity` is 0.
    pub data: *mut u8,
    /// Bytes written so far.
    pub len: usize,
    /// Bytes that fit.
    pub capacity: usize,
    /// Makes room for so many more bytes behind `len`; may move `data`.
    pub reserve: unsafe extern "C" fn(out: *mut Out, additional: usize) -> RawStatus,
}

/// `tenon_host`: the host, as a plugin sees it.
#[repr(C)]
#[derive(Debug)]
pub struct Host {
    /// `sizeof(tenon_host)` as the host was compiled.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// The host's own.
    pub ctx: *mut c_void,
    /// Hands over a UTF-8 message. Any thread.
    pub log: unsafe extern "C" fn(host: *const Host, level: i32, message: *const c_char, len: usize),
    /// Hands over an event. Any thread.
    pub emit: unsafe extern "C" fn(host: *const Host, data: *const u8, len: usize) -> RawStatus,
    /// A further service of the host by its id, or NULL. Any thread.
    pub get_extension: unsafe extern "C" fn(host: *const Host, id: *const c_char) -> *const c_void,
}

/// `tenon_method`: the signature of `something` and of every method of every kind.
pub type Method =
    unsafe extern "C" fn(state: *mut c_void, input: *const u8, input_len: usize, out: *mut Out) -> RawStatus;

/// The type of the slot `new`.
pub type New = unsafe extern "C" fn(
    host: *const Host,
    config: *const u8,
    config_len: usize,
    state: *mut *mut c_void,
    error: *mut Out,
) -> RawStatus;

/// `tenon_plugin`: the vtable.
#[repr(C)]
#[derive(Debug)]
pub struct Plugin {
    /// `sizeof(tenon_plugin)` as the plugin was compiled.
    pub size: u32,
    /// [`SINGLETON`] and its like.
    pub flags: u32,
    /// The ABI version.
    pub get_version: extern "C" fn() -> *const c_char,
    /// The plugin's name.
    pub get_name: extern "C" fn() -> *const c_char,
    /// Makes an instance.
    pub new: New,
    /// Ends an instance.
    pub drop: unsafe extern "C" fn(state: *mut c_void),
    /// Does one unit of the plugin's work.
    pub something: Method,
    /// The method table of a kind by its id, `math/1` for example.
    pub get_extension: Option<unsafe extern "C" fn(id: *const c_char) -> *const c_void>,
}

/// The method table of a kind: two numbers, then the methods.
#[repr(C)]
#[derive(Debug)]
pub struct MethodTable<const N: usize> {
    /// Bytes in the table, this member included.
    pub size: u32,
    /// Methods in the table.
    pub count: u32,
    /// The methods, by slot.
    pub methods: [Method; N],
}

/// `tenon_descriptor_t`: facts that a host reads from the file's bytes before it loads the library.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// [`DESCRIPTOR_MAGIC`].
    pub magic: [u8; 8],
    /// Bytes in the descriptor.
    pub size: u32,
    /// Major of the ABI.
    pub abi_major: u32,
    /// Minor of the ABI.
    pub abi_minor: u32,
    /// Patch of the ABI.
    pub abi_patch: u32,
    /// 8.
    pub pointer_size: u8,
    /// 1: little.
    pub endian: u8,
    /// Zero.
    pub reserved: u16,
    /// `sizeof(tenon_plugin)`.
    pub vtable_size: u32,
    /// As in the vtable.
    pub flags: u32,
    /// Zero.
    pub reserved2: u32,
    /// As `get_name` gives it, NUL padded.
    pub name: [u8; 64],
    /// The plugin's own version, NUL padded.
    pub version: [u8; 32],
    /// `codec/1.0.0;connector/1.0.0`, NUL padded.
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
