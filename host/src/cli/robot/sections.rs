//! What a component consists of: its sections by size, and its exports.

use anyhow::Context;
use serde::Serialize;
use wasmparser::{Encoding, Parser, Payload};

/// Sections with one name, together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Section {
    /// `code`, `data`, `custom signalbox:manifest`; sections of the component around its modules begin with `component`.
    pub(super) name: String,
    /// How many there are of this name.
    pub(super) count: usize,
    /// All of them together, with their heads.
    pub(super) bytes: usize,
}

/// What a component consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Anatomy {
    /// The largest first; together with the rest they are the whole file.
    pub(super) sections: Vec<Section>,
    /// What the host can call.
    pub(super) exports: Vec<String>,
}

/// Takes a component apart.
///
/// # Errors
/// What is no component; the host's inspection has said so before.
pub(super) fn anatomy(bytes: &[u8]) -> anyhow::Result<Anatomy> {
    let mut sections: Vec<Section> = Vec::new();
    let mut exports = Vec::new();
    let mut around: Vec<Encoding> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.context("the component cannot be read")?;
        match &payload {
            Payload::Version { encoding, .. } => around.push(*encoding),
            Payload::End(_) => drop(around.pop()),
            Payload::ComponentExportSection(reader) if around.len() == 1 => {
                for export in reader.clone() {
                    exports.push(export.context("an export cannot be read")?.name.name.to_owned());
                }
            }
            _ => {}
        }
        // What holds others is counted by what it holds.
        let is_box = matches!(
            payload,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. }
        );
        if let (false, Some((id, range))) = (is_box, payload.as_section()) {
            let name = name(&payload, id, around.last());
            let bytes = range.len() + head_bytes(range.len());
            match sections.iter_mut().find(|section| section.name == name) {
                Some(section) => {
                    section.count += 1;
                    section.bytes += bytes;
                }
                None => sections.push(Section {
                    name,
                    count: 1,
                    bytes,
                }),
            }
        }
    }
    let named: usize = sections.iter().map(|section| section.bytes).sum();
    sections.push(Section {
        name: "heads of modules".to_owned(),
        count: 1,
        bytes: bytes.len().saturating_sub(named),
    });
    sections.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(Anatomy { sections, exports })
}

/// The section's number and its length.
fn head_bytes(length: usize) -> usize {
    let length_bytes = (usize::BITS - length.leading_zeros()).div_ceil(7).max(1);
    1 + length_bytes as usize
}

fn name(payload: &Payload<'_>, id: u8, around: Option<&Encoding>) -> String {
    if let Payload::CustomSection(custom) = payload {
        return format!("custom {}", custom.name());
    }
    if around == Some(&Encoding::Component) {
        return "component types and wiring".to_owned();
    }
    let name = match id {
        1 => "types",
        2 => "imports",
        3 => "functions",
        4 => "tables",
        5 => "memories",
        6 => "globals",
        7 => "exports",
        8 => "start",
        9 => "elements",
        10 => "code",
        11 => "data",
        12 => "data count",
        13 => "tags",
        _ => return format!("section {id}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundled::BUNDLED;

    #[test]
    fn sections_are_the_whole_file_and_exports_are_named() {
        for (id, bytes) in BUNDLED {
            let anatomy = anatomy(bytes).unwrap();
            let sum: usize = anatomy.sections.iter().map(|section| section.bytes).sum();
            assert_eq!(sum, bytes.len(), "{id}");
            assert_eq!(anatomy.sections[0].name, "code", "{id}: {:?}", anatomy.sections);
            let names: Vec<&str> = anatomy
                .sections
                .iter()
                .map(|section| section.name.as_str())
                .collect();
            assert!(
                names.contains(&"custom signalbox:manifest") && names.contains(&"data"),
                "{names:?}"
            );
            assert!(!anatomy.exports.is_empty(), "{id}");
        }
    }

    #[test]
    fn heads_grow_with_the_length() {
        assert_eq!([0, 127, 128, 16_383, 16_384].map(head_bytes), [2, 2, 3, 3, 4]);
    }
}
