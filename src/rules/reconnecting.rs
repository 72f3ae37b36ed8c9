//! How a client comes back after connections that ended abnormally (RFC 6455 §7.2.3).

use super::{Blames, Confidence, Finding, Requirement, Rule, Severity};
use crate::Role;
use crate::capture::PacketRef;
use crate::scenario::Scenario;
use std::time::Duration;

/// The rules of this file.
pub const RULES: &[&Rule] = &[&NO_BACKOFF];

/// A connection that the server ends without a Close, and a wait.
fn failure(scenario: Scenario, wait: Duration) -> Scenario {
    scenario.connection().handshake().fin(Role::Server).after(wait)
}

/// `reconnect-no-backoff`
pub static NO_BACKOFF: Rule = Rule {
    id: "reconnect-no-backoff",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.2.3",
    quote: "Should the first reconnect attempt fail, subsequent attempts SHOULD be delayed by increasingly longer amounts \
            of time, using a method such as truncated binary exponential backoff.",
    statement: "A client connects again and again after abnormal closures and does not wait longer each time.",
    why: "When a server restarts, all of its clients come back at once and keep it from getting up.",
    restraint: "Said once for three waits of nearly the same length, all below reconnect-patience. A client is an address \
                with its request target and User-Agent; connections of one that overlap are not counted, nor is one that \
                lasted longer than reconnect-stable. An end counts as abnormal where the server ended TCP and no Close \
                reached the client, and an upgrade as failed where it was refused with 5xx or not answered. Random waits \
                can be alike by chance.",
    breaks: || {
        let second = Duration::from_secs(1);
        Scenario::new().repeat(4, |s| failure(s, second))
    },
    keeps: || {
        let waits = [1, 2, 4, 8].map(Duration::from_secs);
        waits.into_iter().fold(Scenario::new(), failure)
    },
};

/// By this the longest wait may exceed the shortest, and still be no backoff: a tenth of it and a bit for the clock.
const SLACK: Duration = Duration::from_millis(10);

/// Judges how long a client waited before it connected again after failures, the last time for the connection that begins
/// with this packet, where its patience should be `patience`.
pub(super) fn no_backoff(waits: &[Duration], packet: PacketRef, patience: Duration) -> Option<Finding> {
    let (shortest, longest) = (*waits.iter().min()?, *waits.iter().max()?);
    if longest > shortest + shortest / 10 + SLACK || longest >= patience {
        return None;
    }
    let list: Vec<String> = waits.iter().map(|wait| format!("{wait:.1?}")).collect();
    let text = format!("client connects again {} times after failures and waits {}", waits.len(), list.join(", "));
    let finding = Finding::new(&NO_BACKOFF, Some(Role::Client), text).at(packet);
    Some(Finding { confidence: Confidence::Statistical, ..finding })
}
