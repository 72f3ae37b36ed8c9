//! The `wslens` program; all of it is [`wslens::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    wslens::cli::main()
}
