//! The four exports, used as a host in C uses them.

use core::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::Mutex;

use tenon::raw::{self, RawStatus};
use tenon::{Error, Host, Output, Plugin, Status};

struct Math {
    host: Host,
    sign: i32,
}

impl Plugin for Math {
    const NAME: &'static str = "math-test";
    const VERSION: &'static str = "2.3.4-beta.1";
    const SINGLETON: bool = true;

    fn new(host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Math { host, sign: 1 })
    }

    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        self.host.emit(input)?;
        out.append(b"emitted")
    }
}

impl Math {
    fn min(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {
        let (a, b) = operands(input)?;
        out.append(&(self.sign * a.min(b)).to_le_bytes())
    }

    fn negate(&mut self, _input: &[u8], _out: &mut Output<'_>) -> Result<(), Error> {
        self.sign = -self.sign;
        Ok(())
    }
}

fn operands(input: &[u8]) -> Result<(i32, i32), Error> {
    let (a, b) = input.split_first_chunk::<4>().ok_or_else(|| Error::invalid("two i32 are expected"))?;
    Ok((i32::from_le_bytes(*a), i32::from_le_bytes(b.try_into()?)))
}

tenon::plugin!(Math, kinds: {
    "math/1.2.0" => [Math::min, Math::negate],
    "math/2.0.0" => [Math::negate],
    "broken/1.0.0" => [|_, _, _| panic!("a method of a kind")],
    "no.methods/0.1.0" => [],
});

unsafe extern "C" {
    safe fn get_version() -> *const c_char;
    safe fn get_name() -> *const c_char;
    safe fn get_plugin() -> *const raw::Plugin;
    static tenon_descriptor: raw::Descriptor;
}

/// A host whose `emit` calls the same instance again at once.
unsafe extern "C" fn reenter(_host: *const raw::Host, data: *const u8, len: usize) -> RawStatus {
    let Some(Instance(state)) = *INSTANCE.lock().unwrap() else { return Status::Closed.raw() };
    let mut memory = Memory::new();
    // SAFETY: the instance is alive. The test is about this call from within another one.
    let status = unsafe { (vtable().something)(state, data, len, &mut memory.out) };
    NESTED.lock().unwrap().push((status, memory.text()));
    Status::Ok.raw()
}

static INSTANCE: Mutex<Option<Instance>> = Mutex::new(None);
static NESTED: Mutex<Vec<(RawStatus, String)>> = Mutex::new(Vec::new());

struct Instance(*mut c_void);
// SAFETY: the ABI lets a host call an instance from any thread.
unsafe impl Send for Instance {}

unsafe extern "C" fn log(_: *const raw::Host, _: i32, _: *const c_char, _: usize) {}
unsafe extern "C" fn no_extension(_: *const raw::Host, _: *const c_char) -> *const c_void {
    ptr::null()
}

/// An output with a fixed 256 bytes.
struct Memory {
    out: raw::Out,
    bytes: Vec<u8>,
}

impl Memory {
    fn new() -> Self {
        let mut bytes = vec![0; 256];
        let out = raw::Out { data: bytes.as_mut_ptr(), len: 0, capacity: 256, reserve: no_reserve };
        Memory { out, bytes }
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes[..self.out.len].to_vec()).unwrap()
    }
}

unsafe extern "C" fn no_reserve(_out: *mut raw::Out, _additional: usize) -> RawStatus {
    Status::NoMemory.raw()
}

fn vtable() -> &'static raw::Plugin {
    // SAFETY: the plugin's vtable is static.
    unsafe { &*get_plugin() }
}

fn text(pointer: *const c_char) -> &'static str {
    // SAFETY: the strings of a plugin are static and NUL-terminated.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap()
}

/// Returns the size and the methods of a kind's table.
fn table(id: &CStr) -> Option<(u32, Vec<raw::Method>)> {
    let get_extension = vtable().get_extension.unwrap();
    // SAFETY: `id` is NUL-terminated, and the result is NULL or a method table with `count` methods.
    unsafe {
        let table = get_extension(id.as_ptr()).cast::<raw::MethodTable<0>>();
        if table.is_null() {
            return None;
        }
        let methods = table.byte_add(8).cast::<raw::Method>();
        Some(((*table).size, std::slice::from_raw_parts(methods, (*table).count as usize).to_vec()))
    }
}

fn call(method: raw::Method, state: *mut c_void, input: &[u8]) -> (RawStatus, Vec<u8>) {
    let mut memory = Memory::new();
    // SAFETY: as the ABI requires.
    let status = unsafe { method(state, input.as_ptr(), input.len(), &mut memory.out) };
    (status, memory.bytes[..memory.out.len].to_vec())
}

