//! Checks `raw` against the C header, offset by offset.

use std::collections::BTreeMap;
use std::mem::{offset_of, size_of};
use std::path::Path;

use tenon::raw::{Descriptor, Host, Out, Plugin};
use tenon::{Level, Status};

fn header() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/tenon.h");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

macro_rules! offsets {
    ($($c:literal $type:ident { $($member:ident),+ })+) => {
        BTreeMap::from([$($((format!("{}.{}", $c, stringify!($member)), offset_of!($type, $member))),+),+])
    };
}

#[test]
fn every_offset_equals_that_of_the_header() {
    let mut expected = BTreeMap::new();
    // A line may hold several assertions.
    for statement in header().lines().filter(|line| !line.starts_with("#define")).flat_map(|line| line.split(';')) {
        let statement = statement.trim();
        let Some(arguments) = statement.strip_prefix("TENON_AT(").and_then(|rest| rest.strip_suffix(")")) else {
            continue;
        };
        let parts: Vec<_> = arguments.split(", ").collect();
        let member = if parts[1] == "TENON_NEW_SLOT" { "new" } else { parts[1] };
        expected.insert(format!("{}.{member}", parts[0]), parts[2].parse::<usize>().unwrap());
    }
    let found = offsets! {
        "tenon_out" Out { data, len, capacity, reserve }
        "tenon_host" Host { size, reserved, ctx, log, emit, get_extension }
        "tenon_plugin" Plugin { size, flags, get_version, get_name, new, drop, something, get_extension }
        "tenon_descriptor_t" Descriptor {
            magic, size, abi_major, abi_minor, abi_patch, pointer_size, endian, reserved, vtable_size, flags, reserved2,
            name, version, kinds
        }
    };
    assert_eq!(found, expected);
}

#[test]
fn every_size_equals_that_of_the_header() {
    let header = header();
    let sizes = [
        ("tenon_out", size_of::<Out>()),
        ("tenon_host", size_of::<Host>()),
        ("tenon_plugin", size_of::<Plugin>()),
        ("tenon_descriptor_t", size_of::<Descriptor>()),
    ];
    for (name, size) in sizes {
        let line = format!("TENON_ASSERT(sizeof({name}) == {size}, ");
        assert!(header.contains(&line), "the header does not contain `{line}`");
    }
}

#[test]
fn every_number_equals_that_of_the_header() {
    let header = header();
    let numbers = [
        ("TENON_OK", Status::Ok.raw()),
        ("TENON_FAILED", Status::Failed.raw()),
        ("TENON_INVALID", Status::Invalid.raw()),
        ("TENON_UNSUPPORTED", Status::Unsupported.raw()),
        ("TENON_BUSY", Status::Busy.raw()),
        ("TENON_NO_MEMORY", Status::NoMemory.raw()),
        ("TENON_PANIC", Status::Panic.raw()),
        ("TENON_POISONED", Status::Poisoned.raw()),
        ("TENON_CLOSED", Status::Closed.raw()),
        ("TENON_LOG_ERROR", Level::Error as i32),
        ("TENON_LOG_WARN", Level::Warn as i32),
        ("TENON_LOG_INFO", Level::Info as i32),
        ("TENON_LOG_DEBUG", Level::Debug as i32),
        ("TENON_LOG_TRACE", Level::Trace as i32),
    ];
    for (name, number) in numbers {
        let found = header.lines().flat_map(|line| line.split([',', '{', '/'])).any(|declaration| {
            declaration.trim().trim_end_matches('}').trim_end() == format!("{name} = {number}")
                || declaration.trim().starts_with(&format!("{name} = {number} "))
        });
        assert!(found, "the header does not contain `{name} = {number}`");
    }
    for status in 0..=8 {
        assert_eq!(Status::from_raw(status).map(Status::raw), Some(status));
    }
    assert_eq!((Status::from_raw(9), Status::from_raw(-1)), (None, None));
}
