//! A copy of a capture as pcapng (draft-ietf-opsawg-pcapng, "the draft" below) with comments on its packets, which
//! Wireshark shows, and with or without the secrets that open it.
//!
//! The blocks of a pcapng file are copied as they are, in their byte order: sections, interfaces, names, secrets,
//! statistics, and what is not known here. What changes was asked for, but for one thing: a section no longer says how
//! long it is. A pcap file becomes a section with one interface that counts nanoseconds.

use std::io::{self, Write};

use super::buffer::Buffer;
use super::pcapng::{Kind, Order, PcapNg};
use super::{Info, LinkType, Reader, Secrets, Stop};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

const OPT_ENDOFOPT: u16 = 0;
const OPT_COMMENT: u16 = 1;
const IF_TSRESOL: u16 = 9;

/// Where the length of a section stands in its header: behind type, length, magic and version (the draft, §4.1).
const SECTION_LENGTH: std::ops::Range<usize> = 16..24;

/// What a copy has that the capture has not, and the other way round; nothing by default.
#[derive(Default)]
pub struct Changes<'a> {
    /// Asked of each packet, by its number from 1, for what is said of it. Whatever is longer than the 65,535 bytes that
    /// an option holds is cut.
    pub comments: Option<&'a mut dyn FnMut(u64) -> Vec<String>>,
    /// Lines of a TLS key log, which go into a Decryption Secrets Block before all packets.
    pub key_log: &'a [u8],
    /// Leave out the capture's own Decryption Secrets Blocks, of whatever type.
    pub strip_secrets: bool,
}

impl Changes<'_> {
    fn comments(&mut self, packet: u64) -> Vec<String> {
        self.comments.as_mut().map_or(Vec::new(), |comments| comments(packet))
    }
}

/// What became of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What was read. Where reading stopped before the end, the copy ends there too.
    pub info: Info,
    /// Comments written.
    pub comments: u64,
    /// Comments on packets in Simple Packet Blocks, which have no place for them.
    pub dropped: u64,
    /// Decryption Secrets Blocks left out.
    pub stripped: u64,
}

/// Copies the capture to `out` with the changes.
///
/// # Errors
/// `out` refuses bytes, or [`Changes::key_log`] is longer than [`Secrets::MOST`].
pub fn copy(reader: Reader, changes: Changes<'_>, out: &mut dyn Write) -> io::Result<Copied> {
    if changes.key_log.len() > Secrets::MOST {
        return Err(io::Error::other("more secrets than are read from a capture"));
    }
    if let Some(link) = reader.link_of_pcap() {
        return convert(reader, link, changes, out);
    }
    let Some((section, buffer, info)) = reader.into_pcapng() else {
        return Err(io::Error::other("a capture that is neither pcap nor pcapng"));
    };
    let copied = Copied { info, comments: 0, dropped: 0, stripped: 0 };
    PcapNgCopy { section, buffer, copied, block: Vec::new() }.run(changes, out)
}

/// From pcap.
fn convert(mut reader: Reader, link: LinkType, mut changes: Changes<'_>, out: &mut dyn Write) -> io::Result<Copied> {
    let order = Order::Little;
    // Both formats have 16 bits for it.
    let link = u16::try_from(link.0).unwrap_or_default();
    let mut block = Vec::new();
    begin(&mut block, order, SECTION_HEADER);
    order.put_u32(&mut block, 0x1a2b_3c4d);
    order.put_u16(&mut block, 1);
    order.put_u16(&mut block, 0);
    block.extend([0xff; 8]);
    end(&mut block, order);
    out.write_all(&block)?;
    put_secrets(&mut block, order, changes.key_log, out)?;

    begin(&mut block, order, INTERFACE_DESCRIPTION);
    order.put_u16(&mut block, link);
    order.put_u16(&mut block, 0);
    order.put_u32(&mut block, reader.info().snapshot_length.unwrap_or(0));
    // Nanoseconds, whatever the file counts in: neither micro- nor nanoseconds lose anything.
    put_option(&mut block, order, IF_TSRESOL, &[9]);
    put_option(&mut block, order, OPT_ENDOFOPT, &[]);
    end(&mut block, order);
    out.write_all(&block)?;

    let mut written = 0;
    while let Some(packet) = reader.next_packet() {
        // A pcap file has a time for each packet, and none before 1970.
        let ticks = packet.at.time.and_then(|time| u64::try_from(time.nanoseconds()).ok()).unwrap_or(0);
        begin(&mut block, order, ENHANCED_PACKET);
        order.put_u32(&mut block, 0);
        order.put_u32(&mut block, (ticks >> 32) as u32);
        order.put_u32(&mut block, ticks as u32);
        order.put_u32(&mut block, packet.at.length());
        order.put_u32(&mut block, packet.original_length);
        block.extend_from_slice(packet.data);
        pad(&mut block);
        let said = changes.comments(packet.at.number());
        written += said.len() as u64;
        for comment in &said {
            put_option(&mut block, order, OPT_COMMENT, comment.as_bytes());
        }
        if !said.is_empty() {
            put_option(&mut block, order, OPT_ENDOFOPT, &[]);
        }
        end(&mut block, order);
        out.write_all(&block)?;
    }
    out.flush()?;
    Ok(Copied { info: reader.info().clone(), comments: written, dropped: 0, stripped: 0 })
}

