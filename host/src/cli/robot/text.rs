//! An inspection in words.

use std::fmt::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use signalbox_crm::robot::{CauseKind, Manifest, Param};
use signalbox_sandbox::Limits;
use signalbox_sandbox::inspect::Inspection;

use super::super::output::table;
use super::sections::Anatomy;

/// The whole inspection.
pub(super) fn inspection(inspection: &Inspection) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut text, inspection);
    text
}

/// What was built, in short: `robot inspect` tells the rest.
pub(super) fn built(inspection: &Inspection, language: &str, file: &Path) -> String {
    let manifest = &inspection.manifest;
    let asked: Vec<&str> = manifest
        .permission
        .iter()
        .map(|permission| permission.interface.as_str())
        .collect();
    let permissions = match asked.is_empty() {
        true => "none".to_owned(),
        false => asked.join(", "),
    };
    let rows = [
        ("robot", format!("{}, in {language}", manifest.label())),
        ("file", file.display().to_string()),
        ("size", format!("{} bytes", inspection.bytes)),
        ("permissions", permissions),
        ("digest", inspection.digest.clone()),
    ];
    let next = format!(
        "next: signalbox robot install {}\n",
        quoted(&file.to_string_lossy())
    );
    rows.map(|(name, value)| format!("{name:<12} {value}\n")).concat() + &next
}

/// The commands that come after the installation: for a stage where the robot takes one.
pub(super) fn how_to_attach(manifest: &Manifest) -> String {
    let id = &manifest.id;
    let moments = [
        (CauseKind::StageEntered, "--stage PIPELINE/STAGE"),
        (CauseKind::MessageReceived, "--event message-received"),
        (CauseKind::Event, "--event KIND"),
        (CauseKind::Schedule, "--schedule CRON"),
    ];
    let taken = moments.iter().find(|(cause, _)| manifest.causes.contains(cause));
    let moment = taken.map_or("--manual", |(_, words)| words);
    let needed = manifest
        .param
        .iter()
        .filter(|param| param.required && param.default.is_none());
    let needed: String = needed
        .map(|param| format!(" --param {}=VALUE", param.key))
        .collect();
    format!(
        "next: signalbox attach --robot {id} {moment}{needed}\n`signalbox pipeline list` has the names, `signalbox \
         attach --help` the other moments\n"
    )
}

/// A word of a command, as a shell takes it.
fn quoted(word: &str) -> String {
    match word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "/-_.".contains(letter))
    {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// What the component consists of.
pub(super) fn anatomy(anatomy: &Anatomy) -> String {
    let rows = anatomy.sections.iter().map(|section| {
        [
            section.bytes.to_string(),
            section.count.to_string(),
            section.name.clone(),
        ]
    });
    format!(
        "\nExports\n{}\n\nSize\n{}",
        anatomy.exports.join(", "),
        table(["bytes", "count", "section"], rows)
    )
}

/// Whose signature stands beside the component.
pub(super) fn signed(key: Option<&str>) -> String {
    match key {
        None => "\nSignature\nnone\n".to_owned(),
        Some(key) => format!("\nSignature\n{key}, not checked: `signalbox robot verify` does that\n"),
    }
}

fn write(out: &mut String, inspection: &Inspection) -> fmt::Result {
    let manifest = &inspection.manifest;
    writeln!(out, "{}  {}", manifest.label(), manifest.name.en)?;
    writeln!(out, "{}\n", manifest.description.en)?;
    writeln!(out, "contract  {}", manifest.contract)?;
    writeln!(out, "size      {} bytes", inspection.bytes)?;
    writeln!(out, "digest    {}", inspection.digest)?;
    writeln!(
        out,
        "starts    {}",
        manifest.causes.iter().map(word).collect::<Vec<_>>().join(", ")
    )?;
    writeln!(
        out,
        "WASI      {}",
        if inspection.uses_wasi {
            "imported; files and network refuse everything"
        } else {
            "no"
        }
    )?;
    let limits: Vec<String> = manifest
        .limits
        .iter()
        .map(|(limit, value)| format!("{limit} {value}"))
        .collect();
    if !limits.is_empty() {
        writeln!(out, "limits    {}", limits.join(", "))?;
    }
    for idle in Limits::default().idle_wishes(&manifest.limits) {
        writeln!(out, "          {idle}")?;
    }
    writeln!(out, "\nPermissions\n{}", permissions(manifest))?;
    writeln!(out, "Parameters\n{}", params(&manifest.param))?;
    let imports = inspection
        .imports
        .iter()
        .map(|(name, functions)| [name.clone(), functions.join(", ")]);
    write!(out, "Imports\n{}", table(["interface", "functions"], imports))
}

/// What a robot asks for, with its reasons in both languages.
pub(super) fn permissions(manifest: &Manifest) -> String {
    if manifest.permission.is_empty() {
        return "none\n".to_owned();
    }
    let rows = manifest.permission.iter().map(|asked| {
        [
            asked.interface.clone(),
            asked.reason.en.clone(),
            asked.reason.ru.clone(),
        ]
    });
    table(["interface", "reason", "in Russian"], rows)
}

fn params(params: &[Param]) -> String {
    if params.is_empty() {
        return "none\n".to_owned();
    }
    let row = |param: &Param| {
        let many = if param.multiple { ", several" } else { "" };
        let options: Vec<&str> = param.options.iter().map(|option| option.key.as_str()).collect();
        let options = if options.is_empty() {
            String::new()
        } else {
            format!(": {}", options.join(" "))
        };
        let default = match (&param.default, param.required) {
            (Some(default), _) => default.to_string(),
            (None, true) => "required".to_owned(),
            (None, false) => "-".to_owned(),
        };
        [
            param.key.clone(),
            format!("{}{many}{options}", word(&param.param_type)),
            default,
            param.title.en.clone(),
        ]
    };
    table(["key", "type", "default", "title"], params.iter().map(row))
}

/// The word that the manifest uses.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
