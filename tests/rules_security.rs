//! The rules that are judged only where somebody asks for them: security and operations.

mod common;

use common::{Recorder, testdata};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;
use wslens::Role::{Client, Server};
use wslens::rules;
use wslens::scenario::{Scenario, binary, close, deflated_binary, ping, text};

/// The rules of these groups that fire, in order.
fn found(scenario: &Scenario) -> Vec<&'static str> {
    let is_opt_in = |rule: &&str| rules::find(rule).is_some_and(|rule| rule.is_opt_in());
    Recorder::play_all(scenario).rules().into_iter().filter(is_opt_in).collect()
}

/// Between two ports of this host, where what travels in clear stays.
fn local() -> Scenario {
    let host = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Scenario::new().endpoints(host(50_000), host(80))
}

#[test]
fn nothing_of_it_is_judged_unasked() {
    let all = Scenario::new().handshake_with(|r| r.target("/?token=a").header("Cookie", "a=b"), |r| r);
    let all = all.after(Duration::from_secs(120)).bytes(Client, b"\x81\x85keys").bytes(Client, "Hello");
    assert!(Recorder::play(&all).rules().iter().all(|rule| !rules::find(rule).unwrap().is_opt_in()));
    assert_eq!(
        found(&all),
        [
            "sec-cleartext-ws",
            "sec-token-in-url",
            "sec-credentials-header",
            "idle-no-keepalive",
            "perf-header-payload-split"
        ]
    );
}

#[test]
fn a_check_judges_them_where_they_are_selected() {
    let check = |select: &[&str]| {
        let path = testdata("close_events.pcap");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wslens"));
        command.args(["check", "--no-config", "--notes", "--ignore", "close-*,cap-*,f*"]).args(select).arg(path);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = check(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("[perf-") && !text.contains("[sec-") && !text.contains("[idle-"), "{text}");
    let (_, text) = check(&["--select", "default,sec-cross-origin-accepted"]);
    // Chromium's Origin is http://127.0.0.1:9430, the Host it asks.
    assert!(!text.contains("[sec-"), "{text}");
    let (code, text) = check(&["--select", "sec-*,perf-*", "--fail-on", "note"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn what_stays_within_a_host_or_tls_is_not_in_clear() {
    let cookie =
        |s: Scenario| s.handshake_with(|r| r.header("Cookie", "a=b").header("Authorization", "Basic YTpi"), |r| r);
    assert_eq!(
        found(&cookie(Scenario::new())),
        ["sec-cleartext-ws", "sec-credentials-header", "sec-credentials-header"]
    );
    assert_eq!(found(&cookie(local())), [""; 0]);
    assert_eq!(found(&cookie(Scenario::new().tls(Some("server.example.com")))), [""; 0]);
    // A refused upgrade is no WebSocket; the cookie was sent all the same.
    let refused = Scenario::new().request(|r| r.header("Cookie", "a=b")).response(|r| r.status(403, "Forbidden"));
    assert_eq!(found(&refused), ["sec-credentials-header"]);
}

#[test]
fn secrets_are_not_repeated() {
    let secret = Scenario::new().request(|r| r.target("/?token=hush").header("Cookie", "sid=hush")).response(|r| r);
    for (_, finding) in Recorder::play_all(&secret).findings {
        assert!(!finding.message.contains("hush") && !finding.evidence.windows(4).any(|w| w == b"hush"));
    }
}

#[test]
fn an_origin_is_held_against_the_host_it_asks() {
    let from = |origin: &'static str, host: &'static str| {
        local().handshake_with(|r| r.header("Origin", origin).replace("Host", host), |r| r)
    };
    let cross = ["sec-cross-origin-accepted"];
    assert_eq!(found(&from("https://evil.example", "a.example")), cross);
    assert_eq!(found(&from("https://a.example.evil.example", "a.example")), cross);
    for (origin, host) in [
        ("https://a.example", "a.example"),
        ("https://A.example", "a.EXAMPLE"),
        ("http://a.example:8080", "a.example:9090"),
        ("http://[::1]:3000", "[::1]:80"),
        ("null", "a.example"),
    ] {
        assert_eq!(found(&from(origin, host)), [""; 0], "{origin} {host}");
    }
    let refused =
        local().request(|r| r.header("Origin", "https://evil.example")).response(|r| r.status(403, "Forbidden"));
    assert_eq!(found(&refused), [""; 0]);
}

#[test]
fn only_small_frames_in_two_writes_are_split() {
    let split =
        local().handshake().repeat(3, |s| s.bytes(Server, [0x81, 5]).bytes(Server, "Hello")).server(text("whole"));
    let found_split = Recorder::play_all(&split);
    let [finding] = &found_split.of("perf-header-payload-split")[..] else { panic!() };
    assert_eq!(finding.message, "server sends header and payload of 3 of 4 frames apart");
    assert_eq!(finding.blame, Some(Server));
    // A large frame takes several segments anyway.
    let large = local().handshake().bytes(Server, [0x82, 126, 0x10, 0]).bytes(Server, vec![0; 4096]);
    assert_eq!(found(&large), [""; 0]);
    // The header ends a full segment.
    let mut full = vec![0x82, 126];
    full.extend(1400_u16.to_be_bytes());
    full.extend(vec![0; 1400]);
    full.extend([0x81, 5]);
    assert_eq!(found(&local().handshake().bytes(Server, full).bytes(Server, "Hello")), [""; 0]);
}

#[test]
fn a_closed_window_is_told_once_and_not_of_a_closing_end() {
    let stalled = local().handshake().window(Client, 0).repeat(3, |s| s.server(text("more")));
    assert_eq!(found(&stalled), ["perf-zero-window"]);
    assert_eq!(Recorder::play_all(&stalled).of("perf-zero-window")[0].blame, Some(Client));
    let inside_tls = Scenario::new().tls(Some("a.example")).handshake().window(Client, 0).server(text("more"));
    assert_eq!(found(&inside_tls), ["perf-zero-window"]);
    let closing = local().handshake().client(close(1000, "")).server(close(1000, "")).window(Client, 0).fin(Server);
    assert_eq!(found(&closing), [""; 0]);
    assert_eq!(found(&local().handshake().window(Client, 0).rst(Client)), [""; 0]);
}

#[test]
fn a_message_counts_as_large_as_it_inflates() {
    let large = vec![0; (1 << 20) + 1];
    let agreed = || local().handshake_with_extensions("permessage-deflate", "permessage-deflate");
    assert!(found(&agreed().client(deflated_binary(large.clone()))).contains(&"perf-message-huge"));
    assert_eq!(found(&agreed().client(binary(vec![0; 1000]))), [""; 0]);
}

#[test]
fn silence_ends_with_any_frame_and_with_the_close() {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    let opened = || local().handshake().client(text("Hello"));
    assert_eq!(found(&opened().after(minutes(2)).server(ping("")).fin(Server)), ["idle-no-keepalive"]);
    // The capture goes on while nothing is said.
    assert_eq!(found(&opened().after(minutes(2)).connection().handshake()), ["idle-no-keepalive"]);
    assert_eq!(found(&opened().after(minutes(2)).fin(Server)), ["idle-no-keepalive"]);
    assert_eq!(found(&opened().repeat(5, |s| s.after(Duration::from_secs(40)).server(ping("")))), [""; 0]);
    assert_eq!(found(&opened().client(close(1000, "")).after(minutes(2)).server(close(1000, ""))), [""; 0]);
}
