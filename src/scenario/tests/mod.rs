//! Scenarios seen from outside: bytes worked out by hand, packets parsed by etherparse, files read by pcap-file.

mod file;
mod frame;
mod handshake;
mod wire;

use super::*;
use etherparse::{NetSlice, SlicedPacket, TcpHeader, TransportSlice};

fn sent(from: Role, frames: impl Into<Frames>) -> Vec<u8> {
    std::mem::take(&mut Scenario::new().frames(from, frames).streams()[0][from])
}

/// A segment as etherparse reads it; both checksums are verified on the way.
#[derive(Debug, Clone)]
struct Segment {
    header: TcpHeader,
    payload: Vec<u8>,
}

impl Segment {
    fn is_from_client(&self) -> bool {
        self.header.destination_port == 80
    }
}

fn segment(packet: &RecordedPacket) -> Segment {
    let sliced = SlicedPacket::from_ethernet(&packet.data).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("not TCP") };
    let header = tcp.to_header();
    let expected = match sliced.net.unwrap() {
        NetSlice::Ipv4(ip) => {
            let ip = ip.header().to_header();
            assert_eq!(ip.header_checksum, ip.calc_header_checksum());
            header.calc_checksum_ipv4(&ip, tcp.payload()).unwrap()
        }
        NetSlice::Ipv6(ip) => header.calc_checksum_ipv6(&ip.header().to_header(), tcp.payload()).unwrap(),
        other => panic!("not IP: {other:?}"),
    };
    assert_eq!(header.checksum, expected);
    assert_eq!(packet.original_length as usize, packet.data.len());
    Segment { header, payload: tcp.payload().to_vec() }
}

fn segments(scenario: &Scenario) -> Vec<Segment> {
    scenario.packets().iter().map(segment).collect()
}
