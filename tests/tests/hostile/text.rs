//! Robots written as WebAssembly text, for what no compiler emits.

use signalbox_build::{embed_manifest, encode};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A manifest that asks for nothing.
pub(crate) const MANIFEST: &str = r#"{"contract": "0.9", "id": "text", "version": "0.1.0", "group": "other",
    "causes": ["manual"], "name": {"ru": "Текст", "en": "Text"},
    "description": {"ru": "Проба", "en": "A probe"}}"#;

/// A component whose `run` has this body, in a module with these fields.
pub(crate) fn robot(fields: &str, body: &str) -> Vec<u8> {
    embed_manifest(&component("", fields, body), MANIFEST)
}

/// Packages that a world may import besides the contract. Those of WASI hold what the tests use.
const PACKAGES: [&str; 7] = [
    "package acme:vault@1.0.0; interface secrets { read: func(name: string) -> string; }",
    "package wasi:io@0.2.6;
    interface error { resource error; }
    interface streams {
        use error.{error};
        variant stream-error { last-operation-failed(error), closed }
        resource output-stream {
            blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
        }
    }",
    "package wasi:cli@0.2.6;
    interface stdout {
        use wasi:io/streams@0.2.6.{output-stream};
        get-stdout: func() -> output-stream;
    }",
    "package wasi:clocks@0.2.6;
    interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }",
    "package wasi:random@0.2.6; interface random { get-random-u64: func() -> u64; }",
    "package wasi:http@0.2.6; interface types { now: func(); }",
    "package wasi:sockets@0.2.6;
    interface network {
        enum error-code {
            unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
            concurrency-conflict, not-in-progress, would-block, invalid-state, new-socket-limit,
            address-not-bindable, address-in-use, remote-unreachable, connection-refused, connection-reset,
            connection-aborted, datagram-too-large, name-unresolvable, temporary-resolver-failure,
            permanent-resolver-failure
        }
        enum ip-address-family { ipv4, ipv6 }
    }
    interface tcp { resource tcp-socket; }
    interface tcp-create-socket {
        use network.{error-code, ip-address-family};
        use tcp.{tcp-socket};
        create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
    }",
];

/// The same without a manifest; `imports` are lines of its world.
pub(crate) fn component(imports: &str, fields: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {fields}
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
            (func (export "signalbox:robot/entry@0.9.1#run") (param i32) (result i32) {body}))"#
    );
    let mut module = wat::parse_str(text).expect("well-formed text");
    let wit = format!("package tests:text; world text {{ {imports} export signalbox:robot/entry@0.9.1; }}");
    let mut resolve = Resolve::default();
    let wit_dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    resolve.push_dir(wit_dir).expect("the contract");
    for package in PACKAGES {
        resolve.push_str("package.wit", package).expect("a package");
    }
    let package = resolve.push_str("text.wit", &wit).expect("a world");
    let world = resolve.select_world(&[package], None).expect("one world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    encode(&module).expect("a component")
}
