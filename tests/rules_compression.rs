//! Compressed messages, and who is to blame where they cannot be read.

mod common;

use common::Recorder;
use wslens::Role;
use wslens::rules::{Confidence, Severity};
use wslens::scenario::{Scenario, binary, continuation, deflated_text, ping, text};

const RSV1: u8 = 0b100;
const SENTENCE: &str = "the quick brown fox jumps over the lazy dog";

fn agreed() -> Scenario {
    Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate")
}

fn pmd(scenario: &Scenario) -> Vec<(&'static str, Severity)> {
    let found = Recorder::play(scenario);
    let own = found.findings.iter().map(|(_, finding)| (finding.rule.id, finding.severity));
    own.filter(|(rule, _)| rule.starts_with("pmd-") && *rule != "pmd-expanded").collect()
}

#[test]
fn without_agreement_rsv1_is_the_frame_headers_affair() {
    let open = || Scenario::new().handshake();
    for scenario in [
        open().client(ping("").rsv(RSV1)),
        open().client([text("a").fin(false), continuation("b").rsv(RSV1)]),
        open().client(text("Hello").rsv(RSV1)),
        open().client(text("").rsv(RSV1)),
    ] {
        let found = Recorder::play(&scenario);
        assert_eq!(found.rules(), ["frame-rsv1-unnegotiated"]);
    }
}

#[test]
fn any_message_may_stay_uncompressed() {
    let mixed = agreed().client([text("a"), deflated_text("b"), text("c"), binary([1])]).server(text("d"));
    assert_eq!(pmd(&mixed), []);
}

#[test]
fn a_compressed_message_in_fragments_is_one_message() {
    let split = agreed().server(deflated_text(SENTENCE).split(5)).server(deflated_text(SENTENCE).split(3));
    assert_eq!(pmd(&split), []);
}

#[test]
fn what_follows_a_broken_message_is_not_called_broken() {
    let broken =
        agreed().client(deflated_text(SENTENCE)).client(text("Hello").rsv(RSV1)).client(deflated_text(SENTENCE));
    let found = Recorder::play(&broken);
    let inflate: Vec<_> = found.of("pmd-inflate-error").iter().map(|finding| finding.message_index).collect();
    assert_eq!(inflate, [Some(1)]);
    let lost = found.of("pmd-context-lost");
    assert_eq!(lost.len(), 1, "{:?}", found.rules());
    assert_eq!(
        lost[0].message,
        "client's message 2 cannot be inflated here, since message 1 could not be inflated to its end; no message after \
         can"
    );
}

#[test]
fn after_a_gap_messages_are_lost_until_one_needs_no_history() {
    let hello = |s: Scenario| s.server(deflated_text(SENTENCE));
    let gap = agreed().repeat(2, hello).lose().server(deflated_text(SENTENCE)).repeat(9, hello);
    // The compressor starts anew.
    let healed = gap.context_takeover(Role::Server, true).repeat(2, hello);
    let found = Recorder::play(&healed);
    assert_eq!(found.of("pmd-inflate-error").len(), 0);
    let lost = found.of("pmd-context-lost");
    assert_eq!(lost.len(), 1, "{:?}", found.rules());
    // Which message is the first after the gap depends on where the boundary is found again.
    let said = &lost[0].message;
    assert!(said.contains("since bytes before are missing; message "), "{said}");
    assert!(said.ends_with(" is the first that can"), "{said}");
}

#[test]
fn what_was_not_seen_agreed_is_not_called_broken() {
    let unseen = agreed().begin_mid_stream().repeat(9, |s| s.client(text("Hello, how are you?")).server(text("Well!")));
    let unseen = unseen.client([text("Hello").rsv(RSV1), text("").rsv(RSV1), ping("").rsv(RSV1)]);
    let found = Recorder::play(&unseen);
    assert!(found.frames.len() > 18);
    assert!(pmd(&unseen).iter().all(|(_, severity)| *severity == Severity::Note), "{:?}", found.rules());
}

