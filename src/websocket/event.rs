//! What the WebSocket layer says: one event after the other, each borrowed for the moment it is told.
//!
//! Rules judge these events and reports print them; both see the same.

use super::{FrameHeader, Handshake, Opcode, Walk};
use crate::Role;
use crate::capture::PacketRef;
use crate::http2::StreamEvent;
use crate::tcp::Missing;
use std::time::Duration;

/// Something that happened on a WebSocket connection, in the order it became known.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The opening handshake is settled: answered, refused, or left without an answer. Not told for a connection
    /// that the capture found open.
    Handshake(&'a Handshake),
    /// A frame is complete, or its stream ended inside it.
    Frame(&'a Frame<'a>),
    /// More bytes of the message that is open in this direction, unmasked and inflated; told only where they are asked
    /// for. Behind missing bytes there are none.
    Piece {
        /// Whose message.
        sender: Role,
        /// The bytes that follow those told before.
        bytes: &'a [u8],
    },
    /// A message is complete, or can never be. Told after its last frame.
    Message(&'a Message<'a>),
    /// A frame and the message that it is, unfragmented and not compressed (RFC 6455 §5.4), with as many bytes of both.
    /// Nearly all messages are told like this, which is cheaper; [`Event::each`] tells one after the other.
    Unfragmented(&'a Frame<'a>, &'a Message<'a>),
    /// Bytes of a stream are missing.
    Missing {
        /// Whose stream.
        sender: Role,
        /// Where and why.
        missing: Missing,
    },
    /// The boundary between frames was found again after missing bytes, or at the start of a capture that began
    /// mid-stream.
    Resync {
        /// Whose stream.
        sender: Role,
        /// Where the first whole frame begins, in the sender's stream.
        offset: u64,
        /// Bytes that were passed over to get there.
        skipped: u64,
        /// Evidence for this boundary in bits: random bytes look like this once in 2^score.
        score: u32,
        /// The packet with the first byte of that frame.
        packet: PacketRef,
    },
    /// The bytes at a frame boundary are no frame but a known text; the direction is not decoded further.
    NotFrames {
        /// Who sent them.
        sender: Role,
        /// Where they begin, in the sender's stream.
        offset: u64,
        /// The bytes that tell.
        bytes: &'a [u8],
        /// What they are: `"an HTTP response"`, `"HTML"`, ….
        what: &'static str,
        /// The packet with the first of them.
        packet: PacketRef,
    },
    /// The stream ended inside a frame header.
    HeaderCut {
        /// Whose stream.
        sender: Role,
        /// Where the header begins, in the sender's stream.
        offset: u64,
        /// What there is of it.
        bytes: &'a [u8],
        /// The reserved bits as a number, RSV1 the highest, and the opcode (RFC 6455 §5.2): they stand in the first
        /// byte. `None` where the bytes may be the beginning of a text instead.
        first: Option<(u8, Opcode)>,
        /// The packet with its first byte.
        packet: PacketRef,
    },
    /// No frame boundary was found in the last bytes of a stream.
    Undecoded {
        /// Whose stream.
        sender: Role,
        /// How many bytes.
        length: u64,
    },
    /// A retransmission carried other bytes.
    Conflict {
        /// Who sent both.
        sender: Role,
        /// Offset of the first differing byte in the sender's stream.
        offset: u64,
        /// The retransmission.
        packet: PacketRef,
    },
    /// The sender finished its stream.
    Fin {
        /// Who.
        sender: Role,
        /// The packet with the FIN.
        packet: PacketRef,
        /// Offset up to which the sender had acknowledged the other direction when it finished; `None` where
        /// unknown.
        acknowledged: Option<u64>,
    },
    /// The sender tore the connection down.
    Reset {
        /// Who.
        sender: Role,
        /// The packet with the RST.
        packet: PacketRef,
    },
    /// HTTP/2 did something to the stream under the WebSocket, or to the connection under that.
    Stream(StreamEvent),
    /// The first payload byte of a frame came in another packet than the end of its header. Told before the frame.
    PayloadApart {
        /// Who sent them.
        sender: Role,
        /// Where the header begins, in the sender's stream.
        stream_offset: u64,
        /// The packet with the end of the header.
        header: PacketRef,
        /// The packet with the first byte of the payload.
        payload: PacketRef,
        /// Length of header and payload.
        length: u64,
    },
    /// An endpoint closed its TCP receive window. Told only where it is asked for
    /// ([`Options::opt_in`](crate::analysis::Options::opt_in)).
    ZeroWindow {
        /// Who.
        by: Role,
        /// The packet that says so.
        packet: PacketRef,
    },
    /// Something about how the connection was captured; told just before the end.
    Capture(CaptureFact),
    /// Nothing more will come: the connection or the capture ended. Always the last event. Of an upgrade attempt
    /// that did not switch protocols, [`Event::Handshake`] and this are the only ones.
    End(&'a Ending),
}

impl<'a> Event<'a> {
    /// Shows `see` this event, or both that it stands for in their order.
    pub fn each(&self, mut see: impl FnMut(&Event<'a>)) {
        match *self {
            Event::Unfragmented(frame, message) => {
                see(&Event::Frame(frame));
                see(&Event::Message(message));
            }
            _ => see(self),
        }
    }
}

/// What limits what can be known of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFact {
    /// No packet of this endpoint was captured.
    OneDirection {
        /// Whose packets are missing.
        missing: Role,
    },
    /// Packets that were captured twice.
    Duplicates {
        /// How many.
        packets: u64,
    },
    /// Packets whose TCP checksum is wrong, among the first few of the connection that were looked at.
    BadChecksums {
        /// How many.
        packets: u32,
        /// The first of them.
        first: PacketRef,
    },
    /// Bytes that a client sent before the server's answer, and that were too many to keep.
    EarlyBytesDropped {
        /// How many.
        bytes: u64,
    },
}

/// A frame as it was on the wire, with the first bytes of its payload unmasked.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Ordinal on its connection, counted from 0 in the order in which frames became complete.
    pub index: u64,
    /// Who sent it.
    pub sender: Role,
    /// The header.
    pub header: FrameHeader,
    /// The header's bytes as they were on the wire.
    pub header_bytes: &'a [u8],
    /// Offset of the header in the sender's stream.
    pub stream_offset: u64,
    /// The packet with the first byte of the header.
    pub packet: PacketRef,
    /// The packet with the last byte of the frame that was captured.
    pub last_packet: PacketRef,
    /// Offset up to which the sender had acknowledged the other direction when it sent the first byte; `None`
    /// where unknown.
    pub acknowledged: Option<u64>,
    /// Payload bytes that are in the capture.
    pub captured_length: u64,
    /// All payload bytes went by, captured or not; `false` where the stream ended inside the frame.
    pub complete: bool,
    /// The first bytes of the payload, unmasked but not inflated, up to the first missing byte; of a control frame
    /// at least 125.
    pub payload: &'a [u8],
    /// Index of the message it belongs to; `None` for control frames and for fragments of nothing.
    pub message: Option<u64>,
    /// Whether a message was open in this direction when the frame began; `None` where that is not known, since
    /// bytes are missing.
    pub inside_message: Option<bool>,
    /// Offset just behind the frame's last byte in the sender's stream, were it complete.
    pub end_offset: u64,
    /// Of a Pong: what it answers.
    pub pong: Option<Pong>,
    /// Bytes of this direction are missing somewhere before this frame.
    pub after_gap: bool,
}

