//! What each side's application is told of how a connection ended, worked out by hand from RFC 6455 §7.1.4 to §7.1.6.

mod common;

use common::Recorder;
use wslens::Role::{Client, Server};
use wslens::scenario::{Scenario, close, close_empty, frame, text};
use wslens::websocket::{Opcode, Outcome};

type Told = Option<(Option<u16>, Option<&'static str>, Option<bool>)>;

/// Everything is known.
fn told(code: u16, reason: &'static str, clean: bool) -> Told {
    Some((Some(code), Some(reason), Some(clean)))
}

fn opened() -> Scenario {
    Scenario::new().handshake().client(text("Hello")).server(text("Hi"))
}

#[track_caller]
fn check(scenario: &Scenario, client: Told, server: Told) {
    let outcomes = Recorder::play(scenario).ends[&0].closing.outcomes.clone();
    let expected = |told: Told| {
        told.map(|(code, reason, was_clean)| Outcome { code, reason: reason.map(str::to_owned), was_clean })
    };
    assert_eq!((outcomes.client, outcomes.server), (expected(client), expected(server)));
}

#[test]
fn a_clean_close_tells_each_side_what_the_other_said() {
    let by_client = opened().client(close(4000, "that was all")).server(close(1000, "bye")).fin(Server);
    check(&by_client, told(1000, "bye", true), told(4000, "that was all", true));
    let by_server = opened().server(close(1001, "")).client(close(1001, "")).fin(Server);
    check(&by_server, told(1001, "", true), told(1001, "", true));
}

#[test]
fn closes_that_cross_tell_each_side_the_others_code() {
    let crossed = opened().crossing(|s| s.client(close(1000, "")).server(close(1001, "away"))).fin(Server);
    check(&crossed, told(1001, "away", true), told(1000, "", true));
}

#[test]
fn a_close_without_a_code_is_1005() {
    let empty = opened().client(close_empty()).server(close_empty()).fin(Server);
    check(&empty, told(1005, "", true), told(1005, "", true));
}

#[test]
fn an_end_without_any_close_is_1006() {
    check(&opened().fin(Server), told(1006, "", false), told(1006, "", false));
    check(&opened().fin(Client), told(1006, "", false), told(1006, "", false));
    check(&opened().rst(Server), told(1006, "", false), told(1006, "", false));
}

#[test]
fn a_close_that_is_never_answered_is_not_clean_on_either_side() {
    // The server's FIN acknowledges the client's Close: it was received. The client received none.
    check(&opened().client(close(1000, "")).fin(Client), told(1006, "", false), told(1000, "", false));
    check(&opened().client(close(1000, "")).fin(Server), told(1006, "", false), told(1000, "", false));
}

#[test]
fn nothing_is_told_before_tcp_is_closed() {
    check(&opened(), None, None);
    let closed = || opened().client(close(1000, "")).server(close(1000, ""));
    check(&closed(), None, None);
    // The capture ends before the client's FIN.
    check(&closed().fin_only(Server), None, None);
}

#[test]
fn an_rst_leaves_open_what_was_read_before_it() {
    // Nothing that the server did shows that it had read the Close; that it sent none itself is certain.
    check(&opened().client(close(1000, "")).rst(Server), told(1006, "", false), Some((None, None, Some(false))));
    // The server's answer may have been thrown away with the client's buffer. The server had the client's, as its
    // answer shows; whether an RST after the closing handshake is clean, APIs do not agree on.
    let reset_by_server = opened().client(close(1000, "")).server(close(1000, "")).rst(Server);
    check(&reset_by_server, None, Some((Some(1000), Some(""), None)));
    let after_servers_close = opened().server(close(4001, "kicked")).client(close(4001, "kicked")).rst(Server);
    check(&after_servers_close, Some((Some(4001), Some("kicked"), None)), None);
}

#[test]
fn an_rst_behind_both_fins_changes_nothing_for_who_had_the_others() {
    // The client's FIN acknowledges the server's: for it all was over. The server's application may have been told of
    // an error.
    let late = opened().client(close(1000, "")).server(close(1000, "")).fin(Server).rst(Client);
    check(&late, told(1000, "", true), Some((Some(1000), Some(""), None)));
}

#[test]
fn who_closes_tcp_at_once_may_never_read_the_answer() {
    let hasty =
        opened().crossing(|s| s.client(close(1000, "")).fin_only(Client)).server(close(1000, "")).fin_only(Server);
    check(&hasty, None, told(1000, "", true));
}

#[test]
fn bytes_that_are_missing_may_hold_a_close() {
    let lost = opened().client(close(1000, "")).lose().server(close(1000, "")).fin(Server);
    check(&lost, None, Some((Some(1000), Some(""), None)));
}

#[test]
fn who_fails_the_connection_need_not_take_note_of_an_answer() {
    let failed = opened().client(text("x").rsv(1)).server(close(1002, "RSV3")).client(close(1002, "")).fin(Server);
    check(&failed, told(1002, "RSV3", true), None);
}

#[test]
fn a_close_that_breaks_the_protocol_is_not_taken_at_its_word() {
    for faulty in [frame(Opcode::CLOSE, [3]), close(1006, ""), close(999, ""), close(1000, b"\xFF"), close(5000, "")] {
        let scenario = opened().client(faulty).server(close(1002, "")).fin(Server);
        check(&scenario, told(1002, "", true), None);
    }
}

#[test]
fn a_capture_that_begins_mid_stream_may_have_missed_a_close() {
    // Data shows that neither had sent a Close before.
    let long = opened().begin_mid_stream().repeat(12, |s| s.client(text("Hello there")).server(text("Hi there, too")));
    check(&long.clone().fin(Server), told(1006, "", false), told(1006, "", false));
    check(
        &long.client(close(1000, "")).server(close(1000, "")).fin(Server),
        told(1000, "", true),
        told(1000, "", true),
    );
}

#[test]
fn a_refused_upgrade_leaves_no_websocket_to_be_told_of() {
    let refused = Scenario::new().request(|r| r).response(|r| r.status(403, "Forbidden")).fin(Server);
    check(&refused, None, None);
}

#[test]
fn inside_tls_it_is_the_same() {
    let close_both = |s: Scenario| s.client(close(1000, "")).server(close(1000, "bye")).fin(Server);
    let secured = close_both(Scenario::new().tls(Some("server.example.com")).handshake().client(text("Hello")));
    check(&secured, told(1000, "bye", true), told(1000, "", true));
}

/// What Chromium's `CloseEvent`s said on each connection of `close_events.pcap`: code, reason, wasClean.
const CHROMIUM: [(u16, &str, bool); 12] = [
    (4001, "kicked", true),
    (4000, "that was all", true),
    (1006, "", false),
    (1006, "", false),
    (1006, "", false),
    (1000, "x", false),
    (1005, "", true),
    (1006, "", false),
    (4001, "kicked", false),
    (1001, "bye", true),
    (1000, "é", true),
    (1006, "", false),
];

#[test]
fn a_browser_was_told_what_is_derived() {
    let found = Recorder::read(&common::testdata("close_events.pcap"));
    let mut unknown = Vec::new();
    for (n, (code, reason, was_clean)) in CHROMIUM.into_iter().enumerate() {
        let Some(outcome) = &found.ends[&(n as u64)].closing.outcomes.client else {
            unknown.push((n, "all"));
            continue;
        };
        assert_eq!(outcome.code, Some(code), "connection {n}");
        assert_eq!(outcome.reason.as_deref(), Some(reason), "connection {n}");
        match outcome.was_clean {
            Some(clean) => assert_eq!(clean, was_clean, "connection {n}"),
            None => unknown.push((n, "was_clean")),
        }
    }
    // Both were reset by the server after the closing handshake; in the first, nothing that the client did shows that
    // it had read the answer.
    assert_eq!(unknown, [(5, "all"), (8, "was_clean")]);
}
