//! Plugins that must not compile, with the reason that the compiler reports.

use std::path::Path;
use std::process::Command;

/// Returns the errors of `cargo check` for a small plugin. `source` is the whole of its src/lib.rs.
fn refusal(name: &str, source: &str, envs: &[(&str, &str)]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2021\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
         [dependencies]\ntenon = {{ path = '{}' }}\n[workspace]\n",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/lib.rs"), source).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"))
        .envs(envs.iter().copied())
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    if output.status.success() { String::new() } else { words }
}

fn plugin(name: &str, version: &str, kinds: &str) -> String {
    format!(
        r#"
        #![forbid(unsafe_code)]
        #![deny(warnings)]
        use tenon::{{Error, Host, Output, Plugin}};
        struct Wrong;
        impl Plugin for Wrong {{
            const NAME: &'static str = "{name}";
            const VERSION: &'static str = "{version}";
            fn new(_: Host, _: &str) -> Result<Self, Error> {{ Ok(Wrong) }}
            fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> {{ out.append(input) }}
        }}
        tenon::plugin!(Wrong, kinds: {{ {kinds} }});
        "#
    )
}

#[test]
fn a_valid_plugin_compiles_in_edition_2021_with_unsafe_code_forbidden_and_warnings_denied() {
    let right =
        plugin("right", "1.0.0-rc.1+build.5", r#""echo/1.0.0" => [Wrong::something, |p, i, o| p.something(i, o)]"#);
    assert_eq!(refusal("right", &right, &[]), "");
}

#[test]
fn a_panic_strategy_of_abort_is_refused() {
    let right = plugin("aborts", "1.0.0", "");
    let words = refusal("aborts", &right, &[("CARGO_PROFILE_DEV_PANIC", "abort")]);
    assert!(words.contains("tenon plugins need panic = \"unwind\""), "{words}");
}

#[test]
fn invalid_names_versions_and_kinds_are_refused() {
    let long = "x".repeat(64);
    let cases = [
        ("has spaces", "1.0.0", "", "NAME: a plugin's name"),
        ("", "1.0.0", "", "NAME: a plugin's name"),
        (&long, "1.0.0", "", "NAME: a plugin's name"),
        ("wrong", "1.0", "", "VERSION: a plugin's version"),
        ("wrong", "01.0.0", "", "VERSION: a plugin's version"),
        ("wrong", "1.0.0-", "", "VERSION: a plugin's version"),
        ("wrong", "1.0.0-a-version-that-is-too-long", "", "VERSION: a plugin's version"),
        ("wrong", "1.0.0", r#""codec" => []"#, "kinds: a kind is written"),
        ("wrong", "1.0.0", r#""codec/1" => []"#, "kinds: a kind is written"),
        ("wrong", "1.0.0", r#""codec/1.0.0;" => []"#, "kinds: a kind is written"),
        ("wrong", "1.0.0", r#""codec/1.0.0" => [], "codec/1.1.0" => []"#, "kinds: the same kind"),
    ];
    for (name, version, kinds, reason) in cases {
        let words = refusal("wrong", &plugin(name, version, kinds), &[]);
        assert!(words.contains(reason), "{name:?} {version:?} {kinds:?}: {words}");
    }
}
