//! What receivers do about errors: what is told of it, and when they are to blame for it. Each case is close to one that
//! must be judged otherwise.

mod common;

use common::{Recorder, testdata};
use std::fs;
use std::time::Duration;
use wslens::Role::{self, Client, Server};
use wslens::rules::{Confidence, Did, Requirement, Severity};
use wslens::scenario::{Scenario, close, close_empty, ping, pong, text};
use wslens::websocket::LengthForm;

/// The client's second frame has RSV3 set.
fn offence() -> Scenario {
    opened().client(text("wrong").rsv(0b001))
}

fn opened() -> Scenario {
    Scenario::new().handshake().client(text("Hello"))
}

/// Rule, severity and blame of everything that is said of reactions.
fn judged(scenario: &Scenario) -> Vec<(&'static str, Severity, Role)> {
    let found = Recorder::play(scenario);
    let about =
        found.findings.iter().map(|(_, finding)| finding).filter(|finding| finding.rule.id.starts_with("fail-"));
    about.map(|finding| (finding.rule.id, finding.severity, finding.blame.unwrap())).collect()
}

/// What the only reaction says.
#[track_caller]
fn reaction(scenario: &Scenario) -> (Did, Option<u16>, u64, bool) {
    let found = Recorder::play(scenario);
    let [(_, reaction)] = &found.reactions[..] else { panic!("{:?}", found.reactions) };
    (reaction.did, reaction.code, reaction.frames, reaction.proved)
}

const TOLERATED: (&str, Severity, Role) = ("fail-tolerated", Severity::Error, Server);

#[test]
fn who_answers_what_came_later_has_carried_on() {
    let ponged = offence().client(ping("there?")).server(pong("there?"));
    assert_eq!(judged(&ponged), [TOLERATED]);
    assert_eq!(reaction(&ponged), (Did::CarriedOn, None, 1, true));

    let echoed = offence().server(text("wrong")).client(close(1000, "")).server(close(1000, "")).fin(Server);
    assert_eq!(judged(&echoed), [TOLERATED]);
    assert_eq!(reaction(&echoed), (Did::CarriedOn, Some(1000), 1, true));

    // The Ping is itself at fault.
    let wrong_ping = opened().client(ping("there?").rsv(0b010)).server(pong("there?"));
    assert_eq!(judged(&wrong_ping), [TOLERATED]);
}

#[test]
fn what_may_have_been_on_its_way_proves_nothing() {
    // Three frames at once, an echo of the first, and then the connection is failed: the kernel had acknowledged all.
    let in_flight =
        opened().client([text("wrong").rsv(0b001), ping("x")]).server(text("Hello")).server(close(1002, ""));
    assert_eq!(judged(&in_flight), []);
    assert_eq!(reaction(&in_flight), (Did::Closed, Some(1002), 1, false));

    let crossed = opened().crossing(|s| s.client(text("wrong").rsv(0b001)).server([text("a"), text("b")]));
    assert_eq!(judged(&crossed), []);
    assert_eq!(reaction(&crossed), (Did::Nothing, None, 0, false));

    // A heartbeat looks like the answer to an empty Ping.
    assert_eq!(judged(&offence().client(ping("")).server(pong(""))), []);
    // This one answers a Ping that came before.
    assert_eq!(judged(&opened().client(ping("x")).client(text("wrong").rsv(1)).server(pong("x"))), []);
}

#[test]
fn data_that_still_comes_much_later_was_not_on_its_way() {
    let late = |seconds| offence().after(Duration::from_secs(seconds)).server(text("news"));
    assert_eq!(judged(&late(6)), [("fail-tolerated", Severity::Warning, Server)]);
    assert_eq!(Recorder::play(&late(6)).of("fail-tolerated")[0].confidence, Confidence::Statistical);
    assert_eq!(judged(&late(4)), []);
    assert_eq!(reaction(&late(4)), (Did::CarriedOn, None, 1, false));
}

