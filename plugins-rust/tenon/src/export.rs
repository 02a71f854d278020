//! The parts that [`plugin!`](crate::plugin!) builds at compile time: names, kinds and the descriptor.

use core::ffi::c_void;

use crate::plugin::Plugin;
use crate::raw::{self, MethodTable};

/// A plugin and its kinds, as passed to the macro.
pub trait Export: 'static {
    /// The type of the plugin.
    type Plugin: Plugin;
    /// The kinds of the plugin, in the order of the macro's arguments.
    const KINDS: &'static [Kind];
}

/// One kind: its name and version, and its method table.
pub struct Kind {
    /// The name and the version: `math/1.0.0`.
    pub spec: &'static str,
    /// The [`MethodTable`], in static storage.
    pub table: *const c_void,
}

/// A generated kind, for the plugin `P` that implements its trait.
pub trait Typed<P> {
    /// The kind.
    const KIND: Kind;
}

/// Makes a kind from its method table.
pub const fn typed<const N: usize>(spec: &'static str, table: &'static MethodTable<N>) -> Kind {
    Kind { spec, table: core::ptr::from_ref(table).cast() }
}

impl Kind {
    /// Returns whether `id` is the id of this kind. `math/1.2.0` has the id `math/1` and no other.
    pub fn has_id(&self, id: &[u8]) -> bool {
        id == &self.spec.as_bytes()[..id_len(self.spec.as_bytes())]
    }
}

/// Returns the length of the id in a kind's spec: everything before the dot that follows the major.
const fn id_len(spec: &[u8]) -> usize {
    let mut i = 0;
    while spec[i] != b'/' {
        i += 1;
    }
    while spec[i] != b'.' {
        i += 1;
    }
    i
}

/// Returns the flags of the vtable and the descriptor.
pub const fn flags<P: Plugin>() -> u32 {
    let singleton = if P::SINGLETON { raw::SINGLETON } else { 0 };
    let deterministic = if P::DETERMINISTIC { raw::DETERMINISTIC } else { 0 };
    singleton | deterministic
}

/// Builds the method table of a kind.
pub const fn table<const N: usize>(methods: &[raw::Method]) -> MethodTable<N> {
    let Some(methods) = methods.first_chunk::<N>() else {
        panic!("the macro counts the methods itself");
    };
    MethodTable { size: size_of::<MethodTable<N>>() as u32, count: N as u32, methods: *methods }
}

/// Returns the name, padded with at least one NUL.
pub const fn name_bytes(name: &str) -> [u8; 64] {
    assert!(is_name(name.as_bytes()), "NAME: a plugin's name has 1 to 63 bytes of [A-Za-z0-9._-]");
    padded(name)
}

/// Builds the descriptor of a plugin. Anything invalid in it is a compile error here.
pub const fn descriptor<E: Export>() -> raw::Descriptor {
    let version = <E::Plugin as Plugin>::VERSION;
    assert!(
        is_version(version.as_bytes()) && version.len() < 32,
        "VERSION: a plugin's version is a semantic version of at most 31 bytes: 1.0.0"
    );
    raw::Descriptor {
        magic: raw::DESCRIPTOR_MAGIC,
        size: size_of::<raw::Descriptor>() as u32,
        abi_major: 1,
        abi_minor: 0,
        abi_patch: 0,
        pointer_size: size_of::<usize>() as u8,
        endian: 1,
        reserved: 0,
        vtable_size: size_of::<raw::Plugin>() as u32,
        flags: flags::<E::Plugin>(),
        reserved2: 0,
        name: name_bytes(<E::Plugin as Plugin>::NAME),
        version: padded(version),
        kinds: joined(E::KINDS),
    }
}
const _: () = assert!(matches!(raw::ABI_VERSION.to_bytes(), b"1.0.0"));

/// Joins the kinds: `math/1.0.0;codec/2.1.0`.
const fn joined(kinds: &[Kind]) -> [u8; 256] {
    let mut bytes = [0; 256];
    let mut len = 0;
    let mut i = 0;
    while i < kinds.len() {
        let spec = kinds[i].spec.as_bytes();
        assert!(is_kind(spec), "kinds: a kind is written NAME/MAJOR.MINOR.PATCH: \"math/1.0.0\"");
        let (used, _) = kinds.split_at(i);
        assert!(!has_same_id(used, spec), "kinds: the same kind and major is given twice");
        assert!(len + spec.len() + 1 < bytes.len(), "kinds: the list of kinds has at most 255 bytes");
        if i > 0 {
            bytes[len] = b';';
            len += 1;
        }
        let mut j = 0;
        while j < spec.len() {
            bytes[len] = spec[j];
            len += 1;
            j += 1;
        }
        i += 1;
    }
    bytes
}

const fn has_same_id(kinds: &[Kind], spec: &[u8]) -> bool {
    let mut i = 0;
    while i < kinds.len() {
        if same(kinds[i].spec.as_bytes(), spec, id_len(spec) + 1) {
            return true;
        }
        i += 1;
    }
    false
}

/// Returns whether the first `len` bytes of both are equal.
const fn same(a: &[u8], b: &[u8], len: usize) -> bool {
    let mut i = 0;
    while i < len {
        if i >= a.len() || i >= b.len() || a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < text.len() {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

const fn is_name(name: &[u8]) -> bool {
    let mut i = 0;
    while i < name.len() {
        if !is_name_byte(name[i]) {
            return false;
        }
        i += 1;
    }
    i > 0 && i < 64
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// Returns whether `spec` has the form `NAME/MAJOR.MINOR.PATCH`.
const fn is_kind(spec: &[u8]) -> bool {
    let mut i = 0;
    while i < spec.len() && spec[i] != b'/' {
        i += 1;
    }
    if i == spec.len() {
        return false;
    }
    let (name, rest) = spec.split_at(i);
    let (_, version) = rest.split_at(1);
    let Some(core) = core_len(version) else {
        return false;
    };
    is_name(name) && core == version.len()
}

/// Returns whether `version` is `MAJOR.MINOR.PATCH`, optionally followed by `-pre.release` and `+build`.
const fn is_version(version: &[u8]) -> bool {
    let Some(core) = core_len(version) else {
        return false;
    };
    if core == version.len() {
        return true;
    }
    if version[core] != b'-' && version[core] != b'+' {
        return false;
    }
    let mut i = core + 1;
    while i < version.len() {
        if !(version[i].is_ascii_alphanumeric() || matches!(version[i], b'.' | b'-' | b'+')) {
            return false;
        }
        i += 1;
    }
    core + 1 < version.len()
}

/// Returns the length of the three numbers at the start of a version, or `None` if it does not begin with
/// three numbers.
const fn core_len(version: &[u8]) -> Option<usize> {
    let mut i = 0;
    let mut part = 0;
    while part < 3 {
        if part > 0 {
            if i >= version.len() || version[i] != b'.' {
                return None;
            }
            i += 1;
        }
        let start = i;
        while i < version.len() && version[i].is_ascii_digit() {
            i += 1;
        }
        let digits = i - start;
        if digits == 0 || digits > 9 || (digits > 1 && version[start] == b'0') {
            return None;
        }
        part += 1;
    }
    Some(i)
}
