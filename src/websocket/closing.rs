//! The closing handshake as it was seen (RFC 6455 §5.5.1, §7).

use super::{Frame, Opcode, TcpEnd};
use crate::{PerRole, Role};

/// The body of a Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Index of the frame.
    pub frame: u64,
    /// The status code; `None` for an empty body or one of a single byte.
    pub code: Option<u16>,
    /// The reason, bytes that are not UTF-8 replaced.
    pub reason: String,
}

/// Who closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// The client's Close came first.
    Client,
    /// The server's did.
    Server,
    /// Each sent its Close before the other's reached it.
    Both,
}

/// How a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Who began; `None` without any Close frame.
    pub by: Option<Closer>,
    /// The first Close frame of each endpoint.
    pub frames: PerRole<Option<CloseFrame>>,
    /// Both endpoints sent a Close frame (RFC 6455 §7.1.4).
    pub clean: bool,
    /// How TCP ended.
    pub tcp_end: TcpEnd,
}

/// Follows the closing handshake.
#[derive(Debug, Default)]
pub(super) struct CloseTracker {
    frames: PerRole<Option<CloseFrame>>,
    by: Option<Closer>,
    /// Offset just behind the first Close, in its sender's stream.
    first_end: u64,
}

impl CloseTracker {
    /// Takes note of a Close frame; only the first one of each endpoint counts.
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        let sender = frame.sender;
        if frame.header.opcode != Opcode::CLOSE || self.frames[sender].is_some() {
            return;
        }
        let (code, reason) = match frame.payload.split_first_chunk() {
            Some((code, reason)) => (Some(u16::from_be_bytes(*code)), String::from_utf8_lossy(reason).into_owned()),
            None => (None, String::new()),
        };
        self.frames[sender] = Some(CloseFrame { frame: frame.index, code, reason });
        match self.by {
            None => {
                self.first_end = frame.end_offset;
                self.by = Some(match sender {
                    Role::Client => Closer::Client,
                    Role::Server => Closer::Server,
                });
            }
            // The sender had not received the other's Close when it sent its own.
            Some(_) if frame.acknowledged.is_some_and(|acknowledged| acknowledged < self.first_end) => {
                self.by = Some(Closer::Both);
            }
            Some(_) => {}
        }
    }

    /// What the closing came to.
    pub(super) fn finish(self, tcp_end: TcpEnd) -> Closing {
        let clean = self.frames.client.is_some() && self.frames.server.is_some();
        Closing { by: self.by, frames: self.frames, clean, tcp_end }
    }
}
