//! Fragments where it is easy to blame the wrong side, or anybody.

mod common;

use common::Recorder;
use std::net::SocketAddr;
use wslens::Role;
use wslens::rules::Severity;
use wslens::scenario::{
    Frames, Request, Response, Scenario, binary, close, continuation, fragments, frame, ping, pong, text,
};
use wslens::websocket::Opcode;

fn open() -> Scenario {
    Scenario::new().handshake()
}

fn found(scenario: &Scenario) -> Vec<(&'static str, Severity)> {
    Recorder::play(scenario).findings.iter().map(|(_, finding)| (finding.rule.id, finding.severity)).collect()
}

fn unfinished(scenario: &Scenario) -> Vec<(Severity, Option<Role>)> {
    let found = Recorder::play(scenario);
    found.of("frag-unfinished").iter().map(|finding| (finding.severity, finding.blame)).collect()
}

#[test]
fn every_frame_of_a_writer_that_forgets_the_opcode_continues_nothing() {
    let qt = open().server([continuation("Hello"), continuation(vec![0; 200]), continuation(vec![0; 70_000])]);
    assert_eq!(found(&qt), [("frag-continuation-without-start", Severity::Error); 3]);
}

#[test]
fn a_message_interrupted_by_another_is_said_once() {
    let twice = open().client(text("Hel").fin(false)).client(text("lo").fin(false)).client(continuation("!"));
    assert_eq!(found(&twice.fin(Role::Client))[0], ("frag-new-data-inside-message", Severity::Error));
    assert_eq!(unfinished(&open().client(text("Hel").fin(false)).client(text("lo")).fin(Role::Client)), []);
}

#[test]
fn an_extension_may_allow_what_the_rfc_forbids() {
    let mux = Scenario::new().handshake_with_extensions("x-mux", "x-mux");
    let interleaved = mux.client([text("a").fin(false), text("b").fin(false), continuation("a"), continuation("b")]);
    let own: Vec<_> = found(&interleaved).into_iter().filter(|(rule, _)| rule.starts_with("frag-")).collect();
    assert_eq!(
        own,
        [("frag-new-data-inside-message", Severity::Note), ("frag-continuation-without-start", Severity::Note)]
    );
}

#[test]
fn a_reserved_frame_may_begin_what_is_continued() {
    let unknown = open().client([frame(Opcode(0x3), "a").fin(false), continuation("b").fin(false), continuation("c")]);
    assert_eq!(found(&unknown), [("frame-opcode-reserved-data", Severity::Error)]);
    let over = open().client([frame(Opcode(0x3), "a"), continuation("b")]);
    assert_eq!(found(&over)[1], ("frag-continuation-without-start", Severity::Error));
}

#[test]
fn a_fragmented_control_frame_has_no_continuation() {
    let ping = open().client([ping("Hel").fin(false), continuation("lo")]);
    assert_eq!(
        found(&ping),
        [("frag-control-fragmented", Severity::Error), ("frag-continuation-without-start", Severity::Error)]
    );
}

#[test]
fn what_begins_or_ends_in_missing_bytes_is_nobodys_fault() {
    let hello = |s: Scenario| s.server(text("Hello, how are you?"));
    let begin_lost = open().repeat(3, hello).lose().server(text("Hel").fin(false)).server(continuation("lo"));
    let end_lost = open().server(text("Hel").fin(false)).lose().server(continuation("lo"));
    for scenario in [begin_lost.repeat(9, hello), end_lost.repeat(9, hello).fin(Role::Server)] {
        let found = Recorder::play(&scenario);
        assert!(found.frames.len() > 9);
        assert!(!found.rules().iter().any(|rule| rule.starts_with("frag-")), "{:?}", found.rules());
    }
}

#[test]
fn a_message_without_end_is_its_senders_only_if_the_sender_ends_first() {
    let begun = open().server(text("Hel").fin(false));
    let server = Some(Role::Server);
    assert_eq!(unfinished(&begun), [], "the capture may have ended first");
    assert_eq!(unfinished(&begun.clone().fin(Role::Server)), [(Severity::Warning, server)]);
    assert_eq!(unfinished(&begun.clone().rst(Role::Server)), [(Severity::Warning, server)]);
    assert_eq!(unfinished(&begun.clone().fin(Role::Client)), [(Severity::Note, server)]);
    let closes = begun.clone().server(close(1000, "")).client(close(1000, "")).fin(Role::Server);
    assert_eq!(unfinished(&closes), [(Severity::Warning, server)]);
    let answers = begun.clone().client(close(1000, "")).server(close(1000, "")).fin(Role::Server);
    assert_eq!(unfinished(&answers), [(Severity::Note, server)], "it may stop once it has received a Close");
    let crossed = begun.crossing(|s| s.client(close(1000, "")).server(close(1000, ""))).fin(Role::Server);
    assert_eq!(unfinished(&crossed), [(Severity::Warning, server)], "it had not received the Close");
}

