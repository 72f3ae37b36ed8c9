//! An opening handshake side by side: what the client asked, what the server answered, what each header is for, and how
//! the answer comes from the key.

use super::accept::accept_walk;
use super::explain::{COLUMNS, Mark, marks};
use super::text::{Line, Span, Style, Text, line_width};
use crate::Role;
use crate::escape::printable_within;
use crate::http::{Head, Header};
use crate::websocket::{Family, Handshake, HixieCheck, check_accept};

/// Columns of each side.
const SIDE: usize = 38;
/// Where the server's side begins.
const RIGHT: usize = 42;
/// Columns of a header's value that are shown.
const VALUE: usize = 180;

/// Headers that answer each other, in the order in which they are best explained.
const PAIRS: [(&str, &str); 13] = [
    (":method", ":status"),
    (":protocol", ""),
    (":scheme", ""),
    (":authority", ""),
    (":path", ""),
    ("host", ""),
    ("upgrade", "upgrade"),
    ("connection", "connection"),
    ("sec-websocket-key", "sec-websocket-accept"),
    ("sec-websocket-version", "sec-websocket-version"),
    ("sec-websocket-protocol", "sec-websocket-protocol"),
    ("sec-websocket-extensions", "sec-websocket-extensions"),
    ("origin", "server"),
];

/// The page of a handshake, in lines of at most 80 columns. `findings` are what the rules say of it.
pub fn handshake(handshake: &Handshake, findings: &[Mark<'_>]) -> Text {
    let mut text = Text::default();
    let attempt = &handshake.attempt;
    let http2 = handshake.http2.is_some();
    side_by_side(
        vec![vec![Span::new("The client asks", Style::Heading)]],
        vec![vec![Span::new("The server answers", Style::Heading)]],
        &mut text,
    );
    let request = attempt.request.as_ref().map(|head| {
        let line = &head.line;
        let words = match http2 {
            true => "An extended CONNECT: the stream is to become a WebSocket (RFC 8441 §4).",
            false => "It must be a GET of HTTP/1.1 (§4.1).",
        };
        (format!("{} {} {}", line.method, line.target, line.version), words)
    });
    let response = attempt.response.as_ref().map(|head| {
        let line = &head.line;
        let words = match line.status {
            _ if http2 && attempt.switched => "From here on the stream carries frames (RFC 8441 §5).",
            _ if http2 => "Not 2xx: no WebSocket is opened.",
            101 => "101: from here on no HTTP any more.",
            _ => "No 101: this stays HTTP, and no WebSocket is opened.",
        };
        (format!("{} {} {}", line.version, line.status, line.reason), words)
    });
    let start = |line: Option<(String, &'static str)>, none: &'static str| match line {
        Some((line, words)) => {
            let shown = vec![Span::new(printable_within(line.as_bytes(), VALUE), Style::Strong)];
            cell(shown, words, Style::Dim)
        }
        None => cell(vec![Span::new(none, Style::Warning)], "", Style::Dim),
    };
    let unanswered = if attempt.switched { "The answer was not captured." } else { "No answer came." };
    side_by_side(start(request, "The request was not captured."), start(response, unanswered), &mut text);
    headers(handshake, &mut text);
    match handshake.family {
        Family::Hixie76 => challenge(handshake, &mut text),
        _ if http2 => {
            text.blank();
            let words = "Over HTTP/2 there is no key to answer: :protocol takes its place (RFC 8441 §5).";
            text.flow(Vec::new(), 0, &[Span::plain(words)], COLUMNS);
        }
        _ => key(handshake, &mut text),
    }
    marks(findings, &mut text);
    text
}

/// The headers that answer each other side by side, then the others.
fn headers(handshake: &Handshake, text: &mut Text) {
    let valid = handshake.accept.as_ref().map(|check| check.is_valid());
    let switched = handshake.attempt.switched;
    let mut asked: Vec<Header<'_>> = all(handshake.attempt.request.as_deref());
    let mut answered: Vec<Header<'_>> = all(handshake.attempt.response.as_deref());
    for (left, right) in PAIRS {
        let (left, right) = (take(&mut asked, left), take(&mut answered, right));
        for index in 0..left.len().max(right.len()) {
            let left = left.get(index).map_or(Vec::new(), |header| header_cell(header, Role::Client, valid, switched));
            let right =
                right.get(index).map_or(Vec::new(), |header| header_cell(header, Role::Server, valid, switched));
            side_by_side(left, right, text);
        }
    }
    for index in 0..asked.len().max(answered.len()) {
        let left = asked.get(index).map_or(Vec::new(), |header| header_cell(header, Role::Client, valid, switched));
        let right = answered.get(index).map_or(Vec::new(), |header| header_cell(header, Role::Server, valid, switched));
        side_by_side(left, right, text);
    }
}

fn all<Start>(head: Option<&Head<Start>>) -> Vec<Header<'_>> {
    head.map_or(Vec::new(), |head| head.headers.iter().collect())
}

/// Takes the headers of this name out of the list.
fn take<'a>(headers: &mut Vec<Header<'a>>, name: &str) -> Vec<Header<'a>> {
    let (taken, rest) = headers.iter().copied().partition(|header| header.name.eq_ignore_ascii_case(name.as_bytes()));
    *headers = rest;
    taken
}

