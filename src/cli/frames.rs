//! `wslens frames`: the list of frames.

use super::captures::{Captures, known, number};
use super::output::{Screen, complain};
use super::{Exit, suggest};
use crate::Role;
use crate::analysis::Options;
use crate::report::frames::{Filter, Frames as List};
use crate::websocket::Opcode;
use anyhow::Result;
use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  wslens frames capture.pcap
  wslens frames capture.pcap --connection 0 --sender server --opcode ping,pong
  wslens frames capture.pcap --rule frame-length-nonminimal-16

For programs: wslens analyze capture.pcap --format jsonl holds the frames, too.";

/// List frames, a line each.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Frames {
    #[command(flatten)]
    captures: Captures,
    /// Only those of this connection.
    #[arg(long, value_name = "N", value_parser = number)]
    connection: Option<u64>,
    /// Only those that this endpoint sent.
    #[arg(long, value_enum, value_name = "WHO")]
    sender: Option<Sender>,
    /// Only these opcodes: text, binary, continuation, close, ping, pong, or 0 to 15 (0x0 to 0xf).
    #[arg(long, value_name = "OPCODE", value_delimiter = ',', value_parser = opcode)]
    opcode: Vec<Opcode>,
    /// Only those that a finding of this rule is about.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
}

/// An endpoint, as options take it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Sender {
    /// The endpoint that asked for the upgrade.
    Client,
    /// The endpoint that answered.
    Server,
}

impl From<Sender> for Role {
    fn from(sender: Sender) -> Role {
        match sender {
            Sender::Client => Role::Client,
            Sender::Server => Role::Server,
        }
    }
}

/// An opcode by name or number.
pub fn opcode(text: &str) -> Result<Opcode, String> {
    const WRONG: &str = "write text, binary, continuation, close, ping, pong, or a number from 0 to 15";
    Opcode::named(text).ok_or_else(|| WRONG.to_owned())
}

impl Frames {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let rule = self.rule.as_deref().map(suggest::rule).transpose()?;
        let filter = Filter {
            connection: self.connection,
            sender: self.sender.map(Role::from),
            opcodes: self.opcode,
            rule: rule.map(|rule| rule.id),
        };
        let opened = self.captures.open()?;
        let options = Options { payload_bytes: usize::from(screen.width).max(64), ..Options::default() };
        let mut list = List::new(screen.styled(), filter, screen.least(), screen.width);
        let outcome = opened.run(options, &mut list)?;
        if let Some(connection) = self.connection {
            known(connection, &outcome)?;
        } else if outcome.summary.connections == 0 {
            complain("warning", &format!("no frames: {}", outcome.why_nothing()));
        }
        Ok(if outcome.unopened > 0 { Exit::Blind } else { Exit::Done })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_have_names_and_numbers() {
        assert_eq!(opcode("ping"), Ok(Opcode::PING));
        assert_eq!(opcode("Text"), Ok(Opcode::TEXT));
        assert_eq!(opcode("9"), Ok(Opcode::PING));
        assert_eq!(opcode("0xA"), Ok(Opcode::PONG));
        assert_eq!(opcode("reserved-b"), Ok(Opcode(0xB)));
        for wrong in ["16", "0x10", "pung", "", "-1", "300"] {
            assert!(opcode(wrong).is_err(), "{wrong}");
        }
    }
}
