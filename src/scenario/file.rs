//! Packets as capture files: pcapng and pcap, little endian, with nanoseconds.

use crate::capture::{LinkType, Timestamp};
use std::io::{self, Write};

/// What both formats are told no packet exceeds: the largest snapshot length libpcap accepts.
const SNAPLEN: u32 = 262_144;

/// A captured packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedPacket {
    /// When it was captured; not before 1970.
    pub time: Timestamp,
    /// The captured bytes.
    pub data: Vec<u8>,
    /// Length on the wire, in bytes.
    pub original_length: u32,
}

/// A captured packet, borrowed from whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedPacketRef<'a> {
    /// When it was captured; not before 1970.
    pub time: Timestamp,
    /// The captured bytes.
    pub data: &'a [u8],
    /// Length on the wire, in bytes.
    pub original_length: u32,
}

impl RecordedPacket {
    /// The packet, borrowed.
    pub fn view(&self) -> RecordedPacketRef<'_> {
        RecordedPacketRef { time: self.time, data: &self.data, original_length: self.original_length }
    }
}

impl RecordedPacketRef<'_> {
    /// A copy that owns its bytes.
    pub fn to_packet(&self) -> RecordedPacket {
        RecordedPacket { time: self.time, data: self.data.to_vec(), original_length: self.original_length }
    }

    fn captured_length(&self) -> io::Result<u32> {
        // Leaves room for the rest of a pcapng block, whose length has 32 bits too.
        match u32::try_from(self.data.len()) {
            Ok(length) if length <= u32::MAX / 2 => Ok(length),
            _ => Err(invalid("a packet of 2 GiB or more")),
        }
    }
}

/// Writes packets as a pcapng file of one section and one interface (draft-ietf-opsawg-pcapng).
///
/// Each packet is one write, so `out` should be buffered.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins the file: a Section Header Block and an Interface Description Block with nanoseconds.
    ///
    /// # Errors
    /// `out` refuses bytes.
    pub fn new(mut out: W, link: LinkType) -> io::Result<Self> {
        let mut head = Vec::new();
        block(&mut head, 0x0A0D_0D0A, |body| {
            body.extend(0x1A2B_3C4D_u32.to_le_bytes());
            body.extend(1_u16.to_le_bytes());
            body.extend(0_u16.to_le_bytes());
            // The section's length is not said: it is not known yet.
            body.extend(u64::MAX.to_le_bytes());
        });
        let link = u16::try_from(link.0).map_err(|_| invalid("a link type above 65535"))?;
        block(&mut head, 1, |body| {
            body.extend(link.to_le_bytes());
            body.extend(0_u16.to_le_bytes());
            body.extend(SNAPLEN.to_le_bytes());
            // if_tsresol: 10^-9 s; then opt_endofopt.
            body.extend([9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        });
        out.write_all(&head)?;
        Ok(PcapngWriter { out, block: head })
    }

    /// Adds a Decryption Secrets Block with the lines of a TLS key log.
    ///
    /// # Errors
    /// `out` refuses bytes.
    pub fn key_log(&mut self, lines: &str) -> io::Result<()> {
        self.block.clear();
        block(&mut self.block, 10, |body| {
            // TLSK
            body.extend(0x544C_534B_u32.to_le_bytes());
            body.extend((lines.len() as u32).to_le_bytes());
            body.extend_from_slice(lines.as_bytes());
        });
        self.out.write_all(&self.block)
    }

    /// Adds an Enhanced Packet Block.
    ///
    /// # Errors
    /// `out` refuses bytes, or the packet is from before 1970 or has 2 GiB.
    pub fn write(&mut self, packet: RecordedPacketRef<'_>) -> io::Result<()> {
        let ticks = nanoseconds(packet.time)?;
        let captured = packet.captured_length()?;
        self.block.clear();
        block(&mut self.block, 6, |body| {
            body.extend(0_u32.to_le_bytes());
            body.extend(((ticks >> 32) as u32).to_le_bytes());
            body.extend((ticks as u32).to_le_bytes());
            body.extend(captured.to_le_bytes());
            body.extend(packet.original_length.to_le_bytes());
            body.extend_from_slice(packet.data);
        });
        self.out.write_all(&self.block)
    }

    /// Flushes and gives the output back.
    ///
    /// # Errors
    /// `out` refuses bytes.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Appends a pcapng block: type, length, body padded to 32 bits, length again.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    let padded = (out.len() - start).next_multiple_of(4);
    out.resize(start + padded, 0);
    let length = (padded as u32 + 4).to_le_bytes();
    out.extend(length);
    out[start + 4..start + 8].copy_from_slice(&length);
}

/// Writes packets as a pcap file with nanoseconds (magic 0xA1B23C4D).
///
/// Each packet is two writes, so `out` should be buffered.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
}

impl<W: Write> PcapWriter<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// `out` refuses bytes.
    pub fn new(mut out: W, link: LinkType) -> io::Result<Self> {
        let mut head = Vec::with_capacity(24);
        head.extend(0xA1B2_3C4D_u32.to_le_bytes());
        head.extend(2_u16.to_le_bytes());
        head.extend(4_u16.to_le_bytes());
        head.extend([0; 8]);
        head.extend(SNAPLEN.to_le_bytes());
        head.extend(link.0.to_le_bytes());
        out.write_all(&head)?;
        Ok(PcapWriter { out })
    }

    /// Adds a packet.
    ///
    /// # Errors
    /// `out` refuses bytes, or the packet is from before 1970 or after 2106, when the seconds overflow, or has 2 GiB.
    pub fn write(&mut self, packet: RecordedPacketRef<'_>) -> io::Result<()> {
        let time = nanoseconds(packet.time)?;
        let seconds = u32::try_from(time / 1_000_000_000).map_err(|_| invalid("a time after 2106 in a pcap file"))?;
        let fraction = (time % 1_000_000_000) as u32;
        let mut head = [0; 16];
        let fields = [seconds, fraction, packet.captured_length()?, packet.original_length];
        for (bytes, field) in head.as_chunks_mut::<4>().0.iter_mut().zip(fields) {
            *bytes = field.to_le_bytes();
        }
        self.out.write_all(&head)?;
        self.out.write_all(packet.data)
    }

    /// Flushes and gives the output back.
    ///
    /// # Errors
    /// `out` refuses bytes.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes these packets as a pcapng file.
///
/// # Errors
/// `out` refuses bytes, or a packet is from before 1970.
pub fn write_pcapng<'a>(
    packets: impl IntoIterator<Item = &'a RecordedPacket>,
    link: LinkType,
    out: impl Write,
) -> io::Result<()> {
    let mut writer = PcapngWriter::new(out, link)?;
    packets.into_iter().try_for_each(|packet| writer.write(packet.view()))?;
    writer.finish().map(drop)
}

/// Writes these packets as a pcap file.
///
/// # Errors
/// `out` refuses bytes, or a packet is from before 1970 or after 2106.
pub fn write_pcap<'a>(
    packets: impl IntoIterator<Item = &'a RecordedPacket>,
    link: LinkType,
    out: impl Write,
) -> io::Result<()> {
    let mut writer = PcapWriter::new(out, link)?;
    packets.into_iter().try_for_each(|packet| writer.write(packet.view()))?;
    writer.finish().map(drop)
}

fn nanoseconds(time: Timestamp) -> io::Result<u64> {
    u64::try_from(time.nanoseconds()).map_err(|_| invalid("a time before 1970"))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
