//! Frames written by hand: what is encoded decodes to the same, and what is wrong on purpose is found to be wrong.

mod common;

use common::Recorder;
use proptest::prelude::*;
use wslens::Role;
use wslens::scenario::Scenario;
use wslens::teach::{Draft, WrongError, annotate, breakable, breaker, parse_hex, spoil};
use wslens::websocket::{FrameHeader, Opcode};

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn opcode() -> impl Strategy<Value = Opcode> {
    (0_u8..16).prop_map(Opcode)
}

proptest! {
    /// The header of every form, read back by the decoder, and the text by the reader of hexadecimal text.
    #[test]
    fn what_is_encoded_is_decoded(
        opcode in opcode(),
        key: Option<[u8; 4]>,
        rsv in 0_u8..8,
        fin: bool,
        pieces in 1_usize..5,
        sender in role(),
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            (65_530_usize..65_545).prop_map(|length| vec![0x23; length]),
        ],
    ) {
        let mut draft = Draft::new(opcode, payload.clone(), key);
        draft.header.fin = fin;
        draft.set_rsv(rsv);
        let drafts = draft.split(pieces, || key);
        let bytes: Vec<u8> = drafts.iter().flat_map(Draft::bytes).collect();
        let (mut rest, mut out) = (bytes.as_slice(), Vec::new());
        for number in 0..pieces {
            let (behind, header) = FrameHeader::parse(rest).unwrap();
            let (first, last) = (number == 0, number + 1 == pieces);
            prop_assert_eq!(header.fin, fin && last);
            prop_assert_eq!(header.rsv(), if first { rsv } else { 0 });
            prop_assert_eq!(header.opcode, if first { opcode } else { Opcode::CONTINUATION });
            prop_assert_eq!(header.masking_key, key);
            let (now, later) = behind.split_at(header.payload_length as usize);
            // RFC 6455 §5.3: octet i is XORed with octet i mod 4 of the key.
            out.extend(now.iter().enumerate().map(|(i, byte)| byte ^ key.map_or(0, |key| key[i % 4])));
            rest = later;
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(out, payload);

        let text = annotate(&bytes, sender, None).to_plain();
        prop_assert_eq!(parse_hex(&text).unwrap(), bytes);
        prop_assert!(text.lines().all(|line| wslens::escape::width(line) <= 80), "{}", text);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }

    /// Whatever the message was, the frame breaks the rule in the eyes of the analyser; a frame that was not spoiled
    /// breaks none.
    #[test]
    fn what_is_wrong_is_found(payload in "[ -~]{0,60}", sender in role(), opcode in 1_u8..3, seed: u64) {
        for rule in breakable() {
            let sender = breaker(rule).unwrap_or(sender);
            let mut drafts = vec![Draft::new(Opcode(opcode), payload.clone().into_bytes(), key_of(sender, seed))];
            spoil(&mut drafts, rule, sender).unwrap();
            let bytes: Vec<u8> = drafts.iter().flat_map(Draft::bytes).collect();
            let found = findings(sender, bytes);
            prop_assert!(found.iter().any(|(id, blame)| *id == rule && *blame == Some(sender)), "{rule}: {found:?}");
        }
        let right = Draft::new(Opcode(opcode), payload.clone().into_bytes(), key_of(sender, seed));
        prop_assert_eq!(findings(sender, right.bytes()), []);
    }

    /// Control frames as well, whose payload is bounded.
    #[test]
    fn a_close_can_be_spoiled(reason in "[a-zäöü€]{0,30}", sender in role(), seed: u64) {
        let body = [&1000_u16.to_be_bytes(), reason.as_bytes()].concat();
        for rule in breakable().filter(|rule| rule.starts_with("close-")) {
            let sender = breaker(rule).unwrap_or(sender);
            let mut drafts = vec![Draft::new(Opcode::CLOSE, body.clone(), key_of(sender, seed))];
            spoil(&mut drafts, rule, sender).unwrap();
            let found = findings(sender, drafts[0].bytes());
            prop_assert!(found.iter().any(|(id, blame)| *id == rule && *blame == Some(sender)), "{rule}: {found:?}");
            prop_assert!(drafts[0].payload.len() <= 125);
        }
    }
}

/// As the sender must: clients mask.
fn key_of(sender: Role, seed: u64) -> Option<[u8; 4]> {
    let [a, b, c, ..] = seed.to_be_bytes();
    (sender == Role::Client).then_some([a, b, c, 0x5A])
}

/// What the analyser says of frames, but for how the connection ends and how it was captured.
fn findings(sender: Role, bytes: Vec<u8>) -> Vec<(&'static str, Option<Role>)> {
    let recorder = Recorder::play(&Scenario::new().handshake().bytes(sender, bytes).fin(sender));
    let about_the_end = ["close-abnormal", "close-not-answered", "frame-truncated", "frag-unfinished"];
    let found = recorder.findings.iter().map(|(_, finding)| (finding.rule.id, finding.blame));
    found.filter(|(id, _)| !about_the_end.contains(id) && !id.starts_with("cap-")).collect()
}

#[test]
fn only_rules_of_frames_can_be_broken_by_frames() {
    let draft = || vec![Draft::new(Opcode::TEXT, b"x".to_vec(), None)];
    let error = spoil(&mut draft(), "hs-req-key-missing", Role::Client).unwrap_err();
    assert!(error.to_string().contains("wslens rules example hs-req-key-missing"), "{error}");
    assert!(error.to_string().contains("frame-rsv2-set"), "{error}");
    let error = spoil(&mut draft(), "frame-server-masked", Role::Client).unwrap_err();
    assert_eq!(error, WrongError::Sender { rule: "frame-server-masked".into(), needed: Role::Server });
    let mut long = vec![Draft::new(Opcode::TEXT, vec![b'x'; 126], None)];
    let error = spoil(&mut long, "frame-length-nonminimal-16", Role::Server).unwrap_err();
    assert_eq!(error, WrongError::TooLong { rule: "frame-length-nonminimal-16".into(), most: 125 });
}

#[test]
fn every_rule_that_frames_break_is_a_rule() {
    for rule in breakable() {
        assert!(wslens::policy::find(rule).is_some(), "{rule}");
    }
}
