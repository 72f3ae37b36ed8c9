//! HAR 1.2, the HTTP Archive, with the messages of each WebSocket in `_webSocketMessages` as Chrome's developer tools
//! write them: `type` (`send` by the client, `receive` from the server), `time` in seconds since 1970, `opcode`, and
//! `data`, which is text, or base64 for binary messages. Control frames are not in it: Chrome shows none either.
//!
//! An entry is a connection. Entries stand in the order in which their upgrades were answered, so what is said on the
//! first of those that are open is written as it comes, and only what is said on the others meanwhile is kept. (Readers
//! sort by `startedDateTime` themselves: HAR 1.2, entries.)

mod request;
mod url;

use super::encode::{Lossy, append};
use super::payload::valid;
use super::rows::TOOL;
use crate::Role;
use crate::analysis::{Connection, ConnectionEnd, Sink, Summary};
use crate::capture::Timestamp;
use crate::websocket::{Kind, Message, Opcode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use request::{Request, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// Writes the entries as their connections end, oldest first. Give it a buffered writer.
pub struct Har<W: Write> {
    out: W,
    /// Something was written.
    begun: bool,
    /// Connections that did not end, or that come after one that did not.
    entries: BTreeMap<u64, Entry>,
}

/// A connection.
struct Entry {
    /// What is not written yet.
    text: Vec<u8>,
    began: Option<Timestamp>,
    /// The answer's first packet.
    answered: Option<Timestamp>,
    has_messages: bool,
    ended: bool,
}

/// What is known of an entry as it begins; its other fields come behind its messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Opening<'a> {
    started_date_time: String,
    request: Request<'a>,
    response: Response<'a>,
    cache: Cache,
    #[serde(rename = "serverIPAddress")]
    server_ip_address: String,
    /// "The client or server port number" (HAR 1.2, entries).
    connection: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
    #[serde(rename = "_connectionId")]
    connection_id: String,
    #[serde(rename = "_resourceType")]
    resource_type: &'static str,
}

/// Nothing is known of caches.
#[derive(Serialize)]
struct Cache {}

/// Milliseconds; -1 where something is not known or does not apply.
#[derive(Serialize)]
struct Timings {
    send: f64,
    wait: f64,
    receive: f64,
}

impl<W: Write> Har<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Har<W> {
        Har { out, begun: false, entries: BTreeMap::new() }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            let mut text = b"{\"log\":{\"version\":\"1.2\",\"creator\":".to_vec();
            append(&mut text, &TOOL)?;
            text.extend_from_slice(b",\"entries\":[");
            self.out.write_all(&text)?;
        }
        Ok(())
    }

    /// Writes whatever has nothing before it that is still to come.
    fn settle(&mut self) -> io::Result<()> {
        while let Some(mut first) = self.entries.first_entry() {
            let entry = first.get_mut();
            self.out.write_all(&entry.text)?;
            entry.text.clear();
            if !entry.ended {
                break;
            }
            first.remove();
        }
        Ok(())
    }

    fn entry(&mut self, id: u64) -> io::Result<&mut Entry> {
        self.entries.get_mut(&id).ok_or_else(|| io::Error::other(format!("connection {id} was not announced")))
    }
}

