//! Robots in JavaScript and TypeScript, on QuickJS.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};

use crate::copying::copy;
use crate::error::BuildError;
use crate::language::Language;
use crate::source::Source;
use crate::tool::{Place, Tool};
use crate::{contract, tool};

/// Makes a component of modules.
const COMPILER: Tool = Tool {
    name: "componentize-qjs",
    only_for: None,
    install: "npm install --save-dev componentize-qjs@0.4.5",
    place: Place::Program {
        files: &["componentize-qjs"],
        inside: Some(tool::NODE),
    },
};
/// Makes one JavaScript module of TypeScript and of packages.
const BUNDLER: Tool = Tool {
    name: "esbuild",
    only_for: Some("TypeScript and packages"),
    install: "npm install --save-dev esbuild@0.28",
    place: Place::Program {
        files: &["esbuild"],
        inside: Some(tool::NODE),
    },
};
/// What robots in JavaScript are built with.
pub(crate) const TOOLS: [Tool; 2] = [COMPILER, BUNDLER];
/// The SDK, but for its list of interfaces, which follows the manifest.
const SDK: &str = include_str!("../../js/signalbox.js");
/// Exports what the host calls.
const ENTRY: &str = include_str!("../../js/entry.js");
/// What a robot without a bundler may consist of.
const EXTENSIONS: [&str; 3] = ["js", "mjs", "json"];

/// Builds the component, without a manifest.
pub(crate) fn build(source: &Source, stage: &Path) -> Result<Vec<u8>, BuildError> {
    let main = Main::read(&source.dir)?;
    let compiler = COMPILER.require(&source.dir, Language::JavaScript)?;
    let interfaces = source.manifest.interfaces();
    contract::write(&stage.join("wit"), &interfaces)?;
    let modules = stage.join("modules");
    lay_out(&modules, &interfaces, &main)?;
    match main.needs_bundler {
        true => bundle(source, &main, &modules)?,
        false => copy(&source.dir, &modules.join("robot"), &EXTENSIONS)?,
    }
    let out = stage.join("robot.wasm");
    let mut command = Command::new(compiler);
    command
        .args(["--sync", "--stub-wasi", "--world", contract::WORLD])
        .args([OsStr::new("--wit"), stage.join("wit").as_os_str()])
        .args([OsStr::new("--js"), modules.join("entry.js").as_os_str()])
        .args([OsStr::new("--module-root"), modules.as_os_str()])
        .args([OsStr::new("--output"), out.as_os_str()])
        .current_dir(stage);
    tool::run(COMPILER.name, &mut command).map_err(|error| explained(error, &interfaces))?;
    let bytes = std::fs::read(&out).with_context(|| format!("cannot read {}", out.display()))?;
    Ok(bytes)
}

/// The module that exports `run`.
struct Main {
    /// Inside the robot's folder.
    path: PathBuf,
    /// It is TypeScript, or uses packages.
    needs_bundler: bool,
}

impl Main {
    fn read(dir: &Path) -> anyhow::Result<Main> {
        let package = package(&dir.join("package.json"))?;
        let named = package.get("main").and_then(serde_json::Value::as_str);
        let usual = ["robot.ts", "robot.js"].into_iter();
        let Some(path) = named
            .into_iter()
            .chain(usual)
            .map(PathBuf::from)
            .find(|path| dir.join(path).is_file())
        else {
            bail!("`{}` has no robot.js and no robot.ts", dir.display());
        };
        if !path.components().all(|part| {
            matches!(
                part,
                std::path::Component::Normal(_) | std::path::Component::CurDir
            )
        }) {
            bail!(
                "package.json: `main` is `{}`, which lies outside of the robot",
                path.display()
            );
        }
        let packages = package.get("dependencies").and_then(serde_json::Value::as_object);
        let is_script = path.extension().is_some_and(|extension| extension == "ts");
        let needs_bundler = is_script || packages.is_some_and(|packages| !packages.is_empty());
        Ok(Main { path, needs_bundler })
    }

    /// Where the module is among the laid out ones.
    fn laid_out(&self) -> String {
        match self.needs_bundler {
            true => "robot.js".to_owned(),
            false => self.path.to_string_lossy().into_owned(),
        }
    }
}

/// package.json, or nothing where there is none.
fn package(path: &Path) -> anyhow::Result<serde_json::Value> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(serde_json::Value::Null),
        Err(error) => Err(anyhow!(error).context(format!("cannot read {}", path.display()))),
    }
}

