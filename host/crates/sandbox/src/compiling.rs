//! Compiles components in a process of their own.
//!
//! Nobody knows beforehand what a component costs the compiler: a file of 80 KB whose one function has many variables
//! and many jumps takes it 15 s and 2 GB. Cranelift has no limits and cannot be interrupted; a process has, and can be.
//! It runs the same program, at a low priority, so that robots come first. Robots share nothing with it.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use crate::compiler::engine;
use crate::inspect::COMPONENT_BYTES_MAX;

/// The first argument of a program that is to compile and nothing else.
const WORD: &str = "compile-component";
/// How much less the compiler matters than robots and requests, as `nice` counts it: they have nine times its share.
const NICENESS: i32 = 10;
/// The longest compiled component, in bytes. CPython has 46 MB.
const CODE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// The longest message of the process, in bytes.
const MESSAGE_BYTES_MAX: u64 = 4_000;
/// Of `signal(7)`: memory that is not there ends a Rust program so.
const SIGABRT: i32 = 6;
/// Of `signal(7)`: the CPU time is used up.
const SIGXCPU: i32 = 24;

/// A program that compiles when its `main` asks [`compile_if_asked`] first, and its limits.
#[derive(Debug, Clone)]
pub struct CompilerProcess {
    /// The program.
    pub program: PathBuf,
    /// CPU time for one component, of all cores together, in seconds. 120: CPython takes 11.
    pub cpu_s_max: u64,
    /// Memory for one component, in bytes. 1 GiB: CPython takes half of it.
    pub memory_bytes_max: u64,
}

impl CompilerProcess {
    /// This program with the usual limits.
    pub fn new(program: PathBuf) -> Self {
        CompilerProcess {
            program,
            cpu_s_max: 120,
            memory_bytes_max: 1024 * 1024 * 1024,
        }
    }

    /// Compiles for an engine with this many runs. The error is a sentence for the integrator.
    pub(crate) fn compile(&self, concurrent_runs_max: u32, component: &[u8]) -> Result<Vec<u8>, String> {
        let limits = [
            u64::from(concurrent_runs_max),
            self.cpu_s_max,
            self.memory_bytes_max,
        ];
        let mut process = Command::new(&self.program)
            .arg(WORD)
            .args(limits.map(|limit| limit.to_string()))
            // The text of a panic says enough.
            .env("RUST_BACKTRACE", "0")
            // The host's allocator takes a gigabyte at once otherwise, all of which would count.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the compiler {} does not start: {error}", self.program.display()))?;
        let stdin = process.stdin.take();
        let (mut code, mut message) = (Vec::new(), Vec::new());
        let copied = thread::scope(|scope| {
            // A process that ends early reads no further: its own words say why.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(component)));
            read(process.stdout.take(), CODE_BYTES_MAX, &mut code)?;
            read(process.stderr.take(), MESSAGE_BYTES_MAX, &mut message)
        });
        let status = process.wait();
        copied.map_err(|error| format!("the compiler cannot be read: {error}"))?;
        let status = status.map_err(|error| format!("the compiler is lost: {error}"))?;
        match status.success() {
            true => Ok(code),
            false => Err(self.why(status, String::from_utf8_lossy(&message).trim())),
        }
    }

    fn why(&self, status: ExitStatus, message: &str) -> String {
        match status.signal() {
            Some(SIGXCPU) => format!("it takes more than {} s of CPU time", self.cpu_s_max),
            Some(SIGABRT) => format!(
                "it takes more than {} MiB of memory",
                self.memory_bytes_max / 1024 / 1024
            ),
            _ if message.is_empty() => format!("the compiler ended with {status}"),
            _ => message.to_owned(),
        }
    }
}

fn read(from: Option<impl Read>, bytes_max: u64, into: &mut Vec<u8>) -> io::Result<()> {
    let Some(from) = from else {
        return Ok(());
    };
    from.take(bytes_max).read_to_end(into).map(drop)
}

/// Compiles, if this process was started for that: call it first in `main`.
///
/// The component comes from standard input, the compiled one goes to standard output.
pub fn compile_if_asked() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != WORD {
        return None;
    }
    let limits: Vec<u64> = words.filter_map(number).collect();
    let &[runs, cpu_s, memory_bytes] = limits.as_slice() else {
        eprintln!("this command is for the host alone");
        return Some(ExitCode::FAILURE);
    };
    Some(match compile(runs, cpu_s, memory_bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    })
}

fn number(word: OsString) -> Option<u64> {
    word.to_str()?.parse().ok()
}

/// What counts as the memory of this process already: the engine's pool does, of which a compiler touches nothing
/// (Linux, `Documentation/filesystems/proc.rst`: `VmData` of `status`).
fn data_bytes() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.and_then(|kib| kib.checked_mul(1024))
        .ok_or_else(|| io::Error::other("/proc/self/status has no `VmData`"))
}

fn compile(runs: u64, cpu_s: u64, memory_bytes: u64) -> wasmtime::Result<()> {
    // First of all: threads take the priority of the one that starts them.
    nice(NICENESS).map_err(io::Error::from)?;
    let (engine, _) = engine(u32::try_from(runs).unwrap_or(u32::MAX))?;
    let memory_bytes = data_bytes()?.saturating_add(memory_bytes);
    for (resource, most) in [(Resource::Cpu, cpu_s), (Resource::Data, memory_bytes)] {
        let limit = Rlimit {
            current: Some(most),
            // The signal of the upper limit would not say which of both was reached.
            maximum: Some(most.saturating_add(1)),
        };
        setrlimit(resource, limit).map_err(io::Error::from)?;
    }
    let mut component = Vec::new();
    io::stdin()
        .take(COMPONENT_BYTES_MAX as u64)
        .read_to_end(&mut component)?;
    let code = engine.precompile_component(&component)?;
    io::stdout().write_all(&code)?;
    Ok(())
}
