//! The negotiation of permessage-deflate: which answers fit which offers, through the whole pipeline.

mod common;

use common::Recorder;
use wslens::Role;
use wslens::rules::Confidence;
use wslens::scenario::Scenario;

/// The rules about permessage-deflate that a handshake breaks.
fn negotiated(offered: &str, accepted: &str) -> Vec<&'static str> {
    broken(&Scenario::new().handshake_with_extensions(offered, accepted))
}

fn broken(scenario: &Scenario) -> Vec<&'static str> {
    Recorder::play(scenario).rules().into_iter().filter(|rule| rule.starts_with("pmd-")).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn the_examples_of_the_rfc_are_clean() {
    // RFC 7692 §7.1.3.
    assert_eq!(negotiated("permessage-deflate", "permessage-deflate"), NONE);
    assert_eq!(
        negotiated(
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=10"
        ),
        NONE
    );
    let two = "permessage-deflate; client_max_window_bits; server_max_window_bits=10, \
               permessage-deflate; client_max_window_bits";
    assert_eq!(negotiated(two, "permessage-deflate"), NONE);
    assert_eq!(negotiated(two, "permessage-deflate; client_max_window_bits=12"), NONE);
}

#[test]
fn a_server_may_add_what_the_offer_did_not_ask_for() {
    // RFC 7692 §7.1.1.1, §7.1.1.2 and §7.1.2.1; only client_max_window_bits must be asked for (§7.1.2.2).
    for param in ["server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=12"] {
        assert_eq!(negotiated("permessage-deflate", &format!("permessage-deflate; {param}")), NONE, "{param}");
    }
    assert_eq!(negotiated("permessage-deflate; client_no_context_takeover", "permessage-deflate"), NONE);
    assert_eq!(negotiated("permessage-deflate; client_max_window_bits=10", "permessage-deflate"), NONE);
}

#[test]
fn an_answer_is_held_against_the_offer_it_comes_closest_to() {
    let offers = "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, \
                  permessage-deflate; server_max_window_bits=10; client_max_window_bits=10";
    let answer = |params: &str| negotiated(offers, &format!("permessage-deflate; {params}"));
    assert_eq!(answer("server_max_window_bits=10"), NONE);
    assert_eq!(answer("server_max_window_bits=11"), ["pmd-resp-server-bits-too-large"]);
    assert_eq!(answer("server_max_window_bits=9; client_max_window_bits=11"), ["pmd-resp-client-bits-too-large"]);
    assert_eq!(answer("server_no_context_takeover"), ["pmd-resp-server-bits-missing"]);
}

#[test]
fn offers_on_several_lines_are_one_list() {
    const NAME: &str = "Sec-WebSocket-Extensions";
    let scenario = Scenario::new().handshake_with(
        |r| r.header(NAME, "permessage-deflate; server_max_window_bits=10").header(NAME, "permessage-deflate"),
        |r| r.header(NAME, "permessage-deflate"),
    );
    assert_eq!(broken(&scenario), NONE);
}

#[test]
fn a_bad_offer_is_passed_over_where_a_good_one_fits() {
    let bad_first = "permessage-deflate; server_max_window_bits=7, permessage-deflate";
    assert_eq!(negotiated(bad_first, "permessage-deflate"), ["pmd-offer-invalid-value"]);
    // Only the bad one allows a limit on the client's window.
    let bad_fits = "permessage-deflate; client_max_window_bits; mystery, permessage-deflate";
    assert_eq!(
        negotiated(bad_fits, "permessage-deflate; client_max_window_bits=12"),
        ["pmd-offer-unknown-param", "pmd-accepted-bad-offer"]
    );
}

#[test]
fn values() {
    for bits in ["8", "9", "10", "15", "\"15\""] {
        assert_eq!(broken(&offering(&format!("permessage-deflate; server_max_window_bits={bits}"))), NONE, "{bits}");
    }
    for bits in ["7", "16", "08", "015", "0", "x", "-9", "1000000000000"] {
        let found = broken(&offering(&format!("permessage-deflate; client_max_window_bits={bits}")));
        assert_eq!(found, ["pmd-offer-invalid-value"], "{bits}");
    }
    assert_eq!(broken(&offering("permessage-deflate; server_max_window_bits")), ["pmd-offer-invalid-value"]);
    assert_eq!(broken(&offering("permessage-deflate; server_no_context_takeover=1")), ["pmd-offer-invalid-value"]);
    // Another extension has parameters of its own.
    assert_eq!(broken(&offering("mystery; server_max_window_bits=99; a; a")), NONE);
}

fn offering(extensions: &str) -> Scenario {
    Scenario::new().handshake_with(|r| r.header("Sec-WebSocket-Extensions", extensions), |r| r)
}

#[test]
fn identical_offers_are_not_ambiguous() {
    assert_eq!(negotiated("permessage-deflate, permessage-deflate", "permessage-deflate"), NONE);
    let different = "permessage-deflate; client_max_window_bits, permessage-deflate";
    assert_eq!(negotiated(different, "permessage-deflate"), ["pmd-ambiguous-offer"]);
}

#[test]
fn without_the_request_only_the_answer_is_judged() {
    let server_only = |answer: &str| {
        broken(
            &Scenario::new()
                .only(Role::Server)
                .handshake_with_extensions("permessage-deflate; server_max_window_bits=9", answer),
        )
    };
    assert_eq!(server_only("permessage-deflate; client_max_window_bits=10"), NONE);
    assert_eq!(server_only("permessage-deflate; client_max_window_bits"), ["pmd-resp-client-bits-no-value"]);
    assert_eq!(
        server_only("permessage-deflate; a=1, permessage-deflate"),
        ["pmd-resp-unknown-param", "pmd-resp-twice"]
    );
}

#[test]
fn the_window_belongs_to_who_compresses_with_it() {
    let found = Recorder::play(&Scenario::new().handshake_with_extensions(
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=8",
    ));
    let [finding] = found.of("pmd-bits-8")[..] else { panic!("{:?}", found.rules()) };
    assert_eq!(finding.blame, Some(Role::Client));
}

#[test]
fn after_missing_bytes_an_answer_may_belong_to_another_request() {
    const NAME: &str = "Sec-WebSocket-Extensions";
    let first = |s: Scenario| s.request(|r| r.without("Upgrade").without("Sec-WebSocket-Key")).lose();
    let found = Recorder::play(
        &first(Scenario::new())
            .response(|r| r.status(401, "Unauthorized").without("Upgrade").header("Content-Length", "0"))
            .handshake_with(
                |r| r.header(NAME, "permessage-deflate; server_max_window_bits=9"),
                |r| r.header(NAME, "permessage-deflate"),
            ),
    );
    for finding in found.of("pmd-resp-server-bits-missing") {
        assert_eq!(finding.confidence, Confidence::AfterGap);
    }
    assert_eq!(found.of("pmd-resp-server-bits-missing").len(), 1, "{:?}", found.rules());
}