#[test]
fn an_agreement_that_nothing_uses_is_not_said_where_bytes_are_missing() {
    let hello = |s: Scenario| s.server(text(SENTENCE));
    assert_eq!(pmd(&agreed().repeat(3, hello)), [("pmd-never-used", Severity::Note)]);
    assert_eq!(pmd(&agreed().repeat(3, hello).lose().repeat(9, hello)), []);
    assert_eq!(pmd(&agreed()), [], "nothing was there to compress");
}

#[test]
fn history_that_was_agreed_away_is_named() {
    const OFFER: &str = "permessage-deflate; server_no_context_takeover";
    let agreed = Scenario::new().handshake_with_extensions(OFFER, OFFER);
    let twice = agreed.client([deflated_text(SENTENCE), deflated_text(SENTENCE)]);
    let found = Recorder::play(&twice.server(deflated_text(SENTENCE)).server(deflated_text(SENTENCE).split(3)));
    let own = found.of("pmd-context-takeover");
    assert_eq!(own.len(), 1, "the client may: {:?}", found.rules());
    // zlib refers to no byte at the very beginning of its window, so "the " comes from another place.
    let expected =
        "server's message 3 refers to 39 bytes before its beginning, and server_no_context_takeover forbids that";
    assert_eq!((own[0].message.as_str(), own[0].blame), (expected, Some(Role::Server)));
    assert_eq!(found.of("pmd-inflate-error").len(), 0);
    assert_eq!(found.messages[3].payload, SENTENCE.as_bytes(), "a witness can read it all the same");
}

/// Bits as DEFLATE packs them: numbers from their lowest bit, codewords (`true`) from their highest.
fn packed(fields: &[(u32, u32, bool)]) -> Vec<u8> {
    let mut bits = Vec::new();
    for &(value, count, codeword) in fields {
        bits.extend((0..count).map(|at| value >> if codeword { count - 1 - at } else { at } & 1));
    }
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | *bit as u8)).collect()
}

/// 600 bytes in a stored block, then a fixed block with one match of 3 bytes from so far: distance code and its extra
/// bits (RFC 1951 §3.2.5). Then the header of the empty block.
fn from_afar(code: u32, extra: u32, extra_bits: u32) -> Vec<u8> {
    let mut message = vec![0x00, 0x58, 0x02, 0xA7, 0xFD];
    message.extend([b'x'; 600]);
    let header = [(0, 1, false), (1, 2, false)];
    let token = [(1, 7, true), (code, 5, true), (extra, extra_bits, false), (0, 7, true)];
    message.extend(packed(&[&header[..], &token, &[(0, 3, false)]].concat()));
    message
}

#[test]
fn a_distance_of_the_whole_window_is_allowed() {
    let play = |bits: u8, message: Vec<u8>| {
        let offer = format!("permessage-deflate; server_max_window_bits={bits}");
        let scenario = Scenario::new().handshake_with_extensions(&offer, &offer).server(binary(message).rsv(RSV1));
        let found = Recorder::play(&scenario);
        assert_eq!(found.messages[0].length, Some(603), "{:?}", found.rules());
        let own = found.of("pmd-distance-exceeds-window");
        own.iter().map(|finding| (finding.severity, finding.message.clone())).collect::<Vec<_>>()
    };
    // Code 17 is 385 to 512, code 18 from 513 on, code 16 from 257 on, code 15 to 256.
    assert_eq!(play(9, from_afar(17, 127, 7)), []);
    assert_eq!(play(10, from_afar(18, 0, 8)), []);
    let text = "server's message 0 refers 513 bytes back at its byte 600, and server_max_window_bits=9 allows 512";
    assert_eq!(play(9, from_afar(18, 0, 8)), [(Severity::Error, text.to_owned())]);
    assert_eq!(play(8, from_afar(15, 63, 6)), []);
    let severity = |message| play(8, message).first().map(|(severity, _)| *severity);
    assert_eq!(severity(from_afar(16, 0, 7)), Some(Severity::Warning), "zlib takes 9 for 8");
    assert_eq!(severity(from_afar(17, 127, 7)), Some(Severity::Warning));
    assert_eq!(severity(from_afar(18, 0, 8)), Some(Severity::Error));
}

