//! When a client's waits before it connects again are no backoff.

mod common;

use common::{Recorder, testdata};
use std::time::Duration;
use wslens::Role::{Client, Server};
use wslens::scenario::{Scenario, close};

const SECOND: Duration = Duration::from_secs(1);

/// Connections that end in this way, with these waits behind each, in milliseconds.
fn connections(waits: &[u64], end: fn(Scenario) -> Scenario) -> Scenario {
    waits.iter().fold(Scenario::new(), |scenario, &wait| end(scenario.connection()).after(Duration::from_millis(wait)))
}

fn dropped(scenario: Scenario) -> Scenario {
    scenario.handshake().fin(Server)
}

fn said(scenario: &Scenario) -> usize {
    Recorder::play(scenario).of("reconnect-no-backoff").len()
}

#[test]
fn waits_of_the_same_length_are_no_backoff() {
    assert_eq!(said(&connections(&[1000; 4], dropped)), 1);
    assert_eq!(said(&connections(&[0; 4], dropped)), 1);
    assert_eq!(said(&connections(&[1000; 20], dropped)), 1, "once for a chain");
    assert_eq!(said(&connections(&[1000; 3], dropped)), 0, "two reconnects");
    let found = Recorder::play(&connections(&[1000; 4], dropped));
    let finding = found.of("reconnect-no-backoff")[0];
    assert_eq!(finding.blame, Some(Client));
    assert_eq!(finding.message, "client connects again 3 times after failures and waits 1.0s, 1.0s, 1.0s");
}

#[test]
fn waits_that_grow_or_are_long_or_at_random_are() {
    assert_eq!(said(&connections(&[1000, 2000, 4000, 8000], dropped)), 0);
    assert_eq!(said(&connections(&[1000, 1500, 2000, 2500], dropped)), 0);
    assert_eq!(said(&connections(&[5000; 6], dropped)), 0);
    assert_eq!(said(&connections(&[2000, 700, 1400, 3000], dropped)), 0);
}

#[test]
fn only_failures_that_the_client_did_not_want_count() {
    assert_eq!(said(&connections(&[1000; 4], |s| s.handshake().fin(Client))), 0);
    let closed = |s: Scenario| s.handshake().server(close(1001, "")).client(close(1001, "")).fin(Server);
    assert_eq!(said(&connections(&[1000; 4], closed)), 0);
    let refused = |s: Scenario| s.request(|r| r).response(|r| r.status(403, "Forbidden")).fin(Server);
    assert_eq!(said(&connections(&[1000; 4], refused)), 0);
    let unavailable = |s: Scenario| s.request(|r| r).response(|r| r.status(503, "Service Unavailable")).fin(Server);
    assert_eq!(said(&connections(&[1000; 4], unavailable)), 1);
    // One that works in between begins a new chain.
    let stable = connections(&[1000; 2], dropped)
        .connection()
        .handshake()
        .after(60 * SECOND)
        .fin(Server)
        .after(SECOND)
        .then(connections(&[1000; 2], dropped));
    assert_eq!(said(&stable), 0);
}

#[test]
fn clients_that_are_connected_at_once_or_ask_for_something_else_are_not_one() {
    let rooms = (0..6).fold(Scenario::new(), |s, room| {
        let target = format!("/room/{room}");
        s.connection().request(|r| r.target(&target)).response(|r| r).fin(Server).after(SECOND)
    });
    assert_eq!(said(&rooms), 0);
    // Two clients behind one address: each connects again when the other is connected.
    let crowd = Scenario::new().connection().handshake().connection().handshake();
    let crowd = (0..6).fold(crowd, |s, n| s.resume(n).fin(Server).after(SECOND).connection().handshake());
    assert_eq!(said(&crowd), 0);
}

#[test]
fn conforming_clients_are_not_blamed() {
    for name in ["autobahn/fuzzingserver.pcap.gz", "autobahn/fuzzingclient.pcap.gz", "close_events.pcap"] {
        assert!(Recorder::read(&testdata(name)).of("reconnect-no-backoff").is_empty(), "{name}");
    }
}
