//! A plugin that is built with `panic = "abort"` (profile `abort` of the workspace). It does not use the SDK,
//! which refuses to be built that way.

use core::ffi::{c_char, c_void};

type Status = i32;

#[repr(C)]
struct Out {
    data: *mut u8,
    len: usize,
    capacity: usize,
    reserve: extern "C" fn(*mut Out, usize) -> Status,
}

type New = unsafe extern "C" fn(*const c_void, *const u8, usize, *mut *mut c_void, *mut Out) -> Status;
type Something = unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut Out) -> Status;

/// The vtable.
#[repr(C)]
pub struct Plugin {
    size: u32,
    flags: u32,
    get_version: extern "C" fn() -> *const c_char,
    get_name: extern "C" fn() -> *const c_char,
    new: New,
    drop: extern "C" fn(*mut c_void),
    something: Something,
    get_extension: Option<extern "C" fn(*const c_char) -> *const c_void>,
}

/// The descriptor.
#[repr(C)]
pub struct Descriptor {
    magic: [u8; 8],
    size: u32,
    abi: [u32; 3],
    pointer_size: u8,
    endian: u8,
    reserved: u16,
    vtable_size: u32,
    flags: u32,
    reserved2: u32,
    name: [u8; 64],
    version: [u8; 32],
    kinds: [u8; 256],
}

const fn padded<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < text.len() {
        bytes[i] = text[i];
        i += 1;
    }
    bytes
}

/// The facts that a host reads from the file.
// SAFETY: the section holds only this item.
#[unsafe(link_section = ".tenon")]
// SAFETY: no other symbol of the library has this name.
#[unsafe(no_mangle)]
#[used]
pub static tenon_descriptor: Descriptor = Descriptor {
    magic: *b"TENON\0\0\x01",
    size: size_of::<Descriptor>() as u32,
    abi: [1, 0, 0],
    pointer_size: 8,
    endian: 1,
    reserved: 0,
    vtable_size: size_of::<Plugin>() as u32,
    flags: 0,
    reserved2: 0,
    name: padded(b"file-unwind"),
    version: padded(b"1.0.0"),
    kinds: [0; 256],
};

static PLUGIN: Plugin = Plugin {
    size: size_of::<Plugin>() as u32,
    flags: 0,
    get_version,
    get_name,
    new,
    drop,
    something,
    get_extension: None,
};

/// Returns the version of the ABI.
// SAFETY: no other symbol of the library has this name.
#[unsafe(no_mangle)]
pub extern "C" fn get_version() -> *const c_char {
    c"1.0.0".as_ptr()
}

/// Returns the name of the plugin.
// SAFETY: no other symbol of the library has this name.
#[unsafe(no_mangle)]
pub extern "C" fn get_name() -> *const c_char {
    c"file-unwind".as_ptr()
}

/// Returns the vtable.
// SAFETY: no other symbol of the library has this name.
#[unsafe(no_mangle)]
pub extern "C" fn get_plugin() -> *const Plugin {
    &PLUGIN
}

unsafe extern "C" fn new(
    _host: *const c_void,
    _config: *const u8,
    _length: usize,
    state: *mut *mut c_void,
    _error: *mut Out,
) -> Status {
    // SAFETY: the host passes memory for the pointer.
    unsafe { *state = core::ptr::null_mut() };
    0
}

extern "C" fn drop(_state: *mut c_void) {}

/// Reverses its input. It can panic although no input makes it panic: otherwise the linker would remove the code
/// that the check looks for.
unsafe extern "C" fn something(_state: *mut c_void, input: *const u8, length: usize, out: *mut Out) -> Status {
    assert!(length <= isize::MAX as usize, "an input of {length} bytes");
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(length).is_err() {
        return 5;
    }
    if length > 0 {
        // SAFETY: the host lends `length` bytes until this returns.
        bytes.extend_from_slice(unsafe { core::slice::from_raw_parts(input, length) });
    }
    bytes.reverse();
    // SAFETY: the host lends the output to this call alone.
    let out = unsafe { &mut *out };
    if out.capacity - out.len < length {
        let status = (out.reserve)(out, length);
        if status != 0 {
            return status;
        }
    }
    if length > 0 {
        // SAFETY: there is room for `length` bytes after the written ones.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), out.data.add(out.len), length) };
    }
    out.len += length;
    0
}
