//! What the host says of a file before it compiles or runs anything.

use expect_test::{Expect, expect};
use signalbox_build::embed_manifest;
use signalbox_sandbox::inspect::{COMPONENT_BYTES_MAX, inspect};
use signalbox_tests::robots::{HOSTILE, HOSTILE_BARE};

use super::text;

/// The component is refused with these words.
#[track_caller]
fn refused(bytes: &[u8], expected: Expect) {
    let error = inspect(bytes).expect_err("no robot");
    expected.assert_eq(&error.to_string());
}

#[test]
fn file_that_is_no_component_says_what_it_is() {
    refused(b"", expect!["the file is empty"]);
    refused(
        b"  (component)",
        expect!["this is WebAssembly text; translate it with `wasm-tools parse`"],
    );
    refused(
        b"\x7fELF and more",
        expect!["this is not WebAssembly; a robot is the file that `signalbox robot build` writes"],
    );
    refused(
        b"\0asm\x01\0\0\0",
        expect!["this is a core module, not a component; make one of it with `wasm-tools component new`"],
    );
    refused(
        b"\0asm\x0d\0\x01\0",
        expect![
            "the component has no section `signalbox:manifest`; build it with `signalbox robot build`, which embeds `robot.toml`"
        ],
    );
    refused(
        &vec![0; COMPONENT_BYTES_MAX + 1],
        expect!["the file has 50331649 bytes, a robot has at most 50331648"],
    );
}

#[test]
fn file_that_was_cut_off_says_so() {
    refused(
        &HOSTILE[..20_000],
        expect!["the file ends early, after 20000 bytes: it was cut off; copy or build it once more"],
    );
    refused(
        b"<!DOCTYPE html><title>404</title>",
        expect!["this is not WebAssembly; a robot is the file that `signalbox robot build` writes"],
    );
}

#[test]
fn damaged_component_is_refused_at_every_length() {
    for length in (8..HOSTILE.len()).step_by(97) {
        assert!(inspect(&HOSTILE[..length]).is_err(), "{length}");
    }
    let mut damaged = HOSTILE.to_vec();
    damaged[200] ^= 0xff;
    assert!(inspect(&damaged).is_err());
}

#[test]
fn manifest_must_be_there_once_and_readable() {
    refused(
        HOSTILE_BARE,
        expect![
            "the component has no section `signalbox:manifest`; build it with `signalbox robot build`, which embeds `robot.toml`"
        ],
    );
    let good = manifest(|_| {});
    refused(
        &embed_manifest(HOSTILE, &good),
        expect!["the component has 2 sections `signalbox:manifest`, and must have one"],
    );
    refused(
        &embed_manifest(HOSTILE_BARE, "not JSON"),
        expect!["the manifest cannot be read: expected ident at line 1 column 2"],
    );
    let strange = manifest(|json| json["colour"] = "red".into());
    refused(
        &embed_manifest(HOSTILE_BARE, &strange),
        expect![
            "the manifest cannot be read: unknown field `colour`, expected one of `contract`, `id`, `version`, `name`, `description`, `group`, `causes`, `permission`, `http_hosts`, `param`, `limits` at line 1 column 45"
        ],
    );
    // A newer manifest has keys that are not known yet: its version says more than the first of them.
    let newer = manifest(|json| {
        json["colour"] = "red".into();
        json["contract"] = "1.2".into();
    });
    refused(
        &embed_manifest(HOSTILE_BARE, &newer),
        expect![
            "the manifest cannot be read: `contract` is `1.2`, this host speaks `0.9`: build the robot with the SDK of this host, which `signalbox new` brings along, or install it on a host that speaks its contract"
        ],
    );
    let long = manifest(|json| json["name"]["en"] = "x".repeat(300_000).into());
    refused(
        &embed_manifest(HOSTILE_BARE, &long),
        expect!["the manifest has 300735 bytes, at most 262144 are allowed"],
    );
}

#[test]
fn manifest_that_lies_about_imports_is_refused_with_both_sides() {
    let lying = manifest(|json| json["permission"][0]["interface"] = "messaging".into());
    refused(
        &embed_manifest(HOSTILE_BARE, &lying),
        expect![
            "the component imports `items`, but its manifest asks for no permission `items`; the manifest asks for permission `messaging`, but the component does not import `messaging`"
        ],
    );
}

