//! Where an analysis is told to: a sink takes captures, connections, frames, messages and findings as they become
//! known, and writes, collects or drops them.

use super::timeline::Timeline;
use crate::Role;
use crate::capture::{PacketRef, Timestamp};
use crate::packet::Endpoint;
use crate::rules::{Finding, Reaction, Severity};
use crate::tls;
use crate::websocket::{Closing, Frame, Handshake, Message, Stats};
use std::io;

/// Takes what an [`Analyzer`](super::Analyzer) tells.
///
/// A connection's calls come in order: `connection`, then its frames, messages, findings and reactions, then
/// `timeline` and `connection_end`. Connections interleave. An `Err` ends the analysis and comes back from
/// [`Analyzer::read`](super::Analyzer::read).
pub trait Sink {
    /// A connection was found: its upgrade was answered, or the capture began within it.
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let _ = connection;
        Ok(())
    }

    /// A frame of connection `id` is complete or cut off.
    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        let _ = (id, frame);
        Ok(())
    }

    /// More bytes of the message that `sender` has open on connection `id`, unmasked and inflated, up to the first that
    /// is missing; `message` is told when it is over. Only where [`Options::message_bytes`](super::Options::message_bytes)
    /// asks for them.
    fn message_bytes(&mut self, id: u64, sender: Role, bytes: &[u8]) -> io::Result<()> {
        let _ = (id, sender, bytes);
        Ok(())
    }

    /// A message of connection `id` is complete or cut off.
    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        let _ = (id, message);
        Ok(())
    }

    /// Something was found on connection `id`, or (`None`) about the capture.
    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        let _ = (id, finding);
        Ok(())
    }

    /// When TCP opened and closed connection `id`, as far as was captured; told just before `connection_end`. Of an
    /// upgrade that was refused the close is yet to come. Told where [`Options::timeline`](super::Options::timeline)
    /// asks for it.
    fn timeline(&mut self, id: u64, timeline: &Timeline) -> io::Result<()> {
        let _ = (id, timeline);
        Ok(())
    }

    /// What came of a finding of connection `id` that announced it ([`Finding::reaction_follows`]).
    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        let _ = (id, reaction);
        Ok(())
    }

    /// Connection `id` is over, or the capture is.
    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        let _ = (id, end);
        Ok(())
    }

    /// A TLS connection, with or without a WebSocket in it, has a ClientHello with this random: the lines of a key log
    /// that belong to it name it. Only where [`Options::client_randoms`](super::Options::client_randoms) asks for it.
    fn client_random(&mut self, random: &[u8; 32]) -> io::Result<()> {
        let _ = random;
        Ok(())
    }

    /// A capture file was read to its end.
    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        let _ = capture;
        Ok(())
    }

    /// A capture could not be opened; why, in one line.
    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        let _ = (path, why);
        Ok(())
    }

    /// The capture has nothing more at hand: what was told so far may be waited for by somebody who watches a live one.
    fn pause(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// All captures were read; the last call.
    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let _ = summary;
        Ok(())
    }
}

/// What a WebSocket connection rode on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP in clear (`ws://`).
    Tcp,
    /// TLS (`wss://`).
    Tls,
    /// A stream of an HTTP/2 connection in clear (RFC 8441).
    H2c,
    /// A stream of an HTTP/2 connection over TLS.
    H2,
}

impl Transport {
    /// All of them.
    pub const ALL: [Transport; 4] = [Transport::Tcp, Transport::Tls, Transport::H2c, Transport::H2];

    /// `"tcp"`, `"tls"`, `"h2c"` or `"h2"`.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::H2c => "h2c",
            Transport::H2 => "h2",
        }
    }
}

/// A connection as it begins.
#[derive(Clone, Debug)]
pub struct Connection<'a> {
    /// Ordinal over all captures, from 0.
    pub id: u64,
    /// Index of the capture in which it began.
    pub capture: usize,
    /// What it rode on.
    pub transport: Transport,
    /// What is known of the TLS connection around it.
    pub tls: Option<&'a tls::Facts>,
    /// The client's end.
    pub client: Endpoint,
    /// The server's end.
    pub server: Endpoint,
    /// The first packet of its TCP connection; of its stream over HTTP/2.
    pub first_packet: PacketRef,
    /// The opening handshake; `None` where the capture began mid-stream.
    pub handshake: Option<&'a Handshake>,
}

/// A connection as it was left.
#[derive(Clone, Debug)]
pub struct ConnectionEnd {
    /// The last packet of its TCP connection; of its stream over HTTP/2.
    pub last_packet: PacketRef,
    /// How it was closed.
    pub closing: Closing,
    /// What it amounted to.
    pub stats: Stats,
}

/// A capture file that was read to its end.
#[derive(Clone, Debug, Default)]
pub struct CaptureSummary {
    /// Ordinal in the order of reading, from 0.
    pub index: usize,
    /// Its path as given; `-` for standard input.
    pub path: String,
    /// `"pcap"` or `"pcapng"`.
    pub format: &'static str,
    /// `"gzip"`, `"zstd"` or `"lz4"`.
    pub compression: Option<&'static str>,
    /// Names of the link types of its packets, in order of appearance.
    pub link_types: Vec<String>,
    /// Packets read.
    pub packets: u64,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Number of its first packet: 1 unless it was joined to captures before it.
    pub first_number: u64,
    /// Time of the earliest packet.
    pub first_time: Option<Timestamp>,
    /// Time of the latest packet.
    pub last_time: Option<Timestamp>,
    /// The file ends inside a packet.
    pub truncated: bool,
    /// Why reading stopped before the end of the file, where it did.
    pub fault: Option<String>,
    /// Packets of link types that are not known, by type number.
    pub unknown_links: Vec<(u32, u64)>,
    /// TCP connections seen.
    pub flows: u64,
}

/// What an analysis amounted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Connections: upgrade attempts and connections found open.
    pub connections: u64,
    /// Frames.
    pub frames: u64,
    /// Messages.
    pub messages: u64,
    /// Payload bytes of all frames on the wire.
    pub payload_bytes: u64,
    /// Findings with severity error.
    pub errors: u64,
    /// Findings with severity warning.
    pub warnings: u64,
    /// Findings with severity note.
    pub notes: u64,
    /// Findings that a baseline lists; they are in none of the counts above.
    pub known: u64,
    /// Findings that were counted above, but not told, since there were too many.
    pub unlisted: u64,
}

impl Summary {
    /// Counts a finding.
    pub fn count(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => self.notes += 1,
        }
    }
}
