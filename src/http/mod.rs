//! From stream bytes to upgrade attempts: request and response heads, bodies skipped, tunnels opened by CONNECT.
//!
//! Knows nothing of frames.

mod backlog;
mod body;
mod connection;
mod exchange;
mod exchanges;
mod head;
mod headers;
mod names;
mod opening;
mod parse;
mod plain;
mod reader;
#[cfg(test)]
mod tests;

pub use connection::{Connection, Http2Switch, Step, Switch};
pub use head::{Fault, Head, RequestLine, StatusLine};
pub use headers::{Header, Headers};

pub(crate) use parse::{is_token, trim_ows};

use crate::Role;
use crate::capture::PacketRef;
use crate::tcp::{Chunk, Side};

/// An upgrade request with what came back for it: all that a WebSocket handshake is made from.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which end of the TCP connection asked.
    pub client: Side,
    /// The request; `None` where only the server's direction was captured.
    pub request: Option<Box<Head<RequestLine>>>,
    /// The answer; `None` where the connection or the capture ended before one came, or its direction was not
    /// captured.
    pub response: Option<Box<Head<StatusLine>>>,
    /// The server switched protocols: it answered 101, or its answer was not captured and the client went on with
    /// frames.
    pub switched: bool,
    /// The first packet with bytes that the client sent before the server's answer, where the acknowledgment in it
    /// proves that (RFC 6455 §4.1: the client must wait).
    pub early_data: Option<PacketRef>,
    /// Bytes of either direction are missing from the capture before this was settled: an answer that was not seen may
    /// be among them, and one that was seen may belong to a request that was not.
    pub after_gap: bool,
    /// The client finished or reset its stream while it waited for the answer.
    pub client_left: bool,
    /// Another request that followed the upgrade request before the answer, told from its first packet by the same
    /// proof; `early_data` is `None` then.
    pub pipelined: Option<PacketRef>,
    /// Bytes that the client sent before the answer and that were more than
    /// [`Limits::early_bytes`](crate::analysis::Limits::early_bytes) allows: they are not held.
    pub early_dropped: u64,
    /// The tunnel this attempt went through, where a CONNECT came before it, of HTTP or of SOCKS: the target of the CONNECT.
    pub tunnel: Option<String>,
    /// The first frame bytes stand in the packet that carried the end of the 101.
    pub first_frame_coalesced: bool,
    /// The eight bytes that follow a request with `Sec-WebSocket-Key1` and `Sec-WebSocket-Key2` (hixie-76).
    pub hixie_body: Option<[u8; 8]>,
    /// The sixteen bytes that follow the 101 to such a request.
    pub hixie_answer: Option<[u8; 16]>,
}

/// Bytes that arrived before it was known what they are, kept with the packet that carried them.
#[derive(Clone, Debug)]
pub struct Held {
    /// Offset in the sender's stream.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The packet that carried them.
    pub packet: PacketRef,
    /// See [`Chunk::acknowledged`](crate::tcp::Chunk::acknowledged).
    pub acknowledged: Option<u64>,
    /// Who sent them.
    pub sender: Role,
}

impl Held {
    /// The bytes as they were delivered.
    pub fn chunk(&self) -> Chunk<'_> {
        Chunk { offset: self.offset, bytes: &self.bytes, packet: self.packet, acknowledged: self.acknowledged }
    }
}