#[test]
fn a_window_that_a_client_did_not_offer_does_not_bind_it() {
    let far = || binary(from_afar(18, 0, 8)).rsv(RSV1);
    let rules = |offered: &str| {
        let accepted = "permessage-deflate; client_max_window_bits=9";
        Recorder::play(&Scenario::new().handshake_with_extensions(offered, accepted).client(far())).rules()
    };
    assert!(rules("permessage-deflate; client_max_window_bits").contains(&"pmd-distance-exceeds-window"));
    assert!(!rules("permessage-deflate").contains(&"pmd-distance-exceeds-window"));
}

/// What a sender may do, by RFC 7692 §7.2.1 and its examples.
#[test]
fn unusual_but_conforming_bytes() {
    let silent: [&[u8]; 8] = [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        &[0x00],
        // An empty fixed block, then the header of an empty stored one.
        &[0x02, 0x00],
        // Flushed three times.
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00],
        // 00 00 FF FF as the last of the data.
        &[0x00, 0x04, 0x00, 0xfb, 0xff, 0x00, 0x00, 0xff, 0xff, 0x00],
        // The bits behind the header of a stored block are passed over (RFC 1951 §3.2.4).
        &[0xf8],
    ];
    let scenario = silent.iter().fold(agreed(), |s, bytes| s.client(binary(*bytes).rsv(RSV1)));
    assert_eq!(pmd(&scenario), []);
    // §7.2.3.4, and what PHP makes of an empty string.
    for noted in [&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00][..], &[0x03, 0x00], &[0x01]] {
        let scenario = agreed().client([binary(noted).rsv(RSV1), deflated_text(SENTENCE), deflated_text(SENTENCE)]);
        assert_eq!(pmd(&scenario), [("pmd-bfinal", Severity::Note)]);
        assert_eq!(Recorder::play(&scenario).messages[2].payload, SENTENCE.as_bytes());
    }
}

#[test]
fn final_blocks_are_counted() {
    let bytes = |last: &[u8]| text([&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], last].concat()).rsv(RSV1);
    let found = Recorder::play(&agreed().server([bytes(&[]), bytes(&[0]), bytes(&[]), deflated_text("Hello")]));
    let own = found.of("pmd-bfinal");
    assert_eq!(own.len(), 1);
    let expected = "server sets BFINAL in 3 of 4 compressed messages; 2 of them end without an empty block behind it";
    assert_eq!(own[0].message, expected);
    assert!(found.messages.iter().all(|message| message.payload == b"Hello"));
}

#[test]
fn what_stands_behind_a_final_block() {
    let pmd = |behind: &[u8]| {
        let bytes = [&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07], behind].concat();
        pmd(&agreed().server(text(bytes).rsv(RSV1)).server(deflated_text("Hello")))
    };
    let note = ("pmd-bfinal", Severity::Note);
    assert_eq!(pmd(&[0x40, 0x00]), [("pmd-final-padding", Severity::Error), note]);
    assert_eq!(pmd(&[0x80]), [("pmd-final-padding", Severity::Error), note]);
    for garbage in [&[0x00, 0x00, 0x00, 0xff, 0xff, 0x06][..], &[0x00, 0x06], &[0x40, 0x00, 0x01]] {
        assert_eq!(pmd(garbage), [("pmd-trailing-garbage", Severity::Warning)]);
    }
    // The 4 bytes after the end of the stream instead of the empty block's first.
    assert_eq!(pmd(&[0x00, 0x00, 0x00, 0xff, 0xff]), [("pmd-trailing-garbage", Severity::Warning)]);
}

