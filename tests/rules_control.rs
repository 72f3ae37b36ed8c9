//! Pings and Pongs where it is easy to blame the wrong side, or anybody.

mod common;

use common::Recorder;
use proptest::prelude::*;
use std::time::Duration;
use wslens::Role;
use wslens::rules::Severity;
use wslens::scenario::{LINK, Scenario, close, ping, pong, text, write_pcapng};

const MINUTE: Duration = Duration::from_secs(60);

fn open() -> Scenario {
    Scenario::new().handshake()
}

fn rules(scenario: &Scenario) -> Vec<&'static str> {
    Recorder::play(scenario).rules()
}

const NONE: [&str; 0] = [];

#[test]
fn one_pong_does_for_several_pings_that_look_alike() {
    let one = open().client([ping(""), ping(""), ping("")]).server(pong("")).after(MINUTE).server(text("alive"));
    assert_eq!(rules(&one), NONE);
    // The first answer of a row of heartbeats is missing, so each later Pong has the payload of an older Ping too.
    let beat = |s: Scenario| s.after(Duration::from_secs(30)).client(ping("")).server(pong(""));
    assert_eq!(rules(&open().client(ping("")).repeat(5, beat)), NONE);
}

#[test]
fn answers_in_another_order_are_answers() {
    let crossed = open().client([ping("1"), ping("2")]).server([pong("2"), pong("1")]).after(MINUTE);
    assert_eq!(rules(&crossed.server(text("alive"))), ["pong-latest-only"]);
}

#[test]
fn a_receiver_must_be_seen_alive_and_to_have_the_ping() {
    let asked = open().client(ping("1"));
    assert_eq!(rules(&asked.clone().after(MINUTE)), NONE, "it may be gone");
    assert_eq!(rules(&asked.clone().after(Duration::from_secs(5)).server(text("alive"))), NONE, "too early to say");
    let not_received = open().crossing(|s| s.client(ping("1")).after(MINUTE).server(text("alive")));
    assert_eq!(rules(&not_received), NONE, "the frame does not acknowledge the Ping");
    let lost = asked.clone().lose().server(pong("1")).after(MINUTE).repeat(9, |s| s.server(text("alive and well")));
    let found = Recorder::play(&lost);
    assert!(found.of("ping-unanswered").is_empty(), "the Pong may be among the missing bytes: {:?}", found.rules());
    assert_eq!(rules(&asked.after(MINUTE).server(text("alive"))), ["ping-unanswered"]);
}

#[test]
fn nobody_owes_a_pong_once_a_close_is_there() {
    let close_comes_soon = open().client(ping("1")).after(Duration::from_secs(1)).client(close(1000, ""));
    let found = Recorder::play(&close_comes_soon.after(MINUTE).server(close(1000, "")).fin(Role::Server));
    assert!(found.of("ping-unanswered").is_empty(), "{:?}", found.rules());
    let receiver_closed = open().server(close(1000, "")).client(ping("1")).after(MINUTE).server(text("still here"));
    assert!(Recorder::play(&receiver_closed).of("ping-unanswered").is_empty());
}

#[test]
fn a_clean_close_long_after_makes_it_an_error() {
    let timed_out = open().server(ping("1")).after(MINUTE).server(close(1011, "keepalive ping timeout"));
    let found = Recorder::play(&timed_out.client(close(1011, "")).fin(Role::Server));
    let own = found.of("ping-unanswered");
    assert_eq!(own.len(), 1, "{:?}", found.rules());
    assert_eq!((own[0].severity, own[0].blame, own[0].frame), (Severity::Error, Some(Role::Client), Some(0)));
}

#[test]
fn a_heartbeat_beside_a_ping_is_no_wrong_answer() {
    let before_answer = open().client(ping("1")).server([pong(""), pong("1")]).server(text("on"));
    assert_eq!(rules(&before_answer), ["pong-unsolicited"]);
    let known_for_it = open().server(pong("")).client(ping("1")).server(pong("")).server(text("on"));
    assert_eq!(rules(&known_for_it), ["pong-unsolicited"; 2]);
    let closes_itself = open().client(ping("1")).server([pong(""), close(1000, "")]).client(close(1000, ""));
    let found = Recorder::play(&closes_itself.fin(Role::Server));
    assert!(found.of("pong-payload-mismatch").is_empty(), "{:?}", found.rules());
    let twice = open().client(ping("1")).server(pong("")).server(pong("")).server(text("on"));
    assert_eq!(rules(&twice), ["pong-unsolicited"; 2], "either of the two may be the answer, or none");
}

#[test]
fn a_server_that_answers_every_ping_wrongly_is_told_each_time() {
    let wrong = open().repeat(70, |s| s.client(ping("abc")).server(pong("")).after(MINUTE));
    let found = Recorder::play(&wrong.server(text("on")));
    assert_eq!(found.of("pong-payload-mismatch").len(), 70);
    assert_eq!(found.findings.len(), 70, "{:?}", found.rules());
}

#[test]
fn what_was_not_seen_may_have_asked() {
    let server_only =
        Scenario::new().only(Role::Server).handshake().repeat(9, |s| s.client(ping("1")).server(pong("1")));
    assert!(Recorder::play(&server_only).of("pong-unsolicited").is_empty());
    let mid_stream = open().client(ping("1")).begin_mid_stream().server(pong("1"));
    let mid_stream = mid_stream.repeat(9, |s| s.client(text("Hello")).server(text("Hello")));
    let found = Recorder::play(&mid_stream);
    assert!(!found.frames.is_empty());
    assert!(found.of("pong-unsolicited").is_empty());
    let cut = open().snaplen(70).client(ping("x".repeat(100))).server(pong("x".repeat(100)));
    let found = Recorder::play(&cut.after(MINUTE).server(text("1")));
    assert!(found.rules().iter().all(|rule| rule.starts_with("cap-")), "{:?}", found.rules());
}

