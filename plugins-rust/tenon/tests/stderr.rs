//! Tests which panics print a message.

use std::process::{Command, Output};

/// Runs examples/noisy.rs.
fn noisy(place: &str) -> Output {
    Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--locked", "--package", "tenon", "--example", "noisy", "--", place])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap()
}

fn streams(output: &Output) -> (String, String) {
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

#[test]
fn a_panic_in_a_call_goes_to_the_host_and_not_to_stderr() {
    let (stdout, stderr) = streams(&noisy("call"));
    assert!(stdout.contains("Err(Panic: tenon/examples/noisy.rs:") && stdout.contains("a panic in a call"), "{stdout}");
    assert_eq!(stderr, "");
}

#[test]
fn a_panic_on_a_thread_of_the_plugin_is_printed_as_usual() {
    let (stdout, stderr) = streams(&noisy("thread"));
    assert_eq!(stdout, "Err(Failed: the thread panicked)\n");
    assert!(stderr.contains("panicked at ") && stderr.contains("a panic on a thread of its own"), "{stderr}");
}

#[test]
fn a_panic_outside_of_calls_is_printed_as_usual() {
    let (_, stderr) = streams(&noisy("host"));
    assert!(stderr.contains("panicked at ") && stderr.contains("a panic of the host itself"), "{stderr}");
}

#[test]
fn a_second_panic_while_the_first_unwinds_ends_the_process_with_a_reason() {
    let output = noisy("twice");
    assert!(!output.status.success());
    let (stdout, stderr) = streams(&output);
    assert_eq!(stdout, "");
    assert!(stderr.contains("the second panic"), "{stderr}");
    assert!(stderr.contains("panic in a destructor during cleanup"), "{stderr}");
}
