//! `wslens decode`: frames given by hand, explained.

use super::Exit;
use super::frames::Sender;
use super::output::Screen;
use crate::{Role, teach};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{self, Read};

const EXAMPLES: &str = "\
Examples:
  wslens decode 81 85 37 fa 21 3d 7f 9f 4d 51 58
  wslens decode --step 81 85 37 fa 21 3d 7f 9f 4d 51 58
  wslens decode 0x81,0x05,0x48,0x65,0x6c,0x6c,0x6f
  xxd frame.bin | wslens decode";

/// More hexadecimal text than this is no frame that somebody wants explained.
const LONGEST: u64 = 16 << 20;

/// Explain frames given in hexadecimal.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Decode {
    /// The bytes, with or without spaces, colons or 0x, or as a hex dump; standard input without it or for -.
    #[arg(value_name = "HEX")]
    hex: Vec<String>,
    /// Walk through the decoding, a step after the other.
    #[arg(long)]
    step: bool,
    /// Who sent the frames: only clients mask.
    #[arg(long, value_enum, value_name = "WHO")]
    sender: Option<Sender>,
}

impl Decode {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let text = match self.hex.as_slice() {
            [] => standard_input()?,
            [dash] if dash == "-" => standard_input()?,
            words => words.join(" "),
        };
        let bytes = teach::parse_hex(&text)?;
        if bytes.is_empty() {
            bail!("there is nothing to decode; give bytes in hexadecimal, as in `wslens decode 81 05 48 65 6c 6c 6f`");
        }
        let sender = self.sender.map(Role::from);
        screen.teach(&match self.step {
            true => teach::decode_with(&bytes, sender, teach::steps),
            false => teach::decode_with(&bytes, sender, teach::explain),
        })?;
        Ok(Exit::Done)
    }
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    let read = io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text).context("cannot read standard input")?;
    if read as u64 > LONGEST {
        bail!("standard input holds more than 16 MiB; give one frame, or a capture to `wslens analyze`");
    }
    Ok(text)
}
