//! From a file or standard input to packets: pcap and pcapng, compressed or not.
//!
//! Knows nothing of what the packets hold.

mod time;

pub use time::Timestamp;

/// One captured packet, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Where it stands in the capture, and when it was seen.
    pub at: PacketRef,
    /// How its first bytes are to be read.
    pub link: LinkType,
    /// The captured bytes: all of them, or the first `snaplen`.
    pub data: &'a [u8],
    /// Length on the wire, in bytes; more than `data.len()` where the snapshot length cut the packet.
    pub original_length: u32,
}

/// Points at a packet without holding its bytes: what every frame and finding is traced back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketRef {
    /// Ordinal in the capture, counted from 1 as Wireshark does.
    pub number: u64,
    /// When it was captured; `None` for a pcapng Simple Packet Block, which carries no time.
    pub time: Option<Timestamp>,
    /// Offset in bytes of the packet's data in the (decompressed) capture file.
    pub file_offset: u64,
}

/// A link-layer type as registered by the tcpdump group (`LINKTYPE_*`), without FCS bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u32);
