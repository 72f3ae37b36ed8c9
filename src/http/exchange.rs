//! Requests that wait for their answers, and what an answer of 101 means.

use super::head::{Head, RequestLine, StatusLine};

/// A request that was not answered yet.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The head; left out where too many requests wait to keep them all.
    pub head: Option<Box<Head<RequestLine>>>,
    /// What it asks for.
    pub asks: Asks,
    /// Its method is HEAD: the answer has no body (RFC 9110 §9.3.2).
    pub is_head: bool,
}

/// HTTP/2 in clear, as `Upgrade` names it.
const HTTP2: &str = "h2c";

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// An ordinary answer.
    Answer,
    /// A tunnel to this target (RFC 9110 §9.3.6).
    Tunnel(String),
    /// A WebSocket.
    WebSocket,
    /// HTTP/2 (RFC 7540 §3.2).
    Http2,
}

impl Exchange {
    pub fn new(head: Box<Head<RequestLine>>) -> Exchange {
        let asks = if asks_for_websocket(&head) {
            Asks::WebSocket
        } else if head.line.method == "CONNECT" {
            Asks::Tunnel(head.line.target.clone())
        } else if head.lists("upgrade", HTTP2) {
            Asks::Http2
        } else {
            Asks::Answer
        };
        Exchange { asks, is_head: head.line.method == "HEAD", head: Some(head) }
    }
}

/// Whether a request asks for a WebSocket, be it ever so broken.
fn asks_for_websocket(head: &Head<RequestLine>) -> bool {
    const KEYS: [&str; 3] = ["sec-websocket-key", "sec-websocket-version", "sec-websocket-key1"];
    mentions_websocket(head) || KEYS.iter().any(|name| head.first(name).is_some())
}

/// Whether `Upgrade` contains "websocket" in any letter case.
fn mentions_websocket<Line>(head: &Head<Line>) -> bool {
    const NAME: &[u8] = b"websocket";
    // As nearly all say it.
    head.first("upgrade") == Some(NAME)
        || head.all("upgrade").any(|value| value.windows(NAME.len()).any(|window| window.eq_ignore_ascii_case(NAME)))
}

/// Whether a request follows hixie-76: two keys, and eight bytes behind the head that no header announces.
pub(super) fn has_hixie_keys(head: &Head<RequestLine>) -> bool {
    head.first("sec-websocket-key1").is_some() && head.first("sec-websocket-key2").is_some()
}

/// Whether a 101 is followed by the 16 bytes with which hixie-76 answers the challenge.
pub(super) fn has_hixie_answer(request: Option<&Head<RequestLine>>, response: &Head<StatusLine>) -> bool {
    let asked = match request {
        Some(request) => has_hixie_keys(request),
        // Only hixie-76 has this header; hixie-75 has no "Sec-", later drafts have the accept header.
        None => response.first("sec-websocket-location").is_some(),
    };
    asked && response.first("sec-websocket-accept").is_none()
}

/// Whether a 101 switches to HTTP/2.
pub(super) fn switches_to_http2(response: &Head<StatusLine>) -> bool {
    response.lists("upgrade", HTTP2)
}

/// Whether a 101 switches to WebSocket, as far as can be told.
///
/// A server that was asked for WebSocket is taken to speak it, whatever its headers lack, unless it names another
/// protocol that was offered too, such as h2c.
pub(super) fn switches_to_websocket(request: Option<&Exchange>, response: &Head<StatusLine>) -> bool {
    if mentions_websocket(response) || response.first("sec-websocket-accept").is_some() {
        return true;
    }
    let Some(Exchange { asks: Asks::WebSocket, head: Some(request), .. }) = request else { return false };
    !response.list("upgrade").any(|chosen| request.list("upgrade").any(|offered| offered.eq_ignore_ascii_case(chosen)))
}
