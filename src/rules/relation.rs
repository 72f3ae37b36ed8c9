//! What connections have to do with each other. A referee sees one connection, in the thread that decodes it; what follows
//! is found by who hears of all. An error that only this shows excuses no peer: it knows one connection, too.

use super::{Finding, ReservedBits, Thresholds, fragmentation, masking, reconnecting};
use crate::capture::PacketRef;
use crate::websocket::{Frame, Handshake, Message};
use std::time::Duration;

/// What was found by holding a connection against others.
#[derive(Clone, Copy, Debug)]
pub enum Relation<'a> {
    /// The client's first two masking keys are those with which another connection began.
    SameKeys {
        /// The frame with the second key.
        frame: &'a Frame<'a>,
        /// Ordinal of the other connection, which began earlier and is no leg of the same proxied one.
        connection: u64,
    },
    /// The other leg of a connection through a proxy showed the same message in other fragments.
    Recut {
        /// The message as it is on this leg.
        message: &'a Message<'a>,
        /// Ordinal of the connection that is the other leg.
        connection: u64,
        /// Of how many frames it was made there.
        frames: u64,
    },
    /// The client had connected for the same before, several times, and each of these connections failed.
    Reconnected {
        /// From the end of each of the last of them to the beginning of the next, this one included.
        waits: &'a [Duration],
        /// The first packet of this one.
        packet: PacketRef,
    },
}

/// What a connection's handshake says of how its relations are judged.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Who may set the reserved bits.
    pub reserved_bits: ReservedBits,
    /// Whether frames are those of RFC 6455.
    pub current_frames: bool,
    /// Bytes are missing in or around the handshake: nothing that follows is certain.
    pub incomplete: bool,
}

impl Standing {
    /// Of the connection that begins with this handshake.
    pub fn of(handshake: &Handshake) -> Standing {
        Standing {
            reserved_bits: ReservedBits::agreed(handshake),
            current_frames: handshake.family.has_current_frames(),
            incomplete: handshake.attempt.after_gap,
        }
    }
}

impl Relation<'_> {
    /// What is wrong with it on a connection that stands so; `None` if nothing is.
    pub fn judge(&self, standing: Standing, thresholds: &Thresholds) -> Option<Finding> {
        match *self {
            Relation::SameKeys { frame, connection } => Some(masking::same_keys(frame, connection)),
            Relation::Recut { message, connection, frames } => standing
                .current_frames
                .then(|| fragmentation::recut(message, connection, frames, standing.reserved_bits)),
            Relation::Reconnected { waits, packet } => {
                reconnecting::no_backoff(waits, packet, thresholds.reconnect_patience)
            }
        }
    }
}
