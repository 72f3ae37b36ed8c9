//! `wslens handshake`: how a connection was opened, explained.

use super::Exit;
use super::captures::{Captures, Keys, known, number};
use super::output::Screen;
use crate::analysis::{Connection, Options, Sink};
use crate::rules::Finding;
use crate::teach::{self, Mark};
use crate::websocket::Handshake;
use anyhow::Result;
use clap::Args;
use std::io;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens handshake capture.pcap 0    how the first connection was opened";

/// Explain an opening handshake: request and answer side by side, and how the answer comes from the key.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// Capture file; - reads standard input.
    capture: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// Number of the connection, as analyze shows it.
    #[arg(value_name = "N", value_parser = number)]
    connection: u64,
}

impl Explain {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let opened = Captures::one(self.capture, self.keys).open()?;
        let mut pick = Pick { connection: self.connection, handshake: None, findings: Vec::new() };
        let outcome = opened.run(Options::default(), &mut pick)?;
        known(self.connection, &outcome)?;
        match &pick.handshake {
            Some(handshake) => {
                let least = screen.least();
                let marks: Vec<Mark<'_>> =
                    pick.findings.iter().filter(|finding| finding.severity >= least).map(Mark::from).collect();
                screen.teach(&teach::handshake(handshake, &marks))?;
            }
            None => {
                let n = self.connection;
                anyhow::bail!("the capture begins in the middle of connection {n}: its handshake was not captured");
            }
        }
        Ok(Exit::Done)
    }
}

/// Picks one handshake out of an analysis, with what is said of it.
struct Pick {
    connection: u64,
    handshake: Option<Handshake>,
    findings: Vec<Finding>,
}

impl Sink for Pick {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        if connection.id == self.connection {
            self.handshake = connection.handshake.cloned();
        }
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        let topics = ["hs-", "pmd-", "legacy-", "h2-"];
        // How a stream goes on and ends is no matter of its opening.
        let later = ["h2-nondata-on-tunnel", "h2-close-without-close-frame", "h2-rst-code"];
        let rule = finding.rule.id;
        let about = topics.iter().any(|topic| rule.starts_with(topic)) && !later.contains(&rule);
        if id == Some(self.connection) && finding.frame.is_none() && about {
            self.findings.push(finding.clone());
        }
        Ok(())
    }
}
