//! The pcapng format (draft-ietf-opsawg-pcapng, "the draft" below): sections, interfaces, and the blocks that hold
//! packets and secrets. Other blocks are stepped over.

use std::ops::Range;

use byteorder::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcapng::RawBlock;

use super::buffer::Buffer;
use super::clock::Clock;
use super::{LinkType, MAX_RECORD, Record, Stop};

/// Reads the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

/// Type, total length, and the first word of the body, which in a Section Header Block tells the byte order. The
/// shortest block is as long.
pub(super) const BLOCK_HEAD: usize = 12;

/// The body of a block begins after its type and length, and the length stands behind it once more.
const BODY: usize = 8;
const TRAILER: usize = 4;

/// An Enhanced Packet Block up to the packet's data.
const PACKET_HEAD: usize = BODY + 20;

/// Interfaces of one section; a file may describe as many as it is long.
const MAX_INTERFACES: usize = 65_536;

/// What the blocks read so far say about the present section.
#[derive(Debug, Default)]
pub(super) struct PcapNg {
    order: Order,
    interfaces: Vec<Interface>,
}

/// An Interface Description Block.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    /// 0: no limit.
    snapshot_length: u32,
    clock: Clock,
}

/// A complete block at the front of the buffer, and its length.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) length: usize,
}

/// What a block is to the reader. Ranges count from the block's first byte.
#[derive(Debug)]
pub(super) enum Kind {
    Packet(Record),
    /// A Decryption Secrets Block.
    Secrets {
        kind: u32,
        data: Range<usize>,
    },
    /// An interface was described.
    Interface {
        snapshot_length: u32,
    },
    /// Nothing of interest.
    Other,
}

/// Byte order of a section.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Order {
    Big,
    #[default]
    Little,
}

impl Order {
    /// The order of the section that begins with these bytes.
    ///
    /// The byte-order magic "can be used to distinguish sections that have been saved on little-endian machines from
    /// the ones saved on big-endian machines" (the draft, §4.1).
    fn of_section(bytes: &[u8]) -> Option<Order> {
        match Order::Big.u32(bytes, 8)? {
            0x1a2b_3c4d => Some(Order::Big),
            0x4d3c_2b1a => Some(Order::Little),
            _ => None,
        }
    }

    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Big => u16::from_be_bytes(field),
            Order::Little => u16::from_le_bytes(field),
        })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Big => u32::from_be_bytes(field),
            Order::Little => u32::from_le_bytes(field),
        })
    }

    fn i64(self, bytes: &[u8]) -> Option<i64> {
        let field = *bytes.first_chunk()?;
        Some(match self {
            Order::Big => i64::from_be_bytes(field),
            Order::Little => i64::from_le_bytes(field),
        })
    }

    /// Appends a field.
    pub(super) fn put_u16(self, out: &mut Vec<u8>, field: u16) {
        out.extend(match self {
            Order::Big => field.to_be_bytes(),
            Order::Little => field.to_le_bytes(),
        });
    }

    /// Appends a field.
    pub(super) fn put_u32(self, out: &mut Vec<u8>, field: u32) {
        out.extend(match self {
            Order::Big => field.to_be_bytes(),
            Order::Little => field.to_le_bytes(),
        });
    }
}

/// Whether these four bytes are the type of a block that begins a section.
pub(super) fn is_section_type(kind: [u8; 4]) -> bool {
    u32::from_be_bytes(kind) == SECTION_HEADER
}

/// Whether a section begins here; needs [`BLOCK_HEAD`] bytes.
pub(super) fn begins_section(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|kind| is_section_type(*kind)) && Order::of_section(bytes).is_some()
}

impl PcapNg {
    /// Byte order of the present section.
    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// The packet of the Enhanced Packet Block at the front of `bytes`, where that is whole and sound: what nearly every
    /// block is. Of any other [`next`](Self::next) says what it is or what is wrong with it.
    #[inline]
    pub(super) fn packet(&self, bytes: &[u8]) -> Option<Record> {
        match self.order {
            Order::Big => self.packet_in::<BigEndian>(bytes),
            Order::Little => self.packet_in::<LittleEndian>(bytes),
        }
    }

