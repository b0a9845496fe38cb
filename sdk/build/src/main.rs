//! `signalbox-build CRATE_DIR OUT.wasm`: builds one robot.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use signalbox_build::build_robot;

/// The exit code for a wrong command line, as other tools use it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [crate_dir, out] = arguments.as_slice() else {
        eprintln!("usage: signalbox-build CRATE_DIR OUT.wasm");
        return ExitCode::from(USAGE);
    };
    match build(Path::new(crate_dir), Path::new(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The robot's target directory is inside its crate, where cargo's ignore rules expect it.
fn build(crate_dir: &Path, out: &Path) -> Result<()> {
    let crate_dir = crate_dir
        .canonicalize()
        .with_context(|| format!("no directory {}", crate_dir.display()))?;
    let robot = build_robot(&crate_dir, &crate_dir.join("target/robots"))?;
    std::fs::write(out, &robot.bytes).with_context(|| format!("cannot write {}", out.display()))?;
    println!("{}: {} bytes in {}", robot.id, robot.bytes.len(), out.display());
    Ok(())
}
