//! The component file: encoding, its import list, and the manifest section.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use wit_component::{ComponentEncoder, DecodedWasm};

/// The custom section that holds the manifest as JSON.
pub const MANIFEST_SECTION: &str = "signalbox:manifest";

/// The package whose interfaces a robot may import.
const CONTRACT: &str = "signalbox:robot/";

/// Makes a component of a core module that carries its world as wit-bindgen metadata.
///
/// # Errors
/// When the module has no such metadata, or does not fit it.
pub fn encode(module: &[u8]) -> Result<Vec<u8>> {
    let encoder = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .context("not a robot's module")?;
    let mut encoder = encoder;
    encoder.encode().context("the module cannot become a component")
}

/// The names of the contract's interfaces that a component imports, without package and version: `items`, `log`.
///
/// # Errors
/// When it is no component, or imports something else, such as WASI.
pub fn interfaces(component: &[u8]) -> Result<BTreeSet<String>> {
    imported(component, Wasi::Refused)
}

/// What is made of imports of WASI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wasi {
    /// A component that has any is refused.
    Refused,
    /// They are passed over: the host has WASI 0.2 with nothing behind it, and says which parts.
    Tolerated,
}

/// The same.
pub(crate) fn imported(component: &[u8], wasi: Wasi) -> Result<BTreeSet<String>> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        bail!("this is a WIT package, not a component");
    };
    let keys = resolve.worlds[world].imports.keys();
    keys.map(|key| resolve.name_world_key(key))
        .filter(|name| wasi == Wasi::Refused || !name.starts_with("wasi:"))
        .map(|name| interface_name(&name))
        .collect()
}

/// `signalbox:robot/items@0.9.0` is `items`.
fn interface_name(import: &str) -> Result<String> {
    let Some(name) = import.strip_prefix(CONTRACT) else {
        bail!("the component imports `{import}`, which is not part of the contract signalbox:robot");
    };
    Ok(name.split('@').next().unwrap_or(name).to_owned())
}

/// The component with `json` appended as custom section [`MANIFEST_SECTION`]. It does not look at what `json` says.
pub fn embed_manifest(component: &[u8], json: &str) -> Vec<u8> {
    let mut payload = Vec::new();
    push_leb128(&mut payload, MANIFEST_SECTION.len());
    payload.extend_from_slice(MANIFEST_SECTION.as_bytes());
    payload.extend_from_slice(json.as_bytes());
    let mut bytes = component.to_vec();
    // Section id 0 is "custom", in components as in modules.
    bytes.push(0);
    push_leb128(&mut bytes, payload.len());
    bytes.extend_from_slice(&payload);
    bytes
}

/// Appends an unsigned LEB128 number.
fn push_leb128(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::{embed_manifest, encode, interface_name, push_leb128};

    /// An empty component: the magic number, version 13, layer 1.
    const EMPTY: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

    #[test]
    fn numbers_are_leb128() {
        let mut bytes = Vec::new();
        for value in [0, 127, 128, 624_485] {
            push_leb128(&mut bytes, value);
        }
        assert_eq!(bytes, [0, 0x7f, 0x80, 1, 0xe5, 0x8e, 0x26]);
    }

    #[test]
    fn manifest_is_the_last_section() {
        let bytes = embed_manifest(&EMPTY, "{}");
        assert_eq!(bytes[..8], EMPTY);
        assert_eq!(bytes[8..10], [0, 1 + 18 + 2]);
        assert_eq!(&bytes[10..], b"\x12signalbox:manifest{}");
    }

    #[test]
    fn module_without_a_world_is_refused() {
        assert!(encode(b"\0asm\x01\0\0\0not wasm").is_err());
        assert!(encode(b"").is_err());
    }

    #[test]
    fn import_outside_of_the_contract_is_named() {
        assert_eq!(interface_name("signalbox:robot/items@0.9.0").unwrap(), "items");
        let error = interface_name("wasi:io/poll@0.2.6").unwrap_err();
        assert!(error.to_string().contains("`wasi:io/poll@0.2.6`"), "{error}");
    }
}