impl<W: Write> Sink for Har<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let first = !self.begun;
        self.begin()?;
        let attempt = connection.handshake.map(|handshake| &handshake.attempt);
        let request = attempt.and_then(|attempt| attempt.request.as_deref());
        let response = attempt.and_then(|attempt| attempt.response.as_deref());
        let began = request.map_or(connection.first_packet, |request| request.packet).time;
        let opening = Opening {
            started_date_time: began.unwrap_or(Timestamp::new(0)).to_string(),
            request: Request::new(request, connection),
            response: Response::new(response, attempt.is_some_and(|attempt| attempt.switched)),
            cache: Cache {},
            server_ip_address: connection.server.ip.to_string(),
            connection: connection.client.port.to_string(),
            comment: match (began, request, response) {
                (None, ..) => Some("The capture has no times."),
                (_, None, None) => Some("The opening handshake was not captured."),
                (_, None, Some(_)) => Some("The request was not captured."),
                (_, Some(_), None) => Some("There is no answer in the capture."),
                _ => None,
            },
            connection_id: connection.id.to_string(),
            resource_type: "websocket",
        };
        let mut text = if first { b"\n".to_vec() } else { b",\n".to_vec() };
        append(&mut text, &opening)?;
        text.pop();
        text.extend_from_slice(b",\"_webSocketMessages\":[");
        let answered = response.and_then(|response| response.packet.time);
        let entry = Entry { text, began, answered, has_messages: false, ended: false };
        self.entries.insert(connection.id, entry);
        self.settle()
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        let entry = self.entry(id)?;
        let comma = if std::mem::replace(&mut entry.has_messages, true) { "," } else { "" };
        write_message(&mut entry.text, comma, message)?;
        self.settle()
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        let entry = self.entry(id)?;
        if entry.has_messages {
            entry.text.push(b'\n');
        }
        let between = |from: Option<Timestamp>, to: Option<Timestamp>| Some(to?.since(from?));
        let timings = Timings {
            // How long the last byte took to leave is not to be seen.
            send: 0.0,
            wait: between(entry.began, entry.answered).map_or(-1.0, milliseconds),
            receive: between(entry.answered.or(entry.began), end.last_packet.time).map_or(-1.0, milliseconds),
        };
        // "The sum of all timings available", without those that are -1 (HAR 1.2, entries).
        let time = timings.send + timings.wait.max(0.0) + timings.receive.max(0.0);
        entry.text.extend_from_slice(b"],\"time\":");
        append(&mut entry.text, &time)?;
        entry.text.extend_from_slice(b",\"timings\":");
        append(&mut entry.text, &timings)?;
        entry.text.push(b'}');
        entry.ended = true;
        self.settle()
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        self.begin()?;
        self.settle()?;
        self.out.write_all(b"\n]}}\n")?;
        self.out.flush()
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// `{"type":"send","time":1700000000.123456789,"opcode":1,"data":"Hello"}`, on a line of its own.
fn write_message(text: &mut Vec<u8>, comma: &str, message: &Message<'_>) -> io::Result<()> {
    let kind = match message.sender {
        Role::Client => "send",
        Role::Server => "receive",
    };
    let opcode = match message.kind {
        Kind::Text => Opcode::TEXT,
        Kind::Binary => Opcode::BINARY,
    };
    write!(text, "{comma}\n{{\"type\":\"{kind}\",\"time\":")?;
    match message.last_packet.time {
        // As a fraction it would lose its nanoseconds: a double has 53 bits.
        Some(time) => {
            let sign = if time.nanoseconds() < 0 { "-" } else { "" };
            let time = time.nanoseconds().unsigned_abs();
            write!(text, "{sign}{}.{:09}", time / 1_000_000_000, time % 1_000_000_000)?;
        }
        None => text.extend_from_slice(b"null"),
    }
    write!(text, ",\"opcode\":{},\"data\":", opcode.0)?;
    let whole = message.length == Some(message.payload.len() as u64);
    match message.kind {
        Kind::Text => match valid(message.payload, !whole) {
            Some(data) => append(text, &data)?,
            None => append(text, &Lossy(message.payload))?,
        },
        Kind::Binary => append(text, &STANDARD.encode(message.payload))?,
    }
    // A field of our own: Chrome has whole messages only.
    text.extend_from_slice(if whole { b"}" } else { b",\"_incomplete\":true}" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analyzer, Options};
    use crate::capture::Reader;
    use crate::scenario::{Scenario, binary, text};
    use serde_json::Value;

    fn har(scenario: &Scenario, payload_bytes: usize) -> Value {
        let mut reader = Reader::from_read("example", Box::new(std::io::Cursor::new(scenario.pcapng_bytes()))).unwrap();
        let mut out = Vec::new();
        let mut sink = Har::new(&mut out);
        let mut analyzer = Analyzer::new(Options { payload_bytes, ..Options::default() });
        analyzer.read(&mut reader, &mut sink).unwrap();
        analyzer.finish(&mut sink).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn messages_look_as_in_chrome() {
        let scenario = Scenario::new().handshake().client(text("Grüße")).server(binary(b"\x00\xff\x10"));
        let har = har(&scenario, 64);
        let messages = har["log"]["entries"][0]["_webSocketMessages"].as_array().unwrap();
        let fields = |n: usize| {
            let message = &messages[n];
            (message["type"].as_str().unwrap(), message["opcode"].as_u64().unwrap(), message["data"].as_str().unwrap())
        };
        assert_eq!(fields(0), ("send", 1, "Grüße"));
        assert_eq!(fields(1), ("receive", 2, "AP8Q"));
        assert!(messages[0]["time"].as_f64().unwrap() > 1e9 && messages[0].get("_incomplete").is_none());
        assert_eq!(har["log"]["entries"][0]["response"]["status"], 101);
    }

    #[test]
    fn a_message_that_is_cut_says_so() {
        let har = har(&Scenario::new().handshake().client(text("Grüße")), 3);
        let message = &har["log"]["entries"][0]["_webSocketMessages"][0];
        assert_eq!((message["data"].as_str(), message["_incomplete"].as_bool()), (Some("Gr"), Some(true)));
    }

    #[test]
    fn a_capture_of_nothing_is_an_archive_without_entries() {
        let mut out = Vec::new();
        Har::new(&mut out).summary(&Summary::default()).unwrap();
        let har: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(har["log"]["entries"].as_array().map(Vec::len), Some(0));
    }
}
