//! A frame as it is kept: a small record in memory, and the rest of it in the spool.

use crate::Role;
use crate::capture::{PacketRef, Timestamp};
use crate::websocket::{Frame, FrameHeader, LengthForm, Opcode, Pong};

/// Stands for a number that is not known.
const NONE: u64 = u64::MAX;

/// Bytes of a stored frame before its header: ten numbers, then the masking key, the length of the header, and what a
/// Pong answers.
const FIXED: usize = 10 * 8 + 4 + 1 + 1;

/// What is kept of a frame in memory. A million of them take 48 MB.
#[derive(Clone, Copy, Debug)]
pub struct FrameRecord {
    /// Where the rest of it begins in the spool.
    pub(super) spool: u64,
    /// Payload length as the header spells it.
    pub length: u64,
    /// When its first byte was captured; `None` where unknown.
    pub time: Option<Timestamp>,
    /// Number of its connection.
    pub connection: u32,
    /// Its number on that connection.
    pub index: u32,
    /// Payload bytes that are in the spool.
    pub kept: u32,
    /// Its message's place in the list of messages that were put together; `u32::MAX` where it is in none.
    pub(super) message: u32,
    /// Length of what is in the spool before the payload.
    head: u8,
    /// FIN, RSV and opcode, as on the wire.
    first: u8,
    flags: u8,
}

const CLIENT: u8 = 1;
const MASKED: u8 = 2;
const COMPLETE: u8 = 4;
const AFTER_GAP: u8 = 8;
const BITS16: u8 = 16;
const BITS64: u8 = 32;

impl FrameRecord {
    /// Who sent it.
    pub fn sender(&self) -> Role {
        if self.flags & CLIENT != 0 { Role::Client } else { Role::Server }
    }

    /// The opcode.
    pub fn opcode(&self) -> Opcode {
        Opcode(self.first & 0xF)
    }

    /// FIN is set.
    pub fn fin(&self) -> bool {
        self.first & 0x80 != 0
    }

    /// The reserved bits, RSV1 the highest: 4, 2 and 1.
    pub fn rsv(&self) -> u8 {
        self.first >> 4 & 7
    }

    /// Stores a frame: appends what goes to the spool to `out` and gives the record, whose place in the spool is counted
    /// from the beginning of `out`. `None` for a connection or a frame beyond four thousand million.
    pub(crate) fn store(connection: u64, frame: &Frame<'_>, out: &mut Vec<u8>) -> Option<FrameRecord> {
        let spool = out.len() as u64;
        let header = &frame.header;
        let (kind, which, after) = match frame.pong {
            None => (0, NONE, NONE),
            Some(Pong::Answers { ping, after, skipped }) => {
                let after = after.and_then(|after| u64::try_from(after.as_nanos()).ok()).unwrap_or(NONE);
                (1 + u8::from(skipped > 0), ping, after)
            }
            Some(Pong::Unmatched { outstanding }) => (3, u64::from(outstanding), NONE),
        };
        for number in [
            frame.packet.number(),
            frame.packet.file_offset,
            frame.last_packet.number(),
            frame.stream_offset,
            frame.captured_length,
            frame.message.unwrap_or(NONE),
            frame.acknowledged.unwrap_or(NONE),
            frame.end_offset,
            which,
            after,
        ] {
            out.extend(number.to_le_bytes());
        }
        out.extend(header.masking_key.unwrap_or_default());
        let length = u8::try_from(frame.header_bytes.len()).ok()?;
        out.extend([length, kind]);
        out.extend(frame.header_bytes);
        out.extend(frame.payload);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        Some(FrameRecord {
            spool,
            length: header.payload_length,
            time: frame.packet.time,
            connection: u32::try_from(connection).ok()?,
            index: u32::try_from(frame.index).ok()?,
            kept: u32::try_from(frame.payload.len()).ok()?,
            message: u32::MAX,
            head: u8::try_from(FIXED + frame.header_bytes.len()).ok()?,
            first: u8::from(header.fin) << 7 | header.rsv() << 4 | header.opcode.0 & 0xF,
            flags: flag(frame.sender == Role::Client, CLIENT)
                | flag(header.masking_key.is_some(), MASKED)
                | flag(frame.complete, COMPLETE)
                | flag(frame.after_gap, AFTER_GAP)
                | flag(header.length_form == LengthForm::Bits16, BITS16)
                | flag(header.length_form == LengthForm::Bits64, BITS64),
        })
    }

    /// How many bytes of the spool hold the frame with this much of its payload.
    pub(super) fn stored(&self, payload: usize) -> usize {
        usize::from(self.head) + payload.min(self.kept as usize)
    }

