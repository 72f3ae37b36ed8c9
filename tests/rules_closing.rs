//! The close and its traps: who is blamed when frames cross, bytes are missing, or only the capture ends.

mod common;

use common::Recorder;
use std::time::Duration;
use wslens::Role;
use wslens::rules::{Confidence, Severity};
use wslens::scenario::{Scenario, close, close_empty, continuation, frame, ping, pong, text};
use wslens::websocket::Opcode;

const SECOND: Duration = Duration::from_secs(1);

fn open() -> Scenario {
    Scenario::new().handshake()
}

/// What the rules of this topic and of captures say.
fn rules(scenario: &Scenario) -> Vec<&'static str> {
    let mut rules = Recorder::play(scenario).rules();
    rules.retain(|rule| rule.starts_with("close-") || rule.contains("after-close") || rule.starts_with("cap-"));
    rules
}

/// A rule's only finding: severity, blame, confidence.
fn only(scenario: &Scenario, rule: &str) -> (Severity, Option<Role>, Confidence) {
    let found = Recorder::play(scenario);
    let own = found.of(rule);
    assert_eq!(own.len(), 1, "{rule} in {:?}", found.rules());
    (own[0].severity, own[0].blame, own[0].confidence)
}

#[test]
fn a_close_by_the_book_is_silent() {
    for first in [Role::Client, Role::Server] {
        let closing = open().frames(first, close(1000, "bye")).frames(first.peer(), close(1000, "bye"));
        assert!(rules(&closing.clone().fin(Role::Server)).is_empty());
        // The end of the capture is no end of TCP.
        assert!(rules(&closing).is_empty());
        assert!(rules(&open().frames(first, close(1000, ""))).is_empty());
    }
    assert!(rules(&open()).is_empty());
}

#[test]
fn every_code_is_judged_as_the_registry_says() {
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        assert!(rules(&open().server(close(code, ""))).is_empty(), "{code}");
    }
    for (codes, rule) in [
        (&[0, 1, 999][..], "close-code-below-1000"),
        (&[1004], "close-code-1004"),
        (&[1005, 1006, 1015], "close-code-unsendable"),
        (&[1016, 1100, 2000, 2999], "close-code-unassigned"),
        (&[5000, 0xFFFF], "close-code-out-of-range"),
        (&[1010], "close-code-1010-by-server"),
    ] {
        for &code in codes {
            assert_eq!(rules(&open().server(close(code, ""))), [rule], "{code}");
        }
    }
}

#[test]
fn an_unknown_extension_may_define_codes() {
    let scenario =
        Scenario::new().handshake_with_extensions("x-codes", "x-codes").client(close(2000, "")).server(close(1000, ""));
    assert_eq!(only(&scenario, "close-code-unassigned").0, Severity::Note);
}

#[test]
fn who_gives_a_code_back_did_not_choose_it() {
    let found = rules(&open().client(close(1010, "")).server(close(1010, "")));
    assert_eq!(found, ["close-1010-no-list"]);
    let found = rules(&open().server(close(1010, "")).client(close(1010, "")));
    assert_eq!(found, ["close-code-1010-by-server"]);
    assert!(rules(&open().server(close(1011, "")).client(close(1011, ""))).is_empty());
}

#[test]
fn a_faulty_code_may_be_answered_with_another() {
    assert_eq!(rules(&open().client(close(1005, "")).server(close(1002, ""))), ["close-code-unsendable"]);
    assert_eq!(rules(&open().client(close(1001, "")).server(close(1002, ""))), ["close-code-not-echoed"]);
    assert_eq!(rules(&open().client(close(1000, "")).server(close_empty())), ["close-no-status"]);
}