/// Writes what is around the robot: the entry, and the SDK as a package.
fn lay_out(modules: &Path, interfaces: &BTreeSet<String>, main: &Main) -> anyhow::Result<()> {
    let package = modules.join("node_modules/signalbox");
    let path = serde_json::to_string(&format!("./robot/{}", main.laid_out()))?;
    std::fs::create_dir_all(&package)?;
    for (file, text) in [
        (modules.join("entry.js"), ENTRY.to_owned()),
        (
            modules.join("robot.js"),
            format!("export {{ run }} from {path};\n"),
        ),
        (
            package.join("package.json"),
            "{ \"type\": \"module\", \"main\": \"index.js\" }\n".to_owned(),
        ),
        (package.join("index.js"), index(interfaces)),
        (package.join("contract.js"), namespaces(&["log", "params"])),
        (package.join("signalbox.js"), SDK.to_owned()),
    ] {
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The SDK's own names, and one for each interface that the manifest asks for.
fn index(interfaces: &BTreeSet<String>) -> String {
    let wrapped = ["log", "params", "types"];
    let names: Vec<&str> = interfaces
        .iter()
        .map(String::as_str)
        .filter(|name| !wrapped.contains(name))
        .collect();
    let guarded = |name: &&str| {
        let (full, camel) = (contract::full_name(name), camel_case(name));
        format!("import * as {camel}Calls from '{full}';\nexport const {camel} = refusing({camel}Calls);\n")
    };
    let interfaces: String = names.iter().map(guarded).collect();
    format!("import {{ refusing }} from './signalbox.js';\nexport * from './signalbox.js';\n{interfaces}")
}

/// `export * as items from 'signalbox:robot/items@0.9.1';` for each.
fn namespaces(interfaces: &[&str]) -> String {
    let line = |name: &&str| {
        let full = contract::full_name(name);
        format!("export * as {} from '{full}';\n", camel_case(name))
    };
    interfaces.iter().map(line).collect()
}

/// `item-creation` is `itemCreation`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        text.push_str(&head.to_ascii_uppercase());
        text.push_str(tail);
        text
    })
}

/// Makes one module of the robot and its packages.
fn bundle(source: &Source, main: &Main, modules: &Path) -> Result<(), BuildError> {
    let bundler = BUNDLER.require(&source.dir, Language::JavaScript)?;
    let mut out = std::ffi::OsString::from("--outfile=");
    out.push(modules.join("robot/robot.js"));
    let mut main_path = std::ffi::OsString::from("./");
    main_path.push(&main.path);
    let mut command = Command::new(bundler);
    command
        .arg(main_path)
        .args([
            "--bundle",
            "--format=esm",
            "--external:signalbox",
            "--log-level=warning",
        ])
        .arg(out)
        .current_dir(&source.dir);
    tool::run(BUNDLER.name, &mut command)
}

/// The compiler says that the SDK has no `stages`; the reason is that the manifest does not ask for it.
fn explained(error: BuildError, interfaces: &BTreeSet<String>) -> BuildError {
    let BuildError::ToolFailed { output, .. } = &error else {
        return error;
    };
    let unlisted = contract::interfaces().into_iter().find(|name| {
        !interfaces.contains(*name) && output.contains(&format!("find export '{}'", camel_case(name)))
    });
    match unlisted {
        Some(name) => BuildError::Other(anyhow!(
            "the robot imports `{}`, but robot.toml has no permission for `{name}`",
            camel_case(name)
        )),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Main, camel_case, index};

    #[test]
    fn sdk_has_a_name_for_each_interface_of_the_manifest() {
        let asked = ["clock", "item-creation", "log", "params"].map(str::to_owned);
        assert_eq!(
            index(&BTreeSet::from(asked)),
            "import { refusing } from './signalbox.js';\n\
             export * from './signalbox.js';\n\
             import * as clockCalls from 'signalbox:robot/clock@0.9.1';\n\
             export const clock = refusing(clockCalls);\n\
             import * as itemCreationCalls from 'signalbox:robot/item-creation@0.9.1';\n\
             export const itemCreation = refusing(itemCreationCalls);\n"
        );
        assert_eq!(camel_case("a--b-"), "aB");
    }

    #[test]
    fn main_module_is_named_or_usual_and_inside() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        assert!(Main::read(dir.path()).is_err());
        write("robot.js", "");
        assert!(!Main::read(dir.path()).unwrap().needs_bundler);
        write(
            "package.json",
            r#"{"main": "rules.js", "dependencies": {"left-pad": "1"}}"#,
        );
        write("rules.js", "");
        let main = Main::read(dir.path()).unwrap();
        assert_eq!(
            (main.path.to_str().unwrap(), main.needs_bundler),
            ("rules.js", true)
        );
        write("package.json", r#"{"main": "x/../robot.js"}"#);
        std::fs::create_dir(dir.path().join("x")).unwrap();
        assert!(Main::read(dir.path()).is_err());
        write("package.json", "{");
        assert!(Main::read(dir.path()).is_err());
    }
}