    /// Puts the frame together again; `None` where the bytes are not those of a frame.
    pub(super) fn restore(&self, bytes: Vec<u8>) -> Option<StoredFrame> {
        let head = usize::from(self.head);
        let mut numbers = bytes.get(..FIXED)?.chunks_exact(8).map_while(|chunk| {
            let number = u64::from_le_bytes(chunk.try_into().ok()?);
            Some(number)
        });
        let mut next = || numbers.next();
        let known = |number: u64| (number != NONE).then_some(number);
        let packet = |number, file_offset, time| PacketRef::new(number, time, file_offset, 0);
        let first_packet = packet(next()?, next()?, self.time);
        let last_packet = packet(next()?, 0, None);
        let (stream_offset, captured_length) = (next()?, next()?);
        let (message, acknowledged) = (known(next()?), known(next()?));
        let end_offset = next()?;
        let (which, after) = (next()?, known(next()?));
        let masking_key = bytes.get(80..84).and_then(|key| <[u8; 4]>::try_from(key).ok())?;
        let pong = match *bytes.get(85)? {
            1 | 2 => Some(Pong::Answers {
                ping: which,
                after: after.map(std::time::Duration::from_nanos),
                skipped: u32::from(bytes[85] - 1),
            }),
            3 => Some(Pong::Unmatched { outstanding: u32::try_from(which).unwrap_or(u32::MAX) }),
            _ => None,
        };
        let has = |flag: u8| self.flags & flag != 0;
        let header = FrameHeader {
            fin: self.fin(),
            rsv1: self.rsv() & 4 != 0,
            rsv2: self.rsv() & 2 != 0,
            rsv3: self.rsv() & 1 != 0,
            opcode: self.opcode(),
            masking_key: has(MASKED).then_some(masking_key),
            length_form: match (has(BITS16), has(BITS64)) {
                (true, _) => LengthForm::Bits16,
                (_, true) => LengthForm::Bits64,
                _ => LengthForm::Bits7,
            },
            payload_length: self.length,
        };
        (bytes.len() >= head).then_some(StoredFrame {
            record: *self,
            header,
            packet: first_packet,
            last_packet,
            stream_offset,
            captured_length,
            message,
            acknowledged,
            end_offset,
            pong,
            bytes,
        })
    }
}

/// A frame read back.
#[derive(Clone, Debug)]
pub struct StoredFrame {
    /// Its record.
    pub record: FrameRecord,
    header: FrameHeader,
    packet: PacketRef,
    last_packet: PacketRef,
    stream_offset: u64,
    captured_length: u64,
    message: Option<u64>,
    acknowledged: Option<u64>,
    end_offset: u64,
    pong: Option<Pong>,
    bytes: Vec<u8>,
}

impl StoredFrame {
    /// The frame as the analysis told it. Of its packets the numbers are kept, and the time of the first.
    pub fn frame(&self) -> Frame<'_> {
        let head = usize::from(self.record.head);
        Frame {
            index: u64::from(self.record.index),
            sender: self.record.sender(),
            header: self.header,
            header_bytes: self.bytes.get(FIXED..head).unwrap_or_default(),
            stream_offset: self.stream_offset,
            packet: self.packet,
            last_packet: self.last_packet,
            acknowledged: self.acknowledged,
            captured_length: self.captured_length,
            complete: self.record.flags & COMPLETE != 0,
            payload: self.bytes.get(head..).unwrap_or_default(),
            message: self.message,
            inside_message: None,
            end_offset: self.end_offset,
            pong: self.pong,
            after_gap: self.record.flags & AFTER_GAP != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_small() {
        assert!(size_of::<FrameRecord>() <= 48);
    }

    proptest! {
        #[test]
        fn a_frame_comes_back_as_it_was(
            first: u8, key: Option<[u8; 4]>, payload: Vec<u8>, numbers: [u32; 6], message: Option<u32>, client: bool,
        ) {
            let header = FrameHeader {
                fin: first & 0x80 != 0,
                rsv1: first & 0x40 != 0,
                rsv2: first & 0x20 != 0,
                rsv3: first & 0x10 != 0,
                opcode: Opcode(first & 0xF),
                masking_key: key,
                length_form: LengthForm::shortest(payload.len() as u64),
                payload_length: payload.len() as u64,
            };
            let mut header_bytes = Vec::new();
            header.write(&mut header_bytes);
            let numbers = numbers.map(u64::from);
            let packet = |number| PacketRef::new(number, None, 7, 0);
            let frame = Frame {
                index: numbers[0],
                sender: if client { Role::Client } else { Role::Server },
                header,
                header_bytes: &header_bytes,
                stream_offset: numbers[1],
                packet: packet(numbers[2]),
                last_packet: PacketRef::new(numbers[3], None, 0, 0),
                acknowledged: None,
                captured_length: numbers[4],
                complete: true,
                payload: &payload,
                message: message.map(u64::from),
                inside_message: None,
                end_offset: numbers[5],
                pong: None,
                after_gap: false,
            };
            let mut out = b"before".to_vec();
            let record = FrameRecord::store(3, &frame, &mut out).unwrap();
            prop_assert_eq!((record.spool, record.stored(usize::MAX)), (6, out.len() - 6));
            let stored = record.restore(out[6..].to_vec()).unwrap();
            prop_assert_eq!(format!("{:?}", stored.frame()), format!("{:?}", frame));
        }

        #[test]
        fn anything_can_be_read_back(bytes: Vec<u8>, head: u8) {
            let record = FrameRecord {
                spool: 0, length: 0, time: None, connection: 0, index: 0, kept: 9, message: 0, head, first: 0, flags: 0,
            };
            if let Some(stored) = record.restore(bytes) {
                stored.frame();
            }
        }
    }
}