fn header_cell(header: &Header<'_>, sender: Role, accept_valid: Option<bool>, switched: bool) -> Vec<Line> {
    let name = header.name.to_ascii_lowercase();
    let style = match (name.as_slice(), accept_valid) {
        (b"sec-websocket-accept", Some(true)) => Style::Good,
        (b"sec-websocket-accept", Some(false)) => Style::Fault,
        (b"sec-websocket-key" | b"sec-websocket-key1" | b"sec-websocket-key2", _) => Style::Strong,
        _ => Style::Plain,
    };
    let shown = vec![
        Span::new(printable_within(header.name, VALUE), Style::Strong),
        Span::new(": ", Style::Dim),
        Span::new(value_shown(&name, header.value), style),
    ];
    cell(shown, purpose(&name, sender, switched), Style::Dim)
}

/// A value; where its spaces count, they are shown as `␣`.
fn value_shown(name: &[u8], value: &[u8]) -> String {
    let shown = printable_within(value, VALUE);
    if name.starts_with(b"sec-websocket-key") { shown.replace(' ', "␣") } else { shown }
}

/// What a header is for; empty for those that have nothing to do with the upgrade.
fn purpose(name: &[u8], sender: Role, switched: bool) -> &'static str {
    match (name, sender) {
        (b":method", Role::Client) => "Must be CONNECT (RFC 8441 §4).",
        (b":protocol", Role::Client) => "What the stream is to become.",
        (b":scheme", Role::Client) => "https or http, as wss and ws map to them (RFC 8441 §5).",
        (b":path", Role::Client) => "The target, as in a GET.",
        (b"host" | b":authority", Role::Client) => "Which of the servers here is meant.",
        (b"upgrade", Role::Client) => "The protocol it wants to change to.",
        (b"upgrade", Role::Server) if switched => "The protocol it changes to.",
        (b"upgrade", Role::Server) => "The protocols it could change to.",
        (b"connection", Role::Client) => "Upgrade holds for the next hop alone.",
        (b"connection", Role::Server) if switched => "Confirms it.",
        (b"sec-websocket-key", Role::Client) => {
            "Must be 16 random bytes in base64. No secret: the answer is made from it."
        }
        (b"sec-websocket-accept", Role::Server) => "Must be made from the key, see below: that shows it understood.",
        (b"sec-websocket-version", Role::Client) => "13 is RFC 6455; lower ones are drafts.",
        (b"sec-websocket-version", Role::Server) => "The versions it knows.",
        (b"sec-websocket-protocol", Role::Client) => "Languages it speaks, best first.",
        (b"sec-websocket-protocol", Role::Server) => "The language it chose.",
        (b"sec-websocket-extensions", Role::Client) => "What it offers, such as compression.",
        (b"sec-websocket-extensions", Role::Server) => "What it agreed to.",
        (b"origin" | b"sec-websocket-origin", Role::Client) => "The page that asks. A server may refuse it (§10.2).",
        (b"origin" | b"sec-websocket-origin" | b"websocket-origin", Role::Server) => "The page it was asked by.",
        (b"sec-websocket-location" | b"websocket-location", Role::Server) => "The URL it was asked for.",
        (b"sec-websocket-key1" | b"sec-websocket-key2", Role::Client) => "A number, hidden among other characters.",
        (b"cookie", Role::Client) => "What this server had it remember.",
        (b"set-cookie", Role::Server) => "To be remembered for later requests.",
        (b"authorization", Role::Client) => "Who it is.",
        (b"www-authenticate", Role::Server) => "It wants to know who asks.",
        (b"user-agent", Role::Client) | (b"server", Role::Server) => "The program.",
        (b"pragma" | b"cache-control", Role::Client) => "Caches are to stay out of this.",
        (b"accept-encoding", Role::Client) => "For HTTP bodies; messages do not heed it.",
        (b"content-length" | b"transfer-encoding" | b"content-type", Role::Server) => "Of the body behind the header.",
        (b"location", Role::Server) => "Where to ask instead.",
        _ => "",
    }
}

