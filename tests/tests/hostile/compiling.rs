//! Components that cost the compiler more than anybody should pay.

use std::path::Path;
use std::sync::{Arc, Mutex};

use signalbox_sandbox::{CacheUse, CompilerProcess, LoadError, Sandbox, SandboxConfig};
use signalbox_tests::robots::HOSTILE;

use crate::cli::program::binary;

const MIB: u64 = 1024 * 1024;

/// A sandbox whose compiler has these limits.
fn sandbox(cache_dir: Option<&Path>, cpu_s_max: u64, memory_mib_max: u64) -> Sandbox {
    let config = SandboxConfig {
        cache_dir: cache_dir.map(Path::to_owned),
        compiler: Some(CompilerProcess {
            cpu_s_max,
            memory_bytes_max: memory_mib_max * MIB,
            ..CompilerProcess::new(binary().to_owned())
        }),
        ..SandboxConfig::default()
    };
    Sandbox::new(config).expect("a sandbox")
}

/// A robot with one more module, which nobody instantiates: one function that changes all of its variables in a loop
/// with many ways back. At each of them the compiler passes all variables on.
fn bomb(variables: usize, ways_back: usize) -> Vec<u8> {
    let change: String = (1..=variables)
        .map(|n| format!("(local.set {n} (i32.add (local.get {n}) (local.get 0)))"))
        .collect();
    let module = wat::parse_str(format!(
        "(module (func (param i32) (local {}) (loop {change} {})))",
        "i32 ".repeat(variables),
        "(br_if 0 (local.get 0))".repeat(ways_back),
    ));
    let module = module.expect("a module");
    let mut robot = HOSTILE.to_vec();
    // A section of a component: what it is, its length in LEB128, the module.
    robot.push(1);
    let mut rest = module.len();
    while rest > 0x7f {
        robot.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    robot.push(rest as u8);
    robot.extend(module);
    robot
}

async fn refusal(sandbox: &Sandbox, bytes: Vec<u8>) -> String {
    match sandbox.load(bytes).await {
        Err(LoadError::Compile(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn robot_that_the_process_compiled_is_the_one_in_the_cache() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("code");
    for (sandbox, cache) in [
        (sandbox(Some(&dir), 60, 1_024), CacheUse::Stored),
        // A host that compiles itself takes the same code.
        (
            Sandbox::new(SandboxConfig {
                cache_dir: Some(dir.clone()),
                ..SandboxConfig::default()
            })
            .expect("a sandbox"),
            CacheUse::Hit,
        ),
        (sandbox(None, 60, 1_024), CacheUse::Off),
    ] {
        let robot = sandbox.load(HOSTILE.to_vec()).await.expect("a robot");
        assert_eq!(*robot.cache(), cache);
    }
}

#[tokio::test]
async fn component_that_costs_too_much_time_or_memory_is_refused() {
    let bytes = bomb(1_000, 20_000);
    assert!(bytes.len() < 300_000, "{}", bytes.len());
    assert_eq!(
        refusal(&sandbox(None, 1, 8_192), bytes.clone()).await,
        "it takes more than 1 s of CPU time"
    );
    assert_eq!(
        refusal(&sandbox(None, 600, 256), bytes).await,
        "it takes more than 256 MiB of memory"
    );
}

#[tokio::test]
async fn compiled_robots_load_while_another_one_is_compiled() {
    let home = tempfile::tempdir().expect("a folder");
    let dir = home.path().join("code");
    let sandbox = sandbox(Some(&dir), 2, 8_192);
    sandbox.load(HOSTILE.to_vec()).await.expect("a robot");
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| order.lock().unwrap().push(what);
    let costly = async {
        refusal(&sandbox, bomb(1_000, 20_000)).await;
        note("refused");
    };
    let cached = async {
        for _ in 0..20 {
            sandbox.load(HOSTILE.to_vec()).await.expect("a robot");
        }
        note("loaded");
    };
    tokio::join!(costly, cached);
    assert_eq!(*order.lock().unwrap(), ["loaded", "refused"]);
}

#[tokio::test]
async fn compiler_that_does_not_start_is_named() {
    let config = SandboxConfig {
        compiler: Some(CompilerProcess::new("/nowhere/signalbox".into())),
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::new(config).expect("a sandbox");
    let why = refusal(&sandbox, HOSTILE.to_vec()).await;
    assert!(
        why.starts_with("the compiler /nowhere/signalbox does not start: "),
        "{why}"
    );
}
