//! Reads a robot's component without compiling or running it: what it is, what it asks for, what it says about itself.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use signalbox_crm::robot::Manifest;
use wasmtime::wasmparser::component_types::ComponentEntityType;
use wasmtime::wasmparser::types::TypesRef;
use wasmtime::wasmparser::{self, Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::artefacts::hex;

mod manifest;
mod params;
mod requests;

pub use manifest::check_manifest;
pub use requests::{ALWAYS_GRANTED, CONTRACT, INTERFACES};

/// The largest component, in bytes. 48 MiB: the largest known robots, those that carry CPython, have 18 to 35.
pub const COMPONENT_BYTES_MAX: usize = 48 * 1024 * 1024;
/// The largest manifest, in bytes. 256 KiB: a form of 64 parameters with help in two languages has 60.
pub const MANIFEST_BYTES_MAX: usize = 256 * 1024;
/// The custom section with the manifest as JSON.
pub const MANIFEST_SECTION: &str = "signalbox:manifest";
/// The export that makes a component a robot.
const ENTRY: &str = "signalbox:robot/entry@0.9.0";

/// What a component is and asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// SHA-256 of the file, in hexadecimal: the robot's version for the host.
    pub digest: String,
    /// Size of the file.
    pub bytes: usize,
    /// What it says about itself.
    pub manifest: Manifest,
    /// Imported interfaces with the functions used of each, by full name.
    pub imports: BTreeMap<String, Vec<String>>,
    /// Exported interfaces with their functions, by full name.
    pub exports: BTreeMap<String, Vec<String>>,
    /// Whether it imports anything of WASI.
    pub uses_wasi: bool,
}

/// Why a file is not a robot. The integrator acts on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file is too large.
    #[error("the file has {bytes} bytes, a robot has at most {COMPONENT_BYTES_MAX}")]
    Oversize {
        /// Its size.
        bytes: usize,
    },
    /// The file is WebAssembly in its text form.
    #[error("this is WebAssembly text; translate it with `wasm-tools parse`")]
    Text,
    /// The file is a core module.
    #[error("this is a core module, not a component; make one of it with `wasm-tools component new`")]
    CoreModule,
    /// The file is something that only wasmtime reads.
    #[error("this is compiled code; install the component that it was compiled from")]
    Compiled,
    /// The file is something else.
    #[error("this is not WebAssembly")]
    NotWasm,
    /// The file is damaged, or uses what the sandbox does not have.
    #[error("the component is not valid: {0}")]
    Invalid(String),
    /// There is no manifest.
    #[error(
        "the component has no section `{MANIFEST_SECTION}`; build it with `signalbox-build`, or embed a manifest"
    )]
    NoManifest,
    /// There are several manifests.
    #[error("the component has {count} sections `{MANIFEST_SECTION}`, and must have one")]
    DoubleManifest {
        /// How many.
        count: usize,
    },
    /// The manifest is too large.
    #[error("the manifest has {bytes} bytes, at most {MANIFEST_BYTES_MAX} are allowed")]
    OversizeManifest {
        /// Its size.
        bytes: usize,
    },
    /// The manifest cannot be read: it is not JSON, lacks a key or has one that the host does not know.
    #[error("the manifest cannot be read: {0}")]
    UnreadableManifest(String),
    /// The manifest contradicts itself or the component. One sentence for each fault.
    #[error("{}", .0.join("; "))]
    Refused(Vec<String>),
}

/// Reads a component.
///
/// # Errors
/// The first of [`InspectError`] that applies; [`InspectError::Refused`] has everything that is wrong with the
/// manifest and the imports at once.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    check_kind(bytes)?;
    let outline = Outline::read(bytes).map_err(invalid)?;
    let manifest = outline.manifest()?;
    let types = Validator::new_with_features(features())
        .validate_all(bytes)
        .map_err(invalid)?;
    let imports = functions(types.as_ref(), &outline.imports, Side::Import);
    let exports = functions(types.as_ref(), &outline.exports, Side::Export);
    let mut faults = check_manifest(&manifest);
    faults.extend(requests::faults(&manifest, &imports));
    if !exports
        .iter()
        .any(|(name, functions)| requests::is_entry(name, functions))
    {
        faults.push(format!(
            "the component does not export `{ENTRY}` with its function `run`"
        ));
    }
    if !faults.is_empty() {
        return Err(InspectError::Refused(faults));
    }
    Ok(Inspection {
        digest: digest(bytes),
        bytes: bytes.len(),
        uses_wasi: imports.keys().any(|name| name.starts_with("wasi:")),
        manifest,
        imports,
        exports,
    })
}

/// SHA-256 in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// What the file is, by its first bytes.
fn check_kind(bytes: &[u8]) -> Result<(), InspectError> {
    if bytes.is_empty() {
        return Err(InspectError::Empty);
    }
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(InspectError::Oversize { bytes: bytes.len() });
    }
    if bytes.trim_ascii_start().starts_with(b"(") {
        return Err(InspectError::Text);
    }
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(InspectError::Compiled);
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(InspectError::NotWasm);
    }
    if Parser::is_core_wasm(bytes) {
        return Err(InspectError::CoreModule);
    }
    Ok(())
}

/// Component-model async is off in the sandbox; a guest that needs it is told so here and not after compilation.
fn features() -> WasmFeatures {
    WasmFeatures::default().difference(WasmFeatures::CM_ASYNC)
}

fn invalid(error: wasmparser::BinaryReaderError) -> InspectError {
    InspectError::Invalid(error.to_string())
}

/// Names and sections of the outer component; what lies nested in it has no say.
#[derive(Default)]
struct Outline<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
    manifests: Vec<&'a [u8]>,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> wasmparser::Result<Self> {
        let mut outline = Outline::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::Version { encoding, .. } if encoding == Encoding::Component || depth > 0 => {
                    depth += 1
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                payload if depth == 1 => outline.take(payload)?,
                _ => {}
            }
        }
        Ok(outline)
    }

    fn take(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.exports.push(export?.name.name);
                }
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                self.manifests.push(section.data());
            }
            _ => {}
        }
        Ok(())
    }

    fn manifest(&self) -> Result<Manifest, InspectError> {
        let bytes = match self.manifests.as_slice() {
            [] => return Err(InspectError::NoManifest),
            [bytes] => *bytes,
            several => return Err(InspectError::DoubleManifest { count: several.len() }),
        };
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(InspectError::OversizeManifest { bytes: bytes.len() });
        }
        serde_json::from_slice(bytes).map_err(|error| InspectError::UnreadableManifest(error.to_string()))
    }
}

#[derive(Clone, Copy)]
enum Side {
    Import,
    Export,
}

/// The functions of each interface. What is no interface, such as a bare function, has none.
fn functions(types: TypesRef<'_>, names: &[&str], side: Side) -> BTreeMap<String, Vec<String>> {
    let item = |name: &str| match side {
        Side::Import => types.component_item_for_import(name),
        Side::Export => types.component_item_for_export(name),
    };
    let functions = |name: &&str| match item(name).map(|item| item.ty) {
        Some(ComponentEntityType::Instance(instance)) => types[instance]
            .exports
            .iter()
            .filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)))
            .map(|(name, _)| name.clone())
            .collect(),
        _ => Vec::new(),
    };
    names
        .iter()
        .map(|name| ((*name).to_owned(), functions(name)))
        .collect()
}
