//! The short way of nearly all frames: a text or binary message in one frame, or a control frame, without an extension's
//! bits, that came in one piece of the stream.
//!
//! Nothing of it is kept for later, so it is told as it stands there. The long way, by [`Direction::header`] and what
//! follows it, tells the same; it is held against this one at the end of the file.

use super::direction::{CONTROL_PAYLOAD, Direction, PIECE};
use super::event::{Event, Frame, Kind, Message, Text};
use super::header::FrameHeader;
use super::mask::unmask;
use super::message::text_in_one_frame;
use super::shared::Work;
use crate::tcp::Chunk;

impl Direction {
    /// Takes such a frame from the front of `chunk`, where a header has to begin, and gives the number of its bytes; 0
    /// for any other frame.
    pub(super) fn whole(&mut self, chunk: &Chunk<'_>, work: &mut Work<'_>) -> usize {
        let Work { shared, scratch, tell } = work;
        let settings = &shared.settings;
        // RFC 6455 §5.2: FIN alone, and the opcode. No text that might stand here instead begins with such a byte.
        let kind = match chunk.bytes.first() {
            Some(0x81) => Some(Kind::Text),
            Some(0x82) => Some(Kind::Binary),
            Some(0x88..=0x8A) => None,
            _ => return 0,
        };
        if kind.is_some() && (self.message.is_some() || settings.digests || settings.pieces) {
            return 0;
        }
        let Ok((behind, header)) = FrameHeader::parse(chunk.bytes) else { return 0 };
        let most = if kind.is_some() { PIECE } else { CONTROL_PAYLOAD };
        let length = usize::try_from(header.payload_length).ok().filter(|&length| length <= most);
        let Some(payload) = length.and_then(|length| behind.get(..length)) else { return 0 };

        let wanted = match kind {
            Some(Kind::Binary) => &payload[..payload.len().min(settings.payload_bytes)],
            _ => payload,
        };
        let plain = match header.masking_key {
            None => wanted,
            Some(key) => {
                scratch.plain.clear();
                scratch.plain.extend_from_slice(wanted);
                unmask(&mut scratch.plain, key, 0);
                &scratch.plain
            }
        };
        let kept = match kind {
            Some(_) => &plain[..plain.len().min(settings.payload_bytes)],
            None => plain,
        };

        let (header_length, taken) = (header.length(), header.length() + payload.len());
        let inside_message = (!self.fragment_unknown).then_some(self.message.is_some());
        let (frame_index, index) = (shared.next_frame, shared.next_message);
        shared.next_frame += 1;
        let mut frame = Frame {
            index: frame_index,
            sender: self.role,
            header,
            header_bytes: &chunk.bytes[..header_length],
            stream_offset: chunk.offset,
            packet: chunk.packet,
            last_packet: chunk.packet,
            acknowledged: chunk.acknowledged,
            captured_length: header.payload_length,
            complete: true,
            payload: kept,
            message: kind.map(|_| index),
            inside_message,
            end_offset: chunk.offset + taken as u64,
            pong: None,
            after_gap: self.after_gap,
        };
        // Before the frame is told, as what was just written in parts has to be waited for when it is copied in one.
        let text = match kind {
            Some(Kind::Text) => text_in_one_frame(plain, frame_index),
            _ => Text::default(),
        };
        shared.frame(&mut frame);
        match kind {
            None => tell(Event::Frame(&frame)),
            Some(kind) => {
                self.fragment_unknown = false;
                shared.next_message += 1;
                tell(Event::Unfragmented(&frame, &Message::in_one_frame(&frame, kind, index, text)));
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use crate::capture::PacketRef;
    use crate::websocket::shared::{Deflate, Scratch, Shared};
    use crate::websocket::{Bounds, LengthForm, Opcode, Settings};
    use proptest::prelude::*;
    use std::sync::Arc;

    /// All that is told of a stream that comes in pieces of at most so many bytes, one thing after the other.
    fn told(stream: &[u8], piece: usize, settings: Settings) -> Vec<String> {
        let mut told = Vec::new();
        tell(stream, piece, settings, &mut |event| event.each(|event| told.push(format!("{event:?}"))));
        told
    }

    fn tell(stream: &[u8], piece: usize, settings: Settings, tell: &mut dyn FnMut(Event<'_>)) {
        let mut shared = Shared::new(Arc::new(settings), Deflate::No);
        let mut scratch = Scratch::default();
        let mut work = Work { shared: &mut shared, scratch: &mut scratch, tell };
        let mut direction = Direction::new(Role::Client);
        let packet = PacketRef::new(1, None, 0, 0);
        for (at, bytes) in stream.chunks(piece.max(1)).enumerate() {
            let offset = (at * piece) as u64;
            direction.data(&Chunk { offset, bytes, packet, acknowledged: Some(7) }, &mut work);
        }
        direction.finish(&mut work);
    }

    fn payload() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            "[ -~]{0,40}".prop_map(String::into_bytes),
            any::<String>().prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..300),
        ]
    }

    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let fin_and_opcode = prop_oneof![
            4 => Just((true, 1)),
            2 => Just((true, 2)),
            2 => (Just(true), 8u8..11),
            2 => (any::<bool>(), 0u8..16),
        ];
        let rsv = prop_oneof![9 => Just(false), 1 => any::<bool>()];
        (fin_and_opcode, rsv, any::<Option<[u8; 4]>>(), payload()).prop_map(|((fin, opcode), rsv, key, mut payload)| {
            let header = FrameHeader {
                fin,
                rsv1: rsv,
                rsv2: false,
                rsv3: false,
                opcode: Opcode(opcode),
                masking_key: key,
                length_form: LengthForm::shortest(payload.len() as u64),
                payload_length: payload.len() as u64,
            };
            let mut bytes = Vec::new();
            header.write(&mut bytes);
            unmask(&mut payload, key.unwrap_or_default(), 0);
            bytes.extend(payload);
            bytes
        })
    }

