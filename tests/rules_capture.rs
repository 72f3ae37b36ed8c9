//! What is said of a capture: once for each stream, and never with blame.

mod common;

use common::Recorder;
use wslens::Role;
use wslens::analysis::{Limits, Options};
use wslens::capture::Reader;
use wslens::rules::{Confidence, Severity};
use wslens::scenario::{Scenario, binary, text};

#[test]
fn a_lossy_stream_is_told_of_once() {
    let lossy = Scenario::new().handshake().repeat(100, |s| {
        s.client(text("How are you today?")).lose().client(text("lost")).client(text("How are you tomorrow?"))
    });
    let found = Recorder::play(&lossy.client(text("the end")));
    assert_eq!(found.rules(), ["cap-gap", "cap-resync"]);
    let gap = &found.of("cap-gap")[0];
    // 100 frames of 6 + 4 bytes.
    assert!(gap.message.contains("1000 bytes of client's stream") && gap.message.contains("100 places"), "{gap:?}");
    assert_eq!((gap.blame, gap.severity), (None, Severity::Note));
    assert!(found.of("cap-resync")[0].message.contains("100 times"));
}

#[test]
fn each_direction_has_its_own_note() {
    let cut = Scenario::new().handshake().snaplen(80).client(binary(vec![0; 200])).server(binary(vec![0; 200]));
    assert_eq!(Recorder::play(&cut).of("cap-snaplen-truncated").len(), 2);
}

#[test]
fn a_capture_from_mid_stream_says_so_first() {
    let chat = Scenario::new()
        .handshake()
        .begin_mid_stream()
        .repeat(8, |s| s.client(text("How are you?")).server(text("I am well, thank you.")));
    let found = Recorder::play(&chat);
    assert_eq!(found.rules(), ["cap-mid-stream"]);
}

#[test]
fn findings_beyond_the_limit_are_counted() {
    let scenario = Scenario::new().handshake().repeat(5, |s| s.client(text("x").unmasked()));
    let options = Options { limits: Limits { findings_per_rule: 2, ..Limits::default() }, ..Options::default() };
    let bytes = std::io::Cursor::new(scenario.pcapng_bytes());
    let found = Recorder::run(Reader::from_read("memory", Box::new(bytes)).unwrap(), options);
    assert_eq!(found.rules(), ["frame-client-unmasked", "frame-client-unmasked", "cap-limit-hit"]);
    assert_eq!(found.findings[2].1.message, "3 more findings of frame-client-unmasked not listed");
}

#[test]
fn masking_keys_are_compared_with_the_one_before() {
    let (a, b) = ([1, 2, 3, 4], [5, 6, 7, 8]);
    let keys = |keys: &[[u8; 4]]| {
        let frames: Vec<_> = keys.iter().map(|&key| text("x").masked(key)).collect();
        let found = Recorder::play(&Scenario::new().handshake().client(frames));
        let tell = |(_, f): &(_, wslens::rules::Finding)| (f.rule.id, f.severity, f.confidence, f.frame.unwrap());
        found.findings.iter().map(tell).collect::<Vec<_>>()
    };
    let (error, warning) = (Severity::Error, Severity::Warning);
    let (certain, statistical) = (Confidence::Certain, Confidence::Statistical);
    assert_eq!(keys(&[a, b, a, b]), [("mask-key-repeated", warning, statistical, 2)]);
    assert_eq!(keys(&[a, b, b]), [("mask-key-constant", error, statistical, 2)]);
    assert_eq!(
        keys(&[a, a, a]),
        [("mask-key-constant", error, statistical, 1), ("mask-key-constant", error, certain, 2)]
    );
    // Zero keys are one rule's matter, in a row or not.
    let z = [0; 4];
    assert_eq!(
        keys(&[z, a, z, z]),
        [
            ("mask-key-zero", warning, certain, 0),
            ("mask-key-zero", error, certain, 2),
            ("mask-key-zero", error, certain, 3)
        ]
    );
}

#[test]
fn one_direction_names_the_side_that_is_missing() {
    for role in [Role::Client, Role::Server] {
        let found = Recorder::play(&Scenario::new().only(role).handshake().client(text("a")).server(text("b")));
        let own = found.of("cap-one-direction");
        let expected = format!("no packet of the {} was captured", role.peer());
        assert!(own.iter().all(|finding| finding.message == expected), "{:?}", found.rules());
        // A server's answer alone shows no request to follow.
        assert!(role == Role::Server || own.len() == 1);
    }
}
