//! The lines of frames and messages in JSON Lines, which are nearly all of a report.
//!
//! They are the rows of [`rows`](super::rows), byte for byte. Here names stand in one piece with the values that only a
//! few bits decide, and a number that is told twice is made into digits once, so that a line is a few copies and a
//! dozen numbers. What is unusual is left to the row's own way.

use super::encode::{Hex, Text};
use super::payload::Payload;
use super::room::{Piece, alike, hexadecimal, number, piece, plain, put};
use super::serializer::{Rest, Stop, Writer};
use crate::Role;
use crate::capture::RFC_3339;
use crate::websocket::{Frame, Kind, LengthForm, Message, Opcode};
use serde::Serialize;

/// Of each first byte of a header what its upper half says.
static BITS: [Piece<52>; 16] = {
    const FIN: [&str; 2] = [r#","fin":false"#, r#","fin":true"#];
    const RSV1: [&str; 2] = [r#","rsv1":false"#, r#","rsv1":true"#];
    const RSV2: [&str; 2] = [r#","rsv2":false"#, r#","rsv2":true"#];
    const RSV3: [&str; 2] = [r#","rsv3":false"#, r#","rsv3":true"#];
    let mut pieces = [piece(&[]); 16];
    let mut bits = 0;
    while bits < 16 {
        pieces[bits] = piece(&[FIN[bits >> 3], RSV1[bits >> 2 & 1], RSV2[bits >> 1 & 1], RSV3[bits & 1]]);
        bits += 1;
    }
    pieces
};

/// And what its lower half says.
static OPCODES: [Piece<48>; 16] = {
    const NUMBERS: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];
    let mut pieces = [piece(&[]); 16];
    let mut opcode = 0;
    while opcode < 16 {
        let name = Opcode(opcode as u8).name();
        pieces[opcode] = piece(&[r#","opcode":"#, NUMBERS[opcode], r#","opcode_name":""#, name, r#"""#]);
        opcode += 1;
    }
    pieces
};

/// What stands between the masking key of a frame, or where it would be, and the number that is the payload's length.
const fn up_to_length<const N: usize>(masked: bool, form: LengthForm) -> Piece<N> {
    let (bits, [alone, with_key]) = match form {
        LengthForm::Bits7 => ("7", ["2", "6"]),
        LengthForm::Bits16 => ("16", ["4", "8"]),
        LengthForm::Bits64 => ("64", ["10", "14"]),
    };
    let (no_key, length) = if masked { ("", with_key) } else { (r#","masked":false,"masking_key_hex":null"#, alone) };
    piece(&[no_key, r#","length_form":"#, bits, r#","header_length":"#, length, r#","payload_length":"#])
}

static MASKED: [Piece<56>; 3] = [
    up_to_length(true, LengthForm::Bits7),
    up_to_length(true, LengthForm::Bits16),
    up_to_length(true, LengthForm::Bits64),
];

static UNMASKED: [Piece<96>; 3] = [
    up_to_length(false, LengthForm::Bits7),
    up_to_length(false, LengthForm::Bits16),
    up_to_length(false, LengthForm::Bits64),
];

/// Appends the line of a frame of connection `id`; `time` is the text of its packet's.
///
/// Never inlined, as its caller begins anew where there is too little room: all that does not depend on the room would
/// be worked out before.
#[inline(never)]
pub(super) fn frame<'a>(room: &'a mut [u8], id: u64, frame: &Frame<'_>, time: Option<&[u8; RFC_3339]>) -> Rest<'a> {
    let room = before_payload(room, id, frame, time).ok_or(Stop::Full)?;
    payload(room, &Payload::of_frame(frame))
}

#[inline(always)]
fn before_payload<'a>(
    room: &'a mut [u8],
    id: u64,
    frame: &Frame<'_>,
    time: Option<&[u8; RFC_3339]>,
) -> Option<&'a mut [u8]> {
    let header = &frame.header;
    let room = number(room, br#"{"type":"frame","connection":"#, id)?;
    let room = number(room, br#","index":"#, frame.index)?;
    let sender = match frame.sender {
        Role::Client => br#","sender":"client","time":"#,
        Role::Server => br#","sender":"server","time":"#,
    };
    let room = put(room, sender)?;
    let room = match time {
        Some(time) => plain(room, time)?,
        None => put(room, b"null")?,
    };
    let (first, last) = (frame.packet.number(), frame.last_packet.number());
    let room = alike(room, (br#","packet":"#, first), (br#","last_packet":"#, last))?;
    let room = number(room, br#","stream_offset":"#, frame.stream_offset)?;
    let bits = [header.fin, header.rsv1, header.rsv2, header.rsv3];
    let room = BITS[bits.iter().fold(0, |number, bit| number << 1 | usize::from(*bit))].put(room)?;
    let room = OPCODES[usize::from(header.opcode.0 & 0xF)].put(room)?;
    let form = header.length_form as usize;
    let room = match &header.masking_key {
        Some(key) => MASKED[form].put(hexadecimal(put(room, br#","masked":true,"masking_key_hex":"#)?, key)?)?,
        None => UNMASKED[form].put(room)?,
    };
    let (length, captured) = (header.payload_length, frame.captured_length);
    let room = alike(room, (b"", length), (br#","captured_length":"#, captured))?;
    let room = match frame.message {
        Some(message) => number(room, br#","message":"#, message)?,
        None => put(room, br#","message":null"#)?,
    };
    put(room, br#","payload":"#)
}

/// Appends the line of a message of connection `id`; as [`frame`].
#[inline(never)]
pub(super) fn message<'a>(room: &'a mut [u8], id: u64, message: &Message<'_>) -> Rest<'a> {
    let room = before_its_payload(room, id, message).ok_or(Stop::Full)?;
    payload(room, &Payload::of_message(message))
}

#[inline(always)]
fn before_its_payload<'a>(room: &'a mut [u8], id: u64, message: &Message<'_>) -> Option<&'a mut [u8]> {
    let room = number(room, br#"{"type":"message","connection":"#, id)?;
    let room = number(room, br#","index":"#, message.index)?;
    let sender = match message.sender {
        Role::Client => br#","sender":"client","kind":"#,
        Role::Server => br#","sender":"server","kind":"#,
    };
    let room = put(room, sender)?;
    let room = match message.kind {
        Kind::Text => put(room, br#""text","first_frame":"#)?,
        Kind::Binary => put(room, br#""binary","first_frame":"#)?,
    };
    let room = number(room, b"", message.first_frame)?;
    let room = number(room, br#","frames":"#, message.frames)?;
    let room = match message.compressed {
        true => put(room, br#","compressed":true"#)?,
        false => put(room, br#","compressed":false"#)?,
    };
    let (wire, length) = (br#","wire_length":"#, br#","length":"#);
    let room = match message.length {
        Some(inflated) => alike(room, (wire, message.wire_length), (length, inflated))?,
        None => put(number(room, wire, message.wire_length)?, br#","length":null"#)?,
    };
    let room = match message.complete {
        true => put(room, br#","complete":true,"sha256_hex":"#)?,
        false => put(room, br#","complete":false,"sha256_hex":"#)?,
    };
    let room = match &message.sha256 {
        Some(digest) => hexadecimal(room, digest)?,
        None => put(room, b"null")?,
    };
    put(room, br#","payload":"#)
}

/// Appends the payload and closes the line. Text in which something needs escaping is written by serde.
#[inline(always)]
fn payload<'a>(room: &'a mut [u8], payload: &Payload<'_>) -> Rest<'a> {
    let (room, cut) = match *payload {
        Payload { close_code, text: Some(Text::Plain(text)), hex: None, cut } => {
            let room = match close_code {
                Some(code) => {
                    number(room, br#"{"close_code":"#, code.into()).and_then(|room| put(room, br#","text":"#))
                }
                None => put(room, br#"{"text":"#),
            };
            (room.and_then(|room| plain(room, text.bytes())), cut)
        }
        Payload { close_code: None, text: None, hex: Some(Hex(bytes)), cut } => {
            (put(room, br#"{"hex":"#).and_then(|room| hexadecimal(room, bytes)), cut)
        }
        _ => return put(payload.serialize(Writer::new(room))?, b"}\n").ok_or(Stop::Full),
    };
    let close = |room| if cut { put(room, b",\"cut\":true}}\n") } else { put(room, b"}}\n") };
    room.and_then(close).ok_or(Stop::Full)
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::super::encode::{Rows, append_fields};
    use super::super::rows::{FrameRow, MessageRow};
    use super::super::samples;
    use super::*;
    use crate::capture::{PacketRef, TimeWriter, Timestamp};
    use proptest::prelude::*;

    /// Numbers of every length, small ones mostly.
    fn number() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0u32..64).prop_map(|(number, shift)| number >> shift)
    }

    /// Two numbers that are often the same.
    fn alike() -> impl Strategy<Value = [u64; 2]> {
        (number(), number(), any::<bool>()).prop_map(|(one, other, same)| [one, if same { one } else { other }])
    }

    fn role() -> impl Strategy<Value = Role> {
        prop_oneof![Just(Role::Client), Just(Role::Server)]
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            "[ -~]{0,130}".prop_map(String::into_bytes),
            ".{0,40}".prop_map(String::into_bytes),
            any::<Vec<u8>>()
        ]
    }

    fn line(write: impl Fn(&mut [u8]) -> Rest<'_>) -> Vec<u8> {
        let mut rows = Rows::default();
        rows.append(write).unwrap();
        rows.text().to_vec()
    }

    fn by_serde<T: Serialize>(kind: &str, id: u64, row: &T) -> Vec<u8> {
        let mut line = format!("{{\"type\":\"{kind}\",\"connection\":{id}").into_bytes();
        append_fields(&mut line, row).unwrap();
        line.push(b'\n');
        line
    }

    proptest! {
        #[test]
        fn a_frames_line_is_its_row(
            sender in role(),
            [id, index] in [number(), number()],
            packets in alike(),
            lengths in alike(),
            stream_offset in number(),
            first: u8,
            key: Option<[u8; 4]>,
            form in 0usize..3,
            time: Option<i64>,
            message in proptest::option::of(number()),
            payload in bytes(),
            whole: bool,
        ) {
            let mut frame = samples::frame(0, sender, Opcode(first & 0xF), &payload);
            let [fin, rsv1, rsv2, rsv3] = [0x80, 0x40, 0x20, 0x10].map(|bit| first & bit != 0);
            frame.index = index;
            frame.header.fin = fin;
            frame.header.rsv1 = rsv1;
            frame.header.rsv2 = rsv2;
            frame.header.rsv3 = rsv3;
            frame.header.masking_key = key;
            frame.header.length_form = [LengthForm::Bits7, LengthForm::Bits16, LengthForm::Bits64][form];
            frame.header.payload_length = if whole { payload.len() as u64 } else { lengths[0] };
            frame.captured_length = lengths[1];
            frame.packet = PacketRef::new(packets[0], time.map(Timestamp::new), 0, 0);
            frame.last_packet = PacketRef::new(packets[1], frame.packet.time, 0, 0);
            frame.stream_offset = stream_offset;
            frame.message = message;
            let row = by_serde("frame", id, &FrameRow::new(&frame, &mut TimeWriter::default()));
            let text = frame.packet.time.map(Timestamp::rfc_3339);
            prop_assert_eq!(line(|room| super::frame(room, id, &frame, text.as_ref())), row);
        }

        #[test]
        fn a_messages_line_is_its_row(
            sender in role(),
            [id, index] in [number(), number()],
            text: bool,
            [first_frame, frames] in [number(), number()],
            [compressed, complete, length_is_known] in any::<[bool; 3]>(),
            lengths in alike(),
            sha256: Option<[u8; 32]>,
            payload in bytes(),
            whole: bool,
        ) {
            let mut message = samples::message(0, sender, if text { Kind::Text } else { Kind::Binary }, &payload);
            message.index = index;
            message.first_frame = first_frame;
            message.frames = frames;
            message.compressed = compressed;
            message.wire_length = lengths[0];
            message.length = length_is_known.then_some(if whole { payload.len() as u64 } else { lengths[1] });
            message.complete = complete;
            message.sha256 = sha256;
            let row = by_serde("message", id, &MessageRow::new(&message));
            prop_assert_eq!(line(|room| super::message(room, id, &message)), row);
        }
    }
}
