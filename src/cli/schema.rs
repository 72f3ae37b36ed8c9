//! `wslens schema`: the JSON Schema of the JSON report.

use super::Exit;
use super::output::Screen;
use crate::report::schema;
use anyhow::Result;
use clap::Args;
use std::io::Write;

/// Print the JSON Schema (draft 2020-12) of what --format json writes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wslens schema > report.schema.json")]
pub struct Schema {}

impl Schema {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let mut out = screen.plain();
        out.write_all(schema::text().as_bytes())?;
        out.flush()?;
        Ok(Exit::Done)
    }
}