    fn settings(payload_bytes: usize) -> Settings {
        let bounds = Bounds { length: 1 << 20, ratio: 1000 };
        Settings { payload_bytes, digests: false, blocks: 0, pieces: false, bounds, resync_bytes: 1 << 16 }
    }

    proptest! {
        #[test]
        fn short_and_long_way_tell_the_same(
            frames in prop::collection::vec(frame(), 1..8),
            payload_bytes in prop_oneof![Just(0), Just(10), Just(1000)],
        ) {
            let stream = frames.concat();
            // Byte by byte no frame comes whole.
            let bytewise = told(&stream, 1, settings(payload_bytes));
            prop_assert_eq!(told(&stream, stream.len(), settings(payload_bytes)), bytewise);
        }
    }

    #[test]
    fn a_message_is_told_with_its_only_frame() {
        let stream = b"\x81\x05Hello\x89\x00\x82\x01\xFF";
        let mut told = Vec::new();
        tell(stream, stream.len(), settings(10), &mut |event| match event {
            Event::Unfragmented(frame, message) => told.push((frame.header.opcode, Some(message.payload.to_vec()))),
            Event::Frame(frame) => told.push((frame.header.opcode, None)),
            other => panic!("{other:?}"),
        });
        let binary = (Opcode::BINARY, Some(b"\xFF".to_vec()));
        assert_eq!(told, [(Opcode::TEXT, Some(b"Hello".to_vec())), (Opcode::PING, None), binary]);
    }

    #[test]
    fn what_is_asked_for_beyond_first_bytes_is_told() {
        let stream = b"\x81\x05Hello";
        let digests = told(stream, stream.len(), Settings { digests: true, ..settings(2) });
        assert!(digests[1].contains("sha256: Some("), "{digests:?}");
        let pieces = told(stream, stream.len(), Settings { pieces: true, ..settings(2) });
        assert_eq!(pieces[0], format!("Piece {{ sender: Client, bytes: {:?} }}", b"Hello"));
    }
}
