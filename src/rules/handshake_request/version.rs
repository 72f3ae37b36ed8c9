//! `Sec-WebSocket-Version`: 13, said once (RFC 6455 §4.1 item 9, §4.3, §4.4).

use super::Case;
use crate::rules::header_syntax::{Field, quoted};
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use crate::websocket::Family;

/// The rules of this file.
pub const RULES: &[&Rule] =
    &[&VERSION_MISSING, &VERSION_SYNTAX, &VERSION_DUPLICATE, &VERSION_RESERVED, &VERSION_NOT_13];

const VERSION: &str = "Sec-WebSocket-Version";

fn with_version(version: &'static str) -> Scenario {
    Scenario::new().handshake_with(|request| request.replace(VERSION, version), |response| response)
}

/// `hs-req-version-missing`
pub static VERSION_MISSING: Rule = Rule {
    id: "hs-req-version-missing",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The request MUST include a header field with the name |Sec-WebSocket-Version|.",
    statement: "The request has no Sec-WebSocket-Version.",
    why: "Without it a server takes the client for one of an old draft, or refuses it with 400 or 426.",
    restraint: "Silent for clients of the hixie drafts, which know no version.",
    breaks: || Scenario::new().handshake_with(|request| request.without(VERSION), |response| response),
    keeps: || Scenario::new().handshake(),
};

/// `hs-req-version-syntax`
pub static VERSION_SYNTAX: Rule = Rule {
    id: "hs-req-version-syntax",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.3",
    quote: "Limited to 0-255 range, with no leading zeros",
    statement: "Sec-WebSocket-Version is not a number from 0 to 255 without leading zeros.",
    why: "Servers compare the value with \"13\" as text and refuse any other spelling. A list of versions is the \
          server's to send, not the client's.",
    restraint: "",
    breaks: || with_version("13, 8"),
    keeps: || with_version("13"),
};

/// `hs-req-version-duplicate`
pub static VERSION_DUPLICATE: Rule = Rule {
    id: "hs-req-version-duplicate",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §11.3.5",
    quote: "However, the |Sec-WebSocket-Version| header field MUST NOT appear more than once in an HTTP request.",
    statement: "Sec-WebSocket-Version appears more than once.",
    why: "A server that joins the lines reads \"13, 13\" and refuses the request. It mostly comes from setting the \
          header by hand beside a library that sets it too.",
    restraint: "",
    breaks: || Scenario::new().handshake_with(|request| request.header(VERSION, "13"), |response| response),
    keeps: || Scenario::new().handshake(),
};

/// `hs-req-version-reserved`
pub static VERSION_RESERVED: Rule = Rule {
    id: "hs-req-version-reserved",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 426, source: "RFC 6455 §4.2.2" },
    source: "RFC 6455 §4.1",
    quote: "These values were reserved in the IANA registry but were not and will not be used.",
    statement: "Sec-WebSocket-Version is 9, 10, 11 or 12, which were never versions of the protocol.",
    why: "The drafts with these numbers sent version 8. No server knows them.",
    restraint: "",
    breaks: || with_version("9"),
    keeps: || with_version("13"),
};

/// `hs-req-version-not-13`
pub static VERSION_NOT_13: Rule = Rule {
    id: "hs-req-version-not-13",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 426, source: "RFC 6455 §4.2.2" },
    source: "RFC 6455 §4.1",
    quote: "The value of this header field MUST be 13.",
    statement: "Sec-WebSocket-Version is not 13.",
    why: "A server of RFC 6455 answers such a request with 426 and the versions that it knows. One that switches all \
          the same speaks a protocol that is written down nowhere.",
    restraint: "An error once the server switches protocols; a note where the server answers with the versions that \
                it knows, for then the two are negotiating (§4.4). Silent where a server switches to a draft, 4 to 8.",
    breaks: || with_version("14"),
    keeps: || with_version("13"),
};

pub(super) fn judge(case: &mut Case<'_>) {
    let Field { first, lines } = Field::of(case.request, VERSION);
    let Some(first) = first else {
        // RFC 8441 §5 asks for it less strictly: see the rules for HTTP/2.
        if case.handshake.http2.is_some() {
            return;
        }
        return case.file(&VERSION_MISSING, "the request has no Sec-WebSocket-Version");
    };
    if (first, lines) == (b"13", 1) {
        return;
    }
    if lines > 1 {
        let text = format!("Sec-WebSocket-Version appears {lines} times in the request");
        case.file_showing(&VERSION_DUPLICATE, first, text);
    }
    if let Some(value) = case.request.all(VERSION).find(|value| parse(value).is_none()) {
        let text = format!("the version {} is not a number from 0 to 255 without leading zeros", quoted(value));
        case.file_showing(&VERSION_SYNTAX, value, text);
    }
    match parse(first) {
        None | Some(13) => {}
        Some(version @ 9..=12) => {
            let text = format!("the client asks for version {version}, which was reserved and never used");
            case.file_showing(&VERSION_RESERVED, first, text);
        }
        Some(version) => judge_other(case, version, first),
    }
}

/// RFC 6455 §4.4: until the server agrees, a version is a proposal.
fn judge_other(case: &mut Case<'_>, version: u8, evidence: &[u8]) {
    let attempt = &case.handshake.attempt;
    let answer = attempt.response.as_ref();
    if attempt.switched && matches!(case.handshake.family, Family::Hybi(_)) {
        return;
    }
    let (severity, what) = if attempt.switched && answer.is_some() {
        (Severity::Error, "and the server switched protocols")
    } else if answer.is_some_and(|answer| answer.first(VERSION).is_some()) {
        (Severity::Note, "and the server answered with the versions it knows")
    } else {
        (VERSION_NOT_13.severity, "instead of 13")
    };
    let text = format!("the client asks for version {version} {what}");
    let finding = case.finding(&VERSION_NOT_13, text).with_severity(severity).with_evidence(evidence);
    let finding = finding.after_gap(attempt.after_gap);
    case.docket.file(finding);
}

/// RFC 6455 §4.3: `version = DIGIT | (NZDIGIT DIGIT) | ("1" DIGIT DIGIT) | ("2" DIGIT DIGIT)`, at most 255.
fn parse(value: &[u8]) -> Option<u8> {
    let is_canonical = value.iter().all(u8::is_ascii_digit) && (value.len() == 1 || value.first() != Some(&b'0'));
    std::str::from_utf8(value).ok().filter(|_| is_canonical)?.parse().ok()
}
