//! From segments to byte streams: per direction the bytes in order, gaps, conflicts, FIN and RST, and for any byte
//! the packet that carried it.
//!
//! Knows nothing of what the bytes mean.

mod assembler;
mod connection;
mod kept;
mod ordinary;
mod spare;
#[cfg(test)]
mod tests;

pub use connection::{Connection, ConnectionFacts};
pub use spare::Spare;

use crate::capture::PacketRef;

/// One of the two ends of a TCP connection, before anyone knows which is the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that sent the first captured packet (the SYN, unless the capture began mid-stream).
    First,
    /// The other end.
    Second,
}

impl Side {
    /// The other end.
    pub fn other(self) -> Side {
        match self {
            Side::First => Side::Second,
            Side::Second => Side::First,
        }
    }
}

/// Consecutive bytes of one direction of a stream, carried by one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Offset of the first byte in its direction's stream; 0 is the first byte after the SYN, or the first byte
    /// captured where the SYN was not seen.
    pub offset: u64,
    /// The bytes; never empty.
    pub bytes: &'a [u8],
    /// The packet that carried them.
    pub packet: PacketRef,
    /// How much of the other direction the sender had acknowledged when it sent these bytes, as an offset in that
    /// direction's stream: what it can have read before it wrote. `None` where that is not known.
    pub acknowledged: Option<u64>,
}

/// What a direction of a TCP connection delivers, in stream order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// The next bytes.
    Data(Chunk<'a>),
    /// The next `length` bytes are not in the capture.
    Missing(Missing),
    /// A retransmission carried other bytes for sequence numbers that were delivered before. The bytes that came
    /// first stay; which of the two the receiver took is not known.
    Conflict {
        /// Stream offset of the first byte that differs.
        offset: u64,
        /// The retransmission.
        packet: PacketRef,
    },
    /// The sender will send no more (RFC 9293 §3.6).
    Fin(Fin),
    /// The sender tore the connection down (RFC 9293 §3.5.2).
    Reset(PacketRef),
}

/// The end of a direction's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fin {
    /// The packet with the FIN.
    pub packet: PacketRef,
    /// See [`Chunk::acknowledged`]: what the sender can have read before it finished.
    pub acknowledged: Option<u64>,
}

/// A hole in a direction's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Stream offset of the first missing byte.
    pub offset: u64,
    /// How many bytes are missing.
    pub length: u64,
    /// Why.
    pub cause: MissingCause,
    /// The packet that showed it: the cut one, or the one that proved the loss.
    pub packet: PacketRef,
}

/// Why bytes are missing from a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingCause {
    /// The packet was not captured.
    Lost,
    /// The snapshot length cut the packet.
    Snaplen,
    /// More out-of-order data was waiting than [`Limits`](crate::Limits) allows.
    Limit,
    /// The bytes were captured, but the TLS record that holds them could not be opened.
    Unopened,
    /// Frames of HTTP/2 are missing, and how much of this stream was in them is not known: `length` is the most that
    /// can be.
    Unplaced,
}
