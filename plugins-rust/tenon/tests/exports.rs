//! The exports and the descriptor of the smallest plugin, built as a library.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds examples/empty.rs. It is usually up to date, because `cargo test` has already built it.
fn empty_plugin() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--locked", "--package", "tenon", "--example", "empty"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    // This test is target/PROFILE/deps/exports-HASH.
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let file = format!("{}empty{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    profile.join("examples").join(file)
}

#[cfg(target_os = "linux")]
fn exported_symbols(library: &Path) -> Vec<String> {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut names: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2).map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[test]
#[cfg(target_os = "linux")]
fn an_empty_plugin_exports_exactly_the_four_symbols_of_the_abi() {
    let expected = ["get_name", "get_plugin", "get_version", "tenon_descriptor"];
    assert_eq!(exported_symbols(&empty_plugin()), expected);
}

#[test]
fn the_descriptor_is_in_the_bytes_of_the_file() {
    let bytes = std::fs::read(empty_plugin()).unwrap();
    let magic = b"TENON\0\0\x01\x88\x01\0\0"; // followed by the size, 392
    let found: Vec<_> = bytes.windows(magic.len()).enumerate().filter(|(_, w)| w == magic).map(|(at, _)| at).collect();
    assert_eq!(found.len(), 1, "one descriptor, at {found:?}");
    let descriptor = &bytes[found[0]..][..392];
    assert_eq!(descriptor[12..24], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(descriptor[24..40], [8, 1, 0, 0, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(descriptor[40..48], *b"empty\0\0\0");
    assert_eq!(descriptor[104..112], *b"1.2.3\0\0\0");
    assert!(descriptor[136..].iter().all(|&byte| byte == 0));
}
