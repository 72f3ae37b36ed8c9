//! Is this HTTP/2? Asked of the first bytes of a connection (RFC 9113 §3.4): the client begins with 24 bytes that no
//! HTTP/1 server takes for a request, the server with SETTINGS, perhaps before it has seen them.

use super::frame::{ACK, FrameHeader, HEADER, Kind, PREFACE};
use super::gate::Held;
use crate::tcp::{Delivery, Side};

/// Bytes and deliveries of a server that are held until the client begins.
const HELD_BYTES: usize = 16 << 10;
const HELD: usize = 256;

/// The beginning of a connection, held back while it may be that of HTTP/2.
#[derive(Debug, Default)]
pub struct Preface {
    held: Vec<(Side, Held)>,
    beginnings: [Vec<u8>; 2],
    bytes: usize,
}

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Too few bytes to tell.
    Wait,
    /// HTTP/2; this side is the client.
    Http2(Side),
    /// Something else.
    Other,
}

impl Preface {
    /// Takes a delivery, and holds it back only if the verdict is to wait.
    pub fn push(&mut self, side: Side, delivery: &Delivery<'_>) -> Verdict {
        let verdict = self.judge(side, delivery);
        if verdict == Verdict::Wait {
            self.held.push((side, Held::new(delivery)));
        }
        verdict
    }

    fn judge(&mut self, side: Side, delivery: &Delivery<'_>) -> Verdict {
        match delivery {
            Delivery::Data(chunk) => {
                let beginning = &mut self.beginnings[side as usize];
                let room = PREFACE.len() - beginning.len();
                beginning.extend_from_slice(&chunk.bytes[..chunk.bytes.len().min(room)]);
                self.bytes += chunk.bytes.len();
            }
            // An end before there was anything, or a beginning that is not all there.
            Delivery::Fin(_) | Delivery::Reset(_) | Delivery::Missing(_) => return Verdict::Other,
            Delivery::Conflict { .. } => {}
        }
        for client in [Side::First, Side::Second] {
            let [asks, answers] = [client, client.other()].map(|side| &self.beginnings[side as usize]);
            if asks == PREFACE && is_settings(answers) {
                return Verdict::Http2(client);
            }
        }
        let is_possible = |beginning: &Vec<u8>| PREFACE.starts_with(beginning) || is_settings(beginning);
        let enough = self.bytes > HELD_BYTES || self.held.len() > HELD;
        if enough || !self.beginnings.iter().all(is_possible) { Verdict::Other } else { Verdict::Wait }
    }

    /// Whether nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// What was held back, in the order of arrival.
    pub fn release(self, mut give: impl FnMut(Side, &Delivery<'_>)) {
        for (side, held) in &self.held {
            give(*side, &held.delivery());
        }
    }
}

/// Whether these bytes are the beginning of a first SETTINGS frame, or less than a header of one.
fn is_settings(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..HEADER) else {
        // Its length is below 2¹⁴, since nothing else was agreed on.
        return bytes.first().is_none_or(|&byte| byte == 0) && bytes.get(1).is_none_or(|&byte| byte < 0x40);
    };
    let Ok((_, header)) = FrameHeader::parse(header) else { return false };
    let FrameHeader { length, kind, flags, stream, .. } = header;
    kind == Kind::SETTINGS && flags & ACK == 0 && stream == 0 && length % 6 == 0 && length < 1 << 14
}
