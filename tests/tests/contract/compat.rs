//! Whether a component that was built for one contract loads and means the same with another one.

use std::collections::BTreeMap;

use super::shape::{Definition, Interface, Shape, World};

/// What of the frozen contract is gone or has changed, by name. Additions are no findings.
pub(super) fn broken(frozen: &Shape, now: &Shape) -> Vec<String> {
    let mut findings = Vec::new();
    if now.package != frozen.package {
        findings.push(format!("package `{}` became `{}`", frozen.package, now.package));
    }
    // Components ask for a version of the line: 0.9.0 is served by 0.9.3, and 1.0.0 by 1.2.0.
    let line = |(major, minor, patch)| if major == 0 { (minor, patch) } else { (0, 0) };
    let is_later = now.version >= frozen.version;
    if now.version.0 != frozen.version.0 || line(now.version).0 != line(frozen.version).0 || !is_later {
        let written = |(major, minor, patch): (u64, u64, u64)| format!("{major}.{minor}.{patch}");
        findings.push(format!(
            "version {} became {}, which is not of its line",
            written(frozen.version),
            written(now.version)
        ));
    }
    for (name, before) in &frozen.interfaces {
        match now.interfaces.get(name) {
            None => findings.push(format!("interface `{name}` is gone")),
            Some(after) => interface(name, before, after, &mut findings),
        }
    }
    for (name, before) in &frozen.worlds {
        match now.worlds.get(name) {
            None => findings.push(format!("world `{name}` is gone")),
            Some(after) => world(name, before, after, &mut findings),
        }
    }
    findings
}

fn interface(name: &str, before: &Interface, after: &Interface, findings: &mut Vec<String>) {
    for (of, written) in &before.functions {
        match after.functions.get(of) {
            None => findings.push(format!("function `{name}.{of}` is gone")),
            Some(now) if now != written => {
                findings.push(format!("function `{name}.{of}`: `{written}` became `{now}`"));
            }
            Some(_) => {}
        }
    }
    for (of, definition) in &before.types {
        let name = format!("{name}.{of}");
        match after.types.get(of) {
            None => findings.push(format!("{} `{name}` is gone", definition.kind)),
            Some(now) => members(&name, definition, now, findings),
        }
    }
}

/// A shipped type is frozen: not even an addition to it is compatible.
fn members(name: &str, before: &Definition, after: &Definition, findings: &mut Vec<String>) {
    let kind = before.kind;
    if after.kind != kind {
        findings.push(format!("{kind} `{name}` became a {}", after.kind));
        return;
    }
    if kind == "type" {
        if before != after {
            let (was, is) = (&before.members[0].1, &after.members[0].1);
            findings.push(format!("type `{name}`: `{was}` became `{is}`"));
        }
        return;
    }
    let written = |definition: &Definition| definition.members.iter().cloned().collect::<BTreeMap<_, _>>();
    let (old, new) = (written(before), written(after));
    let count = findings.len();
    for (member, was) in &old {
        match new.get(member) {
            None => findings.push(format!("{kind} `{name}`: `{member}` is gone")),
            Some(is) if is != was => {
                findings.push(format!("{kind} `{name}`: `{member}: {was}` became `{is}`"));
            }
            Some(_) => {}
        }
    }
    for member in new.keys().filter(|member| !old.contains_key(*member)) {
        findings.push(format!("{kind} `{name}`: `{member}` came, but it is frozen"));
    }
    if findings.len() == count && before.members != after.members {
        findings.push(format!("{kind} `{name}`: its order changed"));
    }
}

