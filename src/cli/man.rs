//! `wslens man`: the manual, as roff.

use super::{Cli, Exit};
use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  wslens man | man -l -
  wslens man check > wslens-check.1";

/// Print the manual page of the program or of one of its commands.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Man {
    /// A command; the program's own page without one.
    command: Option<String>,
}

impl Man {
    pub(super) fn run(self) -> Result<Exit> {
        let mut program = Cli::command();
        program.build();
        let page = match self.command.as_deref() {
            None => program,
            Some(name) => program
                .find_subcommand(name)
                .with_context(|| format!("there is no command {name}; wslens --help lists them"))?
                .clone(),
        };
        let mut roff = Vec::new();
        clap_mangen::Man::new(page).render(&mut roff)?;
        let mut out = io::stdout().lock();
        out.write_all(&roff)?;
        out.flush()?;
        Ok(Exit::Done)
    }
}
