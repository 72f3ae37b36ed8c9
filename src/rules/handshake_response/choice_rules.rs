//! The rules about what the server chose from the client's offer: the subprotocol and the extensions.

use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::Scenario;

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &PROTOCOL_NOT_OFFERED,
    &PROTOCOL_CASE,
    &PROTOCOL_MULTIPLE,
    &PROTOCOL_EMPTY,
    &PROTOCOL_NONE,
    &EXT_SYNTAX,
    &EXT_NOT_OFFERED,
    &EXT_EMPTY,
    &EXT_DUPLICATE_HEADER,
    &EXT_RSV_CONFLICT,
];

const PROTOCOL: &str = "Sec-WebSocket-Protocol";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// The client offers subprotocols, the server answers with these lines.
fn protocols(offered: &str, chosen: &[&str]) -> Scenario {
    Scenario::new().handshake_with(
        |request| request.header(PROTOCOL, offered),
        |response| chosen.iter().fold(response, |response, value| response.header(PROTOCOL, *value)),
    )
}

/// The client offers extensions, the server answers with these lines.
fn extensions(offered: &str, accepted: &[&str]) -> Scenario {
    Scenario::new().handshake_with(
        |request| request.header(EXTENSIONS, offered),
        |response| accepted.iter().fold(response, |response, value| response.header(EXTENSIONS, *value)),
    )
}

/// `hs-resp-protocol-not-offered`
pub static PROTOCOL_NOT_OFFERED: Rule = Rule {
    id: "hs-resp-protocol-not-offered",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.1",
    quote: "If the response includes a |Sec-WebSocket-Protocol| header field and this header field indicates the use \
            of a subprotocol that was not present in the client's handshake (the server has indicated a subprotocol \
            not requested by the client), the client MUST _Fail the WebSocket Connection_.",
    statement: "The server chose a subprotocol that the client did not offer.",
    why: "Browsers fail the connection. Servers that know only one subprotocol name it to everyone.",
    restraint: "Silent when the request was not captured whole.",
    breaks: || protocols("chat, superchat", &["soap"]),
    keeps: || protocols("chat, superchat", &["superchat"]),
};

/// `hs-resp-protocol-case`
pub static PROTOCOL_CASE: Rule = Rule {
    id: "hs-resp-protocol-case",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.2.2",
    quote: "The value chosen MUST be derived from the client's handshake, specifically by selecting one of the values \
            from the |Sec-WebSocket-Protocol| field that the server is willing to use for this connection (if any).",
    statement: "The server chose an offered subprotocol but spells it in other letter case.",
    why: "Subprotocol names have case. Browsers fail the connection; other clients do not notice.",
    restraint: "Silent when the request was not captured whole.",
    breaks: || protocols("chat", &["Chat"]),
    keeps: || protocols("chat", &["chat"]),
};

/// `hs-resp-protocol-multiple`
pub static PROTOCOL_MULTIPLE: Rule = Rule {
    id: "hs-resp-protocol-multiple",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §11.3.4",
    quote: "However, the |Sec-WebSocket-Protocol| header field MUST NOT appear more than once in an HTTP response.",
    statement: "The server chose more than one subprotocol.",
    why: "Servers that send back the client's list as it stands do this. Browsers take the whole list for one name, \
          which was not offered, and fail the connection.",
    restraint: "",
    breaks: || protocols("chat, superchat", &["chat, superchat"]),
    keeps: || protocols("chat, superchat", &["chat"]),
};

/// `hs-resp-protocol-empty`
pub static PROTOCOL_EMPTY: Rule = Rule {
    id: "hs-resp-protocol-empty",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.2.2",
    quote: "The empty string is not the same as the null value for these purposes and is not a legal value for this \
            field.",
    statement: "Sec-WebSocket-Protocol is present but empty.",
    why: "A server that agrees to no subprotocol must leave the field away. Browsers fail the connection.",
    restraint: "",
    breaks: || Scenario::new().handshake_with(|request| request, |response| response.header(PROTOCOL, "")),
    keeps: || Scenario::new().handshake(),
};

