//! `wslens accept`: computes or judges a `Sec-WebSocket-Accept`, step by step.

use super::Exit;
use super::output::Screen;
use crate::teach;
use crate::websocket::check_accept;
use anyhow::Result;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  wslens accept dGhlIHNhbXBsZSBub25jZQ==
  wslens accept dGhlIHNhbXBsZSBub25jZQ== s3pPLMBiTxaQ9kYGzzhZRbK+xOo=

Exit codes: 0 where no value was given or it is right, 1 where it is wrong.";

/// Compute the Sec-WebSocket-Accept that answers a key, or say why a value is wrong.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Accept {
    /// The Sec-WebSocket-Key of the request.
    #[arg(allow_hyphen_values = true)]
    key: String,
    /// The Sec-WebSocket-Accept of the answer.
    #[arg(allow_hyphen_values = true)]
    value: Option<String>,
}

impl Accept {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        // RFC 6455 §4.2.2: "minus any leading and trailing whitespace".
        let key = self.key.trim();
        let check = self.value.as_ref().map(|value| check_accept(key.as_bytes(), value.trim().as_bytes()));
        screen.teach(&teach::accept_walk(key, check.as_ref()))?;
        Ok(if check.is_some_and(|check| !check.is_valid()) { Exit::Found } else { Exit::Done })
    }
}
