//! The `signalbox` program.

/// The system's allocator costs a run a tenth of its time: blocks are freed on other threads than they come from.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // The host starts this program once more for each robot that it compiles.
    signalbox_sandbox::compile_if_asked().unwrap_or_else(signalbox::cli::main)
}
