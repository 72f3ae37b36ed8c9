//! Text that is UTF-8 or is not, by the table of RFC 3629 §4, in one piece and in several.

mod common;

use common::Recorder;
use wslens::rules::Severity;
use wslens::scenario::{FrameSpec, Scenario, binary, deflated_text, fragments, text};
use wslens::websocket::Opcode;

fn agreed() -> Scenario {
    Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate")
}

fn utf8(scenario: &Scenario) -> Vec<String> {
    let found = Recorder::play(scenario);
    let own = found.findings.iter().map(|(_, finding)| finding).filter(|finding| finding.rule.id.starts_with("utf8-"));
    own.map(|finding| format!("{}: {}", finding.rule.id, finding.message)).collect()
}

#[test]
fn says_where_and_why() {
    for (bytes, at, why) in [
        (&b"ab\x80c"[..], 2, "80 is a continuation byte where a character should begin"),
        (b"\xE2\x82x", 0, "E2 82 78 is a character without enough continuation bytes"),
        (b"a\xE0\x80\xAF", 1, "E0 80 is a character in an overlong form"),
        (b"a\xED\xA0\x80", 1, "ED A0 is a UTF-16 surrogate (U+D800 to U+DFFF)"),
        (b"a\xF4\x90\x80\x80", 1, "F4 90 is a value above U+10FFFF"),
        (b"abc\xFF", 3, "FF is a byte that occurs nowhere in UTF-8"),
    ] {
        let said = format!("utf8-invalid: client's text message 0 is not UTF-8: at byte {at} (frame 0), {why}");
        let plain = Scenario::new().handshake().client(text(bytes));
        assert_eq!(utf8(&plain), std::slice::from_ref(&said));
        assert_eq!(utf8(&agreed().client(deflated_text(bytes))), [said], "compressed");
    }
}

#[test]
fn a_character_over_two_fragments_is_whole() {
    let whole = Scenario::new().handshake().client(fragments(Opcode::TEXT, [&b"\xE2\x82"[..], b"\xAC"]));
    assert_eq!(utf8(&whole), [""; 0]);
    let broken = Scenario::new().handshake().client(fragments(Opcode::TEXT, [&b"\xE2\x82"[..], b"x", b"y"]));
    let found = Recorder::play(&broken);
    assert_eq!(found.rules(), ["utf8-invalid"]);
    assert_eq!(found.findings[0].1.frame, Some(1), "the second frame proves it");
    let cut = Scenario::new().handshake().client(fragments(Opcode::TEXT, [&b"ab"[..], b"\xE2\x82"]));
    assert_eq!(
        utf8(&cut),
        [
            "utf8-truncated: client's text message 0 is not UTF-8: at byte 2 (frame 1), E2 82 is a character that the end \
          of the message cuts off"
        ]
    );
}

#[test]
fn what_is_not_known_to_be_text_is_not_judged() {
    let open = || Scenario::new().handshake();
    let not_text: [(&str, Scenario); 4] = [
        ("binary", open().client(binary([0xFF]))),
        ("RSV1 that nothing defines", open().client(text([0xFF]).rsv(0b100))),
        ("not DEFLATE", agreed().client(text([0xFF, 0xFF]).rsv(0b100))),
        ("the end was not sent", open().client(text(b"\xE2\x82").fin(false))),
    ];
    for (what, scenario) in not_text {
        assert_eq!(utf8(&scenario), [""; 0], "{what}");
    }
}

#[test]
fn an_unknown_extension_may_change_payloads() {
    let extended = Scenario::new().handshake_with_extensions("x-cipher", "x-cipher").server(text([0xFF]));
    assert_eq!(Recorder::play(&extended).of("utf8-invalid")[0].severity, Severity::Note);
}

#[test]
fn a_fault_before_a_gap_stays_one() {
    let long = |first: &[u8]| -> FrameSpec { text([first, &[b'x'; 3000]].concat()) };
    for (first, expected) in [(&b"\xFF"[..], 1), (b"a", 0)] {
        let cut = Scenario::new().handshake().server(text("ok")).snaplen(500).server(long(first));
        let found = Recorder::play(&cut);
        assert_eq!(found.of("utf8-invalid").len(), expected, "{:?}", found.rules());
    }
}
