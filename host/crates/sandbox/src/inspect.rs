//! Reads a robot's component without compiling or running it: what it is, what it asks for, what it says about itself.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use signalbox_crm::robot::Manifest;
use wasmtime::wasmparser::component_types::ComponentEntityType;
use wasmtime::wasmparser::types::TypesRef;
use wasmtime::wasmparser::{self, Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::artefacts::hex;

mod bounds;
mod contract;
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
const ENTRY: &str = "signalbox:robot/entry@0.9.1";

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
    #[error("this is not WebAssembly; a robot is the file that `signalbox robot build` writes")]
    NotWasm,
    /// The file ends before the component does.
    #[error("the file ends early, after {bytes} bytes: it was cut off; copy or build it once more")]
    CutOff {
        /// Its size.
        bytes: usize,
    },
    /// The component needs several threads.
    #[error("the component is compiled for threads, and a robot has one; build it without them ({0})")]
    Threads(String),
    /// The file is damaged, or uses what the sandbox does not have.
    #[error("the component is not valid: {0}")]
    Invalid(String),
    /// It has more of something than reading and compiling it may cost.
    #[error("the component has {count} {what}, at most {max} are allowed")]
    TooMuch {
        /// Of what, such as `imports`.
        what: &'static str,
        /// How many it has, or how many there were when they became too many.
        count: u64,
        /// How many are allowed.
        max: u64,
    },
    /// It is a component for something else than Signalbox.
    #[error(
        "this is a component of another world: it exports {exports}, and a robot exports `{ENTRY}`; `signalbox new` makes a folder that builds one"
    )]
    OtherWorld {
        /// What it exports.
        exports: String,
    },
    /// There is no manifest.
    #[error(
        "the component has no section `{MANIFEST_SECTION}`; build it with `signalbox robot build`, which embeds `robot.toml`"
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
    #[error("{}", told(.0))]
    Refused(Vec<String>),
}

/// The most faults that are told at once.
const FAULTS_MAX: usize = 20;

fn told(faults: &[String]) -> String {
    let shown = faults
        .iter()
        .take(FAULTS_MAX)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("; ");
    match faults.len().saturating_sub(FAULTS_MAX) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// Reads a component.
///
/// # Errors
/// The first of [`InspectError`] that applies; [`InspectError::Refused`] has everything that is wrong with the
/// manifest and the imports at once.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    check_kind(bytes)?;
    let outline = Outline::read(bytes).map_err(|error| unreadable(bytes, error))?;
    bounds::at_most(
        "imports",
        outline.imports.len() as u64,
        bounds::IMPORTS_MAX as u64,
    )?;
    outline.check_world()?;
    let manifest = outline.manifest()?;
    bounds::check(bytes)?;
    let types = Validator::new_with_features(features())
        .validate_all(bytes)
        .map_err(invalid)?;
    let imports = functions(types.as_ref(), &outline.imports, Side::Import);
    let exports = functions(types.as_ref(), &outline.exports, Side::Export);
    let mut faults = check_manifest(&manifest);
    faults.extend(requests::faults(&manifest, &imports));
    let is_robot = exports
        .iter()
        .any(|(name, functions)| requests::is_entry(name, functions));
    // Of a robot for another contract enough was said.
    if !is_robot && (faults.is_empty() || !outline.is_robot()) {
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

/// What the sandbox has: a guest that needs more is told so here, and not after compilation. As `Config::features` of
/// wasmtime 48 has it, without the garbage collector, threads and async components.
fn features() -> WasmFeatures {
    let absent =
        WasmFeatures::THREADS | WasmFeatures::GC_TYPES | WasmFeatures::EXCEPTIONS | WasmFeatures::CM_ASYNC;
    (WasmFeatures::WASM3 | WasmFeatures::COMPONENT_MODEL).difference(absent)
}

/// wasmparser says in words only that threads are off; a test fails if they change.
fn invalid(error: wasmparser::BinaryReaderError) -> InspectError {
    match error.message().contains("threads") {
        true => InspectError::Threads(error.to_string()),
        false => InspectError::Invalid(error.to_string()),
    }
}

/// An error of the file's outline: sections that go on behind its end are those of a file that was cut off.
fn unreadable(bytes: &[u8], error: wasmparser::BinaryReaderError) -> InspectError {
    match error.message().starts_with("unexpected end") {
        true => InspectError::CutOff { bytes: bytes.len() },
        false => invalid(error),
    }
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

    /// Whether it is a robot, of whatever version of the contract.
    fn is_robot(&self) -> bool {
        self.exports
            .iter()
            .any(|name| name.starts_with(requests::ENTRY_NAME))
    }

    /// A component that exports nothing may be a robot whose author forgot it: that is told with its other faults.
    fn check_world(&self) -> Result<(), InspectError> {
        if self.is_robot() || self.exports.is_empty() {
            return Ok(());
        }
        let exports = requests::listed(self.exports.iter().map(|name| format!("`{name}`")));
        Err(InspectError::OtherWorld { exports })
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
        serde_json::from_slice(bytes).map_err(|error| {
            let why = manifest::other_contract(bytes).unwrap_or_else(|| error.to_string());
            InspectError::UnreadableManifest(why)
        })
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
