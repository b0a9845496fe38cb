//! Robots written as WebAssembly text, for what no compiler emits.

use signalbox_build::{embed_manifest, encode};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A manifest that asks for nothing.
pub(crate) const MANIFEST: &str = r#"{"contract": "0.1", "id": "text", "version": "0.1.0", "group": "other",
    "causes": ["manual"], "name": {"ru": "Текст", "en": "Text"},
    "description": {"ru": "Проба", "en": "A probe"}}"#;

/// A component whose `run` has this body, in a module with these fields.
pub(crate) fn robot(fields: &str, body: &str) -> Vec<u8> {
    embed_manifest(&component("", fields, body), MANIFEST)
}

/// The same without a manifest; `imports` are lines of its world.
pub(crate) fn component(imports: &str, fields: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {fields}
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
            (func (export "signalbox:robot/entry@0.1.0#run") (param i32) (result i32) {body}))"#
    );
    let mut module = wat::parse_str(text).expect("well-formed text");
    let wit = format!("package tests:text; world text {{ {imports} export signalbox:robot/entry@0.1.0; }}");
    let mut resolve = Resolve::default();
    let wit_dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    resolve.push_dir(wit_dir).expect("the contract");
    let secrets = "package acme:vault@1.0.0; interface secrets { read: func(name: string) -> string; }";
    resolve.push_str("vault.wit", secrets).expect("a package");
    let package = resolve.push_str("text.wit", &wit).expect("a world");
    let world = resolve.select_world(&[package], None).expect("one world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    encode(&module).expect("a component")
}
