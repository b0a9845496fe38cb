//! The `signalbox` program.

fn main() -> std::process::ExitCode {
    signalbox::cli::main()
}
