//! Tests of the folder through its public door. Captures are built byte by byte in [`build`].

mod build;
mod compression;
mod copy;
mod join;
mod opening;
mod pcap;
mod pcapng;
mod robust;

use std::io::{Cursor, Read};

use super::{Error, Info, LinkType, Reader};

/// A packet, copied so that it outlives the reader's buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    number: u64,
    nanoseconds: Option<i64>,
    file_offset: u64,
    link: LinkType,
    data: Vec<u8>,
    original_length: u32,
}

/// Reads to the end.
fn drain(mut reader: Reader) -> (Vec<Seen>, Info) {
    let mut seen = Vec::new();
    while let Some(packet) = reader.next_packet() {
        seen.push(Seen {
            number: packet.at.number(),
            nanoseconds: packet.at.time.map(|time| time.nanoseconds()),
            file_offset: packet.at.file_offset,
            link: packet.link,
            data: packet.data.to_vec(),
            original_length: packet.original_length,
        });
    }
    assert!(reader.next_packet().is_none(), "the end stays the end");
    assert_eq!(reader.info().packets, seen.len() as u64);
    (seen, reader.info().clone())
}

fn open(bytes: &[u8]) -> Result<Reader, Error> {
    Reader::from_read("test", Box::new(Cursor::new(bytes.to_vec())))
}

fn read(bytes: &[u8]) -> (Vec<Seen>, Info) {
    drain(open(bytes).expect("a capture"))
}

/// A source that gives one byte at a time, with interruptions.
struct Drip {
    bytes: Vec<u8>,
    at: usize,
    interrupted: bool,
}

impl Drip {
    fn new(bytes: &[u8]) -> Drip {
        Drip { bytes: bytes.to_vec(), at: 0, interrupted: false }
    }
}

impl Read for Drip {
    fn read(&mut self, target: &mut [u8]) -> std::io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        match (self.bytes.get(self.at), target.first_mut()) {
            (Some(byte), Some(target)) => {
                *target = *byte;
                self.at += 1;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}
