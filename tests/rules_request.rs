//! Upgrade requests: the edges of the rules, through the whole pipeline.

mod common;

use common::Recorder;
use wslens::Role;
use wslens::rules::{Confidence, Severity};
use wslens::scenario::{LINK, RecordedPacket, Request, Scenario, text, write_pcapng};

/// The findings about a request that is answered as if nothing was wrong with it.
fn about(change: impl FnOnce(Request) -> Request) -> Vec<(&'static str, Severity)> {
    requests(&Scenario::new().handshake_with(change, |response| response))
}

/// The findings of the rules about requests.
fn requests(scenario: &Scenario) -> Vec<(&'static str, Severity)> {
    let found = Recorder::play(scenario);
    let of_request = found.findings.iter().filter(|(_, finding)| finding.rule.id.starts_with("hs-req-"));
    of_request
        .map(|(_, finding)| {
            assert_eq!(finding.blame, Some(Role::Client));
            (finding.rule.id, finding.severity)
        })
        .collect()
}

/// A request without any header, whose start line is to be followed by these lines.
fn bare(start: &str, lines: &[&str]) -> Vec<u8> {
    format!("{start}\r\n{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

const UPGRADES: [&str; 3] = ["Host: server.example.com", "Upgrade: WebSocket", "Connection: Upgrade"];
const NONE: [(&str, Severity); 0] = [];

#[test]
fn what_is_legal_is_not_reported() {
    assert_eq!(about(|r| r.replace("Connection", "keep-alive, Upgrade")), NONE);
    assert_eq!(about(|r| r.replace("CONNECTION", "keep-alive").header("connection", "close ,upgrade")), NONE);
    assert_eq!(about(|r| r.replace("Upgrade", "h2c, WebSocket")), NONE);
    assert_eq!(about(|r| r.replace("upgrade", "h2c").header("UPGRADE", "WEBSOCKET")), NONE);
    assert_eq!(about(|r| r.replace("sec-websocket-VERSION", "13").replace("host", "server.example.com")), NONE);
    let extensions = "Sec-WebSocket-Extensions";
    assert_eq!(
        about(|r| {
            r.header(extensions, "permessage-deflate; client_max_window_bits").header(extensions, "permessage-deflate")
        }),
        NONE
    );
    let protocols = "Sec-WebSocket-Protocol";
    assert_eq!(about(|r| r.header(protocols, "a, b").header(protocols, "c")), NONE);
    assert_eq!(about(|r| r.header("Content-Length", "0")), NONE);
    assert_eq!(about(|r| r.header("Cookie", "a=\"b, c\"").header("X-Empty", "")), NONE);
}

#[test]
fn targets() {
    let wrong = [("hs-req-target-invalid", Severity::Error)];
    for target in
        ["/", "/a?b=http://x/", "//", "/%C3%A4?{}|", "http://server.example.com", "HTTP://SERVER.example.com:80/a"]
    {
        assert_eq!(about(|r| r.target(target)), NONE, "{target}");
    }
    for target in ["*", "chat", "server.example.com:80", "ws://server.example.com/", "http:///a", "http://other/a"] {
        assert_eq!(about(|r| r.target(target)), wrong, "{target}");
    }
    assert_eq!(about(|r| r.target("http://server.example.com:8080/")), wrong);
    assert_eq!(about(|r| r.target("https://server.example.com:443/")), NONE);
    assert_eq!(about(|r| r.target("https://server.example.com:80/")), wrong);
    assert_eq!(about(|r| r.target("http://[2001:DB8::1]/a").replace("Host", "[2001:db8::1]:80")), NONE);
    assert_eq!(about(|r| r.target("http://[2001:db8::1]/a").replace("Host", "[2001:db8::2]")), wrong);
    assert_eq!(about(|r| r.target("/#")), [("hs-req-target-fragment", Severity::Error)]);
    // What Host is cannot be said where there are two.
    let twice = about(|r| r.target("http://other/").header("Host", "other"));
    assert_eq!(twice, [("hs-req-host-duplicate", Severity::Error)]);
}

#[test]
fn keys() {
    let about_key = |key: &'static str| about(|r| r.replace("Sec-WebSocket-Key", key));
    // The example of RFC 6455 §4.1 has pad bits that are not zero.
    let of_the_rfc = [("hs-req-key-noncanonical", Severity::Note), ("hs-req-key-sample", Severity::Warning)];
    assert_eq!(about_key("AQIDBAUGBwgJCgsMDQ4PEC=="), of_the_rfc);
    assert_eq!(about_key("AAAAAAAAAAAAAAAAAAAAAA=="), [("hs-req-key-sample", Severity::Warning)]);
    // 16 times ff.
    assert_eq!(about_key("/////////////////////w=="), [("hs-req-key-sample", Severity::Warning)]);
    assert_eq!(about_key("7nOAcy6fcx4jpGQ0pD_Hgg=="), [("hs-req-key-bad-base64", Severity::Error)]);
    assert_eq!(about_key("7nOAcy6fcx4jpGQ0pDCHgg="), [("hs-req-key-bad-base64", Severity::Error)]);
    assert_eq!(about_key(""), [("hs-req-key-wrong-length", Severity::Error)]);
    // "0123456789abcdef"
    let text = Recorder::play(
        &Scenario::new()
            .handshake_with(|r| r.replace("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg=="), |response| response),
    );
    let [sample] = text.of("hs-req-key-sample")[..] else { panic!("{:?}", text.rules()) };
    assert_eq!(sample.confidence, Confidence::Statistical);
    assert!(sample.message.ends_with("decodes to the text \"0123456789abcdef\""), "{}", sample.message);
}

#[test]
fn the_legs_of_a_proxied_connection_share_a_key_and_a_retry_may_too() {
    let key = |r: Request| r.replace("Sec-WebSocket-Key", "7nOAcy6fcx4jpGQ0pDCHgg==");
    let client = "192.0.2.1:50000".parse().unwrap();
    let [proxy, backend] = ["192.0.2.2:80", "192.0.2.3:8080"].map(|end| end.parse().unwrap());
    let from_proxy = "192.0.2.2:40000".parse().unwrap();
    let legs = Scenario::new()
        .endpoints(client, proxy)
        .request(key)
        .endpoints(from_proxy, backend)
        .connection()
        .handshake_with(key, |r| r)
        .resume(0)
        .response(|r| r);
    assert_eq!(requests(&legs), NONE);
    let retry = Scenario::new()
        .request(key)
        .response(|r| r.status(401, "Unauthorized").without("Upgrade").header("Content-Length", "0"))
        .handshake_with(key, |r| r);
    assert_eq!(requests(&retry), NONE);
}

#[test]
fn versions_are_proposals_until_the_server_switches() {
    let answered = |version: &'static str, status: u16, advertised: Option<&'static str>| {
        requests(&Scenario::new().request(|r| r.replace("Sec-WebSocket-Version", version)).response(|r| {
            let r = r.status(status, "Whatever");
            match advertised {
                Some(versions) => r.header("Sec-WebSocket-Version", versions).header("Content-Length", "0"),
                None if status == 101 => r,
                None => r.header("Content-Length", "0"),
            }
        }))
    };
    let other = |severity| [("hs-req-version-not-13", severity)];
    assert_eq!(answered("14", 101, None), other(Severity::Error));
    assert_eq!(answered("14", 426, Some("13, 8")), other(Severity::Note));
    assert_eq!(answered("14", 400, None), other(Severity::Warning));
    // Draft versions have rules of their own once they are agreed.
    assert_eq!(answered("8", 101, None), NONE);
    assert_eq!(answered("8", 400, Some("13")), other(Severity::Note));
    assert_eq!(answered("12", 400, Some("13")), [("hs-req-version-reserved", Severity::Error)]);
    for version in ["013", "256", "+13", "13.0", "", "x", "13,13"] {
        let found = answered(version, 400, Some("13"));
        assert_eq!(found, [("hs-req-version-syntax", Severity::Error)], "{version}");
    }
    for version in ["0", "99", "100", "255"] {
        assert_eq!(answered(version, 400, Some("13")), other(Severity::Note), "{version}");
    }
}

#[test]
fn clients_of_the_drafts_are_not_held_to_the_rfc() {
    // draft-hixie-thewebsocketprotocol-75 §1.2, answered and refused.
    let hixie_75 = bare("GET /demo HTTP/1.1", &[&UPGRADES[..], &["Origin: http://example.com"]].concat());
    let answer = "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                  WebSocket-Origin: http://example.com\r\nWebSocket-Location: ws://server.example.com/demo\r\n\r\n";
    let refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    for answer in [answer, refusal] {
        let scenario = Scenario::new().bytes(Role::Client, hixie_75.clone()).bytes(Role::Server, answer);
        assert_eq!(requests(&scenario), NONE, "{answer}");
    }
    // The example of draft-hixie-thewebsocketprotocol-76 §1.3.
    let mut hixie_76 = bare(
        "GET /demo HTTP/1.1",
        &[
            &UPGRADES[..],
            &[
                "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00",
                "Sec-WebSocket-Protocol: a sample",
                "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
                "Origin: http://example.com",
            ],
        ]
        .concat(),
    );
    hixie_76.extend_from_slice(b"^n:ds[4U");
    assert_eq!(requests(&Scenario::new().bytes(Role::Client, hixie_76).bytes(Role::Server, refusal)), NONE);
    // Version 8: Sec-WebSocket-Origin, and an extension of its time.
    let hybi_8 = |r: Request| {
        r.replace("Sec-WebSocket-Version", "8")
            .header("User-Agent", "Mozilla/5.0 Chrome/14")
            .header("Sec-WebSocket-Origin", "http://example.com")
            .header("Sec-WebSocket-Extensions", "x-webkit-deflate-frame")
    };
    assert_eq!(about(hybi_8), NONE);
    // They need a Host and a GET too.
    let no_host = bare("POST / HTTP/1.1", &[&UPGRADES[1..], &["Origin: http://example.com"]].concat());
    assert_eq!(
        requests(&Scenario::new().bytes(Role::Client, no_host).bytes(Role::Server, answer)),
        [("hs-req-method-not-get", Severity::Error), ("hs-req-host-missing", Severity::Error)]
    );
}

#[test]
fn origins() {
    let about_origin = |origin: &'static str| about(|r| r.header("Origin", origin));
    for origin in ["null", "file://", "https://a.example:8443", "http://[::1]:80", "chrome-extension://abcdefgh"] {
        assert_eq!(about_origin(origin), NONE, "{origin}");
    }
    let wrong = [("hs-req-origin-syntax", Severity::Warning)];
    for origin in
        ["", "*", "a.example", "http://a/", "http://a?b", "http://a http://b", "http://u@a", "http://a:x", "1://a"]
    {
        assert_eq!(about_origin(origin), wrong, "{origin}");
    }
    assert_eq!(about(|r| r.header("Origin", "http://a").header("Origin", "http://a")), wrong);
    let browser = |r: Request| r.header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
    let missing = [("hs-req-origin-missing", Severity::Warning)];
    assert_eq!(about(browser), missing);
    assert_eq!(about(|r| r.header("Sec-Fetch-Mode", "websocket")), missing);
    assert_eq!(about(|r| browser(r).header("X-Forwarded-For", "192.0.2.9")), NONE);
    assert_eq!(about(|r| browser(r).header("Origin", "null")), NONE);
}

#[test]
fn subprotocols() {
    let about_names = |names: &'static str| about(|r| r.header("Sec-WebSocket-Protocol", names));
    let invalid = |severity| ("hs-req-protocol-invalid-token", severity);
    let duplicate = ("hs-req-protocol-duplicate", Severity::Error);
    assert_eq!(about_names("v12.stomp, !#$%&'*+-.^_`|~"), NONE);
    assert_eq!(about_names(""), [invalid(Severity::Error)]);
    assert_eq!(about_names(" , "), [invalid(Severity::Error)]);
    assert_eq!(about_names("chat,"), [invalid(Severity::Warning)]);
    assert_eq!(about_names("two words"), [invalid(Severity::Error)]);
    assert_eq!(about_names("a, A"), NONE);
    assert_eq!(about_names("a, b, a, a"), [duplicate]);
    assert_eq!(about(|r| r.header("Sec-WebSocket-Protocol", "a").header("sec-websocket-protocol", "a")), [duplicate]);
    // Nothing from the wire reaches a terminal unescaped.
    let found = Recorder::play(
        &Scenario::new().handshake_with(|r| r.header("Sec-WebSocket-Protocol", "\u{9b}2J\u{202e}"), |r| r),
    );
    let [finding] = found.of("hs-req-protocol-invalid-token")[..] else { panic!("{:?}", found.rules()) };
    assert_eq!(finding.message, r#"the subprotocol "\u{9b}2J\u{202e}" has the byte 0xc2"#);
}

#[test]
fn malformed_heads() {
    let malformed = |severity| ("hs-req-malformed-http", severity);
    assert_eq!(about(|r| r.line("X-Folded: a\r\n b")), [malformed(Severity::Error)]);
    assert_eq!(about(|r| r.line("X-Space : a")), [malformed(Severity::Error)]);
    assert_eq!(about(|r| r.line("No colon")), [malformed(Severity::Error)]);
    assert_eq!(about(|r| r.line("X-Low-Level: \x01")), [malformed(Severity::Error)]);
    // What is missing after the cut may only have come too late.
    let start = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n";
    let cut = Scenario::new().bytes(Role::Client, start).bytes(Role::Server, "HTTP/1.1 408 Too Slow\r\n\r\n");
    assert_eq!(requests(&cut), [malformed(Severity::Warning)]);
    // A head that is longer than what is kept of it is not its sender's fault.
    let long = about(|r| r.header("Cookie", vec![b'a'; 100_000]));
    assert_eq!(long, NONE);
}

#[test]
fn early_data_needs_a_proof() {
    let early = [("hs-req-early-data", Severity::Error)];
    let scenario = |acks: fn(Scenario) -> Scenario| acks(Scenario::new()).request(|r| r);
    assert_eq!(requests(&scenario(|s| s).client(text("a")).response(|r| r)), early);
    // The frame is captured before the answer, but acknowledges it: its order in the capture proves nothing.
    let mut packets = Scenario::new().handshake().client(text("a")).packets();
    let is_answer = |packet: &RecordedPacket| packet.data.windows(12).any(|bytes| bytes == b"HTTP/1.1 101");
    let answer = packets.iter().position(is_answer).unwrap();
    let late = packets.remove(answer);
    packets.push(late);
    let mut bytes = Vec::new();
    write_pcapng(&packets, LINK, &mut bytes).unwrap();
    assert!(!Recorder::bytes(bytes).rules().contains(&"hs-req-early-data"));
    // An announced body belongs to the request.
    let body = about(|r| r.header("Content-Length", "5").body("Hello"));
    assert_eq!(body, [("hs-req-has-body", Severity::Warning)]);
}

#[test]
fn each_host_behind_a_proxy_is_a_server_of_its_own() {
    let two = |change: fn(Request) -> Request| {
        requests(&Scenario::new().request(change).connection().handshake_with(change, |r| r).resume(0).response(|r| r))
    };
    assert_eq!(two(|r| r), [("hs-req-parallel-connecting", Severity::Note)]);
    assert_eq!(two(|r| r.target("http://server.example.com/")), NONE);
}

#[test]
fn a_request_that_was_not_captured_is_not_judged() {
    assert_eq!(requests(&Scenario::new().only(Role::Server).handshake().server(text("a"))), NONE);
}
