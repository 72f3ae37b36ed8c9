//! The request as HTTP: start line, Host, Upgrade, Connection, and when it was sent (RFC 6455 §4.1 steps 1 and 2 and
//! items 1 to 6 of the request).

use super::{Case, Generation};
use crate::http::{Fault, Head, RequestLine};
use crate::rules::header_syntax::{Field, connection_lists_upgrade, is_token, quoted, upgrade_lists_websocket};
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Request, Scenario, text};
use crate::websocket::Family;

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &MALFORMED_HTTP,
    &METHOD_NOT_GET,
    &HTTP_VERSION_LOW,
    &TARGET_INVALID,
    &TARGET_FRAGMENT,
    &HOST_MISSING,
    &HOST_DUPLICATE,
    &UPGRADE_MISSING,
    &CONNECTION_MISSING_UPGRADE,
    &HAS_BODY,
    &EARLY_DATA,
    &PARALLEL_CONNECTING,
];

fn with(change: fn(Request) -> Request) -> Scenario {
    Scenario::new().handshake_with(change, |response| response)
}

/// `hs-req-malformed-http`
pub static MALFORMED_HTTP: Rule = Rule {
    id: "hs-req-malformed-http",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The handshake MUST be a valid HTTP request as specified by [RFC2616].",
    statement: "The opening handshake is not a valid HTTP request.",
    why: "Strict servers and proxies answer 400, lenient ones pass it on: the handshake works or fails with what \
          stands between. Two readers that disagree on where a line ends can be made to see different requests.",
    restraint: "A head that is cut off is a warning unless the server switched protocols: the client may have been \
                interrupted. Silent where the head is longer than what the analysis keeps of it.",
    breaks: || with(|request| request.line_end("\n")),
    keeps: || with(|request| request.line_end("\r\n")),
};

/// `hs-req-method-not-get`
pub static METHOD_NOT_GET: Rule = Rule {
    id: "hs-req-method-not-get",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The method of the request MUST be GET, and the HTTP version MUST be at least 1.1.",
    statement: "The upgrade request uses another method than GET.",
    why: "Servers answer 405 or treat it as an ordinary request. Methods compare with case: \"get\" is not GET.",
    restraint: "",
    breaks: || with(|request| request.method("POST")),
    keeps: || with(|request| request.method("GET")),
};

/// `hs-req-http-version-low`
pub static HTTP_VERSION_LOW: Rule = Rule {
    id: "hs-req-http-version-low",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The method of the request MUST be GET, and the HTTP version MUST be at least 1.1.",
    statement: "The upgrade request's HTTP version is below 1.1.",
    why: "A server must ignore Upgrade in a request of HTTP/1.0 (RFC 9110 §7.8). The usual cause is a reverse proxy \
          that speaks HTTP/1.0 to its backend unless told otherwise.",
    restraint: "",
    breaks: || with(|request| request.version("HTTP/1.0")),
    keeps: || with(|request| request.version("HTTP/1.1")),
};

/// `hs-req-target-invalid`
pub static TARGET_INVALID: Rule = Rule {
    id: "hs-req-target-invalid",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "The \"Request-URI\" part of the request MUST match the /resource name/ defined in Section 3 (a relative \
            URI) or be an absolute http/https URI that, when parsed, has a /resource name/, /host/, and /port/ that \
            match the corresponding ws/wss URI.",
    statement: "The request target is neither an absolute path nor an http or https URI that agrees with Host.",
    why: "Clients that put the ws:// URL on the request line work with servers that cut it off, and get 400 or 404 \
          from others. A URI that contradicts Host is routed to one of two places.",
    restraint: "The characters of a path are not judged. A URI is held against Host only where there is exactly one.",
    breaks: || with(|request| request.target("ws://server.example.com/chat")),
    keeps: || with(|request| request.target("http://server.example.com:80/chat")),
};

/// `hs-req-target-fragment`
pub static TARGET_FRAGMENT: Rule = Rule {
    id: "hs-req-target-fragment",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §3",
    quote: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these URIs.",
    statement: "The request target has a fragment.",
    why: "A fragment never belongs on the wire: servers take it for a part of the path or refuse the request. A \"#\" \
          that is meant must be written %23.",
    restraint: "",
    breaks: || with(|request| request.target("/chat#room")),
    keeps: || with(|request| request.target("/chat%23room")),
};

