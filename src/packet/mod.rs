//! From a packet to the TCP segment in it: link layers, VLANs, tunnels, IPv4 and IPv6, fragments.
//!
//! Knows nothing of connections.
//!
//! ```text
//!            ┌ link/ ┐     ┌──────── tunnel/ ────────┐
//!  Packet ── │ table │ ── walk ── ip, ipv4, ipv6 ── walk ── tcp ── Segment
//!            └───────┘                 │                 │
//!                                  fragments ────────────┘
//! ```
//!
//! Each protocol is one function from a `Span` to the `Layer` that comes next and the
//! span it stands in; `walk` calls them until one of them is TCP. A VXLAN tunnel in a VLAN in GRE is then no case
//! of its own. The lengths in the headers are believed over the captured length, so that a segment knows how many of
//! its bytes the snapshot length cut.
//!
//! `common` reads the packet that nearly all are without going that way.
//!
//! To add a link type, write its file in `link/` and its line in the table of `link/mod.rs`.

pub(crate) mod common;
mod decoder;
mod fragments;
mod ip;
mod ipv4;
mod ipv6;
mod link;
mod malformed;
mod span;
mod tcp;
mod tunnel;
mod walk;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

pub use decoder::{Decoded, Decoder, verify_checksum};
pub use fragments::{FragmentCounts, FragmentLimits};
pub use malformed::{Fault, Malformed};

/// One end of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// IPv4 or IPv6 address of the innermost IP header.
    pub ip: IpAddr,
    /// TCP port.
    pub port: u16,
}

/// `10.0.0.1:80` or `[::1]:80`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.ip, self.port).fmt(f)
    }
}

/// A TCP segment (RFC 9293 §3.1), its payload borrowed from the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// Whom it was sent to.
    pub destination: Endpoint,
    /// Sequence number of the first payload byte (of the SYN, where that is set).
    pub seq: u32,
    /// Acknowledgment number; `None` without the ACK flag.
    pub ack: Option<u32>,
    /// SYN, FIN, RST and the like.
    pub flags: Flags,
    /// The receive window as it stands in the header, not scaled.
    pub window: u16,
    /// The captured payload bytes.
    pub payload: &'a [u8],
    /// Payload bytes that were on the wire but not captured, because the snapshot length cut the packet.
    pub cut: u32,
    /// Tells a packet captured twice from a retransmission: the IPv4 identification and the TCP checksum, which
    /// a retransmission changes (a new identification, or a new timestamp option).
    pub fingerprint: u32,
}

/// The TCP control bits that the reassembly looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Opens a connection.
    pub syn: bool,
    /// No more data from the sender.
    pub fin: bool,
    /// The connection is torn down.
    pub rst: bool,
}