#[test]
fn unknown_import_is_named_with_its_functions() {
    let import = r#"(import "acme:vault/secrets@1.0.0" "read" (func (param i32 i32 i32)))"#;
    let component = text::component("import acme:vault/secrets@1.0.0;", import, "i32.const 0");
    refused(
        &embed_manifest(&component, text::MANIFEST),
        expect![
            "the component imports `acme:vault/secrets@1.0.0` (uses read), which is not linked: this host does not know the package"
        ],
    );
}

/// The hostile robot, as if it had been built for another version of the contract.
fn of_contract(version: &str) -> Vec<u8> {
    let line = version.rsplit_once('.').expect("a version").0;
    let manifest = manifest(|json| json["contract"] = line.into());
    let old = b"@0.9.1";
    let mut bytes = HOSTILE_BARE.to_vec();
    for at in 0..bytes.len() - old.len() {
        if bytes[at..].starts_with(old) {
            bytes[at + 1..at + old.len()].copy_from_slice(version.as_bytes());
        }
    }
    embed_manifest(&bytes, &manifest)
}

#[test]
fn robot_for_another_contract_says_which_and_what_to_do() {
    refused(
        &of_contract("1.2.0"),
        expect![
            "`contract` is `1.2`, this host speaks `0.9`: build the robot with the SDK of this host, which `signalbox new` brings along, or install it on a host that speaks its contract; the component imports version 1.2.0 of the contract, this host speaks 0.9"
        ],
    );
    // Within a line, versions only differ in what was added.
    assert!(inspect(&of_contract("0.9.7")).is_ok());
}

#[test]
fn component_of_another_world_is_told_from_a_robot_without_manifest() {
    let component = wat::parse_str(
        r#"(component (component $c) (instance $i (instantiate $c))
            (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#,
    );
    refused(
        &component.expect("well-formed text"),
        expect![
            "this is a component of another world: it exports `wasi:http/incoming-handler@0.2.0`, and a robot exports `signalbox:robot/entry@0.9.1`; `signalbox new` makes a folder that builds one"
        ],
    );
}

#[test]
fn component_without_the_export_is_refused() {
    let empty = wat::parse_str("(component)").expect("a component");
    refused(
        &embed_manifest(&empty, text::MANIFEST),
        expect!["the component does not export `signalbox:robot/entry@0.9.1` with its function `run`"],
    );
}

#[test]
fn inspection_shows_what_a_robot_asks_for() {
    let inspection = inspect(HOSTILE).expect("a robot");
    let shown = serde_json::json!({
        "bytes": inspection.bytes == HOSTILE.len(),
        "digest": inspection.digest.len(),
        "label": inspection.manifest.label(),
        "imports": inspection.imports,
        "exports": inspection.exports,
        "uses_wasi": inspection.uses_wasi,
    });
    expect![[r#"
        {
          "bytes": true,
          "digest": 64,
          "exports": {
            "signalbox:robot/entry@0.9.1": [
              "run"
            ]
          },
          "imports": {
            "signalbox:robot/clock@0.9.1": [
              "now"
            ],
            "signalbox:robot/items@0.9.1": [
              "get"
            ],
            "signalbox:robot/log@0.9.1": [
              "log",
              "panicked"
            ],
            "signalbox:robot/notifications@0.9.1": [
              "send"
            ],
            "signalbox:robot/params@0.9.1": [
              "get"
            ],
            "signalbox:robot/types@0.9.1": []
          },
          "label": "hostile@0.1.0",
          "uses_wasi": false
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&shown).expect("JSON"));
}

/// The manifest of `robots/hostile`, changed.
pub(crate) fn manifest(change: impl FnOnce(&mut serde_json::Value)) -> String {
    manifest_of(HOSTILE, change)
}

/// The manifest of a component, changed.
pub(crate) fn manifest_of(component: &[u8], change: impl FnOnce(&mut serde_json::Value)) -> String {
    let manifest = inspect(component).expect("a robot").manifest;
    let mut json = serde_json::to_value(manifest).expect("JSON");
    change(&mut json);
    json.to_string()
}