#[test]
fn who_was_closing_already_need_not_care() {
    let crossed = opened().crossing(|s| s.server(close(1000, "")).client(text("wrong").rsv(1))).client(close(1000, ""));
    assert_eq!(judged(&crossed.fin(Server)), []);
    // Behind its sender's own Close nobody reads.
    let behind = opened().client([close(1000, ""), text("wrong").rsv(1)]).server(close(1000, "")).fin(Server);
    assert_eq!(judged(&behind), []);
    assert!(Recorder::play(&behind).reactions.iter().all(|(_, reaction)| reaction.did != Did::CarriedOn));
}

#[test]
fn a_close_may_be_among_missing_bytes() {
    let lost = offence().client(ping("there?")).lose().server(close(1002, "")).server(pong("there?"));
    // Enough behind the hole to find the frames by.
    let lost = lost.repeat(12, |s| s.server(text("Hi there, too"))).fin(Server);
    assert_eq!(judged(&lost), [("fail-tolerated", Severity::Warning, Server)]);
    assert_eq!(Recorder::play(&lost).of("fail-tolerated")[0].confidence, Confidence::AfterGap);
}

#[test]
fn only_rules_that_demand_failing_can_be_tolerated() {
    // RFC 6455 §5.2 forbids the long form, and does not say what a receiver has to do.
    let long = opened().client(text("Hi").length_form(LengthForm::Bits16)).client(ping("x")).server(pong("x"));
    assert_eq!(judged(&long), []);
    assert_eq!(reaction(&long), (Did::CarriedOn, None, 1, true));
    // An extension may define RSV3: that is a note, and nobody has to react to it.
    let extended = Scenario::new()
        .handshake_with_extensions("x-other", "x-other")
        .client(text("?").rsv(1))
        .client(ping("x"))
        .server(pong("x"));
    assert_eq!(judged(&extended), []);
    assert!(Recorder::play(&extended).reactions.is_empty());
}

