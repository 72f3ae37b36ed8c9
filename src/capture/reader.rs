//! The reader: opens a capture, numbers its packets and lends them one at a time.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::ahead::ReadAhead;
use super::buffer::Buffer;
use super::gauge::{Counted, Gauge};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Kind, PcapNg};
use super::{Error, Info, LinkType, Packet, PacketRef, Record, Stop, compression, error};

/// Reads one capture file or stream.
pub struct Reader {
    buffer: Buffer,
    format: Format,
    info: Info,
    gauge: Arc<Gauge>,
    /// The number of the first packet, or what it would be had all of them the numbers that are given now.
    first_number: u64,
    secrets: Vec<Secrets>,
    secrets_size: usize,
    /// There is no further packet.
    ended: bool,
    /// There is, but no room for it.
    full: bool,
}

#[derive(Debug)]
enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

/// The content of a pcapng Decryption Secrets Block.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// Secrets type, for instance [`Secrets::TLS_KEY_LOG`].
    pub kind: u32,
    /// The secrets, in the form that belongs to their type.
    pub data: Vec<u8>,
}

impl Secrets {
    /// `TLSK`: lines of a TLS key log file (RFC 9850).
    pub const TLS_KEY_LOG: u32 = 0x544c_534b;

    /// A block of so many bytes of secrets is read where it comes first, and leaves as much room for others.
    pub const MOST: usize = MAX_SECRETS / 2;
}

/// Does not write the secrets.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets {{ kind: {:#010x}, {} bytes }}", self.kind, self.data.len())
    }
}

/// Bytes of secrets kept from one capture: about 100,000 lines of a key log.
const MAX_SECRETS: usize = 16 << 20;

impl Reader {
    /// Opens a file; `-` is standard input.
    ///
    /// Waits for the capture's header, not for a packet. Fails where the file cannot be opened or read, and where its
    /// first bytes are not those of a capture.
    pub fn open(path: &Path) -> Result<Reader, Error> {
        let name = path.display().to_string();
        if path.as_os_str() == "-" {
            return Reader::from_read(name, Box::new(io::stdin()));
        }
        match File::open(path) {
            Ok(file) => Reader::from_read(name, Box::new(file)),
            Err(cause) => Err(Error::Open { name, cause }),
        }
    }

    /// Reads a capture from anywhere; `name` is what messages and [`Info::name`] call it. Fails as
    /// [`open`](Self::open) does.
    pub fn from_read(name: impl Into<String>, input: Box<dyn Read + Send>) -> Result<Reader, Error> {
        let mut info = Info { name: name.into(), ..Info::default() };
        let gauge = Arc::new(Gauge::default());
        let input = Box::new(Counted { source: input, gauge: gauge.clone() });
        let (compression, source) = match compression::open(input) {
            Ok(opened) => opened,
            Err(cause) => return Err(Error::Read { name: info.name, cause }),
        };
        info.compression = compression;
        // Inflating takes longer than most of what follows.
        let source = if compression.is_some() { ReadAhead::begin(source) } else { source };
        let mut buffer = Buffer::new(source);
        let format = read_header(&mut buffer, &mut info)?;
        Ok(Reader {
            buffer,
            format,
            info,
            gauge,
            first_number: 1,
            secrets: Vec::new(),
            secrets_size: 0,
            ended: false,
            full: false,
        })
    }

    /// Sets the number that the next packet gets, 1 unless set: where captures are joined the numbers run on, as in the
    /// file that `mergecap -a` would write.
    pub fn number_from(&mut self, first: u64) {
        self.first_number = first.wrapping_sub(self.info.packets);
    }

    /// The next packet. `None` at the end of the capture and at a fault in it, which [`info`](Self::info) tells apart.
    ///
    /// A packet is given as soon as all its bytes have arrived.
    // For the one who asks for each packet it is a third of its work; a call would copy the packet twice.
    #[inline(always)]
    pub fn next_packet(&mut self) -> Option<Packet<'_>> {
        // Nearly every packet is in such a block and lies in the buffer already. None is there once the capture ended.
        let direct = match &self.format {
            Format::PcapNg(section) => section.packet(self.buffer.data()),
            Format::Pcap(_) => None,
        };
        let record = match direct {
            Some(record) => record,
            None => self.any_record()?,
        };
        let file_offset = self.buffer.offset() + record.data.start as u64;
        let data = self.buffer.consume_and_lend(record.length, record.data);
        // No record is longer than `MAX_RECORD`.
        let length = data.len() as u32;
        // Records that claim fewer bytes on the wire than were captured exist; the captured bytes are the evidence.
        let original_length = record.original_length.max(length);

