//! Compressed messages, and who is to blame where they cannot be read.

mod common;

use common::Recorder;
use wslens::Role;
use wslens::rules::Severity;
use wslens::scenario::{Scenario, binary, continuation, deflated_text, ping, text};

const RSV1: u8 = 0b100;
const SENTENCE: &str = "the quick brown fox jumps over the lazy dog";

fn agreed() -> Scenario {
    Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate")
}

fn pmd(scenario: &Scenario) -> Vec<(&'static str, Severity)> {
    let found = Recorder::play(scenario);
    let own = found.findings.iter().map(|(_, finding)| (finding.rule.id, finding.severity));
    own.filter(|(rule, _)| rule.starts_with("pmd-") && *rule != "pmd-expanded").collect()
}

#[test]
fn without_agreement_rsv1_is_the_frame_headers_affair() {
    let open = || Scenario::new().handshake();
    for scenario in [
        open().client(ping("").rsv(RSV1)),
        open().client([text("a").fin(false), continuation("b").rsv(RSV1)]),
        open().client(text("Hello").rsv(RSV1)),
        open().client(text("").rsv(RSV1)),
    ] {
        let found = Recorder::play(&scenario);
        assert_eq!(found.rules(), ["frame-rsv1-unnegotiated"]);
    }
}

#[test]
fn any_message_may_stay_uncompressed() {
    let mixed = agreed().client([text("a"), deflated_text("b"), text("c"), binary([1])]).server(text("d"));
    assert_eq!(pmd(&mixed), []);
}

#[test]
fn a_compressed_message_in_fragments_is_one_message() {
    let split = agreed().server(deflated_text(SENTENCE).split(5)).server(deflated_text(SENTENCE).split(3));
    assert_eq!(pmd(&split), []);
}

#[test]
fn what_follows_a_broken_message_is_not_called_broken() {
    let broken =
        agreed().client(deflated_text(SENTENCE)).client(text("Hello").rsv(RSV1)).client(deflated_text(SENTENCE));
    let found = Recorder::play(&broken);
    let inflate: Vec<_> = found.of("pmd-inflate-error").iter().map(|finding| finding.message_index).collect();
    assert_eq!(inflate, [Some(1)]);
    let lost = found.of("pmd-context-lost");
    assert_eq!(lost.len(), 1, "{:?}", found.rules());
    assert_eq!(
        lost[0].message,
        "client's message 2 cannot be inflated here, since message 1 could not be inflated to its end; no message after \
         can"
    );
}

#[test]
fn after_a_gap_messages_are_lost_until_one_needs_no_history() {
    let hello = |s: Scenario| s.server(deflated_text(SENTENCE));
    let gap = agreed().repeat(2, hello).lose().server(deflated_text(SENTENCE)).repeat(9, hello);
    // The compressor starts anew.
    let healed = gap.context_takeover(Role::Server, true).repeat(2, hello);
    let found = Recorder::play(&healed);
    assert_eq!(found.of("pmd-inflate-error").len(), 0);
    let lost = found.of("pmd-context-lost");
    assert_eq!(lost.len(), 1, "{:?}", found.rules());
    // Which message is the first after the gap depends on where the boundary is found again.
    let said = &lost[0].message;
    assert!(said.contains("since bytes before are missing; message "), "{said}");
    assert!(said.ends_with(" is the first that refers to nothing before"), "{said}");
}

#[test]
fn what_was_not_seen_agreed_is_not_called_broken() {
    let unseen = agreed().begin_mid_stream().repeat(9, |s| s.client(text("Hello, how are you?")).server(text("Well!")));
    let unseen = unseen.client([text("Hello").rsv(RSV1), text("").rsv(RSV1), ping("").rsv(RSV1)]);
    let found = Recorder::play(&unseen);
    assert!(found.frames.len() > 18);
    assert!(pmd(&unseen).iter().all(|(_, severity)| *severity == Severity::Note), "{:?}", found.rules());
}

#[test]
fn an_agreement_that_nothing_uses_is_not_said_where_bytes_are_missing() {
    let hello = |s: Scenario| s.server(text(SENTENCE));
    assert_eq!(pmd(&agreed().repeat(3, hello)), [("pmd-never-used", Severity::Note)]);
    assert_eq!(pmd(&agreed().repeat(3, hello).lose().repeat(9, hello)), []);
    assert_eq!(pmd(&agreed()), [], "nothing was there to compress");
}

#[test]
fn history_that_was_agreed_away_is_named() {
    const OFFER: &str = "permessage-deflate; server_no_context_takeover";
    let agreed = Scenario::new().handshake_with_extensions(OFFER, OFFER);
    let found = Recorder::play(&agreed.server(deflated_text(SENTENCE)).server(deflated_text(SENTENCE)));
    let own = found.of("pmd-inflate-error");
    assert_eq!(own.len(), 1);
    assert!(own[0].message.ends_with("which server_no_context_takeover forbids"), "{}", own[0].message);
}