#[test]
fn a_reason_is_judged_as_far_as_it_was_captured() {
    // 123 bytes of reason is the most a control frame holds; the last character is cut in two.
    let mut reason = "x".repeat(122).into_bytes();
    reason.push(0xC3);
    assert_eq!(rules(&open().server(close(1000, &reason))), ["close-reason-invalid-utf8"]);
    // Cut by the snapshot length inside a character: 14 + 20 + 20 bytes of headers, 2 + 2 + 4 of the frame.
    let cut = open().snaplen(54 + 8).server(close(1000, "café au lait"));
    assert_eq!(rules(&cut), ["cap-snaplen-truncated"]);
    // Cut behind a byte that no character can have.
    let cut = open().snaplen(54 + 8).server(close(1000, b"ca\xFFe au lait"));
    assert_eq!(rules(&cut), ["close-reason-invalid-utf8", "cap-snaplen-truncated"]);
    // Cut before the code.
    let cut = open().snaplen(54 + 3).server(close(1006, ""));
    assert_eq!(rules(&cut), ["cap-snaplen-truncated"]);
}

#[test]
fn a_peer_may_finish_before_it_answers() {
    let finishing = open()
        .server(frame(Opcode::TEXT, "half").fin(false))
        .client(close(1000, ""))
        .after(4 * SECOND)
        .server(continuation(" and half"))
        .server(text("another"))
        .after(4 * SECOND)
        .server(close(1000, ""))
        .fin(Role::Server);
    assert!(rules(&finishing).is_empty(), "{:?}", rules(&finishing));
}

#[test]
fn data_after_a_close_is_for_its_own_sender() {
    let found =
        Recorder::play(&open().client(close(1000, "")).server(text("a")).server(close(1000, "")).server(text("b")));
    let own = found.of("data-after-close");
    assert_eq!(own.iter().map(|own| (own.blame, own.frame)).collect::<Vec<_>>(), [(Some(Role::Server), Some(3))]);
    // The same bytes again are no second frame.
    assert!(rules(&open().client(close(1000, "")).retransmit()).is_empty());
}

#[test]
fn a_pong_owed_from_before_is_told_as_what_it_is() {
    let found = rules(&open().client(ping("x")).server(close(1000, "")).server(pong("x")).client(close(1000, "")));
    assert_eq!(found, ["control-after-close"]);
}

#[test]
fn crossing_closes_are_no_answers() {
    let crossing = open().crossing(|s| s.client(close(4000, "")).server(close(1001, ""))).fin(Role::Server);
    assert_eq!(rules(&crossing), ["close-simultaneous"]);
}

#[test]
fn a_close_that_had_not_arrived_is_not_owed_an_answer() {
    // The FIN acknowledges the Close: it had arrived.
    let arrived = open().client(close(1000, "")).fin(Role::Server);
    assert_eq!(only(&arrived, "close-not-answered"), (Severity::Error, Some(Role::Server), Confidence::Certain));
    // The FIN was on its way when the Close was sent.
    let crossing = open().crossing(|s| s.client(close(1000, "")).fin_only(Role::Server)).fin_only(Role::Client);
    assert!(rules(&crossing).is_empty(), "{:?}", rules(&crossing));
}

#[test]
fn a_missing_answer_is_weaker_after_a_reset_or_a_gap() {
    let reset = open().client(close(1000, "")).rst(Role::Server);
    assert_eq!(only(&reset, "close-not-answered").0, Severity::Warning);
    let own_reset = open().client(close(1000, "")).rst(Role::Client);
    assert_eq!(rules(&own_reset), ["close-tcp-rst"]);
    let gap = open().client(close(1000, "")).lose().server(close(1000, "")).fin(Role::Server);
    assert_eq!(only(&gap, "close-not-answered"), (Severity::Warning, Some(Role::Server), Confidence::AfterGap));
    let excused = open().client([text("x").unmasked(), close(1000, "")]).fin(Role::Server);
    assert_eq!(only(&excused, "close-not-answered").0, Severity::Warning);
}

#[test]
fn a_close_before_the_capture_is_not_forgotten() {
    // The server's Close came before the capture; the client's answers it.
    let chat = |s: Scenario| s.repeat(6, |s| s.client(text("How are you today?")));
    let answered = chat(open().server(close(1000, "")).begin_mid_stream()).client(close(1000, "")).fin(Role::Server);
    let found = rules(&answered);
    assert_eq!(found, ["cap-mid-stream"]);
}

