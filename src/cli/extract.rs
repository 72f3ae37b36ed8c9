//! `wslens extract`: messages as files.

use super::Exit;
use super::captures::{Captures, known, number};
use super::frames::Sender;
use super::output::{Screen, complain};
use crate::Role;
use crate::analysis::Options;
use crate::escape::printable;
use crate::report::extract::Extract as Files;
use crate::report::words::{count, size};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  wslens extract capture.pcap --messages said
  wslens extract capture.pcap --messages said --connection 0 --sender server

The files are named by connection, message and sender:
  c0-m3-client.txt       text
  c0-m3-client.bin       binary
  c0-m3-client.txt.part  not whole: bytes are missing or could not be inflated";

/// Write each message to a file, unmasked and inflated.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Extract {
    #[command(flatten)]
    captures: Captures,
    /// Where the files go: a directory that is empty, or that is not there yet.
    #[arg(long, value_name = "DIR")]
    messages: PathBuf,
    /// Only those of this connection.
    #[arg(long, value_name = "N", value_parser = number)]
    connection: Option<u64>,
    /// Only those that this endpoint sent.
    #[arg(long, value_enum, value_name = "WHO")]
    sender: Option<Sender>,
}

impl Extract {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let opened = self.captures.open()?;
        make_room(&self.messages)?;
        let mut files = Files::new(self.messages.clone(), self.connection, self.sender.map(Role::from));
        let options = Options { payload_bytes: 0, message_bytes: true, ..Options::default() };
        let outcome = opened.run(options, &mut files)?;
        if let Some(connection) = self.connection {
            known(connection, &outcome)?;
        } else if outcome.summary.connections == 0 {
            complain("warning", &format!("no messages: {}", outcome.why_nothing()));
        }
        let folder = printable(self.messages.as_os_str().as_encoded_bytes()).into_owned();
        writeln!(screen.plain(), "{folder}: {}, {}", count(files.messages, "message"), size(files.bytes))?;
        if files.parts > 0 {
            let what = format!("{} incomplete and named .part", count(files.parts, "message"));
            complain("warning", &what);
        }
        Ok(if outcome.unopened > 0 { Exit::Blind } else { Exit::Done })
    }
}

/// Makes the directory. Fails where there is anything in it: nothing is overwritten.
fn make_room(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the directory {}", folder.display()))?;
    let mut entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    if entries.next().is_some() {
        bail!("{} is not empty, and nothing is overwritten; give another directory", folder.display());
    }
    Ok(())
}
