//! `signalbox-build DIR OUT.wasm`: builds one robot, of any language.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use signalbox_build::{BuildError, build_folder};

/// The exit code for a wrong command line, as other tools use it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, out] = arguments.as_slice() else {
        eprintln!("usage: signalbox-build DIR OUT.wasm");
        return ExitCode::from(USAGE);
    };
    match build(Path::new(dir), Path::new(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(BuildError::ToolFailed { output, .. }) = error.downcast_ref() {
                eprint!("{output}");
            }
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build(dir: &Path, out: &Path) -> Result<()> {
    let robot = build_folder(dir)?;
    std::fs::write(out, &robot.bytes).with_context(|| format!("cannot write {}", out.display()))?;
    println!("{}: {} bytes in {}", robot.id, robot.bytes.len(), out.display());
    Ok(())
}
