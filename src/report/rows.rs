//! The rows of the JSON report: what it says of a capture, a frame, a message, a finding. They borrow from the events, so
//! that writing one allocates nothing. A field of the report is declared here, and those of connections in `connection`
//! and `handshake`; only of frames and messages there is a second, shorter way to the same text, in `lines`.

use super::encode::{Address, Hex, Name, NextTime, Seconds, Time};
use super::payload::Payload;
use crate::Role;
use crate::analysis::{CaptureSummary, Summary};
use crate::capture::TimeWriter;
use crate::packet::Endpoint;
use crate::rules::{Closed, Confidence, Did, Finding, Fingerprint, Reaction, RequirementRow, Severity};
use crate::tcp::Side;
use crate::tls::Facts;
use crate::websocket::{Frame, Message};
use serde::{Serialize, Serializer};

/// Name and version of the program that wrote a report.
#[derive(Debug, Serialize)]
pub struct Tool {
    name: &'static str,
    version: &'static str,
}

/// This program.
pub const TOOL: Tool = Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

/// A capture file.
#[derive(Debug, Serialize)]
pub struct CaptureRow<'a> {
    path: &'a str,
    format: &'a str,
    compression: Option<&'a str>,
    link_types: &'a [String],
    packets: u64,
    bytes: u64,
    first_time: Option<Time>,
    last_time: Option<Time>,
    truncated: bool,
    /// Why reading stopped before the end of the file, where it did.
    fault: Option<&'a str>,
    /// Link types that could not be read, with the number of their packets.
    #[serde(serialize_with = "unknown_links")]
    unknown_link_types: &'a [(u32, u64)],
    tcp_connections: u64,
}

impl<'a> CaptureRow<'a> {
    /// Borrows the summary.
    pub fn new(capture: &'a CaptureSummary) -> CaptureRow<'a> {
        CaptureRow {
            path: &capture.path,
            format: capture.format,
            compression: capture.compression,
            link_types: &capture.link_types,
            packets: capture.packets,
            bytes: capture.bytes,
            first_time: capture.first_time.map(Time::new),
            last_time: capture.last_time.map(Time::new),
            truncated: capture.truncated,
            fault: capture.fault.as_deref(),
            unknown_link_types: &capture.unknown_links,
            tcp_connections: capture.flows,
        }
    }
}

/// A capture that could not be opened.
#[derive(Debug, Serialize)]
pub struct UnreadableRow<'a> {
    /// Its path.
    pub path: &'a str,
    /// Why, in one line.
    pub why: &'a str,
}

fn unknown_links<S: Serializer>(links: &&[(u32, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Unknown {
        link_type: u32,
        packets: u64,
    }
    serializer.collect_seq(links.iter().map(|&(link_type, packets)| Unknown { link_type, packets }))
}

#[derive(Debug, Serialize)]
pub(super) struct EndpointRow {
    ip: Address,
    port: u16,
}

impl From<Endpoint> for EndpointRow {
    fn from(endpoint: Endpoint) -> EndpointRow {
        EndpointRow { ip: Address(endpoint.ip), port: endpoint.port }
    }
}

/// The TLS connection around a WebSocket.
#[derive(Debug, Serialize)]
pub(super) struct TlsRow<'a> {
    version: Option<String>,
    cipher_suite: Option<String>,
    server_name: Option<&'a str>,
    alpn: Option<&'a str>,
}

impl<'a> TlsRow<'a> {
    pub(super) fn new(facts: &'a Facts) -> TlsRow<'a> {
        TlsRow {
            version: facts.version.map(|version| version.to_string()),
            cipher_suite: facts.suite.map(|suite| suite.to_string()),
            server_name: facts.server_name.as_deref(),
            alpn: facts.alpn.as_deref(),
        }
    }
}

/// A frame.
#[derive(Debug, Serialize)]
pub struct FrameRow<'a> {
    index: u64,
    sender: Role,
    time: Option<NextTime<'a>>,
    packet: u64,
    last_packet: u64,
    stream_offset: u64,
    fin: bool,
    rsv1: bool,
    rsv2: bool,
    rsv3: bool,
    opcode: u8,
    opcode_name: Name,
    masked: bool,
    masking_key_hex: Option<Hex<'a>>,
    length_form: u8,
    header_length: usize,
    payload_length: u64,
    captured_length: u64,
    message: Option<u64>,
    payload: Payload<'a>,
}

impl<'a> FrameRow<'a> {
    /// Borrows the frame; `times` writes those of the frames before and behind it too.
    #[inline(always)]
    pub fn new(frame: &'a Frame<'a>, times: &'a mut TimeWriter) -> FrameRow<'a> {
        let header = &frame.header;
        FrameRow {
            index: frame.index,
            sender: frame.sender,
            time: frame.packet.time.map(|time| NextTime::new(times, time)),
            packet: frame.packet.number(),
            last_packet: frame.last_packet.number(),
            stream_offset: frame.stream_offset,
            fin: header.fin,
            rsv1: header.rsv1,
            rsv2: header.rsv2,
            rsv3: header.rsv3,
            opcode: header.opcode.0,
            opcode_name: Name(header.opcode.name()),
            masked: header.masking_key.is_some(),
            masking_key_hex: header.masking_key.as_ref().map(|key| Hex(key)),
            length_form: header.length_form.bits(),
            header_length: header.length(),
            payload_length: header.payload_length,
            captured_length: frame.captured_length,
            message: frame.message,
            payload: Payload::of_frame(frame),
        }
    }
}

/// A message.
#[derive(Debug, Serialize)]
pub struct MessageRow<'a> {
    index: u64,
    sender: Role,
    kind: Name,
    first_frame: u64,
    frames: u64,
    compressed: bool,
    wire_length: u64,
    length: Option<u64>,
    complete: bool,
    sha256_hex: Option<Hex<'a>>,
    payload: Payload<'a>,
}

impl<'a> MessageRow<'a> {
    /// Borrows the message.
    #[inline(always)]
    pub fn new(message: &'a Message<'a>) -> MessageRow<'a> {
        MessageRow {
            index: message.index,
            sender: message.sender,
            kind: Name(message.kind.name()),
            first_frame: message.first_frame,
            frames: message.frames,
            compressed: message.compressed,
            wire_length: message.wire_length,
            length: message.length,
            complete: message.complete,
            sha256_hex: message.sha256.as_ref().map(|digest| Hex(digest)),
            payload: Payload::of_message(message),
        }
    }
}