#[test]
fn a_frame_that_is_cut_is_not_also_a_message_without_end() {
    let cut = open().server(text("Hel").fin(false)).server(continuation("lo").declared_length(9)).fin(Role::Server);
    let found = Recorder::play(&cut);
    assert_eq!(found.of("frame-truncated").len(), 1);
    assert_eq!(found.of("frag-unfinished").len(), 0);
}

#[test]
fn control_frames_leave_the_open_message_alone() {
    let open = open().client(fragments(Opcode::TEXT, ["He", "l", "lo"])).client(binary([1]).fin(false));
    let between = open.client(ping("")).server(pong("")).client(ping("")).server(pong("")).client(continuation([2]));
    assert_eq!(found(&between), [("frag-control-interleaved", Severity::Note); 2]);
}

#[test]
fn an_empty_message_is_not_an_empty_fragment() {
    assert_eq!(found(&open().client(text(""))), []);
    let three = open().client(fragments(Opcode::TEXT, ["", "", ""]));
    assert_eq!(found(&three), [("frag-empty-fragment", Severity::Note); 3]);
}

#[test]
fn fifteen_fragments_are_not_many() {
    assert_eq!(found(&open().client(text("x".repeat(15)).split(15))), []);
    assert_eq!(found(&open().client(text("x".repeat(16)).split(16))), [("frag-tiny", Severity::Note)]);
}

/// Both legs of a connection through a proxy; the proxy's server speaks to it first if `nested`, and the two have
/// nothing to do with each other if not.
fn two_legs(nested: bool, extensions: bool, on_first: Frames, on_second: Frames) -> Scenario {
    let at = |host, port| SocketAddr::from(([192, 0, 2, host], port));
    let request = |request: Request| {
        let request = request.replace("Sec-WebSocket-Key", "AGLXCiOWQ2EQhz3Ge8oW9A==");
        if extensions { request.header("Sec-WebSocket-Extensions", "permessage-deflate") } else { request }
    };
    let answer = |answer: Response| match extensions {
        true => answer.header("Sec-WebSocket-Extensions", "permessage-deflate"),
        false => answer,
    };
    let first = Scenario::new().endpoints(at(1, 50_000), at(2, 8080)).request(request);
    let second = Scenario::new().connection().endpoints(at(2, 40_000), at(3, 80)).request(request).response(answer);
    let opened = match nested {
        true => first.then(second).resume(0).response(answer),
        false => first.response(answer).then(second).resume(0),
    };
    opened.client(on_first).resume(1).client(on_second)
}

#[test]
fn what_a_proxy_cuts_anew_is_said_and_nobody_is_blamed() {
    let recut = |nested, extensions, first: Frames, second: Frames| {
        let found = Recorder::play(&two_legs(nested, extensions, first, second));
        let own = found.of("frag-changed-by-intermediary");
        own.iter().map(|finding| (finding.severity, finding.blame, finding.message.clone())).collect::<Vec<_>>()
    };
    let joined = "client's message 0 has 1 frame here and 3 on connection 1, the other leg through a proxy";
    // Connection 0 is the one whose handshake was complete first: the one to the server.
    let cut = "client's message 0 has 2 frames here and 1 on connection 1, the other leg through a proxy";
    let long = || text("a longer text").split(3);
    assert_eq!(
        recut(true, false, long().into(), text("a longer text").into()),
        [(Severity::Note, None, joined.into())]
    );
    assert_eq!(
        recut(true, true, text("Hello").into(), text("Hello").split(2).into()),
        [(Severity::Warning, None, cut.into())]
    );
    assert_eq!(recut(true, true, long().into(), long().into()), [], "handed on as it was");
    assert_eq!(recut(true, true, text("Hello").into(), text("World").split(2).into()), [], "another message");
    assert_eq!(recut(false, true, long().into(), text("a longer text").into()), [], "no legs: one after the other");
}