/// `hs-req-host-missing`
pub static HOST_MISSING: Rule = Rule {
    id: "hs-req-host-missing",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 9112 §3.2" },
    source: "RFC 6455 §4.1",
    quote: "The request MUST contain a |Host| header field whose value contains /host/ plus optionally \":\" followed \
            by /port/ (when not using the default port).",
    statement: "The request has no Host, or an empty one.",
    why: "Servers must answer 400 (RFC 9112 §3.2); one behind a shared address does not know whom it is for.",
    restraint: "",
    breaks: || with(|request| request.without("Host")),
    keeps: || with(|request| request),
};

/// `hs-req-host-duplicate`
pub static HOST_DUPLICATE: Rule = Rule {
    id: "hs-req-host-duplicate",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 9112 §3.2" },
    source: "RFC 9112 §3.2",
    quote: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a \
            Host header field and to any request message that contains more than one Host header field line or a \
            Host header field with an invalid field value.",
    statement: "Host appears more than once.",
    why: "A proxy and its backend may each believe another line, which is a way around access rules. It mostly comes \
          from adding Host to the headers that a library sends of itself.",
    restraint: "",
    breaks: || with(|request| request.header("Host", "server.example.com")),
    keeps: || with(|request| request),
};

/// `hs-req-upgrade-missing`
pub static UPGRADE_MISSING: Rule = Rule {
    id: "hs-req-upgrade-missing",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The request MUST contain an |Upgrade| header field whose value MUST include the \"websocket\" keyword.",
    statement: "Upgrade does not contain \"websocket\".",
    why: "Without it the request asks for an ordinary answer. The usual cause is a reverse proxy: Upgrade is a \
          hop-by-hop header, which a proxy drops unless it is told to pass it on.",
    restraint: "Letter case and other protocols in the list do not count.",
    breaks: || with(|request| request.without("Upgrade")),
    keeps: || with(|request| request.replace("Upgrade", "WebSocket")),
};

/// `hs-req-connection-missing-upgrade`
pub static CONNECTION_MISSING_UPGRADE: Rule = Rule {
    id: "hs-req-connection-missing-upgrade",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The request MUST contain a |Connection| header field whose value MUST include the \"Upgrade\" token.",
    statement: "Connection does not list \"Upgrade\".",
    why: "Servers ignore an Upgrade that Connection does not name. The usual cause is a reverse proxy that sets \
          Connection to keep-alive or close.",
    restraint: "Letter case, several lines and other tokens such as keep-alive do not count.",
    breaks: || with(|request| request.replace("Connection", "keep-alive")),
    keeps: || with(|request| request.replace("Connection", "keep-alive, Upgrade")),
};

/// `hs-req-has-body`
pub static HAS_BODY: Rule = Rule {
    id: "hs-req-has-body",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 9110 §7.8",
    quote: "A client cannot begin using an upgraded protocol on the connection until it has completely sent the \
            request message (i.e., the client can't change the protocol it is sending in the middle of a message).",
    statement: "The upgrade request announces a body.",
    why: "Few servers read the body of an upgrade request: its bytes are then taken for the first frame.",
    restraint: "A Content-Length of 0 announces none.",
    breaks: || with(|request| request.header("Content-Length", "5").body("Hello")),
    keeps: || with(|request| request.header("Content-Length", "0")),
};

/// `hs-req-early-data`
pub static EARLY_DATA: Rule = Rule {
    id: "hs-req-early-data",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "Once the client's opening handshake has been sent, the client MUST wait for a response from the server \
            before sending any further data.",
    statement: "The client sent more bytes before it had the server's answer.",
    why: "A server that reads the request in one piece loses those bytes; one that refuses takes them for the next \
          request, which is a way to smuggle one.",
    restraint: "Only where the acknowledgment number proves it: the segment acknowledges no byte of the answer.",
    breaks: || Scenario::new().request(|request| request).client(text("Hello")).response(|response| response),
    keeps: || Scenario::new().request(|request| request).response(|response| response).client(text("Hello")),
};

