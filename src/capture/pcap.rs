//! The pcap format (draft-ietf-opsawg-pcap): microseconds, nanoseconds and Alexey Kuznetsov's "modified" records, in
//! either byte order.

use byteorder::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcap::{PcapHeader, RawPcapPacket};
use pcap_file::{Endianness, TsResolution};

use super::buffer::Buffer;
use super::{LinkType, MAX_RECORD, Record, Stop, Timestamp};

/// Length of the file header.
pub(super) const HEADER: usize = 24;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Written by a patched libpcap of 1998: each record header has eight more bytes (interface index, protocol, packet
/// type, padding), the times are microseconds.
const MODIFIED: u32 = 0xa1b2_cd34;

/// libpcap's MAXIMUM_SNAPLEN: what a record may claim even if the header states less or 0.
const MAXIMUM_SNAPLEN: u32 = 262_144;

/// What the file header says.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Endianness,
    /// Nanoseconds in a unit of the records' second time field.
    unit: i64,
    record_header: usize,
    pub(super) link: LinkType,
    pub(super) snapshot_length: u32,
    pub(super) version: (u16, u16),
    /// Captured bytes above this mean that the record is not one.
    longest: u32,
}

/// Whether a file that begins with these bytes is a pcap file.
pub(super) fn is_pcap(magic: [u8; 4]) -> bool {
    [u32::from_be_bytes(magic), u32::from_le_bytes(magic)]
        .iter()
        .any(|magic| matches!(*magic, MICROSECONDS | NANOSECONDS | MODIFIED))
}

impl Pcap {
    /// Reads the file header; `None` where it is not one.
    pub(super) fn new(mut header: [u8; HEADER]) -> Option<Pcap> {
        let mut record_header = 16;
        // pcap-file does not know the modified format, whose file header is that of the microsecond format.
        if header[..4] == MODIFIED.to_be_bytes() {
            header[..4].copy_from_slice(&MICROSECONDS.to_be_bytes());
            record_header = 24;
        } else if header[..4] == MODIFIED.to_le_bytes() {
            header[..4].copy_from_slice(&MICROSECONDS.to_le_bytes());
            record_header = 24;
        }
        let (_, header) = PcapHeader::from_slice(&header).ok()?;
        Some(Pcap {
            order: header.endianness,
            unit: match header.ts_resolution {
                TsResolution::MicroSecond => 1_000,
                TsResolution::NanoSecond => 1,
            },
            record_header,
            link: LinkType::from_pcap_header(header.datalink.into()),
            snapshot_length: header.snaplen,
            version: (header.version_major, header.version_minor),
            longest: header.snaplen.clamp(MAXIMUM_SNAPLEN, MAX_RECORD),
        })
    }

    /// Waits for the next record and describes it; it then lies at the front of the buffer.
    pub(super) fn next(&self, buffer: &mut Buffer) -> Result<Record, Stop> {
        match self.order {
            Endianness::Big => self.next_in::<BigEndian>(buffer),
            Endianness::Little => self.next_in::<LittleEndian>(buffer),
        }
    }

    fn next_in<B: ByteOrder>(&self, buffer: &mut Buffer) -> Result<Record, Stop> {
        buffer.need(self.record_header)?;
        // The captured length decides how much more is needed: look at it before the record is parsed.
        let captured = B::read_u32(&buffer.data()[8..12]);
        if captured > self.longest {
            let (at, longest) = (buffer.offset(), self.longest);
            return Err(Stop::Fault(format!(
                "the record at byte {at} claims {captured} captured bytes, but {longest} is the most a packet of this \
                 file can have"
            )));
        }
        let length = self.record_header + captured as usize;
        buffer.need(length)?;
        let Ok((_, packet)) = RawPcapPacket::from_slice::<B>(buffer.data()) else {
            return Err(Stop::Fault(format!("the record at byte {} cannot be read", buffer.offset())));
        };
        Ok(Record {
            // At most 2^32 seconds and 2^32 units: no overflow. Fractions of more than a second are taken as they are.
            time: Some(Timestamp::new(
                i64::from(packet.ts_sec) * 1_000_000_000 + i64::from(packet.ts_frac) * self.unit,
            )),
            link: self.link,
            data: self.record_header..length,
            original_length: packet.orig_len,
            length,
        })
    }
}
