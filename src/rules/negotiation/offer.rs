//! What a client offers (RFC 7692 §7).

use super::params::{Fault, faults};
use crate::Role;
use crate::http::{Head, RequestLine};
use crate::rules::docket::Docket;
use crate::rules::header_syntax::of_head;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use crate::websocket::Extension;

/// The rules of this file.
pub const RULES: &[&Rule] = &[&UNKNOWN_PARAM, &INVALID_VALUE, &DUPLICATE_PARAM];

/// An offer that the server declines.
fn offering(extensions: &'static str) -> Scenario {
    Scenario::new()
        .handshake_with(|request| request.header("Sec-WebSocket-Extensions", extensions), |response| response)
}

/// `pmd-offer-unknown-param`
pub static UNKNOWN_PARAM: Rule = Rule {
    id: "pmd-offer-unknown-param",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Decline { source: "RFC 7692 §7.1" },
    source: "RFC 7692 §7",
    quote: "A server MUST decline an extension negotiation offer for this extension if any of the following \
            conditions are met: … The negotiation offer contains an extension parameter not defined for use in an \
            offer.",
    statement: "An offer of permessage-deflate has a parameter that is not defined.",
    why: "The server must decline the offer, so nothing is compressed and nobody says why. It is mostly a misspelling.",
    restraint: "Letter case is not judged.",
    breaks: || offering("permessage-deflate; server_no_context_take_over"),
    keeps: || offering("permessage-deflate; server_no_context_takeover"),
};

/// `pmd-offer-invalid-value`
pub static INVALID_VALUE: Rule = Rule {
    id: "pmd-offer-invalid-value",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Decline { source: "RFC 7692 §7.1" },
    source: "RFC 7692 §7",
    quote: "A server MUST decline an extension negotiation offer for this extension if any of the following \
            conditions are met: … The negotiation offer contains an extension parameter with an invalid value.",
    statement: "A parameter in an offer of permessage-deflate has a value that it cannot have.",
    why: "The server must decline the offer. Window sizes go from 8 to 15 without leading zeros (§7.1.2), \
          server_max_window_bits needs one, and the two *_no_context_takeover have no value (§7.1.1).",
    restraint: "client_max_window_bits may stand without a value in an offer.",
    breaks: || offering("permessage-deflate; server_max_window_bits=16"),
    keeps: || offering("permessage-deflate; server_max_window_bits=15; client_max_window_bits"),
};

/// `pmd-offer-duplicate-param`
pub static DUPLICATE_PARAM: Rule = Rule {
    id: "pmd-offer-duplicate-param",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Decline { source: "RFC 7692 §7.1" },
    source: "RFC 7692 §7",
    quote: "A server MUST decline an extension negotiation offer for this extension if any of the following \
            conditions are met: … The negotiation offer contains multiple extension parameters with the same name.",
    statement: "An offer of permessage-deflate has the same parameter twice.",
    why: "The server must decline the offer; one that does not believes either of the two.",
    restraint: "Each offer is judged by itself: a client may offer permessage-deflate several times.",
    breaks: || offering("permessage-deflate; client_max_window_bits; client_max_window_bits=12"),
    keeps: || offering("permessage-deflate; client_max_window_bits=12, permessage-deflate; client_max_window_bits"),
};

/// Judges each offer of permessage-deflate by itself.
pub(super) fn judge(request: &Head<RequestLine>, offers: &[&Extension], docket: &mut Docket) {
    for (index, offer) in offers.iter().enumerate() {
        for fault in faults(offer) {
            let rule = match fault {
                Fault::Unknown(_) => &UNKNOWN_PARAM,
                Fault::Value(..) => &INVALID_VALUE,
                Fault::Duplicate(_) => &DUPLICATE_PARAM,
            };
            let text = match offers.len() {
                1 => format!("in the client's offer of permessage-deflate, {}", fault.describe()),
                _ => format!("in the client's offer {} of permessage-deflate, {}", index + 1, fault.describe()),
            };
            let evidence = match fault {
                Fault::Unknown(name) | Fault::Value(name, _) | Fault::Duplicate(name) => name.as_bytes(),
            };
            docket.file(of_head(rule, Role::Client, request, text).with_evidence(evidence));
        }
    }
}