fn world(name: &str, before: &World, after: &World, findings: &mut Vec<String>) {
    for import in before.imports.difference(&after.imports) {
        findings.push(format!("world `{name}`: import `{import}` is gone"));
    }
    for export in before.exports.difference(&after.exports) {
        findings.push(format!("world `{name}`: export `{export}` is gone"));
    }
    for export in after.exports.difference(&before.exports) {
        findings.push(format!(
            "world `{name}`: export `{export}` came, which robots do not have"
        ));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const FROZEN: &str = "/// A contract.
package a:b@0.9.0;

interface types {
    type ref = string;
    record error { code: string, message: string }
    record item { id: ref, title: string, amount: option<u32> }
    variant value { text(string), flag(bool), nothing }
    enum level { low, high }
}

interface items {
    use types.{ref, item, error};
    get: func(item: ref) -> result<item, error>;
    all: func(level: u32) -> list<tuple<ref, bool>>;
}

interface entry { run: func(); }

world robot { import items; export entry; }
";

    fn check(changes: &[(&str, &str)], expected: Expect) {
        let mut text = FROZEN.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let findings = broken(&Shape::parse(FROZEN), &Shape::parse(&text));
        expected.assert_eq(&findings.join("\n"));
    }

    #[test]
    fn additions_comments_and_order_of_items_are_compatible() {
        check(&[], expect![[""]]);
        let additions = [
            ("@0.9.0", "@0.9.4"),
            ("/// A contract.", "/// The contract, in other words."),
            ("    enum level", "    record more { a: u32 }\n    enum level"),
            (
                "    all: func",
                "    use types.{more};\n    /// New.\n    find: func(a: more) -> result<_, error>;\n    all: func",
            ),
            (
                "interface entry",
                "interface fields { get: func(); }\n\ninterface entry",
            ),
            ("import items;", "import fields; import items;"),
        ];
        check(&additions, expect![[""]]);
        let moved = [
            ("    type ref = string;\n", ""),
            ("    enum level", "    type ref = string;\n    enum level"),
        ];
        check(&moved, expect![[""]]);
    }

    #[test]
    fn functions_that_go_or_change_are_named() {
        check(
            &[("    get: func(item: ref) -> result<item, error>;\n", "")],
            expect!["function `items.get` is gone"],
        );
        check(
            &[("get: func(item: ref)", "get: func(item: ref, deep: bool)")],
            expect![[
                "function `items.get`: `func(item: types.ref) -> result<types.item, types.error>` became `func(item: types.ref, deep: bool) -> result<types.item, types.error>`"
            ]],
        );
        check(
            &[("get: func(item: ref)", "get: func(of: ref)")],
            expect![[
                "function `items.get`: `func(item: types.ref) -> result<types.item, types.error>` became `func(of: types.ref) -> result<types.item, types.error>`"
            ]],
        );
        check(
            &[("list<tuple<ref, bool>>", "list<tuple<bool, ref>>")],
            expect![[
                "function `items.all`: `func(level: u32) -> list<tuple<types.ref, bool>>` became `func(level: u32) -> list<tuple<bool, types.ref>>`"
            ]],
        );
    }

    #[test]
    fn types_are_frozen() {
        check(
            &[(", title: string", "")],
            expect!["record `types.item`: `title` is gone"],
        );
        check(
            &[("title: string", "title: string, color: string")],
            expect!["record `types.item`: `color` came, but it is frozen"],
        );
        check(
            &[("option<u32>", "u32")],
            expect!["record `types.item`: `amount: option<u32>` became `u32`"],
        );
        check(
            &[("id: ref, title: string", "title: string, id: ref")],
            expect!["record `types.item`: its order changed"],
        );
        check(
            &[("flag(bool)", "flag(bool), count(u32)")],
            expect!["variant `types.value`: `count` came, but it is frozen"],
        );
        check(
            &[("flag(bool)", "flag(string)")],
            expect!["variant `types.value`: `flag: bool` became `string`"],
        );
        check(
            &[("low, high", "low, middle, high")],
            expect!["enum `types.level`: `middle` came, but it is frozen"],
        );
        check(
            &[("low, high", "high, low")],
            expect!["enum `types.level`: its order changed"],
        );
        check(
            &[("    enum level { low, high }\n", "")],
            expect!["enum `types.level` is gone"],
        );
        check(
            &[("type ref = string", "type ref = u32")],
            expect!["type `types.ref`: `string` became `u32`"],
        );
        check(
            &[("enum level { low, high }", "flags level { low, high }")],
            expect!["enum `types.level` became a flags"],
        );
    }

    #[test]
    fn packages_interfaces_and_worlds_stay() {
        check(&[("a:b@", "a:c@")], expect!["package `a:b` became `a:c`"]);
        check(
            &[("@0.9.0", "@0.10.0")],
            expect!["version 0.9.0 became 0.10.0, which is not of its line"],
        );
        check(
            &[
                ("interface items", "interface things"),
                ("import items", "import things"),
            ],
            expect![[r#"
                interface `items` is gone
                world `robot`: import `items` is gone"#]],
        );
        check(
            &[
                (
                    "interface entry",
                    "interface check { check: func(); }\n\ninterface entry",
                ),
                ("export entry;", "export entry; export check;"),
            ],
            expect!["world `robot`: export `check` came, which robots do not have"],
        );
        check(&[("world robot", "world bot")], expect!["world `robot` is gone"]);
    }
}