    #[inline]
    fn packet_in<B: ByteOrder>(&self, bytes: &[u8]) -> Option<Record> {
        // Type, total length, interface, two words of time, captured length, original length (the draft, §4.3).
        let head: &[u8; PACKET_HEAD] = bytes.first_chunk()?;
        let word = |at: usize| B::read_u32(&head[at..at + 4]);
        let (total, captured) = (word(4), word(20));
        if word(0) != ENHANCED_PACKET || total > MAX_RECORD || captured > total || !total.is_multiple_of(4) {
            return None;
        }
        let (length, data) = (total as usize, PACKET_HEAD..PACKET_HEAD + captured as usize);
        let trailer = bytes.get(..length)?.last_chunk::<TRAILER>()?;
        if B::read_u32(trailer) != total || data.end + TRAILER > length {
            return None;
        }
        let interface = self.interfaces.get(word(8) as usize)?;
        let ticks = u64::from(word(12)) << 32 | u64::from(word(16));
        Some(Record {
            time: Some(interface.clock.time(ticks)),
            link: interface.link,
            data,
            original_length: word(24),
            length,
        })
    }

    /// Waits for the next block and says what it is; it then lies at the front of the buffer.
    pub(super) fn next(&mut self, buffer: &mut Buffer) -> Result<Block, Stop> {
        buffer.need(BLOCK_HEAD)?;
        let at = buffer.offset();
        let fault = |what: String| Stop::Fault(format!("the block at byte {at} {what}"));
        if buffer.data().first_chunk().is_some_and(|kind| is_section_type(*kind)) {
            self.order = Order::of_section(buffer.data())
                .ok_or_else(|| fault("begins a section without a byte-order magic".to_owned()))?;
        }
        let length = self.order.u32(buffer.data(), 4).unwrap_or_default();
        if length > MAX_RECORD {
            return Err(fault(format!("claims {length} bytes, more than the {MAX_RECORD} that are read")));
        }
        // "This value MUST be a multiple of 4" (the draft, §3.1).
        if !length.is_multiple_of(4) || length < BLOCK_HEAD as u32 {
            return Err(fault(format!("claims {length} bytes, a length that no block has")));
        }
        let length = length as usize;
        buffer.need(length)?;
        let (_, block) = match self.order {
            Order::Big => RawBlock::from_slice::<BigEndian>(buffer.data()),
            Order::Little => RawBlock::from_slice::<LittleEndian>(buffer.data()),
        }
        .map_err(|_| fault(format!("states a length of {length} bytes at its beginning and another at its end")))?;
        let kind = self.decode(block.type_, &block.body, length).map_err(|what| fault(what.to_owned()))?;
        Ok(Block { kind, length })
    }

    /// Decodes the body of a block that is `length` bytes long; fails with what is wrong with the block.
    fn decode(&mut self, kind: u32, body: &[u8], length: usize) -> Result<Kind, &'static str> {
        match kind {
            SECTION_HEADER => {
                // The major version is 1 (the draft, §4.1). The section's length is not used: blocks are read one by
                // one, and the next section says itself where it begins.
                if self.order.u16(body, 4) != Some(1) {
                    return Err("begins a section of a pcapng version other than 1");
                }
                self.interfaces.clear();
                Ok(Kind::Other)
            }
            INTERFACE_DESCRIPTION => {
                let interface = self.interface(body).ok_or("is an interface description cut short")?;
                if self.interfaces.len() == MAX_INTERFACES {
                    return Err("describes one interface too many: 65536 are remembered");
                }
                self.interfaces.push(interface);
                Ok(Kind::Interface { snapshot_length: interface.snapshot_length })
            }
            ENHANCED_PACKET => {
                let interface = self.order.u32(body, 0).and_then(|number| usize::try_from(number).ok());
                self.timed_packet(interface, body, length)
            }
            OBSOLETE_PACKET => {
                // Two bytes of interface number, two of a count of drops; from there on as the one that replaced it
                // (the draft, appendix A).
                let interface = self.order.u16(body, 0).map(usize::from);
                self.timed_packet(interface, body, length)
            }
            SIMPLE_PACKET => self.simple_packet(body, length),
            DECRYPTION_SECRETS => {
                let secrets = || {
                    let (kind, size) = (self.order.u32(body, 0)?, self.order.u32(body, 4)? as usize);
                    body.get(8..)?.get(..size)?;
                    Some(Kind::Secrets { kind, data: BODY + 8..BODY + 8 + size })
                };
                secrets().ok_or("holds fewer bytes of secrets than it states")
            }
            _ => Ok(Kind::Other),
        }
    }

    /// The draft, §4.2.
    fn interface(&self, body: &[u8]) -> Option<Interface> {
        let link = LinkType(self.order.u16(body, 0)?.into());
        let snapshot_length = self.order.u32(body, 4)?;
        let mut clock = Clock::default();
        for (code, value) in (Options { order: self.order, rest: &body[8..] }) {
            match (code, value) {
                (IF_TSRESOL, [resolution, ..]) => clock.set_resolution(*resolution),
                (IF_TSOFFSET, _) => {
                    if let Some(seconds) = self.order.i64(value) {
                        clock.set_offset(seconds);
                    }
                }
                _ => {}
            }
        }
        Some(Interface { link, snapshot_length, clock })
    }

    /// An Enhanced Packet Block (the draft, §4.3) or an obsolete Packet Block.
    fn timed_packet(&self, interface: Option<usize>, body: &[u8], length: usize) -> Result<Kind, &'static str> {
        const DATA: usize = 20;
        let field = |at| self.order.u32(body, at).ok_or("is a packet cut short");
        let ticks = u64::from(field(4)?) << 32 | u64::from(field(8)?);
        let (captured, original_length) = (field(12)? as usize, field(16)?);
        if body.len() - DATA < captured {
            return Err("holds fewer bytes of a packet than it states");
        }
        let interface = interface
            .and_then(|number| self.interfaces.get(number))
            .ok_or("is a packet of an interface that its section does not describe")?;
        Ok(Kind::Packet(Record {
            time: Some(interface.clock.time(ticks)),
            link: interface.link,
            data: BODY + DATA..BODY + DATA + captured,
            original_length,
            length,
        }))
    }

    /// The draft, §4.4: the packet is of the section's first interface, and its captured length is not stated: it is
    /// the lesser of the original length and that interface's snapshot length.
    fn simple_packet(&self, body: &[u8], length: usize) -> Result<Kind, &'static str> {
        const DATA: usize = 4;
        let original_length = self.order.u32(body, 0).ok_or("is a packet cut short")?;
        let interface =
            self.interfaces.first().ok_or("is a packet of an interface that its section does not describe")?;
        let captured = match interface.snapshot_length {
            0 => original_length,
            limit => original_length.min(limit),
        } as usize;
        if body.len() - DATA < captured {
            return Err("holds fewer bytes of a packet than it states");
        }
        Ok(Kind::Packet(Record {
            time: None,
            link: interface.link,
            data: BODY + DATA..BODY + DATA + captured,
            original_length,
            length,
        }))
    }
}