        let number = self.first_number.wrapping_add(self.info.packets);
        self.info.packets += 1;
        self.gauge.set_packets(self.info.packets);
        self.info.bytes += record.length as u64;
        self.info.snapped_packets += u64::from(original_length > length);
        self.info.saw_link_type(record.link);
        if let Some(time) = record.time {
            self.info.saw_time(time);
        }
        let at = PacketRef::new(number, record.time, file_offset, length);
        Some(Packet { at, link: record.link, data, original_length })
    }

    /// The record of the next packet, wherever it is; `None` at the end.
    #[inline(never)]
    fn any_record(&mut self) -> Option<Record> {
        if self.ended {
            return None;
        }
        match self.next_record() {
            Ok(record) => return Some(record),
            Err(Stop::End) => {}
            Err(Stop::Cut) => self.info.truncated = true,
            Err(Stop::Fault(reason)) => self.info.fault = Some(reason),
            Err(Stop::Full) => {
                self.full = true;
                return None;
            }
        }
        self.ended = true;
        None
    }

    /// What is known about the capture so far.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// How far the capture is read; may be looked at from another thread.
    pub fn gauge(&self) -> Arc<Gauge> {
        self.gauge.clone()
    }

    /// Whether there are secrets to be taken.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Takes the secrets found so far. They stand before the packets that need them: ask after each packet, or when a
    /// handshake is seen.
    pub fn take_secrets(&mut self) -> Vec<Secrets> {
        std::mem::take(&mut self.secrets)
    }

    /// Whether nothing of the capture is at hand, so that the next packet is one to wait for: a live source, as a pipe from
    /// tcpdump, may take its time. A file is read in pieces, and between two of them it is so too.
    pub fn is_dry(&self) -> bool {
        self.buffer.is_empty()
    }

    /// From now on the bytes of packets stay until they are [handed over](Self::hand_over), so that they need not be copied
    /// to last. Then [`next_packet`](Self::next_packet) also gives `None` where there [is no room](Self::is_full) for more.
    pub(crate) fn keep(&mut self) {
        self.buffer.keep();
    }

    /// Whether the packets so far are to be handed over before there is room for the next.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Hands over the bytes of the packets since the last time, in exchange for memory that may have been used before. Gives the
    /// offset of the first of these bytes in the capture, from which [`PacketRef::file_offset`] counts too.
    pub(crate) fn hand_over(&mut self, bytes: &mut Vec<u8>) -> u64 {
        self.full = false;
        self.buffer.hand_over(bytes)
    }

    /// The blocks of a pcapng file, for a copy; `None` where it is a pcap file.
    pub(super) fn into_pcapng(self) -> Option<(PcapNg, Buffer, Info)> {
        match self.format {
            Format::PcapNg(section) => Some((section, self.buffer, self.info)),
            Format::Pcap(_) => None,
        }
    }

    /// The link type of every packet of a pcap file; `None` for pcapng, where interfaces have theirs.
    pub(super) fn link_of_pcap(&self) -> Option<LinkType> {
        match &self.format {
            Format::Pcap(pcap) => Some(pcap.link),
            Format::PcapNg(_) => None,
        }
    }

    fn next_record(&mut self) -> Result<Record, Stop> {
        let section = match &mut self.format {
            Format::Pcap(pcap) => return pcap.next(&mut self.buffer),
            Format::PcapNg(section) => section,
        };
        loop {
            let block = section.next(&mut self.buffer)?;
            if let Kind::Packet(record) = block.kind {
                return Ok(record);
            }
            let bytes = self.buffer.consume(block.length);
            self.info.bytes += block.length as u64;
            match block.kind {
                Kind::Secrets { kind, data } => {
                    let data = bytes.get(data).unwrap_or_default();
                    // A block costs its own size at least, so that many empty ones cannot fill the memory either.
                    if self.secrets_size + block.length > MAX_SECRETS {
                        self.info.secrets_dropped += 1;
                    } else {
                        self.secrets_size += block.length;
                        self.secrets.push(Secrets { kind, data: data.to_vec() });
                    }
                }
                Kind::Interface { snapshot_length } => self.info.saw_snapshot_length(snapshot_length),
                Kind::Packet(_) | Kind::Other => {}
            }
        }
    }
}

/// The name and what is known so far; not the buffer.
impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("info", &self.info).field("format", &self.format).finish_non_exhaustive()
    }
}

/// Reads as much of the capture as tells its format.
fn read_header(buffer: &mut Buffer, info: &mut Info) -> Result<Format, Error> {
    need(buffer, 4, info)?;
    let magic = buffer.data().first_chunk::<4>().copied().unwrap_or_default();
    let (format, header) = if pcapng::is_section_type(magic) {
        ("pcapng", pcapng::BLOCK_HEAD)
    } else if pcap::is_pcap(magic) {
        ("pcap", pcap::HEADER)
    } else {
        return not_a_capture(buffer, info);
    };
    info.format = format;
    need(buffer, header, info)?;
    if buffer.data().len() < header {
        return Err(Error::HeaderCut { name: info.name.clone(), format });
    }
    // The section itself is read with the first packet: a live source may not have sent all of it yet.
    if pcapng::begins_section(buffer.data()) {
        return Ok(Format::PcapNg(PcapNg::default()));
    }
    let Some(pcap) = buffer.data().first_chunk().and_then(|header| Pcap::new(*header)) else {
        return not_a_capture(buffer, info);
    };
    // In records of version 2.3 and lower the two lengths may stand the other way round.
    if pcap.version.0 != 2 || pcap.version.1 < 4 {
        return Err(Error::Version { name: info.name.clone(), major: pcap.version.0, minor: pcap.version.1 });
    }
    info.saw_snapshot_length(pcap.snapshot_length);
    info.bytes = header as u64;
    buffer.consume(header);
    Ok(Format::Pcap(pcap))
}

fn not_a_capture(buffer: &mut Buffer, info: &Info) -> Result<Format, Error> {
    // Enough to tell what it is instead.
    need(buffer, 64, info)?;
    let found = match info.compression {
        Some(compression) if buffer.data().is_empty() => format!("no bytes come out of its {compression} stream"),
        Some(compression) => format!("inside its {compression} stream, {}", error::what_it_is(buffer.data())),
        None => error::what_it_is(buffer.data()),
    };
    Err(Error::NotACapture { name: info.name.clone(), found })
}

/// Waits for `length` bytes; fewer are no error here, but a source that fails is.
fn need(buffer: &mut Buffer, length: usize, info: &Info) -> Result<(), Error> {
    match buffer.need(length) {
        Ok(()) | Err(Stop::End | Stop::Cut | Stop::Full) => Ok(()),
        Err(Stop::Fault(reason)) => Err(Error::Read { name: info.name.clone(), cause: io::Error::other(reason) }),
    }
}
