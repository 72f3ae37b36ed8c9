//! `wslens follow`: one connection as a conversation.

use super::Exit;
use super::captures::{Captures, Keys, known, number};
use super::frames::Sender;
use super::output::{Screen, complain};
use crate::Role;
use crate::analysis::{Limits, Options};
use crate::report::raw::Raw;
use crate::report::transcript::Transcript;
use crate::report::words::count;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens follow capture.pcap 0
  wslens follow capture.pcap 0 --no-control
  wslens follow capture.pcap 0 --raw --sender server > said.bin";

/// Show one connection as a conversation, control frames included.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Follow {
    /// Capture file; - reads standard input.
    capture: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// Number of the connection, as analyze shows it.
    #[arg(value_name = "N", value_parser = number)]
    connection: u64,
    /// Leave out pings, pongs and closes.
    #[arg(long)]
    no_control: bool,
    /// Write the bytes of the messages and nothing else.
    #[arg(long)]
    raw: bool,
    /// Only what this endpoint said.
    #[arg(long, value_enum, value_name = "WHO")]
    sender: Option<Sender>,
    /// Bytes of each message to show.
    #[arg(long, value_name = "N", default_value_t = 4096, conflicts_with = "raw")]
    payload_bytes: usize,
}

impl Follow {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let sender = self.sender.map(Role::from);
        let opened = Captures::one(self.capture, self.keys).open()?;
        let outcome = if self.raw {
            // As much of a message as the analysis would inflate.
            let whole = usize::try_from(Limits::default().inflated_bytes).unwrap_or(usize::MAX);
            let mut raw = Raw::new(screen.plain(), self.connection, sender);
            let outcome = opened.run(Options { payload_bytes: whole, ..Options::default() }, &mut raw)?;
            if raw.cut > 0 {
                complain(
                    "warning",
                    &format!("bytes of {} are missing or could not be inflated", count(raw.cut, "message")),
                );
            }
            outcome
        } else {
            let options = Options { payload_bytes: self.payload_bytes, ..Options::default() };
            let control = !self.no_control;
            let mut transcript = Transcript::new(screen.styled(), self.connection, sender, control, screen.least());
            opened.run(options, &mut transcript)?
        };
        known(self.connection, &outcome)?;
        Ok(Exit::Done)
    }
}
