//! What a server answers to an offer of permessage-deflate, by itself and held against the offer (RFC 7692 §5.1, §7).

use super::params::{self, Bits, CLIENT_MAX_WINDOW_BITS, Params, SERVER_MAX_WINDOW_BITS, faults};
use crate::Role;
use crate::http::{Head, StatusLine};
use crate::rules::docket::Docket;
use crate::rules::header_syntax::of_head;
use crate::rules::{Blames, Finding, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use crate::websocket::Extension;

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &ACCEPTED_BAD_OFFER,
    &UNKNOWN_PARAM,
    &INVALID_VALUE,
    &DUPLICATE_PARAM,
    &CLIENT_BITS_UNSOLICITED,
    &CLIENT_BITS_NO_VALUE,
    &CLIENT_BITS_TOO_LARGE,
    &SERVER_BITS_MISSING,
    &SERVER_BITS_TOO_LARGE,
    &SERVER_NCT_MISSING,
    &TWICE,
    &BITS_8,
    &AMBIGUOUS_OFFER,
];

fn agreeing(offer: &'static str, answer: &'static str) -> Scenario {
    Scenario::new().handshake_with_extensions(offer, answer)
}

/// `pmd-accepted-bad-offer`
pub static ACCEPTED_BAD_OFFER: Rule = Rule {
    id: "pmd-accepted-bad-offer",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7",
    quote: "A server MUST decline an extension negotiation offer for this extension if any of the following \
            conditions are met: … The negotiation offer contains an extension parameter with an invalid value.",
    statement: "The server accepted an offer of permessage-deflate that it must decline.",
    why: "The server understood something else than the client meant, and the two may disagree on the window or on \
          whether it is kept between messages.",
    restraint: "Silent where a valid offer fits the answer as well.",
    breaks: || {
        agreeing("permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=15")
    },
    keeps: || {
        agreeing("permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15")
    },
};

/// `pmd-resp-unknown-param`
pub static UNKNOWN_PARAM: Rule = Rule {
    id: "pmd-resp-unknown-param",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 7692 §7.1" },
    source: "RFC 7692 §7",
    quote: "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension negotiation offer \
            for this extension with an extension negotiation response meeting any of the following conditions: … The \
            negotiation response contains an extension parameter not defined for use in a response.",
    statement: "The server's answer has a parameter of permessage-deflate that is not defined.",
    why: "Clients fail the connection. A server that copies the offer into its answer does it as soon as a client \
          offers something new.",
    restraint: "Letter case is not judged.",
    breaks: || agreeing("permessage-deflate", "permessage-deflate; server_no_context_take_over"),
    keeps: || agreeing("permessage-deflate", "permessage-deflate; server_no_context_takeover"),
};

/// `pmd-resp-invalid-value`
pub static INVALID_VALUE: Rule = Rule {
    id: "pmd-resp-invalid-value",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 7692 §7.1" },
    source: "RFC 7692 §7",
    quote: "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension negotiation offer \
            for this extension with an extension negotiation response meeting any of the following conditions: … The \
            negotiation response contains an extension parameter with an invalid value.",
    statement: "A parameter of permessage-deflate in the server's answer has a value that it cannot have.",
    why: "Clients fail the connection. Window sizes go from 8 to 15 without leading zeros (§7.1.2), and the two \
          *_no_context_takeover have no value (§7.1.1).",
    restraint: "",
    breaks: || agreeing("permessage-deflate", "permessage-deflate; server_no_context_takeover=true"),
    keeps: || agreeing("permessage-deflate", "permessage-deflate; server_no_context_takeover"),
};

/// `pmd-resp-duplicate-param`
pub static DUPLICATE_PARAM: Rule = Rule {
    id: "pmd-resp-duplicate-param",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 7692 §7.1" },
    source: "RFC 7692 §7",
    quote: "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension negotiation offer \
            for this extension with an extension negotiation response meeting any of the following conditions: … The \
            negotiation response contains multiple extension parameters with the same name.",
    statement: "The server's answer has the same parameter of permessage-deflate twice.",
    why: "Clients fail the connection.",
    restraint: "",
    breaks: || {
        agreeing("permessage-deflate", "permessage-deflate; server_max_window_bits=12; server_max_window_bits=12")
    },
    keeps: || agreeing("permessage-deflate", "permessage-deflate; server_max_window_bits=12"),
};

