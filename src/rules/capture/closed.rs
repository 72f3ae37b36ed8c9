//! What is said of a TLS connection that stays closed: what its handshake shows, and what is missing to open it.

use super::rules::TLS_UNDECRYPTABLE;
use crate::capture::PacketRef;
use crate::escape::printable;
use crate::packet::Endpoint;
use crate::rules::{Closed, Finding};
use crate::tcp::Side;
use crate::tls::{Facts, Unopened};

/// `cap-tls-undecryptable`: a TCP connection that begins in the packet `first` speaks TLS and is not opened. `ends` are
/// those that sent the first packet and the other one; `no_key_log`: there are no secrets at all.
pub fn tls_undecryptable(
    [first_end, second_end]: [Endpoint; 2],
    facts: &Facts,
    no_key_log: bool,
    first: PacketRef,
) -> Finding {
    let ends = match facts.client {
        Some(Side::First) => format!("from {first_end} to {second_end}"),
        Some(Side::Second) => format!("from {second_end} to {first_end}"),
        None => format!("between {first_end} and {second_end}"),
    };
    let how_far = if facts.opened > 0 { "opened only in part" } else { "not opened" };
    let missing = match facts.unopened {
        Some(Unopened::NoSecret(_)) if no_key_log => "there is no key log; --keylog FILE names one".to_owned(),
        Some(why) => why.to_string(),
        None => "its handshake is not complete".to_owned(),
    };
    let mut text = format!("TLS {ends} is {how_far}, because {missing}");
    let known = known(facts);
    if !known.is_empty() {
        text += &format!(" ({})", known.join(", "));
    }
    let closed = Closed { ends: [first_end, second_end], facts: facts.clone(), missing };
    let text = printable(text.as_bytes()).into_owned();
    Finding { closed: Some(Box::new(closed)), ..Finding::new(&TLS_UNDECRYPTABLE, None, text) }.at(first)
}

/// What the handshake shows.
fn known(facts: &Facts) -> Vec<String> {
    let mut known = Vec::new();
    known.extend(facts.version.map(|version| version.to_string()));
    known.extend(facts.suite.map(|suite| suite.to_string()));
    known.extend(facts.server_name.as_ref().map(|name| format!("server name {name}")));
    match &facts.alpn {
        Some(protocol) => known.push(format!("ALPN {protocol}")),
        // TLS 1.3 encrypts the choice.
        None if !facts.alpn_offered.is_empty() => {
            known.push(format!("ALPN offered {}", facts.alpn_offered.join(" ")));
        }
        None => {}
    }
    if let Some(random) = facts.client_random {
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        known.push(format!("client random {digits}"));
    }
    known
}