/// A pcapng file that is copied.
struct PcapNgCopy {
    section: PcapNg,
    buffer: Buffer,
    copied: Copied,
    block: Vec<u8>,
}

impl PcapNgCopy {
    fn run(mut self, mut changes: Changes<'_>, out: &mut dyn Write) -> io::Result<Copied> {
        loop {
            let (kind, length) = match self.section.next(&mut self.buffer) {
                Ok(block) => (block.kind, block.length),
                Err(stop) => {
                    match stop {
                        // Nothing is kept here.
                        Stop::End | Stop::Full => {}
                        Stop::Cut => self.copied.info.truncated = true,
                        Stop::Fault(reason) => self.copied.info.fault = Some(reason),
                    }
                    break;
                }
            };
            let order = self.section.order();
            self.copied.info.bytes += length as u64;
            let bytes = self.buffer.consume(length);
            match kind {
                Kind::Packet(record) => {
                    self.copied.info.packets += 1;
                    let said = changes.comments(self.copied.info.packets);
                    let kind = order.u32(bytes, 0).unwrap_or_default();
                    if said.is_empty() {
                        out.write_all(bytes)?;
                    } else if matches!(kind, ENHANCED_PACKET | OBSOLETE_PACKET) {
                        self.copied.comments += said.len() as u64;
                        comment(&mut self.block, order, bytes, record.data.end, &said);
                        out.write_all(&self.block)?;
                    } else {
                        self.copied.dropped += said.len() as u64;
                        out.write_all(bytes)?;
                    }
                }
                // What says how long the section is would be wrong behind the first comment.
                _ if order.u32(bytes, 0) == Some(SECTION_HEADER) => {
                    self.block.clear();
                    self.block.extend_from_slice(bytes);
                    if let Some(length) = self.block.get_mut(SECTION_LENGTH) {
                        length.fill(0xff);
                    }
                    out.write_all(&self.block)?;
                    // Once, where readers of one pass have it before every packet; they keep it for all sections.
                    put_secrets(&mut self.block, order, std::mem::take(&mut changes.key_log), out)?;
                }
                Kind::Secrets { .. } if changes.strip_secrets => self.copied.stripped += 1,
                _ => out.write_all(bytes)?,
            }
        }
        out.flush()?;
        Ok(self.copied)
    }
}

/// Writes a packet's block with more options, which come before those it has. The packet's data ends at `data_end`.
fn comment(block: &mut Vec<u8>, order: Order, bytes: &[u8], data_end: usize, comments: &[String]) {
    block.clear();
    let trailer = bytes.len().saturating_sub(4);
    let options = data_end.next_multiple_of(4).min(trailer);
    block.extend_from_slice(&bytes[..options]);
    for comment in comments {
        put_option(block, order, OPT_COMMENT, comment.as_bytes());
    }
    match &bytes[options..trailer] {
        [] => put_option(block, order, OPT_ENDOFOPT, &[]),
        rest => block.extend_from_slice(rest),
    }
    end(block, order);
}

/// Writes a Decryption Secrets Block (the draft, §4.7) with these lines of a TLS key log, if there are any.
fn put_secrets(block: &mut Vec<u8>, order: Order, key_log: &[u8], out: &mut dyn Write) -> io::Result<()> {
    if key_log.is_empty() {
        return Ok(());
    }
    begin(block, order, DECRYPTION_SECRETS);
    order.put_u32(block, Secrets::TLS_KEY_LOG);
    order.put_u32(block, u32::try_from(key_log.len()).unwrap_or(u32::MAX));
    block.extend_from_slice(key_log);
    end(block, order);
    out.write_all(block)
}

/// Begins a block; its length comes with its end.
fn begin(block: &mut Vec<u8>, order: Order, kind: u32) {
    block.clear();
    order.put_u32(block, kind);
    order.put_u32(block, 0);
}

/// Ends a block that is a multiple of four bytes long but for the last length.
fn end(block: &mut Vec<u8>, order: Order) {
    pad(block);
    // No block that was read is longer than `MAX_RECORD`, and comments on one packet are far fewer than it takes.
    let length = u32::try_from(block.len() + 4).unwrap_or(u32::MAX);
    order.put_u32(block, length);
    let mut stated = Vec::with_capacity(4);
    order.put_u32(&mut stated, length);
    block[4..8].copy_from_slice(&stated);
}

fn pad(block: &mut Vec<u8>) {
    block.resize(block.len().next_multiple_of(4), 0);
}

/// Code, length, value, padding (the draft, §3.5).
fn put_option(block: &mut Vec<u8>, order: Order, code: u16, value: &[u8]) {
    let most = usize::from(u16::MAX);
    // The text is UTF-8 and is not to be cut inside a character.
    let cut = (0..=value.len().min(most)).rev().find(|&at| value.get(at).is_none_or(|byte| byte & 0xc0 != 0x80));
    let value = &value[..cut.unwrap_or(0)];
    order.put_u16(block, code);
    order.put_u16(block, value.len() as u16);
    block.extend_from_slice(value);
    pad(block);
}