/// `pmd-resp-client-bits-unsolicited`
pub static CLIENT_BITS_UNSOLICITED: Rule = Rule {
    id: "pmd-resp-client-bits-unsolicited",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.1.2.2",
    quote: "If a received extension negotiation offer doesn't have the \"client_max_window_bits\" extension \
            parameter, the corresponding extension negotiation response to the offer MUST NOT include the \
            \"client_max_window_bits\" extension parameter.",
    statement: "The server limits the client's window although the offer does not allow that.",
    why: "A client that does not say client_max_window_bits may not be able to use a smaller window, and fails the \
          connection.",
    restraint: "Silent where one of several offers fits the answer.",
    breaks: || agreeing("permessage-deflate", "permessage-deflate; client_max_window_bits=12"),
    keeps: || agreeing("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=12"),
};

/// `pmd-resp-client-bits-no-value`
pub static CLIENT_BITS_NO_VALUE: Rule = Rule {
    id: "pmd-resp-client-bits-no-value",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.1.2.2",
    quote: "",
    statement: "client_max_window_bits in the server's answer has no value.",
    why: "Only an offer may leave the value out. Strict clients fail the connection, others take it for 15. It comes \
          from copying the offer into the answer (libsoup#166).",
    restraint: "",
    breaks: || agreeing("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits"),
    keeps: || agreeing("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=15"),
};

/// `pmd-resp-client-bits-too-large`
pub static CLIENT_BITS_TOO_LARGE: Rule = Rule {
    id: "pmd-resp-client-bits-too-large",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.1.2.2",
    quote: "If the \"client_max_window_bits\" extension parameter in a received extension negotiation offer has a \
            value, the server may either ignore this value or use this value to avoid allocating an unnecessarily big \
            LZ77 sliding window by including the \"client_max_window_bits\" extension parameter in the corresponding \
            extension negotiation response to the offer with a value equal to or smaller than the received value.",
    statement: "The server sets the client's window to a larger size than the client offered.",
    why: "Clients fail the connection, because they cannot tell that the server understood the offer (ws#2336).",
    restraint: "Silent where one of several offers fits the answer.",
    breaks: || {
        agreeing("permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=12")
    },
    keeps: || {
        agreeing("permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=10")
    },
};