impl Frame<'_> {
    /// Whether every payload byte is in the capture.
    pub fn is_whole(&self) -> bool {
        self.captured_length == self.header.payload_length
    }
}

/// What a Pong answers (RFC 6455 §5.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pong {
    /// A Ping with the same payload that had no answer yet.
    Answers {
        /// Index of the Ping.
        ping: u64,
        /// From the Ping to this Pong.
        after: Option<Duration>,
        /// Earlier Pings that had no answer and, if the rule for the latest one was used, need none.
        skipped: u32,
    },
    /// No unanswered Ping has this payload; `outstanding` Pings with other payloads wait.
    Unmatched {
        /// See above.
        outstanding: u32,
    },
}

/// Text or binary, from the first frame's opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Opcode 1: UTF-8 text (RFC 6455 §5.6).
    Text,
    /// Opcode 2.
    Binary,
}

impl Kind {
    /// `"text"` or `"binary"`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Binary => "binary",
        }
    }
}

/// A message: the payloads of its fragments, unmasked, put together and inflated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Ordinal on its connection, counted from 0 in the order in which first frames became complete.
    pub index: u64,
    /// Who sent it.
    pub sender: Role,
    /// Text or binary.
    pub kind: Kind,
    /// Index of its first frame.
    pub first_frame: u64,
    /// Index of its last frame so far.
    pub last_frame: u64,
    /// How many frames it has so far.
    pub frames: u64,
    /// RSV1 was set on its first frame and permessage-deflate agreed.
    pub compressed: bool,
    /// Payload bytes of its frames on the wire.
    pub wire_length: u64,
    /// Bytes after inflating; `None` where that is not known: bytes are missing, or inflating failed or stopped.
    pub length: Option<u64>,
    /// Its final frame was seen and no byte of it is missing.
    pub complete: bool,
    /// Its final frame was seen.
    pub finished: bool,
    /// The first bytes after inflating; where inflating failed, what came out before.
    pub payload: &'a [u8],
    /// SHA-256 after inflating; only where digests were asked for and the message is complete.
    pub sha256: Option<[u8; 32]>,
    /// What is known of a text message's UTF-8.
    pub text: Text,
    /// How inflating went; `None` for a message that was not compressed.
    pub inflated: Option<Inflated>,
    /// What its compressed bytes are made of; `None` for a message that was not compressed or not whole.
    pub walk: Option<&'a Walk>,
    /// The packet with the first byte of its first frame.
    pub packet: PacketRef,
    /// The packet with the last byte of its last frame.
    pub last_packet: PacketRef,
    /// Offset of its first frame in the sender's stream.
    pub stream_offset: u64,
    /// Bytes of this direction are missing somewhere before or inside it.
    pub after_gap: bool,
}

