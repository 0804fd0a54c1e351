//! The binary: runs the command line and hands its exit code on.

use std::process::ExitCode;

fn main() -> ExitCode {
    warrener::cli::main()
}