/// `pmd-resp-server-bits-missing`
pub static SERVER_BITS_MISSING: Rule = Rule {
    id: "pmd-resp-server-bits-missing",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.1.2.1",
    quote: "A server accepts an extension negotiation offer with this parameter by including the \
            \"server_max_window_bits\" extension parameter in the extension negotiation response to send back to the \
            client with the same or smaller value as the offer.",
    statement: "The server accepts an offer with server_max_window_bits without repeating the parameter.",
    why: "The client asked for a small window because it cannot hold a large one; without the echo it must expect \
          32,768 bytes, and fails the connection.",
    restraint: "Silent where one of several offers fits the answer.",
    breaks: || agreeing("permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
    keeps: || agreeing("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=9"),
};

/// `pmd-resp-server-bits-too-large`
pub static SERVER_BITS_TOO_LARGE: Rule = Rule {
    id: "pmd-resp-server-bits-too-large",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.1.2.1",
    quote: "A server accepts an extension negotiation offer with this parameter by including the \
            \"server_max_window_bits\" extension parameter in the extension negotiation response to send back to the \
            client with the same or smaller value as the offer.",
    statement: "The server announces a larger window than the client offered.",
    why: "The client keeps only the window it offered: references that reach further back cannot be resolved.",
    restraint: "Silent where one of several offers fits the answer.",
    breaks: || {
        agreeing("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=12")
    },
    keeps: || {
        agreeing("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10")
    },
};

/// `pmd-resp-server-nct-missing`
pub static SERVER_NCT_MISSING: Rule = Rule {
    id: "pmd-resp-server-nct-missing",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.1.1.1",
    quote: "A server accepts an extension negotiation offer that includes the \"server_no_context_takeover\" \
            extension parameter by including the \"server_no_context_takeover\" extension parameter in the \
            corresponding extension negotiation response to send back to the client.",
    statement: "The server accepts an offer with server_no_context_takeover without repeating the parameter.",
    why: "The client wanted to forget the window after each message; the server did not promise to do without it.",
    restraint: "Silent where one of several offers fits the answer.",
    breaks: || agreeing("permessage-deflate; server_no_context_takeover", "permessage-deflate"),
    keeps: || {
        agreeing("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover")
    },
};

/// `pmd-resp-twice`
pub static TWICE: Rule = Rule {
    id: "pmd-resp-twice",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §5.1",
    quote: "",
    statement: "The server accepts permessage-deflate more than once.",
    why: "Both would claim RSV1, and nobody can tell which parameters hold. Clients fail the connection. It comes from \
          answering each of the client's offers by itself.",
    restraint: "",
    breaks: || agreeing("permessage-deflate", "permessage-deflate, permessage-deflate"),
    keeps: || agreeing("permessage-deflate", "permessage-deflate"),
};

/// `pmd-bits-8`
pub static BITS_8: Rule = Rule {
    id: "pmd-bits-8",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.1.2",
    quote: "",
    statement: "A window of 8 bits, 256 bytes, was agreed.",
    why: "zlib cannot write raw DEFLATE with such a window: it quietly takes 9 bits (madler/zlib#171), whose \
          references a reader with 8 bits cannot resolve. Known to fail in bun#38632 and websockets#1757.",
    restraint: "A note only: whether it fails shows in the frames.",
    breaks: || agreeing("permessage-deflate", "permessage-deflate; server_max_window_bits=8"),
    keeps: || agreeing("permessage-deflate", "permessage-deflate; server_max_window_bits=9"),
};

/// `pmd-ambiguous-offer`
pub static AMBIGUOUS_OFFER: Rule = Rule {
    id: "pmd-ambiguous-offer",
    severity: Severity::Note,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §5.1",
    quote: "",
    statement: "Several different offers fit the server's answer.",
    why: "An answer does not say which offer it answers. Here it is taken to be the first that fits, for a client \
          lists its offers by preference.",
    restraint: "",
    breaks: || {
        let offers = "permessage-deflate; client_max_window_bits=10, permessage-deflate";
        agreeing(offers, "permessage-deflate")
    },
    keeps: || {
        let offers = "permessage-deflate; server_max_window_bits=10, permessage-deflate";
        agreeing(offers, "permessage-deflate")
    },
};

/// A finding that shows the answer as it stood on the wire.
fn finding(rule: &'static Rule, blame: Role, response: &Head<StatusLine>, text: String) -> Finding {
    let answer = response.first("sec-websocket-extensions").unwrap_or_default();
    of_head(rule, blame, response, text).with_evidence(answer)
}

/// Judges an accepted element by itself.
pub(super) fn judge(response: &Head<StatusLine>, answer: &Extension, docket: &mut Docket) {
    let mut file = |rule, blame, text| docket.file(finding(rule, blame, response, text));
    for fault in faults(answer) {
        let rule = match fault {
            params::Fault::Unknown(_) => &UNKNOWN_PARAM,
            params::Fault::Value(..) => &INVALID_VALUE,
            params::Fault::Duplicate(_) => &DUPLICATE_PARAM,
        };
        file(rule, Role::Server, format!("in the server's answer to permessage-deflate, {}", fault.describe()));
    }
    if answer.param(CLIENT_MAX_WINDOW_BITS) == Some(None) {
        let text = format!("{CLIENT_MAX_WINDOW_BITS} in the server's answer has no value");
        file(&CLIENT_BITS_NO_VALUE, Role::Server, text);
    }
    let params = Params::of(answer);
    for (sender, bits) in [(Role::Server, params.server_max_window_bits), (Role::Client, params.client_max_window_bits)]
    {
        if bits == Bits::Said(8) {
            file(&BITS_8, sender, format!("a window of 8 bits was agreed for what the {sender} compresses"));
        }
    }
}

/// permessage-deflate was accepted `count` times.
pub(super) fn judge_count(response: &Head<StatusLine>, count: usize, docket: &mut Docket) {
    let text = format!("the server accepts permessage-deflate {count} times");
    docket.file(finding(&TWICE, Role::Server, response, text));
}

/// Holds an answer against the offers. An answer does not say which offer it answers: it is in order if one fits, and
/// otherwise judged by the offer that it comes closest to. After a gap the answer may belong to another request.
pub(super) fn judge_match(
    response: &Head<StatusLine>,
    offers: &[&Extension],
    answer: &Extension,
    after_gap: bool,
    docket: &mut Docket,
) {
    let answer = Params::of(answer);
    let mut file = |rule, text| docket.file(finding(rule, Role::Server, response, text).after_gap(after_gap));
    let (valid, bad): (Vec<_>, Vec<_>) =
        offers.iter().map(|offer| (faults(offer), Params::of(offer))).partition(|(faults, _)| faults.is_empty());
    let fits = |offer: &Params| conflicts(offer, &answer).next().is_none();
    let mut fitting = valid.iter().map(|(_, offer)| offer).filter(|offer| fits(offer));
    if let Some(first) = fitting.next() {
        if let Some(other) = fitting.find(|other| *other != first) {
            let text = format!(
                "the server's answer fits several offers; it is taken to answer the one with {} and not that with {}",
                first.describe(),
                other.describe()
            );
            file(&AMBIGUOUS_OFFER, text);
        }
        return;
    }
    let closest = valid.iter().map(|(_, offer)| offer).min_by_key(|offer| conflicts(offer, &answer).count());
    if let Some((faults, _)) = bad.iter().find(|(_, offer)| closest.is_none() || fits(offer)) {
        if let Some(fault) = faults.first() {
            file(&ACCEPTED_BAD_OFFER, format!("the server accepts an offer in which {}", fault.describe()));
        }
        return;
    }
    for (rule, text) in closest.into_iter().flat_map(|offer| conflicts(offer, &answer)) {
        file(rule, text);
    }
}

/// In which ways an answer does not fit a valid offer. Values that are not valid are judged elsewhere.
fn conflicts(offer: &Params, answer: &Params) -> impl Iterator<Item = (&'static Rule, String)> {
    let nct = (offer.server_no_context_takeover && !answer.server_no_context_takeover).then(|| {
        let text = "the client offers server_no_context_takeover and the server accepts without it";
        (&SERVER_NCT_MISSING, text.to_owned())
    });
    // RFC 7692 §7.1.2.1.
    let server = match (offer.server_max_window_bits, answer.server_max_window_bits) {
        (Bits::Said(offered), Bits::Absent) => Some((
            &SERVER_BITS_MISSING,
            format!("the client offers {SERVER_MAX_WINDOW_BITS}={offered} and the server accepts without it"),
        )),
        (Bits::Said(offered), Bits::Said(said)) if said > offered => Some((
            &SERVER_BITS_TOO_LARGE,
            format!("the client offers {SERVER_MAX_WINDOW_BITS}={offered} and the server answers {said}"),
        )),
        _ => None,
    };
    // RFC 7692 §7.1.2.2.
    let client = match (offer.client_max_window_bits, answer.client_max_window_bits) {
        (Bits::Absent, Bits::Said(_) | Bits::Unsaid) => Some((
            &CLIENT_BITS_UNSOLICITED,
            format!("the server answers {CLIENT_MAX_WINDOW_BITS}, which the client does not offer"),
        )),
        (Bits::Said(offered), Bits::Said(said)) if said > offered => Some((
            &CLIENT_BITS_TOO_LARGE,
            format!("the client offers {CLIENT_MAX_WINDOW_BITS}={offered} and the server answers {said}"),
        )),
        _ => None,
    };
    [nct, server, client].into_iter().flatten().map(|(rule, text): (&'static Rule, String)| (rule, text))
}