#[test]
fn a_trailer_that_was_left_does_not_spoil_the_next_message() {
    let untrimmed = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0xff, 0xff];
    let shared = [0xf2, 0x00, 0x11, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff];
    let found = Recorder::play(&agreed().client([text(untrimmed).rsv(RSV1), text(shared).rsv(RSV1)]));
    assert_eq!(found.of("pmd-trailer-not-removed").len(), 2, "{:?}", found.rules());
    assert_eq!(found.of("pmd-inflate-error").len(), 0);
    assert_eq!([&found.messages[0].payload[..], &found.messages[1].payload], [b"Hello"; 2]);
}

#[test]
fn messages_that_are_cut() {
    let said = |bytes: &[u8]| {
        let found = Recorder::play(&agreed().client([text(bytes).rsv(RSV1), deflated_text(SENTENCE)]));
        let own = found.of("pmd-inflate-error");
        own.iter().map(|finding| (finding.severity, finding.message.clone())).collect::<Vec<_>>()
    };
    // Four bytes more were taken away than should.
    let text = "client's message 0 is not DEFLATE: its 3 bytes end inside a block, 00 00 FF FF put back";
    assert_eq!(said(&[0xf2, 0x48, 0xcd]), [(Severity::Error, text.to_owned())]);
    // A zlib header: 78 9C begins a stored block of 9C bytes or so.
    let text = "client's message 0 is not DEFLATE: a block's two lengths do not match, at bit 8 of its 13 bytes";
    let zlib = [0x78, 0x9c, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x05, 0x8c, 0x01, 0xf5];
    assert_eq!(said(&zlib), [(Severity::Error, text.to_owned())]);
    // A stored block of 5 bytes, and no empty one behind it.
    let text = "client's message 0 does not end in an empty DEFLATE block";
    let bare = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(said(&bare), [(Severity::Warning, text.to_owned())]);
    let text = "client's message 0 refers to 4 bytes before its beginning, and less was compressed before it";
    assert_eq!(said(&[0xf2, 0x00, 0x11, 0x00, 0x00]), [(Severity::Error, text.to_owned())]);
}

/// The first message after a gap that needs nothing before it is no promise for the next one.
#[test]
fn what_refers_across_a_gap_is_nobodys_fault() {
    let lossy = agreed().server(deflated_text(SENTENCE)).lose().server(deflated_text("something else entirely"));
    let found = Recorder::play(&lossy.repeat(9, |s| s.server([deflated_text("#"), deflated_text(SENTENCE)])));
    assert_eq!(found.of("pmd-inflate-error").len(), 0, "{:?}", found.rules());
    assert!(found.of("pmd-context-lost").len() > 1, "{:?}", found.rules());
    assert!(found.messages.iter().any(|message| message.payload == b"#"));
}

#[test]
fn after_a_gap_nothing_is_certain() {
    let offer = "permessage-deflate; server_max_window_bits=9; server_no_context_takeover";
    let agreed = Scenario::new().handshake_with_extensions(offer, offer);
    let far = || binary(from_afar(18, 0, 8)).rsv(RSV1);
    let lossy = agreed.server(far()).server(text("a")).lose().server(text("b")).repeat(9, |s| s.server(text("c")));
    let found = Recorder::play(&lossy.server(far()).server([deflated_text(SENTENCE), deflated_text(SENTENCE)]));
    let sure: Vec<_> = found.of("pmd-distance-exceeds-window").iter().map(|finding| finding.confidence).collect();
    assert_eq!(sure, [Confidence::Certain, Confidence::AfterGap]);
    let sure: Vec<_> = found.of("pmd-context-takeover").iter().map(|finding| finding.confidence).collect();
    assert_eq!(sure, [Confidence::AfterGap]);
}

#[test]
fn where_another_extension_may_have_changed_the_bytes_nothing_is_said() {
    let both = "permessage-deflate; server_no_context_takeover, x-other";
    let agreed = Scenario::new().handshake_with_extensions(both, both);
    let scenario = agreed.server([deflated_text("Hello"), deflated_text("Hello"), text("Hello").rsv(RSV1)]);
    assert!(pmd(&scenario).iter().all(|(_, severity)| *severity == Severity::Note), "{:?}", pmd(&scenario));
}
