//! The rules about the answer to an upgrade request, at their edges: what must not be reported, and how much of it.

mod common;

use common::{Recorder, testdata};
use std::time::Duration;
use wslens::Role::{Client, Server};
use wslens::rules::{Confidence, Finding, Severity};
use wslens::scenario::{Response, Scenario, text};

/// `rule severity` of each finding of this topic.
fn said(found: &Recorder) -> Vec<String> {
    let own = |finding: &&Finding| finding.rule.id.starts_with("hs-resp-") || finding.rule.id == "hs-pipelined-request";
    let findings = found.findings.iter().map(|(_, finding)| finding);
    findings.filter(own).map(|finding| format!("{} {}", finding.rule.id, finding.severity)).collect()
}

fn play(scenario: Scenario) -> Vec<String> {
    said(&Recorder::play(&scenario))
}

fn asked() -> Scenario {
    Scenario::new().request(|request| request)
}

fn answered(change: impl FnOnce(Response) -> Response) -> Scenario {
    Scenario::new().handshake_with(|request| request, change)
}

fn message(scenario: &Scenario, rule: &str) -> String {
    let found = Recorder::play(scenario);
    let findings = found.of(rule);
    assert_eq!(findings.len(), 1, "{rule}: {:?}", found.rules());
    findings[0].message.clone()
}

const SILENT: [&str; 0] = [];
const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

#[test]
fn what_a_server_may_write_in_other_ways_is_no_fault() {
    for (name, value) in [
        ("Upgrade", "WebSocket"),
        ("uPGRADE", "WEBSOCKET"),
        ("Connection", "upgrade"),
        ("Connection", "keep-alive, Upgrade"),
        ("CONNECTION", ",UPGRADE ,"),
        ("Upgrade", "websocket \t"),
    ] {
        assert_eq!(play(answered(|response| response.replace(name, value))), SILENT, "{name}: {value}");
    }
    let two_lines = answered(|response| response.replace("Connection", "keep-alive").header("Connection", "Upgrade"));
    assert_eq!(play(two_lines), SILENT);
    let bare = answered(|response| response.status(101, "").without("Upgrade").line("Upgrade:websocket"));
    assert_eq!(play(bare), SILENT);
    assert_eq!(play(Scenario::new().segment_size(1).handshake().server(text("Hi"))), SILENT);
}

#[test]
fn a_refusal_with_any_status_is_a_note_and_says_what_helps() {
    for status in [200, 301, 400, 401, 403, 404, 407, 426, 429, 500, 503] {
        let refused = asked().response(|r| r.status(status, "Reason").header("Content-Length", "0")).fin(Server);
        assert_eq!(play(refused), ["hs-resp-refused note"], "{status}");
    }
    let retry = "HTTP/1.1 503 Service \x1bUnavailable\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n";
    let said = message(&asked().bytes(Server, retry), "hs-resp-refused");
    assert_eq!(said, r"server refused the upgrade: 503 Service \x1bUnavailable; Retry-After: 120");
}

#[test]
fn an_answer_that_is_not_there_is_the_servers_fault_only_where_that_is_known() {
    const NOTE: [&str; 1] = ["hs-resp-missing note"];
    const WARNING: [&str; 1] = ["hs-resp-missing warning"];
    assert_eq!(play(asked()), NOTE, "only the capture ended");
    assert_eq!(play(asked().fin(Server)), WARNING);
    assert_eq!(play(asked().rst(Server)), WARNING);
    assert_eq!(play(asked().fin_only(Client)), NOTE, "half closed: the server may still answer");
    assert_eq!(play(asked().after(Duration::from_millis(200)).fin(Client)), NOTE, "the client left at once");
    assert_eq!(play(asked().after(Duration::from_secs(30)).fin(Client)), WARNING, "the client waited long enough");
    assert_eq!(play(asked().after(Duration::from_secs(30)).rst(Client)), WARNING);
    assert_eq!(play(asked().lose().bytes(Server, REFUSAL).fin(Server)), NOTE, "the answer was not captured");
    let patient = asked().after(Duration::from_secs(30)).rst(Client);
    assert_eq!(
        message(&patient, "hs-resp-missing"),
        "client gave up after 30.0 s without an answer to its upgrade request"
    );
}