fn with_instance(work: impl FnOnce(*mut c_void)) {
    let host =
        raw::Host { size: 40, reserved: 0, ctx: ptr::null_mut(), log, emit: reenter, get_extension: no_extension };
    let (mut state, mut memory) = (ptr::null_mut(), Memory::new());
    // SAFETY: as the ABI requires, the host outlives the instance. An empty config may be NULL.
    unsafe {
        assert_eq!((vtable().new)(&host, ptr::null(), 0, &mut state, &mut memory.out), 0);
        work(state);
        (vtable().drop)(state);
    }
}

#[test]
fn entry_points_vtable_and_descriptor_agree() {
    let vtable = vtable();
    assert_eq!((vtable.size, vtable.flags), (56, 2));
    assert_eq!((text(get_version()), text((vtable.get_version)())), ("1.0.0", "1.0.0"));
    assert_eq!((text(get_name()), text((vtable.get_name)())), ("math-test", "math-test"));
    // SAFETY: the descriptor is never written to.
    let descriptor = unsafe { &tenon_descriptor };
    assert_eq!(descriptor.magic, *b"TENON\0\0\x01");
    assert_eq!((descriptor.size, descriptor.vtable_size, descriptor.flags), (392, 56, 2));
    assert_eq!((descriptor.abi_major, descriptor.abi_minor, descriptor.abi_patch), (1, 0, 0));
    assert_eq!((descriptor.pointer_size, descriptor.endian), (8, 1));
    let padded = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().trim_end_matches('\0').to_owned();
    assert_eq!(padded(&descriptor.name), "math-test");
    assert_eq!(padded(&descriptor.version), "2.3.4-beta.1");
    assert_eq!(padded(&descriptor.kinds), "math/1.2.0;math/2.0.0;broken/1.0.0;no.methods/0.1.0");
}

#[test]
fn a_kind_is_found_by_its_exact_id() {
    assert_eq!(table(c"math/1").map(|(size, methods)| (size, methods.len())), Some((24, 2)));
    assert_eq!(table(c"math/2").map(|(size, methods)| (size, methods.len())), Some((16, 1)));
    assert_eq!(table(c"no.methods/0").map(|(size, methods)| (size, methods.len())), Some((8, 0)));
    for id in [c"", c"math", c"math/", c"math/1.2.0", c"math/12", c"math/3", c"mat", c"no", c"no.methods/"] {
        assert!(table(id).is_none(), "{id:?}");
    }
}

#[test]
fn methods_of_a_kind_share_the_instance() {
    let (_, methods) = table(c"math/1").unwrap();
    with_instance(|state| {
        let input = [7_i32.to_le_bytes(), (-3_i32).to_le_bytes()].concat();
        assert_eq!(call(methods[0], state, &input), (0, (-3_i32).to_le_bytes().to_vec()));
        assert_eq!(call(methods[1], state, &[]), (0, vec![]));
        assert_eq!(call(methods[0], state, &input), (0, 3_i32.to_le_bytes().to_vec()));
        assert_eq!(call(methods[0], state, &[1]), (2, b"two i32 are expected".to_vec()));
    });
}

#[test]
fn a_panic_in_a_method_poisons_all_methods() {
    let broken = table(c"broken/1").unwrap().1[0];
    with_instance(|state| {
        let (status, message) = call(broken, state, &[]);
        assert_eq!(status, Status::Panic.raw());
        assert!(String::from_utf8(message).unwrap().ends_with(": a method of a kind"));
        assert_eq!(call(vtable().something, state, &[]).0, Status::Poisoned.raw());
        assert_eq!(call(table(c"math/1").unwrap().1[0], state, &[0; 8]).0, Status::Poisoned.raw());
    });
}

#[test]
fn a_call_from_within_a_call_of_the_same_instance_is_refused() {
    with_instance(|state| {
        *INSTANCE.lock().unwrap() = Some(Instance(state));
        assert_eq!(call(vtable().something, state, b"x"), (0, b"emitted".to_vec()));
        *INSTANCE.lock().unwrap() = None;
        let nested = NESTED.lock().unwrap().clone();
        assert_eq!(nested, [(Status::Busy.raw(), "the instance is in the middle of another call".to_owned())]);
        assert_eq!(call(vtable().something, state, b"x").0, Status::Closed.raw(), "the instance stays usable");
    });
}

#[test]
fn a_message_without_room_leaves_the_status() {
    with_instance(|state| {
        let mut out = raw::Out { data: ptr::null_mut(), len: 0, capacity: 0, reserve: no_reserve };
        let min = table(c"math/1").unwrap().1[0];
        // SAFETY: an output without memory is valid.
        let status = unsafe { min(state, [0_u8; 3].as_ptr(), 3, &mut out) };
        assert_eq!((status, out.len), (Status::Invalid.raw(), 0));
    });
}
