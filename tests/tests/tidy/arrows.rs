//! Arrows that must never exist, from the manifests.

use std::process::Command;

use serde_json::Value;

/// What the rules in `crm` must not know: the outside, clocks and randomness.
const OUTSIDE: [&str; 14] = [
    "tokio",
    "async-trait",
    "sqlx",
    "wasmtime",
    "wasmtime-wasi",
    "axum",
    "hyper",
    "reqwest",
    "tower-http",
    "tracing",
    "log",
    "getrandom",
    "rand",
    "uuid",
];
const HOST: [&str; 4] = ["signalbox", "signalbox-crm", "signalbox-db", "signalbox-sandbox"];
const LIBRARIES: [&str; 3] = ["host/crates/crm", "host/crates/db", "host/crates/sandbox"];

/// A benchmark beside the sandbox, with what it builds: no library, and nobody depends on it.
const COMPARISON: &str = "host/crates/sandbox/comparison";

/// A package: its directory from the top, and whom it depends on.
struct Package {
    dir: String,
    needs: Vec<String>,
}

fn packages() -> Vec<Package> {
    let root = super::root();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--no-deps",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(root.join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let read = |package: &Value| {
        let path = text(&package["manifest_path"]);
        let short = path
            .strip_prefix(root.to_str().expect("UTF-8"))
            .expect("below the top");
        let dir = short
            .trim_end_matches("Cargo.toml")
            .trim_matches(['/', '\\'])
            .replace('\\', "/");
        let needs = package["dependencies"].as_array().expect("a list");
        Package {
            dir,
            needs: needs.iter().map(|d| text(&d["name"])).collect(),
        }
    };
    packages.iter().map(read).collect()
}

fn check(package: &Package) -> Vec<String> {
    let dir = package.dir.as_str();
    let mut forbidden: Vec<&str> = Vec::new();
    match dir {
        "host/crates/crm" => forbidden.extend(
            OUTSIDE
                .iter()
                .chain(&HOST)
                .chain(&["signalbox-sdk", "signalbox-build"]),
        ),
        "host/crates/db" => forbidden.extend(["signalbox", "signalbox-sandbox"]),
        "host/crates/sandbox" => forbidden.extend(["signalbox", "signalbox-db"]),
        _ if dir == "sdk" || dir.starts_with("sdk/") || dir.starts_with("plugins/") => forbidden.extend(HOST),
        _ => {}
    }
    if dir != "host/crates/db" && dir != "tests" {
        forbidden.push("sqlx");
    }
    if dir != "host/crates/sandbox" && dir != COMPARISON && dir != "tests" {
        forbidden.extend(["wasmtime", "wasmtime-wasi"]);
    }
    let broken = package
        .needs
        .iter()
        .filter(|need| forbidden.contains(&need.as_str()));
    let mut findings: Vec<String> = broken
        .map(|need| format!("{dir} must not depend on `{need}`"))
        .collect();
    if dir.starts_with("host/crates/") && !LIBRARIES.contains(&dir) && !dir.starts_with(COMPARISON) {
        findings.push(format!(
            "{dir}: a fourth library needs an argument about a forbidden dependency"
        ));
    }
    findings
}

#[test]
fn no_package_depends_on_what_it_must_not_know() {
    let packages = packages();
    for library in LIBRARIES {
        assert!(
            packages.iter().any(|p| p.dir == library),
            "{library} is not in the workspace"
        );
    }
    let findings: Vec<String> = packages.iter().flat_map(check).collect();
    super::assert_none(&findings);
}

#[test]
fn a_forbidden_arrow_is_found() {
    for (dir, need) in [
        ("host/crates/crm", "tokio"),
        ("host/crates/crm", "signalbox-db"),
        ("host/crates/db", "signalbox-sandbox"),
        ("host/crates/sandbox", "signalbox-db"),
        ("host", "sqlx"),
        ("host", "wasmtime"),
        ("sdk", "signalbox-crm"),
        ("sdk/build", "signalbox-sandbox"),
        ("plugins/notify", "signalbox"),
    ] {
        let package = Package {
            dir: dir.to_owned(),
            needs: vec!["serde".to_owned(), need.to_owned()],
        };
        assert!(
            check(&package).contains(&format!("{dir} must not depend on `{need}`")),
            "{dir} {need}"
        );
    }
    let fourth = Package {
        dir: "host/crates/extra".to_owned(),
        needs: Vec::new(),
    };
    assert_eq!(check(&fourth).len(), 1);
}
