//! TCP packets taken apart and put together, so that a test can cut, reorder and double them.

use std::net::Ipv4Addr;
use wslens::capture::Timestamp;
use wslens::scenario::{self, RecordedPacket, Scenario};

/// A segment of the connection between 192.0.2.1:50000, which opens it, and 192.0.2.2:80.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub from_client: bool,
    pub seq: u32,
    pub ack: Option<u32>,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub payload: Vec<u8>,
}

pub const SYN: u8 = 0x02;

impl Segment {
    /// A segment with data and an acknowledgment.
    pub fn data(from_client: bool, seq: u32, ack: u32, payload: impl Into<Vec<u8>>) -> Segment {
        let payload = payload.into();
        Segment { from_client, seq, ack: Some(ack), syn: false, fin: false, rst: false, payload }
    }

    /// Reads what `wslens::scenario` writes: Ethernet, IPv4 without options, TCP.
    pub fn parse(packet: &[u8]) -> Segment {
        let (ip, tcp) = (&packet[14..34], &packet[34..]);
        let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let word = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().unwrap());
        let header = usize::from(tcp[12] >> 4) * 4;
        let flags = tcp[13];
        Segment {
            from_client: ip[12..16] == Ipv4Addr::new(192, 0, 2, 1).octets(),
            seq: word(4),
            ack: (flags & 0x10 != 0).then(|| word(8)),
            syn: flags & SYN != 0,
            fin: flags & 1 != 0,
            rst: flags & 4 != 0,
            payload: tcp[header..total - 20].to_vec(),
        }
    }

    /// An Ethernet frame with this segment.
    pub fn write(&self) -> Vec<u8> {
        let (client, server) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        let (source, destination) = if self.from_client { (client, server) } else { (server, client) };
        let ports = if self.from_client { (50_000, 80) } else { (80, 50_000) };
        let mut builder = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(source, destination, 64)
            .tcp(ports.0, ports.1, self.seq, 65_535);
        if let Some(ack) = self.ack {
            builder = builder.ack(ack);
        }
        if self.syn {
            builder = builder.syn();
        }
        if self.fin {
            builder = builder.fin();
        }
        if self.rst {
            builder = builder.rst();
        }
        let mut packet = Vec::new();
        builder.write(&mut packet, &self.payload).unwrap();
        packet
    }
}

/// The segments of a scenario, each write in as few as possible.
pub fn segments(scenario: Scenario) -> Vec<Segment> {
    Scenario::new()
        .segment_size(65_495)
        .then(scenario)
        .packets()
        .iter()
        .map(|packet| Segment::parse(&packet.data))
        .collect()
}

/// A capture of these segments, 100 µs apart.
pub fn capture<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> Vec<u8> {
    let mut time = 1_767_225_600_000_000_000;
    let packets: Vec<RecordedPacket> = segments
        .into_iter()
        .map(|segment| {
            time += 100_000;
            let data = segment.write();
            RecordedPacket { time: Timestamp::new(time), original_length: data.len() as u32, data }
        })
        .collect();
    let mut file = Vec::new();
    scenario::write_pcapng(&packets, scenario::LINK, &mut file).unwrap();
    file
}
