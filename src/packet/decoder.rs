//! The door of this folder: packets in, segments out.

use super::fragments::{FragmentCounts, FragmentLimits, Fragments};
use super::malformed::{Fault, Malformed};
use super::span::Span;
use super::walk::{End, Layer, Stop, walk};
use super::{Segment, common, link, tcp};
use crate::capture::{LinkType, Packet};

/// How many fragmented datagrams may be nested in one another: a tunnel's outer packets, and a fragmented packet in
/// the tunnel.
const MAX_REASSEMBLIES: usize = 2;

/// What a packet turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A TCP segment.
    Segment(Segment<'a>),
    /// Something other than TCP, or TCP that cannot be seen: encrypted or compressed.
    NotTcp,
    /// A fragment of a datagram. It waits for the others, or repeats one that came before.
    Fragment,
    /// A packet that cannot be read down to a TCP header.
    Malformed(Malformed),
    /// A packet of a link type that is not known here.
    UnknownLink(LinkType),
}

impl From<Stop> for Decoded<'_> {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NotTcp => Decoded::NotTcp,
            Stop::Malformed(malformed) => Decoded::Malformed(malformed),
        }
    }
}

impl From<Malformed> for Decoded<'_> {
    fn from(malformed: Malformed) -> Self {
        Decoded::Malformed(malformed)
    }
}

/// Decodes packets. It holds fragments until their datagram is whole, in bounded memory, and nothing else.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Fragments,
    /// The last reassembled datagrams, which segments borrow from.
    whole: [Vec<u8>; MAX_REASSEMBLIES],
}

impl Decoder {
    /// A decoder that keeps fragments within `limits`.
    pub fn new(limits: FragmentLimits) -> Decoder {
        Decoder { fragments: Fragments::new(limits), whole: Default::default() }
    }

    /// Decodes one packet. The segment borrows from the packet, or from the decoder where it was reassembled.
    // With who reads packets: a common one's segment is a few registers.
    #[inline(always)]
    pub fn decode<'a>(&'a mut self, packet: &Packet<'a>) -> Decoded<'a> {
        if let Some(segment) = common::segment(packet) {
            return Decoded::Segment(segment);
        }
        match self.walked(packet) {
            Ok(decoded) | Err(decoded) => decoded,
        }
    }

    /// What became of the fragments so far.
    pub fn fragment_counts(&self) -> FragmentCounts {
        self.fragments.counts()
    }

    /// Decodes a packet of any kind, header by header.
    pub(super) fn walked<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Decoded<'a>, Decoded<'a>> {
        let parse = link::parser(packet.link).ok_or(Decoded::UnknownLink(packet.link))?;
        let (layer, rest) = parse(Span::of(packet))?;
        let mut end = walk(layer, rest)?;
        let mut whole = self.whole.iter_mut();
        loop {
            let (fragment, part) = match end {
                End::Tcp(ip, span) => return Ok(Decoded::Segment(tcp::segment(&ip, span)?)),
                End::Fragment(fragment, part) => (fragment, part),
            };
            let datagram = whole.next().ok_or(Malformed { header: "fragment", fault: Fault::TooDeep })?;
            let Some(complete) = self.fragments.add(&fragment, part, packet.at.time, datagram)? else {
                return Ok(Decoded::Fragment);
            };
            end = walk(Layer::IpPayload(complete.ip), Span::new(datagram, complete.missing))?;
        }
    }
}

/// Whether the TCP checksum in `packet` is right (RFC 9293 §3.1). `None` where that cannot be told: no TCP, a
/// fragment, bytes cut off, or a packet that was captured before the network card segmented it.
///
/// A wrong checksum is most often one that the sender's network card had yet to compute. Costs time in proportion to
/// the packet's length, so [`Decoder::decode`] does not ask for it.
pub fn verify_checksum(packet: &Packet<'_>) -> Option<bool> {
    if let Some(right) = common::checksum_is_right(packet) {
        return Some(right);
    }
    walked_checksum(packet)
}

/// The same for a packet of any kind.
pub(super) fn walked_checksum(packet: &Packet<'_>) -> Option<bool> {
    let (layer, rest) = link::parser(packet.link)?(Span::of(packet)).ok()?;
    match walk(layer, rest).ok()? {
        End::Tcp(ip, span) => tcp::checksum_is_right(&ip, span),
        End::Fragment(..) => None,
    }
}