#[test]
fn one_captured_direction_blames_nobody() {
    for scenario in [
        Scenario::new().only(Client).handshake().client(text("Hi")).fin(Client),
        Scenario::new().only(Server).handshake().server(text("Hi")).fin(Server),
        Scenario::new().only(Server).handshake_with(
            |request| request.header("Sec-WebSocket-Protocol", "chat"),
            |response| response.header("Sec-WebSocket-Protocol", "chat"),
        ),
        Scenario::new().only(Server).handshake_with_extensions("permessage-deflate", "permessage-deflate"),
    ] {
        assert_eq!(play(scenario), SILENT);
    }
    let refused = Scenario::new().only(Client).request(|request| request).bytes(Server, REFUSAL);
    assert_eq!(play(refused.after(Duration::from_secs(30)).fin(Client)), ["hs-resp-missing note"]);
}

#[test]
fn what_follows_missing_bytes_is_not_certain() {
    // The refusal and the retry are lost: the 101 answers a key that was not captured.
    let scenario = asked()
        .lose()
        .bytes(Server, REFUSAL)
        .lose()
        .request(|request| request)
        .response(|response| response)
        .server(text("Hi"));
    let found = Recorder::play(&scenario);
    let mismatches = found.of("hs-resp-accept-mismatch");
    assert_eq!(mismatches.len(), 1);
    assert_eq!((mismatches[0].severity, mismatches[0].confidence), (Severity::Warning, Confidence::AfterGap));
}

#[test]
fn a_retry_after_401_is_judged_by_its_own_key() {
    let unauthorized = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let scenario = asked().bytes(Server, unauthorized).handshake().client(text("Hi"));
    assert_eq!(play(scenario), ["hs-resp-refused note"]);
}

#[test]
fn other_protocols_are_not_judged() {
    let h2c = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let offer = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
    assert_eq!(play(Scenario::new().bytes(Client, offer).bytes(Server, h2c)), SILENT);
}

#[test]
fn the_message_about_a_wrong_accept_names_both_values_and_the_cause() {
    let wrong = |value: &'static str| {
        Scenario::new().handshake_with(
            |request| request.replace("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            move |response| response.replace("Sec-WebSocket-Accept", value),
        )
    };
    // Computed with Python's hashlib: see src/websocket/handshake/mistakes.txt.
    for (value, cause) in [
        ("VItzKoTOxM89ZkhtW9idPYR/BMs=", "the GUID lost its last character"),
        ("BXhwxM0SZasKmCD9S4BfpPmCnEw=", "the key was base64-decoded before it was hashed"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "the key itself was sent back"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "no known mistake yields it"),
    ] {
        assert_eq!(
            message(&wrong(value), "hs-resp-accept-mismatch"),
            format!(
                "server's Sec-WebSocket-Accept {value} is wrong: {cause}; the key asks for s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
            )
        );
    }
    let hostile = message(&wrong("\u{202e}x"), "hs-resp-accept-mismatch");
    assert!(hostile.contains(r"\u{202e}x"), "{hostile}");
}

#[test]
fn a_repeated_field_is_reported_once() {
    let twice = answered(|response| response.header("Sec-WebSocket-Accept", "AAAA"));
    assert_eq!(play(twice), ["hs-resp-accept-duplicate error"]);
    let list = answered(|response| response.header("Upgrade", "websocket"));
    assert_eq!(play(list), ["hs-resp-upgrade-value error"]);
}

#[test]
fn a_request_without_a_key_is_the_fault_and_not_the_missing_answer() {
    let scenario = Scenario::new().handshake_with(
        |request| request.without("Sec-WebSocket-Key"),
        |response| response.without("Sec-WebSocket-Accept"),
    );
    assert_eq!(play(scenario), ["hs-resp-101-to-invalid-request error"]);
}

#[test]
fn all_that_is_wrong_with_an_accepted_request_is_one_finding() {
    let scenario = Scenario::new().handshake_with(
        |request| {
            let request = request.method("POST").version("HTTP/1.0").without("Host").replace("Connection", "close");
            request.without("Sec-WebSocket-Version")
        },
        |response| response,
    );
    assert_eq!(
        message(&scenario, "hs-resp-101-to-invalid-request"),
        "server accepted a request that it had to refuse: its method is POST, not GET; its version is HTTP/1.0; it has no \
         Host; its Connection does not list Upgrade; it has no Sec-WebSocket-Version"
    );
}

