//! What the table needs of an analysis: a few words for each connection, and each rule's findings counted.

use super::words::{duration, outcome, request_line, shown};
use crate::Role;
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary, Transport};
use crate::capture::Timestamp;
use crate::rules::{Finding, Reaction};
use crate::websocket::{Closing, Family, Handshake, Stats, TcpEnd};
use std::collections::BTreeMap;
use std::io;

/// Collects while the captures are read. Its size grows with connections and with the rules they broke, not with
/// frames.
#[derive(Default)]
pub(super) struct Overview {
    pub captures: Vec<CaptureSummary>,
    pub connections: BTreeMap<u64, Outline>,
    /// Those of the capture.
    pub findings: Vec<Group>,
    pub summary: Summary,
}

/// A connection in a few words.
pub(crate) struct Outline {
    pub capture: usize,
    pub client: String,
    pub server: String,
    /// `GET /chat`.
    pub request: Option<String>,
    /// `101`.
    pub outcome: String,
    /// Whether `Sec-WebSocket-Accept` is right, where that is known.
    pub accept: Option<bool>,
    /// The subprotocol, the extensions, a draft's name, TLS.
    pub agreed: Vec<String>,
    /// It became a WebSocket connection.
    pub switched: bool,
    pub began: Option<Timestamp>,
    pub end: Option<End>,
    pub findings: Vec<Group>,
}

impl Outline {
    /// What is known when a connection begins.
    pub fn new(connection: &Connection<'_>) -> Outline {
        let handshake = connection.handshake;
        Outline {
            capture: connection.capture,
            client: connection.client.to_string(),
            server: connection.server.to_string(),
            request: handshake.and_then(|handshake| request_line(handshake, 200)),
            outcome: outcome(handshake).into_owned(),
            // What a refusal says there answers nothing.
            accept: handshake
                .filter(|handshake| handshake.attempt.switched)
                .and_then(|handshake| handshake.accept.as_ref())
                .map(|accept| accept.is_valid()),
            agreed: agreed(connection),
            switched: handshake.is_none_or(|handshake| handshake.attempt.switched),
            began: connection.first_packet.time,
            end: None,
            findings: Vec::new(),
        }
    }

    /// What is known when it is over.
    pub fn finish(&mut self, end: &ConnectionEnd) {
        let times = end.last_packet.time.zip(self.began);
        self.end = Some(End {
            stats: end.stats.clone(),
            closing: match self.switched {
                true => closing(&end.closing),
                // A refused upgrade leaves no WebSocket to close.
                // Of a refused attempt TCP may go on: the retry is another connection of the report.
                false if end.closing.tcp_end == TcpEnd::Open => "—".to_owned(),
                false => format!("— {}", end.closing.tcp_end.name()),
            },
            lasted: times.map(|(last, first)| duration(last.since(first))),
        });
    }
}

/// How a connection ended.
pub(crate) struct End {
    pub stats: Stats,
    /// `1000/1000 clean`.
    pub closing: String,
    /// First packet to last.
    pub lasted: Option<String>,
}

/// The findings of one rule that blame the same endpoint in the same way: the first of them, and how many there are.
pub(crate) struct Group {
    pub first: Finding,
    pub count: u64,
    /// What came of the first.
    pub reaction: Option<Reaction>,
}

fn group(groups: &mut Vec<Group>, finding: &Finding) {
    let alike = |group: &&mut Group| {
        let first = &group.first;
        first.rule == finding.rule
            && first.blame == finding.blame
            && first.severity == finding.severity
            && first.confidence == finding.confidence
    };
    match groups.iter_mut().find(alike) {
        Some(group) => group.count += 1,
        None => groups.push(Group { first: finding.clone(), count: 1, reaction: None }),
    }
}

impl Sink for Overview {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.connections.insert(connection.id, Outline::new(connection));
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if finding.known {
            return Ok(());
        }
        match id.and_then(|id| self.connections.get_mut(&id)) {
            Some(connection) => group(&mut connection.findings, finding),
            None => group(&mut self.findings, finding),
        }
        Ok(())
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        let groups = self.connections.get_mut(&id).map(|connection| &mut connection.findings);
        let first = |group: &&mut Group| group.first.index == Some(reaction.finding);
        if let Some(group) = groups.into_iter().flatten().find(first) {
            group.reaction = Some(reaction.clone());
        }
        Ok(())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.finish(end);
        }
        Ok(())
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.captures.push(capture.clone());
        Ok(())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.summary = *summary;
        Ok(())
    }
}

/// What stands out about a connection: what it rode on, its age, the subprotocol and the extensions.
fn agreed(connection: &Connection<'_>) -> Vec<String> {
    let mut words = Vec::new();
    match connection.handshake.and_then(|handshake| handshake.http2.as_ref()) {
        Some(opening) => words.push(format!("HTTP/2 stream {}", opening.stream)),
        None if matches!(connection.transport, Transport::H2 | Transport::H2c) => words.push("HTTP/2".to_owned()),
        None => {}
    }
    match connection.tls.and_then(|tls| tls.version) {
        Some(version) => words.push(version.to_string()),
        None if connection.transport == Transport::Tls => words.push(connection.transport.name().to_owned()),
        None => {}
    }
    let Some(handshake) = connection.handshake else { return words };
    if handshake.family != Family::Rfc6455 {
        words.push(handshake.family.name().into_owned());
    }
    if handshake.attempt.switched {
        words.extend(subprotocol(handshake));
        words.extend(handshake.extensions.iter().map(|extension| match extension.is_permessage_deflate() {
            true => "deflate".to_owned(),
            false => shown(extension.name.as_bytes(), 32),
        }));
    }
    words
}

fn subprotocol(handshake: &Handshake) -> Option<String> {
    let response = handshake.attempt.response.as_ref()?;
    Some(shown(response.first("Sec-WebSocket-Protocol")?, 32))
}

/// The codes of both endpoints' Close frames, and how it ended; `1006` (RFC 6455 §7.1.5) where TCP ended without any.
pub(crate) fn closing(closing: &Closing) -> String {
    let code = |role: Role| match &closing.frames[role] {
        None => "—".to_owned(),
        // RFC 6455 §7.1.5: a Close frame without a code is told to the application as 1005.
        Some(frame) => frame.code.map_or("1005".to_owned(), |code| code.to_string()),
    };
    let both_missing = closing.frames.client.is_none() && closing.frames.server.is_none();
    let end = match closing.tcp_end {
        TcpEnd::Reset => "rst",
        _ if closing.clean => "clean",
        TcpEnd::Fin => "fin",
        TcpEnd::Open => "open",
    };
    match (both_missing, closing.tcp_end) {
        (true, TcpEnd::Open) => "open".to_owned(),
        (true, TcpEnd::Reset) => "— rst".to_owned(),
        (true, TcpEnd::Fin) => "1006".to_owned(),
        (false, _) => format!("{}/{} {end}", code(Role::Client), code(Role::Server)),
    }
}