#[test]
fn a_client_must_not_go_on_after_an_answer_it_has_to_reject() {
    let wrong_accept =
        |r: wslens::scenario::Response| r.replace("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let opening = || Scenario::new().handshake_with(|request| request, wrong_accept);
    let went_on = opening().client(text("Hello"));
    assert_eq!(judged(&went_on), [("fail-tolerated", Severity::Error, Client)]);
    assert_eq!(reaction(&went_on), (Did::CarriedOn, None, 1, true));
    let left = opening().fin(Client);
    assert_eq!(judged(&left), []);
    assert_eq!(reaction(&left), (Did::Finished, None, 0, false));
    // Sent before the answer came, which is another fault.
    let early = Scenario::new().crossing(|s| s.request(|r| r).client(text("Hello"))).response(wrong_accept);
    assert_eq!(judged(&early.clone().client(text("more"))), []);
}

#[test]
fn what_a_server_made_of_a_wrong_request_is_told() {
    let request = |s: Scenario| s.request(|request| request.without("Sec-WebSocket-Key"));
    let refused = request(Scenario::new()).response(|r| r.status(400, "Bad Request"));
    assert_eq!(reaction(&refused), (Did::Refused, Some(400), 0, true));
    let granted = request(Scenario::new()).response(|r| r);
    let found = Recorder::play(&granted);
    let (_, reaction) = &found.reactions[0];
    assert_eq!((reaction.did, reaction.code, reaction.by), (Did::Accepted, Some(101), Server));
    // hs-resp-101-to-invalid-request says who is to blame for that.
    assert_eq!(judged(&granted), []);
}

#[test]
fn a_receiver_that_fails_should_say_why() {
    let silent = offence().fin(Server);
    assert_eq!(judged(&silent), [("fail-no-close-frame", Severity::Note, Server)]);
    assert_eq!(reaction(&silent), (Did::Finished, None, 0, false));
    // The FIN was sent before the bytes arrived.
    assert_eq!(judged(&opened().crossing(|s| s.client(text("?").rsv(1)).fin_only(Server)).fin_only(Client)), []);
    // The client closed first, in one way or the other.
    assert_eq!(judged(&offence().fin(Client)), []);
    assert_eq!(reaction(&offence().fin(Client)), (Did::Nothing, None, 0, false));
    // Long after, the end has other reasons.
    assert_eq!(judged(&offence().after(Duration::from_secs(60)).fin(Server)), []);
}

#[test]
fn the_code_should_fit_the_fault() {
    let closed = |code| offence().server(close(code, "")).client(close(code, "")).fin(Server);
    let wrong = ("fail-wrong-code", Severity::Warning, Server);
    for code in [1000, 1010, 1011] {
        assert_eq!(judged(&closed(code)), [wrong], "{code}");
    }
    for code in [1001, 1002, 1003, 1007, 1008, 1009, 1012, 3000, 4000] {
        assert_eq!(judged(&closed(code)), [], "{code}");
    }
    assert_eq!(judged(&offence().server(close_empty()).fin(Server)), [wrong]);
    assert_eq!(judged(&offence().after(Duration::from_secs(6)).server(close(1000, ""))), []);
    // It had not come yet.
    let crossed = opened().crossing(|s| s.client(text("?").rsv(1)).server(close(1000, "")));
    assert_eq!(judged(&crossed), []);
    // The reason of the Close is no UTF-8 (RFC 6455 §8.1: fail), and the server gives its code back.
    let reason = |code| opened().client(close(1000, b"\xFF")).server(close(code, "")).fin(Server);
    assert_eq!(judged(&reason(1000)), [wrong]);
    assert_eq!(judged(&reason(1007)), []);
}

#[test]
fn reactions_are_told_in_time_and_bounded() {
    let found = Recorder::play(&Scenario::new().handshake().repeat(40, |s| s.client(text("Hello").unmasked())));
    assert_eq!((found.of("frame-client-unmasked").len(), found.reactions.len()), (40, 16));
    assert!(found.reactions.iter().all(|(_, reaction)| reaction.did == Did::Nothing));
    // Packets are 100 µs apart: the offence, its acknowledgment, the Close.
    let found = Recorder::play(&offence().server(close(1002, "")));
    let (_, reaction) = &found.reactions[0];
    assert_eq!(reaction.after, Some(Duration::from_micros(200)));
    assert_eq!(reaction.to_string(), "server sent Close 1002 after 200.0µs");
    assert_eq!(reaction.rule.requires, Requirement::Fail { code: 1002, source: "RFC 6455 §5.2" });
}

#[test]
fn conforming_peers_fail_the_connection_and_are_not_blamed() {
    for (name, peer, errors) in [("fuzzingclient", Server, 126), ("fuzzingserver", Client, 127)] {
        let found = Recorder::read(&testdata(&format!("autobahn/{name}.pcap.gz")));
        let fails: Vec<_> = found.rules().into_iter().filter(|rule| rule.starts_with("fail-")).collect();
        assert!(fails.is_empty(), "{name}: {fails:?}");
        assert!(found.reactions.len() >= errors - 5, "{name}: {}", found.reactions.len());
        for (connection, reaction) in &found.reactions {
            let told = format!("{name}, connection {connection}: {} {reaction}", reaction.rule.id);
            assert_eq!((reaction.by, reaction.did), (peer, Did::Closed), "{told}");
            // Autobahn found that all of them closed with the code that fits.
            let fits = match reaction.rule.requires {
                Requirement::Fail { code, .. } | Requirement::MayClose { code } => code,
                other => panic!("{other}"),
            };
            assert_eq!(reaction.code, Some(fits), "{told}");
        }
    }
}

#[test]
fn pairs_of_conforming_programs_give_no_cause() {
    for file in fs::read_dir(testdata("pairs")).unwrap() {
        let path = file.unwrap().path();
        let found = Recorder::read(&path);
        let fails: Vec<_> = found.rules().into_iter().filter(|rule| rule.starts_with("fail-")).collect();
        assert!(fails.is_empty(), "{}: {fails:?}", path.display());
    }
}