#[test]
fn drafts_are_held_to_what_they_demand_themselves() {
    let version_8 = |change: fn(Response) -> Response| {
        let asks = |request: wslens::scenario::Request| request.replace("Sec-WebSocket-Version", "8");
        Scenario::new().handshake_with(asks, change)
    };
    assert_eq!(play(version_8(|response| response)), SILENT);
    assert_eq!(play(version_8(|response| response.header("Content-Length", "0"))), SILENT);
    assert_eq!(play(version_8(|response| response.without("Sec-WebSocket-Accept"))), ["hs-resp-accept-missing error"]);
    assert_eq!(said(&Recorder::read(&testdata("gallery/php_draft17.pcap"))), SILENT);
    assert_eq!(said(&Recorder::read(&testdata("hixie76.pcap"))), SILENT);
}

#[test]
fn a_choice_is_judged_against_an_offer_over_several_lines() {
    let scenario = |chosen: &'static str| {
        Scenario::new().handshake_with(
            |request| {
                request
                    .header("Sec-WebSocket-Protocol", "a")
                    .header("sec-websocket-protocol", "b, c")
                    .header("Sec-WebSocket-Extensions", "bbf-usp-protocol")
                    .header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
            },
            move |response| {
                let response = response.header("Sec-WebSocket-Protocol", chosen);
                response.header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=10")
            },
        )
    };
    assert_eq!(play(scenario("c")), SILENT);
    assert_eq!(play(scenario("C")), ["hs-resp-protocol-case error"]);
    assert_eq!(play(scenario("b, c")), ["hs-resp-protocol-multiple error"]);
    assert_eq!(play(scenario("d")), ["hs-resp-protocol-not-offered error"]);
    assert_eq!(play(scenario("")), ["hs-resp-protocol-empty error"]);
}

#[test]
fn a_version_is_only_missed_where_the_version_is_why() {
    let refused = |version: &'static str, status: u16, key: &'static str| {
        let change = move |request: wslens::scenario::Request| {
            request.replace("Sec-WebSocket-Version", version).replace("Sec-WebSocket-Key", key)
        };
        let answer = move |r: Response| r.status(status, "No").header("Content-Length", "0");
        Scenario::new().request(change).response(answer).fin(Server)
    };
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    let both = ["hs-resp-refused note", "hs-resp-version-advert-missing warning"];
    assert_eq!(play(refused("14", 426, KEY)), both);
    assert_eq!(play(refused("14", 400, KEY)), both);
    for (version, status, key) in [("14", 403, KEY), ("14", 400, "short"), ("13", 426, KEY), ("x", 426, KEY)] {
        assert_eq!(play(refused(version, status, key)), both[..1], "{version} {status}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_not_proved_to_be_malformed() {
    let cut = asked().bytes(Server, "HTTP/1.1 101 Switching Protocols\r\nUpgra").fin(Server);
    assert_eq!(play(cut), ["hs-resp-malformed-http warning"]);
}

#[test]
fn the_gallery_reads_well() {
    let read = |name: &str| {
        let found = Recorder::read(&testdata(&format!("gallery/{name}.pcap")));
        let serious = |(_, finding): &(_, Finding)| {
            let own = finding.rule.id.starts_with("hs-resp");
            (own && finding.severity > Severity::Note).then(|| finding.message.clone())
        };
        found.findings.iter().filter_map(serious).collect::<Vec<_>>()
    };
    assert_eq!(read("qt_cpp_zero_byte"), SILENT);
    assert_eq!(read("beetle_right_accept"), SILENT);
    assert_eq!(read("rfc_style_client"), SILENT);
    assert_eq!(
        read("beetle"),
        [
            "server's Sec-WebSocket-Accept FCKgUr8c7OsDsLFeJTWrJw6WO8Q= is wrong: no known mistake yields it; the key asks for \
          lt1/FHuL6o2V8tma5G4mOcqYBFA="
        ]
    );
    assert_eq!(
        read("rfc_style_client_bad_guid"),
        [
            "server's Sec-WebSocket-Accept Hv2Pdl+A2KGGOacBxGjz1gAQHaU= is wrong: the GUID lost its last character; the key \
          asks for Gk9vEODnOs/Kmjxy9leCLqw+9f8="
        ]
    );
    assert_eq!(
        read("qml_chat_sample"),
        [
            "server accepted a request that it had to refuse: its method is Get, not GET",
            "server's Sec-WebSocket-Accept K7DJLdLooIwIG/MOpvWFB3y3FE8= is wrong: it is the right value for \
             xqBt3ImNzJbYqRINxEFlkg==, a key of published examples; the key asks for HSmrc0sMlYUkAGmm5OPpG2HaGWk=",
        ]
    );
}
