//! Packages as people who write Go expect them: `items.Get(id)` answers with a value and an error.
//!
//! They are made of the text of the generated packages, whose generator is pinned: what it writes in a line of its own,
//! types, constants and the heads of functions, is all that is needed of it.

/// What generated packages are called before the name of the interface.
const PREFIX: &str = "signalbox_robot_";
/// What a function answers that may be refused.
const RESULT: (&str, &str) = ("witTypes.Result[", ", signalbox_robot_types.Error]");
/// What it answers with when there is nothing to say.
const NOTHING: &str = "witTypes.Unit";

/// The path and the text of the package around the generated one `name`.
pub(super) fn package(name: &str, generated: &str) -> (String, String) {
    let interface = name.strip_prefix(PREFIX).unwrap_or(name).replace('_', "");
    let body: String = generated.lines().filter_map(|line| wrapped(name, line)).collect();
    let imports: String = [
        ("signalbox.", "\"signalbox\"\n"),
        (
            "witTypes.",
            "witTypes \"go.bytecodealliance.org/pkg/wit/types\"\n",
        ),
        (
            "signalbox_robot_types.",
            "\"wit_component/signalbox_robot_types\"\n",
        ),
    ]
    .into_iter()
    .filter(|(used, _)| body.contains(used) && *used != format!("{name}."))
    .map(|(_, line)| line)
    .collect();
    let text = format!(
        "// Package {interface} is the interface of this name of the contract.\npackage {interface}\n\n\
         import (\n\"wit_component/{name}\"\n{imports})\n\n{body}"
    );
    (format!("{interface}/{interface}.go"), text)
}

/// What becomes of a line of the generated package.
fn wrapped(package: &str, line: &str) -> Option<String> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("type ") {
        let name = exported(rest)?;
        return Some(format!("type {name} = {package}.{name}\n"));
    }
    if let Some(rest) = line.strip_prefix("func ") {
        return function(package, rest.strip_suffix('{')?.trim());
    }
    // `LevelDebug uint8 = 0`.
    let (name, _) = line.split_once(" uint8 = ")?;
    Some(format!("const {0} = {package}.{0}\n", exported(name)?))
}

/// The wrapper of `Get(item string) witTypes.Result[...]`.
fn function(package: &str, head: &str) -> Option<String> {
    let name = exported(head)?;
    let rest = head.strip_prefix(name)?.strip_prefix('(')?;
    let (parameters, answer) = rest
        .rsplit_once(')')
        .filter(|(inside, _)| !inside.contains(')'))?;
    let call = format!("{package}.{name}({})", arguments(parameters));
    let answer = answer.trim();
    let value = answer
        .strip_prefix(RESULT.0)
        .and_then(|rest| rest.strip_suffix(RESULT.1));
    Some(match value {
        Some(NOTHING) => format!("func {name}({parameters}) error {{ return signalbox.Refusal({call}) }}\n"),
        Some(value) => {
            format!("func {name}({parameters}) ({value}, error) {{ return signalbox.Answer({call}) }}\n")
        }
        None if answer.is_empty() => format!("func {name}({parameters}) {{ {call} }}\n"),
        None => format!("func {name}({parameters}) {answer} {{ return {call} }}\n"),
    })
}

/// `item, stage` for `item string, stage string`.
fn arguments(parameters: &str) -> String {
    let name = |parameter: &str| parameter.split_whitespace().next().unwrap_or_default().to_owned();
    parameters.split(", ").map(name).collect::<Vec<_>>().join(", ")
}

/// The name at the beginning of a declaration, where it is one for other packages.
fn exported(declaration: &str) -> Option<&str> {
    let end = declaration
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(declaration.len());
    let name = &declaration[..end];
    name.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{package, wrapped};

    const NAME: &str = "signalbox_robot_item_creation";

    fn wrapper(line: &str) -> String {
        wrapped(NAME, line).unwrap_or_default()
    }

    #[test]
    fn refusals_become_errors() {
        assert_eq!(
            wrapper("func Create(item NewItem) witTypes.Result[string, signalbox_robot_types.Error] {"),
            "func Create(item NewItem) (string, error) \
             { return signalbox.Answer(signalbox_robot_item_creation.Create(item)) }\n"
        );
        assert_eq!(
            wrapper(
                "func Set(a string, b []Field) witTypes.Result[witTypes.Unit, signalbox_robot_types.Error] {"
            ),
            "func Set(a string, b []Field) error \
             { return signalbox.Refusal(signalbox_robot_item_creation.Set(a, b)) }\n"
        );
        assert_eq!(
            wrapper("func Now() string {"),
            "func Now() string { return signalbox_robot_item_creation.Now() }\n"
        );
        assert_eq!(
            wrapper("func Log(level Level, message string)  {"),
            "func Log(level Level, message string) { signalbox_robot_item_creation.Log(level, message) }\n"
        );
    }

    #[test]
    fn types_and_constants_are_those_of_the_generated_package() {
        assert_eq!(
            wrapper("type NewItem struct {"),
            "type NewItem = signalbox_robot_item_creation.NewItem\n"
        );
        assert_eq!(
            wrapper("SpaceRobot uint8 = 0"),
            "const SpaceRobot = signalbox_robot_item_creation.SpaceRobot\n"
        );
        for passed_over in [
            "func wasm_import_now(arg0 uintptr) ",
            "tag uint8",
            "Title string",
            "func (self X) Tag() uint8 {",
        ] {
            assert_eq!(wrapper(passed_over), "", "{passed_over}");
        }
    }

    #[test]
    fn package_imports_what_it_uses() {
        let (path, text) = package(NAME, "type NewItem struct {\n}\n");
        assert_eq!(path, "itemcreation/itemcreation.go");
        assert!(
            text.contains("package itemcreation\n") && !text.contains("\"signalbox\""),
            "{text}"
        );
    }
}