#[test]
fn a_ping_captured_after_its_pong_is_answered() {
    let mut packets = open().client(ping("1")).server(pong("1")).after(MINUTE).server(text("alive")).packets();
    // The Ping is the 8th packet: SYN, SYN ACK, ACK, request, ACK, answer, ACK. Move it behind the Pong.
    let late = packets.remove(7);
    packets.insert(9, late);
    let mut capture = Vec::new();
    write_pcapng(&packets, LINK, &mut capture).unwrap();
    let found = Recorder::bytes(capture);
    let kinds: Vec<_> = found.frames.iter().map(|frame| (frame.row.0, frame.row.5)).collect();
    assert_eq!(kinds, [(8 + 1, 0xA), (10, 0x9), (12, 0x1)], "the captured order is as meant");
    let own = found.rules().into_iter().filter(|rule| rule.starts_with('p')).count();
    assert_eq!(own, 0, "{:?}", found.rules());
}

#[test]
fn nothing_can_be_put_into_a_frame_that_is_being_sent() {
    // A message of 4 bytes that takes its sender 15 seconds; the Ping comes in the middle.
    let half = |s: Scenario| s.bytes(Role::Server, b"\x81\x04ab").client(ping("1")).after(Duration::from_secs(15));
    let busy = half(open()).bytes(Role::Server, b"cd").server(pong("1"));
    assert_eq!(rules(&busy), NONE);
}

#[test]
fn a_ping_that_breaks_the_connection_needs_no_pong() {
    let malformed = open().client(ping("1").rsv(0b010)).after(MINUTE).server(text("alive"));
    // A minute later its receiver still has not failed the connection, which is another matter.
    assert_eq!(rules(&malformed), ["frame-rsv2-set", "fail-tolerated"]);
}

#[test]
fn as_many_pings_as_allowed_are_no_flood() {
    let beat = |s: Scenario| s.client(ping("")).server(pong(""));
    assert_eq!(rules(&open().repeat(100, beat)), NONE);
    assert_eq!(rules(&open().repeat(101, beat)), ["ping-flood"]);
}

#[test]
fn the_word_ping_is_a_heartbeat_only_if_it_beats() {
    assert_eq!(rules(&open().client(text("ping")).client(text("shipping"))), NONE);
    assert_eq!(rules(&open().client(text("PING")).client(text("ping"))), ["ping-app-level"]);
    assert_eq!(rules(&open().client(ping("")).server(pong("")).client(text("ping")).client(text("ping"))), NONE);
}

#[test]
fn a_hundred_and_twenty_five_bytes_with_a_code_are_allowed() {
    let longest = open().client(close(1000, "x".repeat(123))).server(close(1000, "")).fin(Role::Server);
    assert!(Recorder::play(&longest).of("ctl-payload-too-long").is_empty());
    let longer = open().client(close(1000, "x".repeat(124))).server(close(1000, "")).fin(Role::Server);
    assert_eq!(Recorder::play(&longer).of("ctl-payload-too-long").len(), 1);
}

/// What a conforming server may do while a client pings.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ping(u8),
    /// It answers each Ping that waits, in order.
    AnswerAll,
    /// It answers the latest alone (RFC 6455 §5.5.3).
    AnswerLatest,
    Talk,
    /// It sends a Pong that nobody asked for.
    Heartbeat,
    /// Nothing happens for a minute; only when no Ping waits.
    Silence,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_server_that_conforms_is_never_blamed(acts in proptest::collection::vec(
        prop_oneof![
            4 => (0_u8..3).prop_map(Act::Ping),
            2 => Just(Act::AnswerAll),
            2 => Just(Act::AnswerLatest),
            1 => Just(Act::Talk),
            1 => Just(Act::Heartbeat),
            2 => Just(Act::Silence),
        ],
        0..60,
    ), closes: bool) {
        let mut scenario = open();
        let mut waiting: Vec<u8> = Vec::new();
        let body = |payload: u8| vec![b'p'; usize::from(payload)];
        for act in acts {
            scenario = match act {
                Act::Ping(payload) => {
                    waiting.push(payload);
                    scenario.client(ping(body(payload)))
                }
                Act::AnswerAll => waiting.drain(..).fold(scenario, |s, payload| s.server(pong(body(payload)))),
                Act::AnswerLatest => match waiting.last().copied() {
                    Some(latest) => {
                        waiting.clear();
                        scenario.server(pong(body(latest)))
                    }
                    None => scenario,
                },
                Act::Talk => scenario.server(text("Hello")),
                Act::Heartbeat => scenario.server(pong("heartbeat")),
                Act::Silence if waiting.is_empty() => scenario.after(MINUTE),
                Act::Silence => scenario,
            };
        }
        scenario = waiting.drain(..).fold(scenario, |s, payload| s.server(pong(body(payload))));
        if closes {
            scenario = scenario.client(close(1000, "")).server(close(1000, "")).fin(Role::Server);
        }
        let found = Recorder::play(&scenario);
        for (_, finding) in &found.findings {
            prop_assert!(finding.severity == Severity::Note, "{}: {}", finding.rule.id, finding.message);
        }
    }
}