/// The lines of one side: words, and below them a remark.
fn cell(words: Line, remark: &'static str, style: Style) -> Vec<Line> {
    let mut text = Text::default();
    let mut words = words;
    // What goes on in a second line stands back.
    text.flow(Vec::new(), 0, &words.split_off(0), SIDE);
    if !remark.is_empty() {
        text.flow(Vec::new(), 2, &[Span::new(remark, style)], SIDE);
    }
    text.lines
}

/// Puts two blocks of lines beside each other.
fn side_by_side(left: Vec<Line>, right: Vec<Line>, text: &mut Text) {
    for index in 0..left.len().max(right.len()) {
        let mut line = left.get(index).cloned().unwrap_or_default();
        if let Some(right) = right.get(index) {
            let gap = RIGHT.saturating_sub(line_width(&line));
            line.push(Span::plain(" ".repeat(gap)));
            line.extend(right.iter().cloned());
        }
        text.push(line);
    }
}

/// From the key to its answer.
fn key(handshake: &Handshake, text: &mut Text) {
    let attempt = &handshake.attempt;
    let Some(key) = attempt.request.as_ref().and_then(|request| request.first("sec-websocket-key")) else {
        let words = match attempt.request {
            Some(_) => "There is no Sec-WebSocket-Key, so there is nothing to answer.",
            None => "The request was not captured, so the answer cannot be checked.",
        };
        text.blank();
        return text.flow(Vec::new(), 0, &[Span::new(words, Style::Warning)], COLUMNS);
    };
    let given = attempt.response.as_ref().and_then(|response| response.first("sec-websocket-accept"));
    // The handshake's own check knows more: it has seen the keys of other connections.
    let check = handshake.accept.clone().or_else(|| given.map(|given| check_accept(key, given)));
    text.blank();
    text.append(accept_walk(&String::from_utf8_lossy(key), check.as_ref()));
}

/// The challenge of hixie-76 and its answer.
fn challenge(handshake: &Handshake, text: &mut Text) {
    text.heading("The challenge of hixie-76 (draft-hixie-thewebsocketprotocol-76 §1.3)");
    let row = |name: &'static str, value: String, style: Style, text: &mut Text| {
        text.flow(vec![Span::new(format!("  {name}"), Style::Dim)], 13, &[Span::new(value, style)], COLUMNS);
    };
    let attempt = &handshake.attempt;
    let request = attempt.request.as_ref();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    for (name, header) in [("Key1", "sec-websocket-key1"), ("Key2", "sec-websocket-key2")] {
        let Some(key) = request.and_then(|request| request.first(header)) else { continue };
        row(name, value_shown(header.as_bytes(), key), Style::Strong, text);
        let digits: String = key.iter().filter(|byte| byte.is_ascii_digit()).map(|&byte| char::from(byte)).collect();
        let spaces = key.iter().filter(|&&byte| byte == b' ').count() as u32;
        let (words, style) = match (digits.parse::<u32>(), spaces) {
            (Ok(number), 1..) if number % spaces == 0 => {
                let part = number / spaces;
                let bytes = hex(&part.to_be_bytes());
                (format!("digits {number} / {spaces} spaces (␣) = {part}, as bytes {bytes}"), Style::Plain)
            }
            (Ok(number), 1..) => (format!("digits {number} / {spaces} spaces leaves a remainder"), Style::Fault),
            (Ok(_), _) => ("There is no space in it to divide by.".to_owned(), Style::Fault),
            (Err(_), _) => ("Its digits are no number of 32 bits.".to_owned(), Style::Fault),
        };
        row("", words, style, text);
    }
    let body = attempt.hixie_body.map_or("not captured".to_owned(), |body| hex(&body));
    row("8 bytes", format!("{body}, behind the request"), Style::Strong, text);
    let Some(HixieCheck { expected, received, valid, .. }) = &handshake.hixie else { return };
    if let Some(expected) = expected {
        row("MD5", hex(expected), Style::Strong, text);
        row("", "of the 4 + 4 + 8 bytes".to_owned(), Style::Plain, text);
    }
    if let Some(received) = received {
        row("Given", hex(received), Style::Strong, text);
    }
    match valid {
        Some(true) => row("", "Right: this is the answer to the challenge.".to_owned(), Style::Good, text),
        Some(false) => row("", "Wrong: the client must fail the connection.".to_owned(), Style::Fault, text),
        None => row("", "Not all of it was captured, so it cannot be checked.".to_owned(), Style::Warning, text),
    }
}
