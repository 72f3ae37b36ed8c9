//! Capture files, and packets on their way there.

use super::*;
use crate::capture::Timestamp;
use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::{Block, PcapNgReader};

#[test]
fn parts_played_one_after_the_other_are_the_whole() {
    let head = Scenario::new().handshake().client(deflated_text("Hello"));
    let tail = Scenario::new().client(deflated_text("Hello")).connection().handshake();
    let mut packets = Vec::new();
    let mut player = Player::new(|packet| {
        packets.push(packet.to_packet());
        Ok::<(), Infallible>(())
    });
    let Ok(()) = player.play(&head);
    let Ok(()) = player.play(&tail);
    drop(player);
    assert_eq!(packets, head.then(tail).packets());
}

#[test]
fn an_error_ends_the_scenario() {
    let mut seen = 0;
    let result = Scenario::new().handshake().render(|_| {
        seen += 1;
        if seen == 2 { Err("full") } else { Ok(()) }
    });
    assert_eq!((result, seen), (Err("full"), 2));
}

#[test]
fn pcap_file_reads_what_is_written() {
    let scenario = Scenario::new().handshake().snaplen(61).client(text("Hello, world")).after(Duration::from_nanos(7));
    let scenario = scenario.server(text("Hi"));
    let packets = scenario.packets();

    let mut pcap = Vec::new();
    scenario.write_pcap(&mut pcap).unwrap();
    let mut reader = PcapReader::new(&*pcap).unwrap();
    assert_eq!(reader.header().datalink, DataLink::ETHERNET);
    for packet in &packets {
        // The typed reader refuses packets longer than the snapshot length of the header; these are not.
        let read = reader.next_packet().unwrap().unwrap();
        assert_eq!(read.timestamp.as_nanos(), packet.time.nanoseconds() as u128);
        assert_eq!((&*read.data, read.orig_len), (&*packet.data, packet.original_length));
    }
    assert!(reader.next_packet().is_none());

    let pcapng = scenario.pcapng_bytes();
    let mut reader = PcapNgReader::new(&*pcapng).unwrap();
    let Block::InterfaceDescription(interface) = reader.next_block().unwrap().unwrap() else { panic!() };
    assert_eq!(interface.linktype, DataLink::ETHERNET);
    assert_eq!(format!("{:?}", interface.options), "[IfTsResol(9)]");
    for packet in &packets {
        let Block::EnhancedPacket(read) = reader.next_block().unwrap().unwrap() else { panic!() };
        assert_eq!(read.timestamp.as_nanos(), packet.time.nanoseconds() as u128);
        assert_eq!((&*read.data, read.original_len), (&*packet.data, packet.original_length));
    }
    assert!(reader.next_block().is_none());

    let mut again = Vec::new();
    write_pcapng(&packets, LINK, &mut again).unwrap();
    assert_eq!(again, pcapng);
    again.clear();
    write_pcap(&packets, LINK, &mut again).unwrap();
    assert_eq!(again, pcap);
}

#[test]
fn files_refuse_times_they_cannot_say() {
    let at = |time| [RecordedPacket { time: Timestamp::new(time), data: vec![], original_length: 0 }];
    assert!(write_pcapng(&at(-1), LINK, Vec::new()).is_err());
    assert!(write_pcap(&at(-1), LINK, Vec::new()).is_err());
    assert!(write_pcap(&at(4_294_967_296_000_000_000), LINK, Vec::new()).is_err());
    assert!(write_pcap(&at(4_294_967_295_999_999_999), LINK, Vec::new()).is_ok());
    assert!(write_pcapng(&at(i64::MAX), LINK, Vec::new()).is_ok());
}
