//! `wslens encode`: frames written by hand, right or wrong.

use super::frames::{Sender, opcode};
use super::output::Screen;
use super::{Exit, suggest};
use crate::Role;
use crate::scenario::Keys;
use crate::teach::{self, Draft};
use crate::websocket::Opcode;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{self, Read, Write};
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  wslens encode Hello --mask 37fa213d
  wslens encode Hello --sender server | wslens decode
  wslens encode 'going away' --opcode close --code 1001
  wslens encode --hex 'de ad be ef' --fragments 2
  wslens encode Hello --wrong frame-rsv2-set | wslens decode
  wslens encode Hello --raw | nc localhost 9001

The same command always writes the same bytes; --seed gives other masking keys.";

/// No longer payload is written by hand.
const LONGEST: u64 = 16 << 20;

/// Write frames and explain them: bytes in hexadecimal with remarks, which decode takes back.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Encode {
    /// The payload as text, none without it; - reads it from standard input.
    #[arg(default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    payload: String,
    /// The payload is given in hexadecimal; the opcode is then binary unless it is said.
    #[arg(long)]
    hex: bool,
    /// text, binary, close, ping, pong, continuation, or a number from 0 to 15.
    #[arg(long, value_name = "OPCODE", value_parser = opcode)]
    opcode: Option<Opcode>,
    /// Status code of a Close; the payload is its reason.
    #[arg(long, value_name = "CODE")]
    code: Option<u16>,
    /// Who sends it: clients mask, servers do not.
    #[arg(long, value_enum, value_name = "WHO")]
    sender: Option<Sender>,
    /// The masking key: 8 hexadecimal digits, random or none. Without it what the sender must do.
    #[arg(long, value_name = "KEY")]
    mask: Option<Mask>,
    /// Random keys follow from this number.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Leave FIN clear: more fragments are to follow.
    #[arg(long)]
    no_fin: bool,
    /// Set these reserved bits: 1, 2, 3 or several.
    #[arg(long, value_name = "BITS", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=3))]
    rsv: Vec<u8>,
    /// Cut the message into this many fragments.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    fragments: u16,
    /// Break this rule.
    #[arg(long, value_name = "RULE", conflicts_with = "fragments")]
    wrong: Option<String>,
    /// Write the bytes themselves, for a pipe.
    #[arg(long)]
    raw: bool,
}

/// How to mask.
#[derive(Clone, Copy, Debug)]
enum Mask {
    None,
    Random,
    Key([u8; 4]),
}

impl FromStr for Mask {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Mask, &'static str> {
        match text {
            "none" => Ok(Mask::None),
            "random" => Ok(Mask::Random),
            _ => teach::parse_hex(text)
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .map(Mask::Key)
                .ok_or("write 8 hexadecimal digits, random or none"),
        }
    }
}

impl Encode {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let rule = self.wrong.as_deref().map(suggest::rule).transpose()?;
        let sender = self.sender.map(Role::from).or_else(|| teach::breaker(rule?.id)).unwrap_or(Role::Client);
        let mut keys = Keys::new(self.seed);
        let mask = self.mask.unwrap_or(match sender {
            Role::Client => Mask::Random,
            Role::Server => Mask::None,
        });
        let mut key = || match mask {
            Mask::None => None,
            Mask::Random => Some(keys.masking_key()),
            Mask::Key(key) => Some(key),
        };
        let mut draft = Draft::new(self.opcode(), self.body()?, key());
        draft.header.fin = !self.no_fin;
        draft.set_rsv(self.rsv.iter().fold(0, |bits, bit| bits | 0b1000 >> bit));
        let mut drafts = draft.split(usize::from(self.fragments), key);
        if let Some(rule) = rule {
            teach::spoil(&mut drafts, rule.id, sender)?;
        }
        let bytes: Vec<u8> = drafts.iter().flat_map(Draft::bytes).collect();
        if self.raw {
            let mut out = screen.plain();
            out.write_all(&bytes)?;
            out.flush()?;
        } else {
            screen.teach(&teach::annotate(&bytes, sender, rule))?;
        }
        Ok(Exit::Done)
    }

    fn opcode(&self) -> Opcode {
        match (self.opcode, self.code, self.hex) {
            (Some(opcode), ..) => opcode,
            (None, Some(_), _) => Opcode::CLOSE,
            (None, None, true) => Opcode::BINARY,
            (None, None, false) => Opcode::TEXT,
        }
    }

    fn body(&self) -> Result<Vec<u8>> {
        let mut given = Vec::new();
        if self.payload == "-" {
            io::stdin().lock().take(LONGEST + 1).read_to_end(&mut given).context("cannot read standard input")?;
            if given.len() as u64 > LONGEST {
                bail!("standard input holds more than 16 MiB");
            }
        } else {
            given = self.payload.clone().into_bytes();
        }
        if self.hex && !given.is_empty() {
            given = teach::parse_hex(&String::from_utf8_lossy(&given))?;
        }
        match self.code {
            Some(_) if self.opcode() != Opcode::CLOSE => bail!("--code is for a Close; leave --opcode away"),
            Some(code) => given.splice(..0, code.to_be_bytes()).for_each(drop),
            None => {}
        }
        Ok(given)
    }
}
