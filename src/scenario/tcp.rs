//! The two ends of a TCP connection: their sequence numbers, and the packets they send.

use super::deflate::Deflater;
use super::tls::Sealer;
use crate::{PerRole, Role};
use etherparse::{EtherType, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, TcpHeader};
use std::net::{IpAddr, SocketAddr};

/// The most payload a segment can have: an IPv4 packet of 65,535 bytes less two headers of 20.
pub(super) const MAX_SEGMENT: usize = 65_495;

/// The window each end offers at first; with [`SYN_OPTIONS`] it is 8,388,480 bytes.
const WINDOW: u16 = 65_535;

/// Maximum segment size 1460; no operation; window scale 7 (RFC 9293 §3.2, RFC 7323 §2.2).
const SYN_OPTIONS: [u8; 8] = [2, 4, 0x05, 0xB4, 1, 3, 3, 7];

/// A connection and what its ends know.
#[derive(Debug)]
pub(super) struct Connection {
    addresses: PerRole<SocketAddr>,
    pub(super) ends: PerRole<End>,
    /// The data segment that was sent last.
    pub(super) last: Option<Sent>,
    /// The Sec-WebSocket-Key the client sent last.
    pub(super) key: Vec<u8>,
    /// Made when the first message is compressed.
    pub(super) deflaters: PerRole<Option<Deflater>>,
    /// Where the connection speaks TLS.
    pub(super) sealers: Option<PerRole<Sealer>>,
    /// Where it speaks HTTP/2: the stream that steps speak of.
    pub(super) stream: Option<u32>,
}

/// One end of a connection (RFC 9293 §3.3.1).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    /// SND.NXT: the sequence number of what it sends next.
    pub(super) next: u32,
    /// RCV.NXT: the sequence number of what it expects next.
    pub(super) received: u32,
    /// Whether it sent FIN.
    pub(super) finished: bool,
    /// The receive window it offers.
    pub(super) window: u16,
    /// IPv4 identification of its next packet.
    identification: u16,
}

/// A data segment as it was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) from: Role,
    pub(super) sequence_number: u32,
    pub(super) payload: Vec<u8>,
}

impl Connection {
    /// Both ends before their SYN.
    pub(super) fn new(addresses: PerRole<SocketAddr>, initial_sequence_numbers: PerRole<u32>) -> Connection {
        let end =
            |role| End { next: initial_sequence_numbers[role], identification: 1, window: WINDOW, ..End::default() };
        Connection {
            addresses,
            ends: PerRole { client: end(Role::Client), server: end(Role::Server) },
            last: None,
            key: Vec::new(),
            deflaters: PerRole::default(),
            sealers: None,
            stream: None,
        }
    }

    /// The header of a segment that `from` sends now: its next sequence number, and an ACK of what it received.
    pub(super) fn header(&self, from: Role) -> TcpHeader {
        let (end, to) = (&self.ends[from], from.peer());
        let mut header = TcpHeader::new(self.addresses[from].port(), self.addresses[to].port(), end.next, end.window);
        header.acknowledgment_number = end.received;
        header.ack = true;
        header
    }

    /// The header of a SYN. The client's is the first of all and has nothing to acknowledge.
    pub(super) fn syn_header(&self, from: Role) -> TcpHeader {
        let mut header = self.header(from);
        header.syn = true;
        header.ack = from == Role::Server;
        // Eight bytes of well-formed options always fit.
        let _ = header.set_options_raw(&SYN_OPTIONS);
        header
    }

    /// `from` sent so many sequence numbers' worth of data, SYN or FIN.
    pub(super) fn advance(&mut self, from: Role, by: u32) {
        let end = &mut self.ends[from];
        end.next = end.next.wrapping_add(by);
    }

    /// The other end received all that `from` sent.
    pub(super) fn deliver(&mut self, from: Role) {
        self.ends[from.peer()].received = self.ends[from].next;
    }

    /// Keeps a data segment for retransmission.
    pub(super) fn remember(&mut self, from: Role, sequence_number: u32, payload: &[u8]) {
        let mut kept = self.last.take().map_or_else(Vec::new, |sent| sent.payload);
        kept.clear();
        kept.extend_from_slice(payload);
        self.last = Some(Sent { from, sequence_number, payload: kept });
    }

    /// Replaces `out` by an Ethernet frame with this segment. `payload` has at most [`MAX_SEGMENT`] bytes. Without
    /// `checksums` the TCP checksum is wrong.
    pub(super) fn write_packet(
        &mut self,
        from: Role,
        mut header: TcpHeader,
        payload: &[u8],
        checksums: bool,
        out: &mut Vec<u8>,
    ) {
        let (source, destination) = (self.addresses[from].ip(), self.addresses[from.peer()].ip());
        let segment_length = u16::try_from(header.header_len() + payload.len()).unwrap_or(u16::MAX);
        out.clear();
        out.extend(mac(from.peer()));
        out.extend(mac(from));
        // The errors of etherparse below are about lengths, which MAX_SEGMENT bounds.
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let (source, destination) = (source.octets(), destination.octets());
                out.extend(EtherType::IPV4.0.to_be_bytes());
                if let Ok(mut ip) = Ipv4Header::new(segment_length, 64, IpNumber::TCP, source, destination) {
                    let end = &mut self.ends[from];
                    ip.identification = end.identification;
                    end.identification = end.identification.wrapping_add(1);
                    ip.header_checksum = ip.calc_header_checksum();
                    out.extend_from_slice(&ip.to_bytes());
                }
                header.checksum = header.calc_checksum_ipv4_raw(source, destination, payload).unwrap_or(0);
            }
            _ => {
                let (source, destination) = (ipv6_octets(source), ipv6_octets(destination));
                out.extend(EtherType::IPV6.0.to_be_bytes());
                let ip = Ipv6Header {
                    traffic_class: 0,
                    flow_label: Ipv6FlowLabel::ZERO,
                    payload_length: segment_length,
                    next_header: IpNumber::TCP,
                    hop_limit: 64,
                    source,
                    destination,
                };
                out.extend_from_slice(&ip.to_bytes());
                header.checksum = header.calc_checksum_ipv6_raw(source, destination, payload).unwrap_or(0);
            }
        }
        if !checksums {
            header.checksum = !header.checksum;
        }
        out.extend_from_slice(&header.to_bytes());
        out.extend_from_slice(payload);
    }
}

/// A locally administered address for each end.
fn mac(role: Role) -> [u8; 6] {
    match role {
        Role::Client => [2, 0, 0, 0, 0, 1],
        Role::Server => [2, 0, 0, 0, 0, 2],
    }
}

/// IPv4 addresses are mapped where the other end has an IPv6 address.
fn ipv6_octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}
