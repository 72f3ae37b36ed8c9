//! What is known of a connection when it begins, as a tree of short lines: addresses, the opening handshake, TLS. It is
//! text without control characters, so it can wait in the spool with a line feed between its lines.

use crate::analysis::Connection;
use crate::escape::printable;
use crate::http::{Head, Header, Headers};
use crate::report::words::duration;
use crate::websocket::Handshake;

/// A line of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How deep it stands.
    pub depth: u8,
    /// What it is about.
    pub label: String,
    /// What it says.
    pub value: String,
    /// It tells of something wrong.
    pub fault: bool,
}

struct Sheet<'a>(&'a mut Vec<u8>);

impl Sheet<'_> {
    fn entry(&mut self, depth: u8, label: &str, value: &str, fault: bool) {
        self.0.extend([b'0' + depth, if fault { b'!' } else { b' ' }]);
        self.0.extend(printable(label.as_bytes()).as_bytes());
        self.0.push(b'\t');
        self.0.extend(printable(value.as_bytes()).as_bytes());
        self.0.push(b'\n');
    }

    fn line(&mut self, depth: u8, label: &str, value: impl AsRef<str>) {
        self.entry(depth, label, value.as_ref(), false);
    }

    fn headers(&mut self, headers: &Headers) {
        for Header { name, value } in headers {
            let (name, value) = (printable(name), printable(value));
            self.line(1, &name, value);
        }
    }

    fn faults<Line>(&mut self, head: &Head<Line>) {
        for fault in &head.faults {
            self.entry(1, "not valid HTTP", fault.describe(), true);
        }
    }
}

/// Writes the sheet of a connection.
pub(super) fn write(connection: &Connection<'_>, out: &mut Vec<u8>) {
    let mut sheet = Sheet(out);
    let transport = connection.transport.name();
    sheet.line(0, "Addresses", format!("{} → {}", connection.client, connection.server));
    sheet.line(1, "transport", transport);
    sheet.line(1, "first packet", connection.first_packet.number().to_string());
    if let Some(time) = connection.first_packet.time {
        sheet.line(1, "began", time.to_string());
    }
    if let Some(tls) = connection.tls {
        sheet.line(0, "TLS", tls.version.map_or("?".to_owned(), |version| version.to_string()));
        if let Some(suite) = tls.suite {
            sheet.line(1, "cipher suite", suite.to_string());
        }
        for (label, value) in [("server name", &tls.server_name), ("ALPN", &tls.alpn)] {
            if let Some(value) = value {
                sheet.line(1, label, value);
            }
        }
    }
    match connection.handshake {
        Some(handshake) => opening(handshake, &mut sheet),
        None => sheet.line(0, "Opening handshake", "not captured: the capture begins mid-stream"),
    }
}

fn opening(handshake: &Handshake, sheet: &mut Sheet<'_>) {
    let attempt = &handshake.attempt;
    match &attempt.request {
        Some(request) => {
            let line = &request.line;
            sheet.line(0, "Request", format!("{} {} {}", line.method, line.target, line.version));
            sheet.line(1, "packet", request.packet.number().to_string());
            sheet.headers(&request.headers);
            sheet.faults(request);
        }
        None => sheet.line(0, "Request", "not captured"),
    }
    match &attempt.response {
        Some(response) => {
            let line = &response.line;
            sheet.line(0, "Answer", format!("{} {} {}", line.version, line.status, line.reason));
            sheet.line(1, "packet", response.packet.number().to_string());
            let began = attempt.request.as_ref().and_then(|request| request.packet.time);
            if let Some((began, ended)) = began.zip(response.last_packet.time) {
                sheet.line(1, "after", duration(ended.since(began)));
            }
            sheet.headers(&response.headers);
            sheet.faults(response);
        }
        None => sheet.line(0, "Answer", if attempt.switched { "not captured" } else { "none" }),
    }
    if let Some(check) = handshake.accept.as_ref().filter(|_| attempt.switched) {
        sheet.entry(0, "Accept", if check.is_valid() { "answers the key" } else { "WRONG" }, !check.is_valid());
        sheet.line(1, "received", check.received());
        sheet.line(1, "expected", check.expected.as_str());
        if let Some(cause) = check.cause() {
            sheet.entry(1, "cause", &cause.name(), true);
        }
    }
    if let Some(params) = &handshake.deflate {
        sheet.line(0, "permessage-deflate", "agreed");
        let takeover = |no: bool| if no { "no" } else { "yes" };
        sheet.line(1, "client's context takeover", takeover(params.client_no_context_takeover));
        sheet.line(1, "server's context takeover", takeover(params.server_no_context_takeover));
    }
}

/// Reads a sheet.
pub(super) fn read(bytes: &[u8]) -> Vec<Entry> {
    let lines = bytes.split(|&byte| byte == b'\n').filter_map(|line| {
        let (head, rest) = line.split_first_chunk::<2>()?;
        let text = String::from_utf8_lossy(rest);
        let (label, value) = text.split_once('\t')?;
        let depth = head[0].saturating_sub(b'0');
        Some(Entry { depth, label: label.to_owned(), value: value.to_owned(), fault: head[1] == b'!' })
    });
    lines.collect()
}
