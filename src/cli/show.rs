//! `wslens show`: one frame of a capture, explained.

use super::Exit;
use super::captures::{Captures, Keys, known};
use super::output::Screen;
use crate::analysis::{Connection, Options, Sink};
use crate::rules::Finding;
use crate::teach::{self, Context, Inflation, Mark};
use crate::websocket::{Frame, FrameHeader, Inflated, Message, Opcode, Walk};
use crate::{PerRole, Role};
use anyhow::{Result, bail};
use clap::Args;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  wslens show capture.pcap 0:3          the fourth frame of the first connection
  wslens show capture.pcap 0:3 --step   how to decode it by hand

The frames command lists frames by these numbers.";

/// Payload bytes that are kept to be explained.
const PAYLOAD: usize = 4096;

/// DEFLATE blocks of a compressed message that are listed.
const BLOCKS: usize = 32;

/// Explain one frame: its bits, its fields, its payload, the DEFLATE blocks of a compressed one, and the rules it broke.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    /// Capture file; - reads standard input.
    capture: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// The frame: number of the connection, colon, number of the frame.
    #[arg(value_name = "N:FRAME")]
    place: Place,
    /// Walk through the decoding, a step after the other.
    #[arg(long)]
    step: bool,
}

/// `0:3`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) connection: u64,
    pub(super) frame: u64,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Place, &'static str> {
        const FORM: &str = "write it as CONNECTION:FRAME, as in 0:3";
        let (connection, frame) = text.split_once(':').ok_or(FORM)?;
        let number = |text: &str| text.parse().map_err(|_| FORM);
        Ok(Place { connection: number(connection)?, frame: number(frame)? })
    }
}

impl Show {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let Place { connection, frame } = self.place;
        let opened = Captures::one(self.capture, self.keys).open()?;
        let mut pick = Pick::new(self.place);
        let outcome =
            opened.run(Options { payload_bytes: PAYLOAD, blocks: BLOCKS, ..Options::default() }, &mut pick)?;
        known(connection, &outcome)?;
        let Some(found) = &pick.found else {
            match pick.frames {
                0 => bail!("no frame {connection}:{frame}: there are no frames on connection {connection}"),
                1 => bail!("no frame {connection}:{frame}: connection {connection} has frame 0 only"),
                n => bail!("no frame {connection}:{frame}: connection {connection} has frames 0 to {}", n - 1),
            }
        };
        let marks: Vec<Mark<'_>> = pick.findings.iter().map(Mark::from).collect();
        screen.teach(&found.explain(&marks, self.step))?;
        Ok(Exit::Done)
    }
}

/// Picks one frame out of an analysis, with what must be known to explain it.
pub(super) struct Pick {
    place: Place,
    /// permessage-deflate was agreed.
    deflate: bool,
    /// First frame of the message that is open in each direction.
    open: PerRole<Option<FrameHeader>>,
    frames: u64,
    pub(super) found: Option<Picked>,
    pub(super) findings: Vec<Finding>,
}

/// The frame.
pub(super) struct Picked {
    sender: Role,
    pub(super) bytes: Vec<u8>,
    stream_offset: u64,
    captured_length: u64,
    compressed: bool,
    continues: Option<Opcode>,
    /// Index of the message it belongs to.
    message: Option<u64>,
    inflation: Option<(Walk, Inflated, Vec<u8>, u64)>,
}

impl Pick {
    pub(super) fn new(place: Place) -> Pick {
        Pick { place, deflate: false, open: PerRole::default(), frames: 0, found: None, findings: Vec::new() }
    }
}

impl Picked {
    /// What is known of it.
    pub(super) fn context<'a>(&'a self, marks: &'a [Mark<'a>]) -> Context<'a> {
        Context {
            sender: Some(self.sender),
            compressed: self.compressed,
            continues: self.continues,
            stream_offset: Some(self.stream_offset),
            captured_length: Some(self.captured_length),
            inflation: self.inflation.as_ref().map(|(walk, outcome, payload, wire_length)| Inflation {
                walk,
                outcome: *outcome,
                payload,
                wire_length: *wire_length,
            }),
            marks,
        }
    }

    fn explain(&self, marks: &[Mark<'_>], step: bool) -> teach::Text {
        let context = self.context(marks);
        match step {
            true => teach::steps(&self.bytes, &context),
            false => teach::explain(&self.bytes, &context),
        }
    }
}

impl Sink for Pick {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        if connection.id == self.place.connection {
            self.deflate = connection.handshake.is_some_and(|handshake| handshake.deflate.is_some());
        }
        Ok(())
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        if id != self.place.connection {
            return Ok(());
        }
        self.frames += 1;
        let header = &frame.header;
        let open = &mut self.open[frame.sender];
        let continued = open.filter(|_| header.opcode == Opcode::CONTINUATION);
        if !header.opcode.is_control() && header.opcode != Opcode::CONTINUATION {
            *open = Some(*header);
        }
        if frame.index == self.place.frame {
            let first = continued.as_ref().unwrap_or(header);
            self.found = Some(Picked {
                sender: frame.sender,
                bytes: teach::wire_bytes(header, frame.payload),
                stream_offset: frame.stream_offset,
                captured_length: frame.captured_length,
                compressed: self.deflate && first.rsv1 && !header.opcode.is_control(),
                continues: continued.map(|first| first.opcode),
                message: frame.message,
                inflation: None,
            });
        }
        if header.fin && !header.opcode.is_control() {
            *open = None;
        }
        Ok(())
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        let picked = self.found.as_mut().filter(|found| found.message == Some(message.index));
        if let Some(found) = picked.filter(|_| id == self.place.connection)
            && let Some((walk, outcome)) = message.walk.zip(message.inflated)
        {
            found.inflation = Some((walk.clone(), outcome, message.payload.to_vec(), message.wire_length));
        }
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if id == Some(self.place.connection) && finding.frame == Some(self.place.frame) {
            self.findings.push(finding.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_two_numbers() {
        assert_eq!("0:3".parse(), Ok(Place { connection: 0, frame: 3 }));
        for wrong in ["3", "0:", ":3", "a:b", "0:3:4", "-1:0"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