const OPT_ENDOFOPT: u16 = 0;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// The options of a block (the draft, §3.5). They end with `opt_endofopt`, with the block, or with one that is longer
/// than the block.
struct Options<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (code, length) = (self.order.u16(self.rest, 0)?, usize::from(self.order.u16(self.rest, 2)?));
        if code == OPT_ENDOFOPT {
            return None;
        }
        let value = self.rest.get(4..4 + length)?;
        // Values are padded to 32 bits; the padding of the last one may be missing.
        self.rest = self.rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn section(order: Order) -> PcapNg {
        let interface = |link| Interface { link: LinkType(link), snapshot_length: 0, clock: Clock::default() };
        PcapNg { order, interfaces: vec![interface(1), interface(113)] }
    }

    proptest! {
        /// Whole or cut, sound or with any field another.
        #[test]
        fn a_packet_is_read_as_any_block_is(
            big: bool, interface in 0u32..3, time: [u32; 2], data in prop::collection::vec(any::<u8>(), 0..40),
            options in prop::collection::vec(any::<[u8; 4]>(), 0..3), original: u32,
            change in prop::option::weighted(0.3, (0usize..60, any::<u8>())), cut in 0usize..100,
        ) {
            let order = if big { Order::Big } else { Order::Little };
            let padded = data.len().next_multiple_of(4);
            let length = (PACKET_HEAD + padded + 4 * options.len() + TRAILER) as u32;
            let mut block = Vec::new();
            let captured = data.len() as u32;
            for field in [ENHANCED_PACKET, length, interface, time[0], time[1], captured, original] {
                order.put_u32(&mut block, field);
            }
            block.extend(&data);
            block.resize(PACKET_HEAD + padded, 0);
            block.extend(options.concat());
            order.put_u32(&mut block, length);
            if let Some((at, byte)) = change
                && let Some(place) = block.get_mut(at)
            {
                *place = byte;
            }
            if cut < 20 {
                block.truncate(block.len().saturating_sub(cut));
            }
            let mut section = section(order);
            let direct = section.packet(&block);
            if change.is_none() && cut == 0 && interface < 2 {
                prop_assert!(direct.is_some());
            }
            if let Some(direct) = direct {
                let mut buffer = Buffer::new(Box::new(Cursor::new(block)));
                let Ok(Block { kind: Kind::Packet(record), length }) = section.next(&mut buffer) else {
                    return Err(TestCaseError::fail("no packet"));
                };
                prop_assert_eq!(length, record.length);
                prop_assert_eq!(direct, record);
            }
        }
    }
}