#[test]
fn an_end_without_close_names_who_ended_first() {
    let fin = open().client(text("Hello")).fin(Role::Client);
    assert_eq!(only(&fin, "close-abnormal"), (Severity::Warning, Some(Role::Client), Confidence::Certain));
    let reset = open().rst(Role::Server);
    assert_eq!(only(&reset, "close-abnormal").1, Some(Role::Server));
    assert_eq!(only(&reset, "close-tcp-rst").1, Some(Role::Server));
    // Half closed, and the capture ends at once; then much later.
    let half = open().fin_only(Role::Client);
    assert!(rules(&half).is_empty());
    let later = half.after(60 * SECOND).connection().handshake();
    assert_eq!(only(&later, "close-abnormal").1, Some(Role::Client));
    // Who fails the connection for the other's error may omit the Close.
    let failed = open().client(text("x").unmasked()).fin(Role::Server);
    assert_eq!(only(&failed, "close-abnormal").0, Severity::Note);
    // With one direction alone nobody knows.
    let one = Scenario::new().only(Role::Client).handshake().client(text("Hello")).fin(Role::Client);
    assert!(!rules(&one).contains(&"close-abnormal"));
}

#[test]
fn a_refused_upgrade_has_no_websocket_to_close() {
    let refused = Scenario::new()
        .handshake_with(|request| request, |response| response.status(403, "Forbidden"))
        .rst(Role::Server);
    let found = rules(&refused);
    assert!(!found.iter().any(|rule| rule.starts_with("close-")), "{found:?}");
}

#[test]
fn a_reset_behind_a_fin_is_not_instead_of_it() {
    let closed = open().client(close(1000, "")).server(close(1000, ""));
    assert!(rules(&closed.clone().fin_only(Role::Server).rst(Role::Server)).is_empty());
    let instead = closed.fin_only(Role::Server).rst(Role::Client);
    assert_eq!(only(&instead, "close-tcp-rst").1, Some(Role::Client));
}

#[test]
fn data_that_crosses_a_fin_is_not_sent_after_it() {
    let crossing = open().crossing(|s| s.fin_only(Role::Client).server(text("x")));
    assert!(!rules(&crossing).contains(&"close-tcp-half-open-data"));
    let answer = open().client(close(1000, "")).fin_only(Role::Client).server(close(1000, "")).fin_only(Role::Server);
    assert!(!rules(&answer).contains(&"close-tcp-half-open-data"));
    let stream = open().fin_only(Role::Client).repeat(5, |s| s.server(text("x")));
    assert_eq!(only(&stream, "close-tcp-half-open-data").1, Some(Role::Server));
}

#[test]
fn a_client_that_waited_may_finish_first() {
    let closed = open().server(close(1000, "")).client(close(1000, ""));
    assert_eq!(only(&closed.clone().fin(Role::Client), "close-client-fin-first").0, Severity::Warning);
    assert_eq!(only(&closed.clone().after(2 * SECOND).fin(Role::Client), "close-client-fin-first").0, Severity::Note);
    let crossing = closed.crossing(|s| s.fin_only(Role::Client).fin_only(Role::Server));
    assert!(rules(&crossing).is_empty(), "{:?}", rules(&crossing));
}

#[test]
fn tcp_that_stays_open_is_the_servers_and_then_the_clients() {
    let later = |s: Scenario| s.after(30 * SECOND).connection().handshake();
    let closed = open().client(close(1000, "")).server(close(1000, ""));
    assert_eq!(only(&later(closed.clone()), "close-tcp-never").1, Some(Role::Server));
    let half = later(closed.clone().fin_only(Role::Server));
    assert_eq!(only(&half, "close-tcp-never").1, Some(Role::Client));
    assert!(rules(&later(closed.clone().fin(Role::Server))).is_empty());
    // Another connection on the same ports: the first one ended, whoever saw it.
    assert!(rules(&closed.after(30 * SECOND).same_ports().handshake()).is_empty());
}
