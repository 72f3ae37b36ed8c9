//! The dialects before RFC 6455: named once, held to their own rules, and not to those of RFC 6455.

mod common;

use common::{Recorder, testdata};
use wslens::Role::{self, Client, Server};
use wslens::rules::Severity;
use wslens::scenario::{Scenario, text};

/// The example of hixie-76 §1.2.
fn hixie_76() -> Scenario {
    let request = "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nUpgrade: WebSocket\r\n\
                   Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nOrigin: http://example.com\r\n\r\n^n:ds[4U";
    let response = "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Origin: http://example.com\r\nSec-WebSocket-Location: ws://example.com/demo\r\n\r\n\
                    8jKS'y:G*Co,Wxa-";
    Scenario::new().bytes(Client, request).bytes(Server, response)
}

/// Rule, severity and blame of each finding of this topic but the one that names the dialect.
fn beside_the_name(scenario: &Scenario) -> Vec<(&'static str, Severity, Option<Role>)> {
    let found = Recorder::play(scenario);
    let findings = found.findings.iter().map(|(_, finding)| finding);
    let own = findings.filter(|finding| finding.rule.id.starts_with("legacy-") && finding.rule.id != "legacy-hixie-76");
    own.map(|finding| (finding.rule.id, finding.severity, finding.blame)).collect()
}

const FRAME: &str = "legacy-hixie-76-frame";

#[test]
fn each_dialect_is_named_once_and_nothing_else_is_said() {
    let version = |version: &'static str| {
        Scenario::new()
            .handshake_with(|request| request.replace("Sec-WebSocket-Version", version), |response| response)
            .client(text("Hello"))
            .server(text("Hi"))
    };
    for (scenario, expected) in [
        (version("7"), "legacy-hybi-07"),
        (version("8"), "legacy-hybi-08"),
        (
            hixie_76().bytes(Client, b"\0Hello\xff\xff\0".as_slice()).bytes(Server, b"\xff\0".as_slice()),
            "legacy-hixie-76",
        ),
    ] {
        let found = Recorder::play(&scenario);
        let own: Vec<_> = found.rules().into_iter().filter(|rule| rule.starts_with("legacy-")).collect();
        assert_eq!(own, [expected]);
        assert!(found.of(expected)[0].severity == Severity::Note);
        assert!(found.rules().iter().all(|rule| !rule.starts_with("hs-resp-")), "{:?}", found.rules());
    }
    assert!(Recorder::play(&version("13")).rules().iter().all(|rule| !rule.starts_with("legacy-")));
}

#[test]
fn real_captures_of_the_drafts_have_notes_only() {
    for (file, rule) in [("hixie76.pcap", "legacy-hixie-76"), ("gallery/php_draft17.pcap", "legacy-hybi-08")] {
        let found = Recorder::read(&testdata(file));
        let own: Vec<_> = found.rules().into_iter().filter(|rule| rule.starts_with("legacy-")).collect();
        assert_eq!(own, [rule], "{file}");
    }
}

#[test]
fn a_text_without_its_end_is_judged_by_how_the_stream_ends() {
    let cut = hixie_76().bytes(Client, b"\0Hello".as_slice());
    assert_eq!(beside_the_name(&cut), [(FRAME, Severity::Note, Some(Client))], "only the capture ended");
    assert_eq!(beside_the_name(&cut.clone().rst(Server)), [(FRAME, Severity::Warning, Some(Client))]);
    assert_eq!(beside_the_name(&cut.fin(Client)), [(FRAME, Severity::Error, Some(Client))]);
}

#[test]
fn text_must_be_utf_8_and_frames_with_a_length_need_no_end() {
    let wrong = hixie_76().bytes(Server, b"\0Gr\xfc\xe9\xff".as_slice());
    assert_eq!(beside_the_name(&wrong), [(FRAME, Severity::Error, Some(Server))]);
    let counted = hixie_76().bytes(Server, b"\x80\x03\xff\xfe\xfd".as_slice()).fin(Server);
    assert_eq!(beside_the_name(&counted), []);
}

#[test]
fn a_challenge_cut_off_by_the_capture_is_not_judged() {
    let request_only_answered = "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\n\
                                 Connection: Upgrade\r\nSec-WebSocket-Location: ws://example.com/demo\r\n\r\n8jKS";
    let request = "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\
                   Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:ds[4U";
    let scenario = Scenario::new().bytes(Client, request).bytes(Server, request_only_answered);
    assert_eq!(beside_the_name(&scenario), []);
    let server_only = Scenario::new().only(Server).then(hixie_76());
    assert_eq!(beside_the_name(&server_only), []);
}

#[test]
fn who_accepts_an_extension_of_the_drafts_is_named_else_who_offers_it() {
    let offered = "permessage-deflate, x-webkit-deflate-frame";
    for (accepted, blame) in [("permessage-deflate", Client), ("x-webkit-deflate-frame", Server)] {
        let scenario = Scenario::new().handshake_with_extensions(offered, accepted);
        assert_eq!(beside_the_name(&scenario), [("legacy-extension", Severity::Note, Some(blame))]);
    }
}
