//! Frames and compressed messages.

use super::super::keys::Keys;
use super::*;
use crate::websocket::header::{FrameHeader, LengthForm, Opcode};

/// The masking key of the examples in RFC 6455 §5.7.
const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

#[test]
fn writes_the_examples_of_rfc_6455_5_7() {
    let hello = [0x48, 0x65, 0x6C, 0x6C, 0x6F];
    let masked = [0x7F, 0x9F, 0x4D, 0x51, 0x58];
    assert_eq!(sent(Role::Server, text("Hello")), [&[0x81, 0x05][..], &hello].concat());
    assert_eq!(sent(Role::Client, text("Hello").masked(KEY)), [&[0x81, 0x85][..], &KEY, &masked].concat());
    assert_eq!(
        sent(Role::Server, fragments(Opcode::TEXT, ["Hel", "lo"])),
        [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F]
    );
    assert_eq!(sent(Role::Server, ping("Hello")), [&[0x89, 0x05][..], &hello].concat());
    assert_eq!(sent(Role::Client, pong("Hello").masked(KEY)), [&[0x8A, 0x85][..], &KEY, &masked].concat());
    assert_eq!(sent(Role::Server, binary([7; 256])), [&[0x82, 0x7E, 0x01, 0x00][..], &[7; 256]].concat());
    let long = vec![7; 65_536];
    assert_eq!(sent(Role::Server, binary(&*long)), [&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0][..], &long].concat());
}

#[test]
fn writes_close_frames() {
    assert_eq!(sent(Role::Server, close(1000, "")), [0x88, 0x02, 0x03, 0xE8]);
    assert_eq!(sent(Role::Server, close(1001, b"\xFFx")), [0x88, 0x04, 0x03, 0xE9, 0xFF, b'x']);
    assert_eq!(sent(Role::Server, close_empty()), [0x88, 0x00]);
}

#[test]
fn writes_nonsense_as_it_is_told() {
    let nonsense = frame(Opcode(0xB), b"x").fin(false).rsv(0b100).masked([0; 4]);
    assert_eq!(
        sent(Role::Server, nonsense.clone().length_form(LengthForm::Bits16).declared_length(5)),
        [0x4B, 0xFE, 0x00, 0x05, 0, 0, 0, 0, b'x']
    );
    assert_eq!(
        sent(Role::Server, nonsense.declared_length(1 << 63)),
        [0x4B, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'x']
    );
    assert_eq!(sent(Role::Client, text("x").unmasked()), [0x81, 0x01, b'x']);
    assert_eq!(sent(Role::Server, text("x").masked_freshly())[1], 0x81);
}

#[test]
fn splits_a_message_into_fragments_of_nearly_the_same_length() {
    assert_eq!(
        sent(Role::Server, text("abcdefgh").rsv(0b010).split(3)),
        [&[0x21, 3][..], b"abc", &[0x00, 3], b"def", &[0x80, 2], b"gh"].concat()
    );
    assert_eq!(sent(Role::Server, text("a").split(2)), [0x01, 1, b'a', 0x80, 0]);
    assert_eq!(sent(Role::Server, text("a").split(0)), [0x81, 1, b'a']);
    assert!(sent(Role::Server, fragments::<&str>(Opcode::TEXT, [])).is_empty());
}

/// RFC 7692 §7.2.3.1 and §7.2.3.2.
#[test]
fn compresses_as_the_examples_of_rfc_7692() {
    let first = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    let again = [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00];
    let hello = || deflated_text("Hello");
    assert_eq!(sent(Role::Server, [hello(), hello()]), [&first[..], &again].concat());
    let without = Scenario::new().context_takeover(Role::Server, false).server(hello()).server(hello());
    assert_eq!(without.streams()[0].server, [first, first].concat());
    assert_eq!(
        sent(Role::Server, hello().split(2)),
        [0x41, 0x04, 0xF2, 0x48, 0xCD, 0xC9, 0x80, 0x03, 0xC9, 0x07, 0x00]
    );
    // §7.2.3.6, and once more when the compressor has nothing left to flush.
    let empty = || deflated_text("");
    assert_eq!(sent(Role::Server, [empty(), empty()]), [0xC1, 0x01, 0x00, 0xC1, 0x01, 0x00]);
    // Each connection begins with an empty window.
    let streams = Scenario::new().server(hello()).connection().server(hello()).streams();
    assert_eq!((&*streams[0].server, &*streams[1].server), (&first[..], &first[..]));
}

/// What `Deflater` writes for long messages, read back by zlib with a window no larger than was promised.
#[test]
fn compresses_within_its_window() {
    // 600 bytes that repeat only after 600: out of reach of a window of 512.
    let mut keys = Keys::new(1);
    let period: Vec<u8> = (0..150).flat_map(|_| keys.masking_key()).collect();
    let data = period.repeat(200);
    let compressed = |bits| {
        let stream = Scenario::new().window_bits(Role::Server, bits).server(deflated_binary(&*data)).streams();
        let (payload, header) = FrameHeader::parse(&stream[0].server).unwrap();
        assert_eq!(header.payload_length, payload.len() as u64);
        let mut inflate = flate2::Decompress::new_with_window_bits(false, bits);
        let mut out = Vec::with_capacity(data.len() + 1);
        let flushed = [payload, &[0x00, 0x00, 0xFF, 0xFF]].concat();
        inflate.decompress_vec(&flushed, &mut out, flate2::FlushDecompress::Sync).unwrap();
        assert!(out == data);
        payload.len()
    };
    assert!(compressed(9) > data.len() / 2);
    assert!(compressed(15) < 5_000);
}

#[test]
fn the_client_masks_each_frame_with_a_fresh_key() {
    let stream = sent(Role::Client, [text("x"), text("x")]);
    assert_ne!(stream[2..6], stream[9..13]);
    assert_eq!(stream[6] ^ stream[2], b'x');
    assert_eq!(stream[13] ^ stream[9], b'x');
}
