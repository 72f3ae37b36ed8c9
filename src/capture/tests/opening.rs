//! What can be opened, and what is said of what cannot.

use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;

use super::build::{Order, Pcap, PcapNg};
use super::{LinkType, open};
use crate::capture::Reader;

#[test]
fn what_is_no_capture_is_named() {
    let say = |bytes: &[u8]| open(bytes).expect_err("no capture").to_string();
    let end = "; pcap and pcapng files can be read, plain or in gzip, zstd or lz4";
    let not = |what: &str| format!("test is not a capture: {what}{end}");
    assert_eq!(say(b""), not("it is empty"));
    assert_eq!(say(b"GET / HTTP/1.1\r\n"), not("it is a text file"));
    assert_eq!(say(b"\n\r\r\nfour empty lines"), not("it is a text file"), "as a section begins");
    assert_eq!(say(b"\x00\x01\x02"), not("it begins with the bytes 00 01 02"));
    assert_eq!(say(b"snoop\0\0\0\0\0\0\x02"), not("it is a snoop file: convert it with `editcap -F pcapng`"));
    assert_eq!(say(b"\xfd7zXZ\0\0"), not("it is an xz file: decompress it first"));
    assert_eq!(say(b"PK\x03\x04aaaa"), not("it is a zip archive: unpack it first"));
}

#[test]
fn a_header_cut_short_or_of_another_version() {
    let pcap = Pcap::counting(1).bytes;
    assert_eq!(
        open(&pcap[..23]).unwrap_err().to_string(),
        "test ends inside its pcap header, so that nothing in it can be read; capture again"
    );
    assert!(open(&PcapNg::new(Order::Big).bytes[..11]).unwrap_err().to_string().contains("its pcapng header"));
    let mut old = pcap;
    old[6] = 2;
    assert!(open(&old).unwrap_err().to_string().contains("version 2.2; only 2.4 can be read"));
}

#[test]
fn a_file_that_is_not_there_and_one_that_is_a_folder() {
    let error = Reader::open(Path::new("no/such/file.pcap")).unwrap_err().to_string();
    assert!(error.starts_with("cannot open no/such/file.pcap: "), "{error}");
    let error = Reader::open(Path::new(".")).unwrap_err().to_string();
    assert!(error.starts_with("cannot "), "{error}");
}

#[test]
fn a_read_error_in_the_middle_is_a_fault_after_the_packets_before_it() {
    struct Failing(io::Cursor<Vec<u8>>);
    impl Read for Failing {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            match self.0.read(target)? {
                0 => Err(io::Error::other("the disk is gone")),
                count => Ok(count),
            }
        }
    }
    let mut reader = Reader::from_read("f", Box::new(Failing(io::Cursor::new(Pcap::counting(3).bytes)))).unwrap();
    for _ in 0..3 {
        assert!(reader.next_packet().is_some());
    }
    assert!(reader.next_packet().is_none());
    // 24 bytes of header, three record headers of 16, 0 + 1 + 2 bytes of packets.
    assert_eq!(reader.info().fault.as_deref(), Some("reading stopped after byte 75: the disk is gone"));
    assert!(!reader.info().truncated);

    let error = Reader::from_read("f", Box::new(Failing(io::Cursor::new(vec![0xd4, 0xc3])))).unwrap_err();
    assert_eq!(error.to_string(), "cannot read f: the disk is gone");
}

/// Gives what was sent; a read beyond that is the test's failure, as it would wait for a live source.
struct Live(mpsc::Receiver<Vec<u8>>);

impl Read for Live {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.try_recv().expect("the reader waits for more than a packet");
        target[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

#[test]
fn a_packet_of_a_live_source_is_given_as_soon_as_it_is_complete() {
    let pcapng = PcapNg::new(Order::Little).interface(1, 0, &[]);
    for (header, record) in [
        (Pcap::counting(0).bytes, Pcap::counting(0).packet(0, 0, 3, b"now").bytes.split_off(24)),
        (pcapng.bytes.clone(), pcapng.clone().enhanced(0, 0, 3, b"now").bytes.split_off(pcapng.bytes.len())),
    ] {
        let (send, receive) = mpsc::channel();
        send.send(header).unwrap();
        let mut reader = Reader::from_read("live", Box::new(Live(receive))).unwrap();
        for _ in 0..3 {
            send.send(record[..7].to_vec()).unwrap();
            send.send(record[7..].to_vec()).unwrap();
            assert_eq!(reader.next_packet().unwrap().data, b"now");
        }
    }
}

#[test]
fn link_types_have_the_names_of_the_registry() {
    assert_eq!(LinkType(1).to_string(), "ethernet");
    assert_eq!(LinkType(113).to_string(), "linux-sll");
    assert_eq!(LinkType(12).to_string(), "raw");
    assert_eq!(LinkType(147).to_string(), "link type 147");
    assert_eq!(LinkType(147).name(), None);
}

#[test]
fn hostile_numbers_of_interfaces_and_link_types_are_bounded() {
    let mut file = PcapNg::new(Order::Little);
    for link in 0..100 {
        file = file.interface(link, 0, &[]).enhanced(link.into(), 0, 0, b"");
    }
    let (seen, info) = super::read(&file.bytes);
    assert_eq!((seen.len(), info.link_types.len()), (100, 64));
    // One more than are remembered.
    let mut file = PcapNg::new(Order::Little);
    for _ in 0..=65_536 {
        file = file.interface(1, 0, &[]);
    }
    let fault = super::read(&file.bytes).1.fault.unwrap();
    assert!(fault.ends_with("describes one interface too many: 65536 are remembered"), "{fault}");
}
