//! `wslens ladder`: a connection as a ladder of what was sent.

use super::Exit;
use super::captures::{Captures, Keys, known, number};
use super::output::Screen;
use crate::analysis::Options;
use crate::report::ladder::Ladder;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens ladder capture.pcap 0
  wslens ladder capture.pcap 0 --limit 20    the first ten frames and the last ten

Times count from the first packet of the connection, or of its stream in HTTP/2.
A rung stands where its first byte was captured.";

/// Draw a connection as a ladder: client and server, and what they send each other from SYN to FIN.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Draw {
    /// Capture file; - reads standard input.
    capture: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// Number of the connection, as analyze shows it.
    #[arg(value_name = "N", value_parser = number)]
    connection: u64,
    /// Draw at most this many frames, half of them from the beginning and half from the end.
    #[arg(long, value_name = "FRAMES", default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..))]
    limit: u32,
}

impl Draw {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let opened = Captures::one(self.capture, self.keys).open()?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut ladder = Ladder::new(screen.styled(), self.connection, screen.width, screen.least(), limit);
        let outcome = opened.run(Options { timeline: true, ..Options::default() }, &mut ladder)?;
        known(self.connection, &outcome)?;
        Ok(Exit::Done)
    }
}