impl<'a> Message<'a> {
    /// The opcode of one of its frames, given by its index: the first names the kind, the others continue (RFC 6455 §5.4).
    pub fn opcode_of(&self, frame: u64) -> Opcode {
        match self.kind {
            _ if frame != self.first_frame => Opcode::CONTINUATION,
            Kind::Text => Opcode::TEXT,
            Kind::Binary => Opcode::BINARY,
        }
    }

    /// The message of which this frame, whole and not compressed, is the only one, with as much of its payload.
    #[inline]
    pub(crate) fn in_one_frame(frame: &Frame<'a>, kind: Kind, index: u64, text: Text) -> Message<'a> {
        Message {
            index,
            sender: frame.sender,
            kind,
            first_frame: frame.index,
            last_frame: frame.index,
            frames: 1,
            compressed: false,
            wire_length: frame.header.payload_length,
            length: Some(frame.header.payload_length),
            complete: true,
            finished: true,
            payload: frame.payload,
            sha256: None,
            text,
            inflated: None,
            walk: None,
            packet: frame.packet,
            last_packet: frame.last_packet,
            stream_offset: frame.stream_offset,
            after_gap: frame.after_gap,
        }
    }
}

/// What is known of a message's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The first fault; `None` for valid text, for binary messages, and where the text was not seen.
    pub fault: Option<TextFault>,
    /// A frame that ended inside a code point, where one did (uncompressed messages only).
    pub split_at_frame: Option<u64>,
    /// It begins with U+FEFF.
    pub bom: bool,
    /// It contains U+0000.
    pub nul: bool,
    /// It contains a noncharacter (U+FFFE, U+FFFF and their like in the other planes, U+FDD0 to U+FDEF).
    pub noncharacter: bool,
}

/// Where text stops being UTF-8 (RFC 3629).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextFault {
    /// Why.
    pub fault: Utf8Fault,
    /// Offset of the offending sequence in the message, after inflating.
    pub offset: u64,
    /// The frame whose payload holds the byte that proved it.
    pub frame: u64,
    /// The offending bytes, and how many of them count.
    pub bytes: [u8; 4],
    /// See `bytes`.
    pub length: u8,
}

/// Why bytes are not UTF-8 (RFC 3629 §3 and §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf8Fault {
    /// A continuation byte (80 to BF) where a character should begin.
    UnexpectedContinuation,
    /// A character's first byte without enough continuation bytes behind it.
    MissingContinuation,
    /// A character spelled longer than needed.
    Overlong,
    /// A UTF-16 surrogate, U+D800 to U+DFFF.
    Surrogate,
    /// A value above U+10FFFF.
    TooLarge,
    /// A byte that occurs nowhere in UTF-8: C0, C1, F5 to FF.
    ImpossibleByte,
    /// The message ends inside a character.
    Truncated,
}

/// How inflating a compressed message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inflated {
    /// To the end.
    Whole,
    /// The bytes are not DEFLATE, or refer to bytes before the first that the sender compressed.
    Corrupt {
        /// Compressed bytes that were understood before the fault.
        offset: u64,
    },
    /// It stopped at a limit on size or ratio.
    Bomb {
        /// Bytes that had come out by then.
        length: u64,
    },
    /// Earlier bytes that it may refer to are missing.
    ContextLost,
    /// Its own bytes are missing.
    Incomplete,
}

/// How a TCP connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcpEnd {
    /// Both ends sent FIN, or one did and nothing followed.
    Fin,
    /// An RST.
    Reset,
    /// Not before the capture did.
    #[default]
    Open,
}

impl TcpEnd {
    /// `"fin"`, `"rst"` or `"open"`.
    pub fn name(self) -> &'static str {
        match self {
            TcpEnd::Fin => "fin",
            TcpEnd::Reset => "rst",
            TcpEnd::Open => "open",
        }
    }
}

/// The state in which a connection was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How TCP ended.
    pub tcp: TcpEnd,
    /// The last packet of the connection.
    pub last_packet: PacketRef,
    /// The last packet of the capture, up to which the connection would have been seen; `None` where the
    /// connection ended in an orderly way before, or another took its ports.
    pub capture_end: Option<PacketRef>,
}
