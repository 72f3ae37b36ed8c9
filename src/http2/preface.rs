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

/// Whether a connection may be HTTP/2 if this is delivered first. Most are settled by it, so that nothing need be held.
pub fn may_begin(delivery: &Delivery<'_>) -> bool {
    match delivery {
        Delivery::Data(chunk) => is_possible(&chunk.bytes[..chunk.bytes.len().min(PREFACE.len())]),
        // An end before there was anything, or a beginning that is not all there.
        Delivery::Fin(_) | Delivery::Reset(_) | Delivery::Missing(_) => false,
        Delivery::Conflict { .. } => true,
    }
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
            // As in `may_begin`.
            Delivery::Fin(_) | Delivery::Reset(_) | Delivery::Missing(_) => return Verdict::Other,
            Delivery::Conflict { .. } => {}
        }
        for client in [Side::First, Side::Second] {
            let [asks, answers] = [client, client.other()].map(|side| &self.beginnings[side as usize]);
            if asks == PREFACE && is_settings(answers) {
                return Verdict::Http2(client);
            }
        }
        let enough = self.bytes > HELD_BYTES || self.held.len() > HELD;
        if enough || !self.beginnings.iter().all(|beginning| is_possible(beginning)) {
            Verdict::Other
        } else {
            Verdict::Wait
        }
    }

    /// What was held back, in the order of arrival.
    pub fn release(self, mut give: impl FnMut(Side, &Delivery<'_>)) {
        for (side, held) in &self.held {
            give(*side, &held.delivery());
        }
    }
}

/// Whether a side of HTTP/2 may begin with these bytes, at most as many as the preface has.
fn is_possible(beginning: &[u8]) -> bool {
    PREFACE.starts_with(beginning) || is_settings(beginning)
}

/// Whether these bytes are the beginning of a first SETTINGS frame, or less than a header of one.
fn is_settings(bytes: &[u8]) -> bool {
    // Its length is below 2¹⁴, since nothing else was agreed on.
    if bytes.first().is_some_and(|&byte| byte != 0) || bytes.get(1).is_some_and(|&byte| byte >= 0x40) {
        return false;
    }
    let Some(header) = bytes.get(..HEADER) else { return true };
    let Ok((_, header)) = FrameHeader::parse(header) else { return false };
    let FrameHeader { length, kind, flags, stream, .. } = header;
    kind == Kind::SETTINGS && flags & ACK == 0 && stream == 0 && length % 6 == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::PacketRef;
    use crate::tcp::Chunk;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_cannot_begin_is_something_else_at_once(
            from in 0usize..30, to in 0usize..30, other in prop::collection::vec(any::<u8>(), 0..20), first: bool,
        ) {
            let mut bytes = PREFACE.get(from.min(1)..to.min(PREFACE.len())).unwrap_or_default().to_vec();
            bytes.extend(other);
            let packet = PacketRef::new(1, None, 0, 0);
            let chunk = Chunk { offset: 0, bytes: &bytes, packet, acknowledged: None };
            let side = if first { Side::First } else { Side::Second };
            let delivery = Delivery::Data(chunk);
            let verdict = Preface::default().push(side, &delivery);
            prop_assert_eq!(may_begin(&delivery), verdict != Verdict::Other);
        }
    }
}
