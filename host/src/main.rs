//! The `signalbox` program.

/// The system's allocator costs a run a tenth of its time: blocks are freed on other threads than they come from.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    signalbox::cli::main()
}
