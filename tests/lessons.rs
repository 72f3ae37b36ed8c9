//! The lessons: frames written by hand decode to the same, what is wrong on purpose is found to be wrong, a quiz has
//! the right answers, and handshakes and ladders look as they should.

mod common;

use common::Recorder;
use insta::assert_snapshot;
use proptest::prelude::*;
use snapbox::cmd::cargo_bin;
use std::io::Write;
use std::process::{Command, Stdio};
use wslens::Role;
use wslens::rules::Severity;
use wslens::scenario::{Scenario, close, text};
use wslens::teach::{Dice, Draft, WrongError, annotate, breakable, breaker, parse_hex, question, spoil};
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

}

proptest! {
    // Each case is an analysis for every rule.
    #![proptest_config(ProptestConfig::with_cases(16))]

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

proptest! {
    /// What a quiz says of a frame that it made up is what the analyser says.
    #[test]
    fn the_quiz_judges_as_the_analyser_does(seed: u64) {
        let mut dice = Dice::new(seed);
        let subject = dice.frame();
        let sender = subject.sender;
        let mut scenario = Scenario::new().handshake();
        if subject.inside_message == Some(true) {
            scenario = scenario.frames(sender, text("begun").fin(false));
        }
        let scenario = scenario.bytes(sender, subject.bytes.clone());
        let recorder = Recorder::play(&scenario);
        let last = recorder.frames.iter().filter(|frame| frame.sender == sender).count() as u64 - 1;
        let errors: Vec<_> = recorder
            .findings
            .iter()
            .filter(|(_, finding)| finding.severity == Severity::Error && finding.frame == Some(last))
            .map(|(_, finding)| finding.rule.id)
            .collect();
        let faults = subject.faults.clone().unwrap();
        prop_assert_eq!(faults.is_empty(), errors.is_empty(), "{:?} {:?}", faults, errors);
        prop_assert!(errors.iter().all(|id| faults.iter().any(|fault| fault.contains(id))), "{:?} {:?}", faults, errors);

        let question = question(&subject, &mut dice);
        prop_assert!(question.is_right(&question.answer()));
        let loud = [" ", &question.answer().to_uppercase(), " "].concat();
        prop_assert!(question.is_right(&loud));
        prop_assert!(!question.is_right("") && !question.is_right("what?"));
        for text in [&question.frame, &question.why] {
            prop_assert!(text.width() <= 80 && !text.lines.is_empty());
        }
    }
}

/// Runs the program with this input; its output, which must come with exit code 0.
fn wslens(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(cargo_bin!("wslens"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A quiz that is over does not read on.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap().lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

#[test]
fn what_encode_writes_decode_reads() {
    let hello = wslens(&["encode", "Hello", "--mask", "37fa213d"], "");
    // RFC 6455 §5.7, "A single-frame masked text message".
    let bytes: String = hello.lines().filter_map(|line| line.split('#').next()).collect();
    assert_eq!(bytes.split_whitespace().collect::<Vec<_>>().join(" "), "81 85 37 fa 21 3d 7f 9f 4d 51 58");
    assert!(
        wslens(&["decode", "--color", "never"], &hello)
            .starts_with("Text frame: 6 bytes of header, 5 bytes of payload\n")
    );
    // "A fragmented unmasked text message".
    let fragments = wslens(&["encode", "Hello", "--sender", "server", "--fragments", "2"], "");
    let decoded = wslens(&["decode"], &fragments);
    assert!(decoded.contains("--- Frame 2 of 2: bytes 5 to 8 ---"), "{decoded}");
    // The seed makes the key, and the same one makes the same.
    let of = |seed: &str| wslens(&["encode", "x", "--seed", seed], "");
    assert_eq!(of("1"), of("1"));
    assert_ne!(of("1"), of("2"));
}

#[test]
fn a_quiz_ends_with_its_input() {
    let short = wslens(&["quiz", "--seed", "1", "--count", "3"], "nonsense\n");
    assert!(short.ends_with("0 of 1 right. 2 questions were left. --seed 1 asks the same again.\n"), "{short}");
    let none = wslens(&["quiz", "--seed", "1", "--count", "3"], "");
    assert!(none.ends_with("0 of 0 right. 3 questions were left. --seed 1 asks the same again.\n"), "{none}");
    let left = wslens(&["quiz", "--seed", "1", "--count", "3"], "yes\nq\n");
    assert!(left.contains(" of 1 right. 2 questions were left."), "{left}");
}

/// The answers of the sheet are right for the questions of the same seed.
#[test]
fn a_sheet_has_the_answers_to_its_quiz() {
    for capture in [None, Some("testdata/node_ws.pcap"), Some("testdata/gallery/qt_cpp_zero_byte.pcap")] {
        let quiz = |more: &[&'static str], input: &str| {
            let arguments = [&["quiz", "--seed", "5", "--count", "12"], more].concat();
            wslens(&arguments.into_iter().chain(capture).collect::<Vec<_>>(), input)
        };
        let sheet = quiz(&["--sheet"], "");
        let (questions, answers) = sheet.split_once("# Answers").unwrap();
        assert_eq!(questions.matches("Answer: ____").count(), 12);
        let answers: Vec<&str> = answers
            .lines()
            .filter_map(|line| line.strip_prefix("**")?.split_once(".** "))
            .map(|(_, answer)| answer)
            .collect();
        assert_eq!(answers.len(), 12);
        let played = quiz(&[], &answers.join("\n"));
        assert!(played.ends_with("12 of 12 right. --seed 5 asks the same again.\n"), "{played}");
    }
}

#[test]
fn a_handshake_is_explained() {
    assert_snapshot!(wslens(&["handshake", "testdata/node_ws.pcap", "0"], ""));
    assert_snapshot!(wslens(&["handshake", "testdata/gallery/rfc_style_client_bad_guid.pcap", "1"], ""));
    assert_snapshot!(wslens(&["handshake", "testdata/hixie76.pcap", "0"], ""));
    assert_snapshot!(wslens(&["handshake", "testdata/refused.pcap", "2"], ""));
    let keys = ["--keylog", "testdata/h2_chromium.keys"];
    assert_snapshot!(wslens(&[&["handshake", "testdata/h2_chromium.pcap", "0"], &keys[..]].concat(), ""));
}

#[test]
fn a_ladder_is_drawn() {
    let ladder = |capture: &str, more: &[&str]| {
        let path = format!("testdata/{capture}");
        let text = wslens(&[&["ladder", &path, "0", "--width", "80"], more].concat(), "");
        assert!(text.lines().all(|line| wslens::escape::width(line) <= 80), "{text}");
        text
    };
    assert_snapshot!(ladder("node_ws.pcap", &[]));
    assert_snapshot!(ladder("gallery/qt_cpp_zero_byte.pcap", &[]));
    assert_snapshot!(ladder("refused.pcap", &["--notes"]));
    assert_snapshot!(ladder("qt_qml.pcap", &[]));
    // The stream's first packet comes after those with which TCP opened.
    let stream = ladder("h2/node_h2c.pcap", &[]);
    let syn = stream.lines().find(|line| line.contains("SYN ")).unwrap();
    assert!(syn.trim_start().starts_with('-') && stream.contains("  0.000  │── CONNECT "), "{stream}");
    let cut = ladder("python_websockets_nodeflate.pcap", &["--limit", "4"]);
    // 38 frames, of which four are drawn.
    assert!(cut.contains("34 frames with "), "{cut}");
    assert_eq!(cut.matches(" #").count(), 4, "{cut}");
    // A hostile capture cannot speak to the terminal, nor a long address leave the width.
    let hostile = Scenario::new()
        .ipv6()
        .handshake_with(|request| request.target("/\u{1b}[2J"), |response| response)
        .client(text("\u{1b}]0;x\u{7}\u{202e}"))
        .server(close(1000, "\u{1b}[31m"))
        .after(std::time::Duration::from_secs(200))
        .rst(Role::Client);
    let path = std::env::temp_dir().join(format!("wslens-ladder-{}.pcapng", std::process::id()));
    std::fs::write(&path, hostile.pcapng_bytes()).unwrap();
    let text = wslens(&["ladder", path.to_str().unwrap(), "0", "--width", "60"], "");
    std::fs::remove_file(&path).unwrap();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text}");
    assert!(text.lines().all(|line| wslens::escape::width(line) <= 60), "{text}");
    assert!(text.contains("3 min 20 s of silence") && text.contains("RST"), "{text}");
}
