//! `wslens completions`: what a shell needs to complete arguments.

use super::{Cli, Exit};
use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  wslens completions bash > ~/.local/share/bash-completion/completions/wslens
  wslens completions zsh > ~/.zfunc/_wslens";

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<Exit> {
        // clap_complete panics where it cannot write; memory always takes it.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "wslens", &mut script);
        let mut out = io::stdout().lock();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Exit::Done)
    }
}