/// `hs-req-parallel-connecting`
pub static PARALLEL_CONNECTING: Rule = Rule {
    id: "hs-req-parallel-connecting",
    severity: Severity::Note,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "There MUST be no more than one connection in a CONNECTING state.",
    statement: "The client opened two connections to one server at the same time.",
    why: "Opening one connection after the other keeps a script from flooding a server with handshakes. Browsers do \
          it for each page's host; other clients hardly ever.",
    restraint: "A note only: several programs, or several hosts behind one address, look like one client. Silent \
                through a proxy, where the address of the server is not known.",
    breaks: || Scenario::new().request(|request| request).connection().handshake().resume(0).response(|answer| answer),
    keeps: || Scenario::new().handshake().connection().handshake(),
};

/// The start line and the form of the head, which can be judged even if the head was cut off.
pub(super) fn judge_start(case: &mut Case<'_>, head_bytes: u64) {
    judge_form(case, head_bytes);
    let request = case.request;
    let RequestLine { method, target, version } = &request.line;
    if !method.is_empty() && method != "GET" {
        let text = format!("the upgrade request uses the method {}", quoted(method.as_bytes()));
        case.file_showing(&METHOD_NOT_GET, method.as_bytes(), text);
    }
    if is_below_1_1(version) {
        let text = format!("the upgrade request is {}", quoted(version.as_bytes()));
        case.file_showing(&HTTP_VERSION_LOW, version.as_bytes(), text);
    }
    if let Some(fault) = target_fault(target, || only_host(request)) {
        let text = format!("the request target {} {fault}", quoted(target.as_bytes()));
        case.file_showing(&TARGET_INVALID, target.as_bytes(), text);
    }
    if memchr::memchr(b'#', target.as_bytes()).is_some() {
        let text = format!("the request target {} has a fragment", quoted(target.as_bytes()));
        case.file_showing(&TARGET_FRAGMENT, target.as_bytes(), text);
    }
}

fn judge_form(case: &mut Case<'_>, head_bytes: u64) {
    let request = case.request;
    if request.faults.is_empty() {
        return;
    }
    let cut_by_limit = request.length >= head_bytes;
    let faults = || request.faults.iter().filter(|&&fault| fault != Fault::Unfinished || !cut_by_limit);
    let clauses: Vec<&str> = faults().map(|fault| fault.describe()).collect();
    if clauses.is_empty() {
        return;
    }
    let only_cut = faults().all(|&fault| fault == Fault::Unfinished);
    let severity = match only_cut && !case.handshake.attempt.switched {
        true => Severity::Warning,
        false => MALFORMED_HTTP.severity,
    };
    let name = request.headers.iter().map(|header| header.name).find(|name| !is_token(name));
    let mut text = format!("the request is not valid HTTP: {}", clauses.join("; "));
    if let Some(name) = name {
        text.push_str(&format!(" ({})", quoted(name)));
    }
    let finding = case.finding(&MALFORMED_HTTP, text).with_severity(severity);
    case.docket.file(finding.with_evidence(name.unwrap_or_default()));
}

/// Host, Upgrade and Connection.
pub(super) fn judge_fields(case: &mut Case<'_>) {
    let request = case.request;
    let Field { first, lines } = Field::of(request, "host");
    match first {
        None => case.file(&HOST_MISSING, "the request has no Host"),
        Some(first) if lines > 1 => {
            let text = format!("Host appears {lines} times in the request");
            case.file_showing(&HOST_DUPLICATE, first, text);
        }
        Some(b"") => case.file(&HOST_MISSING, "Host is empty"),
        Some(_) => {}
    }
    if !upgrade_lists_websocket(request) {
        let text = match request.first("upgrade") {
            Some(value) => format!("Upgrade is {}, without \"websocket\"", quoted(value)),
            None => "the request has no Upgrade".to_owned(),
        };
        case.file_showing(&UPGRADE_MISSING, request.first("upgrade").unwrap_or_default(), text);
    }
    if !connection_lists_upgrade(request) {
        let text = match request.first("connection") {
            Some(value) => format!("Connection is {}, without \"Upgrade\"", quoted(value)),
            None => "the request has no Connection".to_owned(),
        };
        case.file_showing(&CONNECTION_MISSING_UPGRADE, request.first("connection").unwrap_or_default(), text);
    }
}

