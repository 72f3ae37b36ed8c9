//! Whole texts against snapshots, each looked at beside RFC 6455 §5.2 and §5.7, and what holds for any bytes.

use super::*;
use crate::escape::width;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use crate::websocket::{FrameHeader, LengthForm, Opcode};
use crate::{Role, websocket};
use insta::assert_snapshot;
use proptest::prelude::*;

fn decoded(hex: &str) -> String {
    decode(&parse_hex(hex).unwrap()).to_plain()
}

#[test]
fn unmasked_hello() {
    assert_snapshot!(decoded("81 05 48 65 6c 6c 6f"));
}

#[test]
fn masked_hello() {
    assert_snapshot!(decoded("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
}

#[test]
fn fragmented_hello() {
    assert_snapshot!(decoded("01 03 48 65 6c  80 02 6c 6f"));
}

#[test]
fn ping_and_masked_pong() {
    assert_snapshot!(decoded("89 05 48 65 6c 6c 6f  8a 85 37 fa 21 3d 7f 9f 4d 51 58"));
}

#[test]
fn binary_of_256_bytes() {
    let bytes: Vec<u8> = [0x82, 0x7E, 0x01, 0x00].into_iter().chain(0..=255).collect();
    assert_snapshot!(decode(&bytes).to_plain());
}

#[test]
fn binary_of_64_kib() {
    let mut bytes = vec![0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0];
    bytes.resize(10 + 65536, 0xAA);
    assert_snapshot!(decode(&bytes).to_plain());
}

#[test]
fn length_in_a_form_too_long() {
    let mut bytes = vec![0x81, 0x7E, 0x00, 0x64];
    bytes.resize(104, b'x');
    assert_snapshot!(decode(&bytes).to_plain());
}

#[test]
fn reserved_opcode_and_bits() {
    assert_snapshot!(decoded("3b 00"));
}

#[test]
fn close_of_one_byte() {
    assert_snapshot!(decoded("88 01 03"));
}

#[test]
fn close_with_code_and_reason() {
    let marks = [Mark {
        rule: "close-code-reserved",
        severity: Severity::Error,
        message: "the Close frame carries 1006",
        source: "RFC 6455 §7.4.1",
        quote: "1006 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint.",
    }];
    let context =
        Context { sender: Some(Role::Server), stream_offset: Some(1234), marks: &marks, ..Context::default() };
    let bytes = parse_hex("88 09 03 ee 1b 5b 32 4a e2 80 ae").unwrap();
    assert_snapshot!(explain(&bytes, &context).to_plain());
}

#[test]
fn compressed_hello() {
    assert_snapshot!(decoded("c1 07 f2 48 cd c9 c9 07 00"));
}

#[test]
fn cut_in_the_header() {
    assert_snapshot!(decoded("81 05 48 65 6c 6c 6f  81 ff 00 00 00"));
}

#[test]
fn cut_in_the_payload() {
    assert_snapshot!(decoded("81 85 37 fa 21 3d 7f 9f"));
}

#[test]
fn only_the_first_bytes_of_a_payload_are_at_hand() {
    let header = FrameHeader {
        fin: true,
        rsv1: false,
        rsv2: false,
        rsv3: false,
        opcode: Opcode::TEXT,
        masking_key: Some([1, 2, 3, 4]),
        length_form: LengthForm::Bits16,
        payload_length: 1000,
    };
    let bytes = wire_bytes(&header, b"the first bytes of the payload");
    let all = Context { captured_length: Some(1000), ..Context::default() };
    let text = explain(&bytes, &all).to_plain();
    assert!(!text.contains("missing"), "{text}");
    assert!(text.contains("  the first bytes of the payload\n"), "{text}");
    let some = Context { captured_length: Some(900), ..Context::default() };
    assert!(explain(&bytes, &some).to_plain().contains("Incomplete: 100 bytes of the payload are missing."));
}

#[test]
fn masked_hello_by_hand() {
    let bytes = parse_hex("81 85 37 fa 21 3d 7f 9f 4d 51 58").unwrap();
    assert_snapshot!(steps(&bytes, &Context::default()).to_plain());
}

#[test]
fn a_wrong_close_by_hand() {
    let context = Context { sender: Some(Role::Client), ..Context::default() };
    assert_snapshot!(steps(&parse_hex("b8 7e 00 03 03 ee 41").unwrap(), &context).to_plain());
}

/// The bits that are marked, counted from the frame's first.
fn marked(hex: &str, context: &Context<'_>) -> Vec<usize> {
    let text = explain(&parse_hex(hex).unwrap(), context).to_plain();
    let mut bits = Vec::new();
    let mut row = 0;
    for line in text.lines() {
        if let Some(at) = line.get(..3).and_then(|at| at.trim().parse::<usize>().ok()) {
            row = at * 8;
        }
        if line.ends_with(" <-- wrong") {
            // Bit b of a row stands in column 4 + 2b.
            bits.extend((0..32).filter(|bit| line.as_bytes()[4 + 2 * bit] == b'^').map(|bit| row + bit));
        }
    }
    bits
}

#[test]
fn faults_are_marked_at_their_bits() {
    let none = Context::default();
    let (client, server) = (
        Context { sender: Some(Role::Client), ..Context::default() },
        Context { sender: Some(Role::Server), ..Context::default() },
    );
    assert_eq!(marked("81 05 48 65 6c 6c 6f", &none), [0; 0]);
    assert_eq!(marked("81 05 48 65 6c 6c 6f", &client), [8]);
    assert_eq!(marked("81 80 01 02 03 04", &server), [8]);
    assert_eq!(marked("b1 00", &none), [2, 3]);
    assert_eq!(marked("0b 00", &none), [0, 4, 5, 6, 7]);
    assert_eq!(marked("81 7e 00 01 41", &none), (16..32).collect::<Vec<_>>());
    assert_eq!(marked("82 7f 80 00 00 00 00 00 00 00", &none), [16]);
    // The length of a Ping, in both its places.
    assert_eq!(marked("89 7e 00 7e", &none), (9..32).collect::<Vec<_>>());
    // Masked: the code is behind the key.
    assert_eq!(marked("88 82 00 00 00 01 03 ec", &none), (48..64).collect::<Vec<_>>());
    // "A" and a lead byte without its continuation.
    assert_eq!(marked("81 03 41 c3 28", &none), (24..32).collect::<Vec<_>>());
    // What is missing is not called wrong.
    assert_eq!(marked("81 ff 00", &none), [0; 0]);
}

#[test]
fn findings_are_marked_at_their_bits() {
    let mark = |rule| [Mark { rule, severity: Severity::Error, message: "", source: "", quote: "" }];
    for (rule, bits) in
        [("frame-rsv1-unnegotiated", 1..2), ("frag-new-data-inside-message", 4..8), ("mask-key-constant", 16..48)]
    {
        let marks = mark(rule);
        let context = Context { marks: &marks, ..Context::default() };
        assert_eq!(marked("c1 81 11 22 33 44 55", &context), bits.collect::<Vec<_>>(), "{rule}");
    }
}

fn walk(key: &str, given: &str) -> Text {
    accept_walk(key, Some(&websocket::check_accept(key.as_bytes(), given.as_bytes())))
}

#[test]
fn an_accept_value_that_is_right() {
    // RFC 6455 §1.3.
    assert_snapshot!(walk("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").to_plain());
}

#[test]
fn an_accept_value_that_is_wrong() {
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    assert_snapshot!(walk(key, key).to_plain());
    assert!(walk("abc\x1b", "x\x07").to_plain().contains(r"abc\x1b"));
}

#[test]
fn the_page_of_a_rule() {
    static RULE: Rule = Rule {
        id: "frame-client-unmasked",
        severity: Severity::Error,
        blames: Blames::Client,
        requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.1" },
        source: "RFC 6455 §5.1",
        quote: "a client MUST mask all frames that it sends to the server",
        statement: "A client masks every frame.",
        why: "Servers close the connection; proxies that do not know the protocol can be made to cache what a script \
              wants them to.",
        restraint: "Silent where the handshake was not seen.",
        breaks: Scenario::default,
        keeps: Scenario::default,
    };
    assert_snapshot!(rule_page(&RULE, 60).to_plain());
    assert!(rule_page(&RULE, 30).width() <= 30);
}

#[test]
fn what_is_said_of_single_fields() {
    let server = Context { sender: Some(Role::Server), ..Context::default() };
    let client = Context { sender: Some(Role::Client), ..Context::default() };
    let compressed = Context { compressed: true, continues: Some(Opcode::TEXT), ..Context::default() };
    for (hex, context, words) in [
        ("81 80 01 02 03 04", server, "Masked, but a server must not mask. §5.1"),
        ("81 80 01 02 03 04", client, "01 02 03 04. Present although there is no payload to mask. §5.3"),
        ("81 81 00 00 00 00 41", client, "00 00 00 00. All zero: it masks nothing."),
        ("81 00", client, "Not masked, but a client must mask every frame. §5.1"),
        ("89 7e 00 7e", server, "Too long: a control frame carries at most 125 bytes. §5.5"),
        ("82 7e 00 7e", server, "00 7e = 126. More than 125, so 7 bits do not do"),
        ("82 7f 00 00 00 00 00 00 00 7d", server, "= 125. This fits in 7 bits, and the shortest form is demanded."),
        ("82 7f 00 00 00 00 00 00 ff ff", server, "= 65535. This fits in 16 bits, and the shortest form is demanded."),
        ("82 7f 80 00 00 00 00 00 00 00", server, "= 9223372036854775808. The top bit is set but must be 0. §5.2"),
        ("c9 00", server, "Set, but control frames are never compressed. RFC 7692 §6"),
        ("c0 00", compressed, "Set, but only the first fragment may say that its message is compressed."),
        ("80 01 41", compressed, "Not possible for this frame alone"),
        ("c1 05 f2 00 11 00 00", server, "The rest refers to earlier messages"),
        ("81 02 c3 28", server, "Not UTF-8 from byte 0 on. §8.1"),
        ("81 01 c3", server, "Not UTF-8: the character at byte 0 has no end. §8.1"),
        ("01 01 c3", server, "The character at byte 0 goes on behind these bytes."),
        ("88 00", server, "No body: the application is told 1005, no status received. §7.1.5"),
        ("88 02 0f a0", server, "4000: private: the application knows what it means. §7.4.2"),
        ("88 02 03 e7", server, "999: codes below 1000 are not used. §7.4.2"),
        ("88 02 03 f4", server, "1012 Service Restart: the service restarts"),
    ] {
        let text = explain(&parse_hex(hex).unwrap(), &context).to_plain();
        // The words may be broken into lines.
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{hex} does not say {words:?}:\n{text}");
    }
}

#[test]
fn many_frames_are_counted_and_not_shown() {
    let text = decode(&[0; 200]).to_plain();
    assert_eq!(text.matches("--- Frame ").count(), 32);
    assert!(text.ends_with("68 more frames are not shown.\n"));
}

#[test]
fn every_bit_is_where_the_rfc_puts_it() {
    // All bits of the header set, so that each cell can be told by where its ones stand.
    let text = ruler(&[0xFF; 14]).to_plain();
    let rows: Vec<&str> = text.lines().filter(|line| line.ends_with(" ff")).collect();
    assert_eq!(rows[0], " 0 |1|1|1|1|1 1 1 1|1|1 1 1 1 1 1 1|1 1 1 1 1 1 1 1:1 1 1 1 1 1 1 1| ff ff ff ff");
    assert_eq!(rows[1], " 4 |1 1 1 1 1 1 1 1:1 1 1 1 1 1 1 1:1 1 1 1 1 1 1 1:1 1 1 1 1 1 1 1| ff ff ff ff");
    assert_eq!(rows[2], " 8 |1 1 1 1 1 1 1 1:1 1 1 1 1 1 1 1|1 1 1 1 1 1 1 1:1 1 1 1 1 1 1 1| ff ff ff ff");
    assert_eq!(rows[3], "12 |1 1 1 1 1 1 1 1:1 1 1 1 1 1 1 1|                                 ff ff");
}

#[test]
fn close_codes_have_their_registered_names() {
    let names: Vec<u16> = (0..=u16::MAX).filter(|&code| websocket::close_code_name(code).is_some()).collect();
    let registered: Vec<u16> = (1000..=1015).chain([3000, 3003, 3008]).collect();
    assert_eq!(names, registered);
}

fn is_sound(text: &Text) -> Result<(), TestCaseError> {
    for line in text.to_plain().lines() {
        prop_assert!(width(line) <= 80, "{} columns: {line}", width(line));
        prop_assert!(!line.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
    }
    Ok(())
}

fn context() -> impl Strategy<Value = Context<'static>> {
    let sender = prop_oneof![Just(None), Just(Some(Role::Client)), Just(Some(Role::Server))];
    let continues = prop_oneof![Just(None), Just(Some(Opcode::TEXT)), Just(Some(Opcode::BINARY))];
    let number = || any::<Option<u64>>();
    (sender, continues, any::<bool>(), number(), number()).prop_map(
        |(sender, continues, compressed, stream_offset, captured_length)| Context {
            inflation: None,
            sender,
            compressed,
            continues,
            stream_offset,
            captured_length,
            marks: &[],
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_can_be_explained(bytes: Vec<u8>, context in context()) {
        is_sound(&explain(&bytes, &context))?;
        is_sound(&steps(&bytes, &context))?;
        is_sound(&decode(&bytes))?;
    }

    /// Random bytes seldom make long frames; these do, with any text in them.
    #[test]
    fn any_frame_can_be_explained(first: u8, second: u8, text in ".{0,200}", context in context()) {
        let mut bytes = vec![first, second];
        if second & 0x7F == 126 {
            bytes.extend((text.len() as u16).to_be_bytes());
        }
        bytes.extend(vec![0; if second & 0x80 != 0 { 4 } else { 0 }]);
        bytes.extend(text.as_bytes());
        is_sound(&explain(&bytes, &context))?;
        is_sound(&steps(&bytes, &context))?;
    }

    #[test]
    fn any_mark_is_safe(rule: String, message: String, quote: String) {
        let marks = [Mark { rule: &rule, severity: Severity::Note, message: &message, source: "RFC 6455 §5.2", quote: &quote }];
        let text = explain(&[0x81, 0], &Context { marks: &marks, ..Context::default() }).to_plain();
        prop_assert!(!text.lines().any(|line| line.contains(char::is_control)));
    }

    #[test]
    fn any_accept_is_safe(key: String, given: String) {
        is_sound(&walk(&key, &given))?;
    }

    #[test]
    fn frames_put_together_are_the_bytes(bytes: Vec<u8>) {
        let mut at = 0;
        for (offset, frame) in frames(&bytes) {
            prop_assert_eq!(offset, at);
            prop_assert!(!frame.is_empty());
            prop_assert_eq!(&bytes[offset..offset + frame.len()], frame);
            at += frame.len();
        }
        prop_assert_eq!(at, bytes.len());
    }

    #[test]
    fn wire_bytes_are_the_frame(key: Option<[u8; 4]>, payload in prop::collection::vec(any::<u8>(), 0..300)) {
        let header = FrameHeader {
            fin: true,
            rsv1: false,
            rsv2: false,
            rsv3: false,
            opcode: Opcode::BINARY,
            masking_key: key,
            length_form: LengthForm::shortest(payload.len() as u64),
            payload_length: payload.len() as u64,
        };
        let bytes = wire_bytes(&header, &payload);
        let parts = parts::Parts::new(&bytes);
        prop_assert_eq!(parts.header, header);
        prop_assert_eq!(parts.unmasked(), payload);
        prop_assert!(parts.is_whole());
    }
}
