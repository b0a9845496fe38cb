//! The bundled robots, built for real.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use signalbox_build::{Component, build_robots, interfaces, robot_dirs, robots_target_dir};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn bundled() -> Vec<Component> {
    let root = root();
    build_robots(
        &robot_dirs(&root.join("plugins")).unwrap(),
        &robots_target_dir(&root),
    )
    .unwrap()
}

/// The manifest, read back from the end of the component.
fn manifest(component: &Component) -> serde_json::Value {
    let section = &component.bytes[component.bare.len()..];
    let start = section.iter().position(|byte| *byte == b'{').unwrap();
    serde_json::from_slice(&section[start..]).unwrap()
}

/// What the robot asks for, in alphabetical order.
fn permissions(component: &Component) -> Vec<String> {
    let manifest = manifest(component);
    let list = manifest["permission"].as_array().unwrap();
    let mut names: Vec<String> = list
        .iter()
        .map(|p| p["interface"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_robot_imports_what_its_manifest_asks_for_and_nothing_else() {
    let expected: [(&str, &[&str]); 7] = [
        ("auto-reply", &["calendar", "messaging"]),
        ("create-activity", &["activities"]),
        ("move-stage", &["stages"]),
        ("notify", &["notifications"]),
        ("reassign", &["assignment"]),
        (
            "script",
            &[
                "activities",
                "assignment",
                "calendar",
                "contact-editing",
                "contacts",
                "conversation-control",
                "conversations",
                "employees",
                "fields",
                "item-creation",
                "items",
                "messaging",
                "notifications",
                "outbound-http",
                "stages",
                "state",
                "timeline",
                "timers",
            ],
        ),
        (
            "stage-control",
            &["assignment", "calendar", "items", "notifications", "timers"],
        ),
    ];
    let robots = bundled();
    assert_eq!(robots.len(), expected.len());
    for (robot, (id, wanted)) in robots.iter().zip(expected) {
        let mut imports = interfaces(&robot.bytes).unwrap();
        imports.retain(|name| !["clock", "log", "params", "random", "types"].contains(&name.as_str()));
        assert_eq!(robot.id, id);
        assert!(imports.iter().eq(wanted), "{id} imports {imports:?}");
        assert_eq!(permissions(robot), wanted, "{id}");
        println!("{id}: {} bytes, {imports:?}", robot.bytes.len());
    }
}

#[test]
fn sources_of_the_robot_the_sdk_and_the_contract_are_watched() {
    let root = root();
    for robot in bundled() {
        let source = root.join("plugins").join(&robot.id).join("src/lib.rs");
        for file in [
            source,
            root.join("wit/world.wit"),
            root.join("sdk/src/lib.rs"),
            root.join("Cargo.lock"),
        ] {
            assert!(
                robot.watch.contains(&file),
                "{} does not watch {}: {:?}",
                robot.id,
                file.display(),
                robot.watch
            );
        }
    }
}

#[test]
fn components_hold_no_path_of_this_machine() {
    let home = std::env::home_dir().unwrap().join(".cargo");
    for robot in bundled() {
        for path in [root(), home.clone()] {
            let path = path.to_str().unwrap().as_bytes();
            assert!(
                !robot.bytes.windows(path.len()).any(|window| window == path),
                "{}",
                robot.id
            );
        }
    }
}