/// What the client did beside sending the head.
pub(super) fn judge_course(case: &mut Case<'_>) {
    let (handshake, request) = (case.handshake, case.request);
    // Over HTTP/2 neither field frames anything.
    let body = announced_body(request).filter(|_| handshake.http2.is_none());
    if let Some((name, value)) = body {
        let text = format!("the upgrade request announces a body: {name} is {}", quoted(value));
        case.file_showing(&HAS_BODY, value, text);
    }
    if let Some(packet) = handshake.attempt.early_data {
        let text = "the client sends more bytes before it has the server's answer";
        let mut finding = case.finding(&EARLY_DATA, text).after_gap(handshake.attempt.after_gap);
        // Behind a body it is not known where the further bytes begin.
        let is_behind_head = body.is_none() && handshake.family != Family::Hixie76;
        finding.stream_offset = is_behind_head.then_some(request.offset.saturating_add(request.length));
        case.docket.file(finding.at(packet));
    }
    // RFC 6455 §4.1 step 2: through a proxy, each host name counts as a server of its own.
    let through_proxy = handshake.attempt.tunnel.is_some() || !request.line.target.starts_with('/');
    if let Some(other) = handshake.neighbourhood.opening_beside
        && case.generation != Generation::Hixie
        && !through_proxy
    {
        let text = format!("the client opens this connection while connection {other} to the same server is opening");
        case.file(&PARALLEL_CONNECTING, text);
    }
}

/// Name and value of the header line that announces a body (RFC 9112 §6.3).
fn announced_body(request: &Head<RequestLine>) -> Option<(&'static str, &[u8])> {
    if let Some(coding) = request.first("transfer-encoding") {
        return Some(("Transfer-Encoding", coding));
    }
    let length = request.first("content-length")?;
    let announces = length.iter().all(u8::is_ascii_digit) && length.iter().any(|&digit| digit != b'0');
    announces.then_some(("Content-Length", length))
}

/// RFC 9112 §2.3: `HTTP-version = "HTTP" "/" DIGIT "." DIGIT`; anything else is a malformed start line.
fn is_below_1_1(version: &str) -> bool {
    match version.as_bytes() {
        [b'H' | b'h', b'T' | b't', b'T' | b't', b'P' | b'p', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            (*major, *minor) < (b'1', b'1')
        }
        _ => false,
    }
}

fn only_host(request: &Head<RequestLine>) -> Option<&[u8]> {
    Field::of(request, "host").only().filter(|host| !host.is_empty())
}

/// What is wrong with a target, as the end of a sentence.
fn target_fault<'a>(target: &str, host: impl FnOnce() -> Option<&'a [u8]>) -> Option<String> {
    if target.is_empty() || target.starts_with('/') {
        return None;
    }
    let Some((scheme, rest)) = target.split_once("://") else {
        return Some("is neither an absolute path nor an http or https URI".to_owned());
    };
    let default_port = match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => "80",
        _ if scheme.eq_ignore_ascii_case("https") => "443",
        _ => return Some("is a URI of another scheme than http or https".to_owned()),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if authority.is_empty() {
        return Some("names no host".to_owned());
    }
    let host = host()?;
    let told = String::from_utf8_lossy(host);
    let agrees = endpoint(authority, default_port) == endpoint(&told, default_port);
    (!agrees).then(|| format!("contradicts Host, which is {}", quoted(host)))
}

/// Host, in lower case, and port (RFC 3986 §3.2).
fn endpoint<'a>(authority: &'a str, default_port: &'a str) -> (String, &'a str) {
    let host_end = match authority.rfind(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some(colon) if !authority[colon..].contains(']') => colon,
        _ => authority.len(),
    };
    let port = authority[host_end..].trim_start_matches(':');
    (authority[..host_end].to_ascii_lowercase(), if port.is_empty() { default_port } else { port })
}