/// `hs-resp-protocol-none`
pub static PROTOCOL_NONE: Rule = Rule {
    id: "hs-resp-protocol-none",
    severity: Severity::Warning,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "WHATWG WebSockets",
    quote: "If protocols is not the empty list and extracting header list values given `Sec-WebSocket-Protocol` and \
            response's header list results in null, failure, or the empty byte sequence, then fail the WebSocket \
            connection.",
    statement: "The client offered subprotocols and the server chose none.",
    why: "It is legal in RFC 6455, but browsers fail the connection: a server that works with other clients does not \
          work with a page that passes a second argument to `new WebSocket`.",
    restraint: "Silent when the request was not captured whole.",
    breaks: || protocols("chat, superchat", &[]),
    keeps: || protocols("chat, superchat", &["chat"]),
};

/// `hs-resp-ext-syntax`
pub static EXT_SYNTAX: Rule = Rule {
    id: "hs-resp-ext-syntax",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §9.1" },
    source: "RFC 6455 §9.1",
    quote: "If a value is received by either the client or the server during negotiation that does not conform to the \
            ABNF below, the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_.",
    statement: "Sec-WebSocket-Extensions in the answer does not follow the grammar.",
    why: "Clients must fail the connection. Those that do not disagree about which extensions are in use.",
    restraint: "",
    breaks: || extensions("permessage-deflate", &["permessage-deflate;"]),
    keeps: || extensions("permessage-deflate", &["permessage-deflate"]),
};

/// `hs-resp-ext-not-offered`
pub static EXT_NOT_OFFERED: Rule = Rule {
    id: "hs-resp-ext-not-offered",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.1",
    quote: "If the response includes a |Sec-WebSocket-Extensions| header field and this header field indicates the use \
            of an extension that was not present in the client's handshake (the server has indicated an extension not \
            requested by the client), the client MUST _Fail the WebSocket Connection_.",
    statement: "The server accepted an extension that the client did not offer.",
    why: "The client does not speak it. With compression, each message of the server would be noise to it.",
    restraint: "Silent when the request was not captured whole, and when the offer does not follow the grammar.",
    breaks: || extensions("bbf-usp-protocol", &["permessage-deflate"]),
    keeps: || extensions("bbf-usp-protocol, permessage-deflate", &["permessage-deflate"]),
};

/// `hs-resp-ext-empty`
pub static EXT_EMPTY: Rule = Rule {
    id: "hs-resp-ext-empty",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.2.2",
    quote: "The absence of such a field is equivalent to the null value. The empty string is not the same as the null \
            value for these purposes.",
    statement: "Sec-WebSocket-Extensions is present but empty.",
    why: "A server that accepts no extension must leave the field away: the grammar has no empty list.",
    restraint: "",
    breaks: || extensions("permessage-deflate", &[""]),
    keeps: || extensions("permessage-deflate", &[]),
};

/// `hs-resp-ext-duplicate-header`
pub static EXT_DUPLICATE_HEADER: Rule = Rule {
    id: "hs-resp-ext-duplicate-header",
    severity: Severity::Warning,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §11.3.2, §4.2.2",
    quote: "However, the |Sec-WebSocket-Extensions| header field MUST NOT appear more than once in an HTTP response.",
    statement: "Sec-WebSocket-Extensions appears more than once in the answer.",
    why: "RFC 6455 contradicts itself: §11.3.2 forbids it, §4.2.2 allows to split the field \"between multiple \
          instances\", and verified erratum 3433 sides with §4.2.2. WebKit fails the connection.",
    restraint: "A warning, since the text can be read either way.",
    breaks: || extensions("bbf-usp-protocol, permessage-deflate", &["bbf-usp-protocol", "permessage-deflate"]),
    keeps: || extensions("bbf-usp-protocol, permessage-deflate", &["bbf-usp-protocol, permessage-deflate"]),
};

/// `hs-resp-ext-rsv-conflict`
pub static EXT_RSV_CONFLICT: Rule = Rule {
    id: "hs-resp-ext-rsv-conflict",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 7692 §5",
    quote: "A server MUST NOT accept a PMCE extension negotiation offer together with another extension if the PMCE \
            will conflict with the extension on their use of the RSV1 bit. A client that received a response accepting \
            a PMCE extension negotiation offer together with such an extension MUST _Fail the WebSocket Connection_.",
    statement: "Two accepted extensions both use RSV1.",
    why: "A frame with RSV1 set then means two things at once. It comes from a server that accepts all it knows \
          instead of the first it knows.",
    restraint: "Speaks of extensions whose use of RSV1 is known; silent about others.",
    breaks: || {
        let both = "permessage-deflate, x-webkit-deflate-frame";
        extensions(both, &[both])
    },
    keeps: || extensions("permessage-deflate, x-webkit-deflate-frame", &["permessage-deflate"]),
};