/// A finding.
#[derive(Debug, Serialize)]
pub struct FindingRow<'a> {
    /// Ordinal on its connection.
    index: Option<u64>,
    rule: &'static str,
    severity: Severity,
    blame: Option<Role>,
    confidence: Confidence,
    message: &'a str,
    rfc: Option<&'static str>,
    /// What the receiver of the bytes has to do.
    requires: Option<RequirementRow>,
    frame: Option<u64>,
    message_index: Option<u64>,
    packet: Option<u64>,
    stream_offset: Option<u64>,
    evidence_hex: Hex<'a>,
    /// Only of a TLS connection that stays closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<ClosedRow<'a>>,
    fingerprint: Option<Fingerprint>,
    /// A baseline lists it.
    known: bool,
}

impl<'a> FindingRow<'a> {
    /// Borrows the finding.
    pub fn new(finding: &'a Finding) -> FindingRow<'a> {
        FindingRow {
            index: finding.index,
            rule: finding.rule.id,
            severity: finding.severity,
            blame: finding.blame,
            confidence: finding.confidence,
            message: &finding.message,
            rfc: Some(finding.rule.source).filter(|source| !source.is_empty()),
            requires: finding.requires().row(),
            frame: finding.frame,
            message_index: finding.message_index,
            packet: finding.packet.map(|packet| packet.number()),
            stream_offset: finding.stream_offset,
            evidence_hex: Hex(&finding.evidence),
            tls: finding.closed.as_deref().map(ClosedRow::new),
            fingerprint: finding.fingerprint,
            known: finding.known,
        }
    }
}

/// A TLS connection that stays closed.
#[derive(Debug, Serialize)]
struct ClosedRow<'a> {
    /// `None`, as the server is, where it is not known who is who.
    client: Option<EndpointRow>,
    server: Option<EndpointRow>,
    version: Option<String>,
    cipher_suite: Option<String>,
    server_name: Option<&'a str>,
    alpn: Option<&'a str>,
    alpn_offered: &'a [String],
    client_random_hex: Option<Hex<'a>>,
    missing: &'a str,
}

impl<'a> ClosedRow<'a> {
    fn new(closed: &'a Closed) -> ClosedRow<'a> {
        let Closed { ends: [first, second], facts, missing } = closed;
        let (client, server) = match facts.client {
            Some(Side::First) => (Some(*first), Some(*second)),
            Some(Side::Second) => (Some(*second), Some(*first)),
            None => (None, None),
        };
        let TlsRow { version, cipher_suite, server_name, alpn } = TlsRow::new(facts);
        ClosedRow {
            client: client.map(EndpointRow::from),
            server: server.map(EndpointRow::from),
            version,
            cipher_suite,
            server_name,
            alpn,
            alpn_offered: &facts.alpn_offered,
            client_random_hex: facts.client_random.as_ref().map(|random| Hex(random)),
            missing,
        }
    }
}

/// What came of a finding.
#[derive(Debug, Serialize)]
pub struct ReactionRow {
    by: Role,
    did: Did,
    code: Option<u16>,
    after: Option<Seconds>,
    frames: u64,
    proved: bool,
    packet: Option<u64>,
}

impl ReactionRow {
    /// Takes what a report tells.
    pub fn new(reaction: &Reaction) -> ReactionRow {
        ReactionRow {
            by: reaction.by,
            did: reaction.did,
            code: reaction.code,
            after: reaction.after.map(Seconds),
            frames: reaction.frames,
            proved: reaction.proved,
            packet: reaction.packet.map(|packet| packet.number()),
        }
    }
}

/// What an analysis amounted to.
#[derive(Debug, Serialize)]
pub struct SummaryRow {
    connections: u64,
    frames: u64,
    messages: u64,
    payload_bytes: u64,
    findings: FindingCounts,
}

#[derive(Debug, Serialize)]
struct FindingCounts {
    error: u64,
    warning: u64,
    note: u64,
    /// Those that a baseline lists; they are in none of the other counts.
    known: u64,
    /// Those that were counted but are not in the report, since there were too many.
    unlisted: u64,
}

impl SummaryRow {
    /// Takes the counts.
    pub fn new(summary: &Summary) -> SummaryRow {
        SummaryRow {
            connections: summary.connections,
            frames: summary.frames,
            messages: summary.messages,
            payload_bytes: summary.payload_bytes,
            findings: FindingCounts {
                error: summary.errors,
                warning: summary.warnings,
                note: summary.notes,
                known: summary.known,
                unlisted: summary.unlisted,
            },
        }
    }
}
