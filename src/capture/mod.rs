//! From a file or standard input to packets: pcap and pcapng, compressed or not.
//!
//! Knows nothing of what the packets hold. The way of the data:
//!
//! ```text
//!  file or stdin ─ compression ─ ahead ─ buffer ─┬─ pcap ───┬─ reader ─ Packet
//!                                                └─ pcapng ─┘
//! ```
//!
//! [`Reader`] lends one packet at a time from a buffer that it refills; nothing is allocated for a packet. Where packets go on to
//! other threads, it hands over the buffer with all packets in it and goes on in another. Record and
//! block framing is `pcap-file`'s raw slice layer. Its typed layer is not used: it refuses packets longer than the
//! snapshot length and ignores `if_tsresol`. What the raw layer hands out is decoded here.
//!
//! A capture that ends in mid-record or is corrupt gives every packet before that place; [`Info`] says what happened.
//! An [`Error`] means that there was nothing to read at all.

mod ahead;
mod buffer;
mod clock;
mod compression;
mod copy;
mod error;
mod gauge;
mod info;
mod join;
mod link_type;
mod packet_ref;
mod pcap;
mod pcapng;
mod reader;
#[cfg(test)]
mod tests;
mod time;

pub use copy::{Changes, Copied, copy};
pub use error::Error;
pub use gauge::Gauge;
pub use info::Info;
pub use join::in_time_order;
pub use link_type::LinkType;
pub use packet_ref::PacketRef;
pub use reader::{Reader, Secrets};
pub use time::{RFC_3339, TimeWriter, Timestamp};

/// One captured packet, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Where it stands in the capture, and when it was seen.
    pub at: PacketRef,
    /// How its first bytes are to be read.
    pub link: LinkType,
    /// The captured bytes: all of them, or the first `snaplen`.
    pub data: &'a [u8],
    /// Length on the wire, in bytes; more than `data.len()` where the snapshot length cut the packet, never less.
    pub original_length: u32,
}

/// Bytes that one record or block may claim: more is a fault, not an allocation.
///
/// libpcap writes at most 256 KiB a packet (128 MiB for D-Bus); a Decryption Secrets Block is a whole key log.
const MAX_RECORD: u32 = 64 << 20;

/// Why there is no further record.
#[derive(Debug)]
enum Stop {
    /// The capture ended between two records.
    End,
    /// The capture, or the compressed stream around it, ended inside a record.
    Cut,
    /// The bytes make no sense, or could not be read: one line that names the place.
    Fault(String),
    /// There is no room for the next record beside what is [kept](buffer::Buffer::keep).
    Full,
}

/// A packet that lies complete at the front of the buffer.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    time: Option<Timestamp>,
    link: LinkType,
    /// Where the captured bytes lie, counted from the record's first byte.
    data: std::ops::Range<usize>,
    original_length: u32,
    /// Length of the record in the file, headers and padding included.
    length: usize,
}
