//! The header of an HTTP/2 frame (RFC 9113 §4.1).

use nom::number::complete::{be_u8, be_u24, be_u32};
use nom::{IResult, Parser};

/// What a client sends first (RFC 9113 §3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Length of a frame header in bytes.
pub const HEADER: usize = 9;

/// The type of a frame (RFC 9113 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub u8);

#[allow(missing_docs, reason = "the names are the RFC's")]
impl Kind {
    pub const DATA: Kind = Kind(0);
    pub const HEADERS: Kind = Kind(1);
    pub const PRIORITY: Kind = Kind(2);
    pub const RST_STREAM: Kind = Kind(3);
    pub const SETTINGS: Kind = Kind(4);
    pub const PUSH_PROMISE: Kind = Kind(5);
    pub const PING: Kind = Kind(6);
    pub const GOAWAY: Kind = Kind(7);
    pub const WINDOW_UPDATE: Kind = Kind(8);
    pub const CONTINUATION: Kind = Kind(9);

    /// The RFC's name; `None` for types that it does not know.
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 10] = [
            "DATA",
            "HEADERS",
            "PRIORITY",
            "RST_STREAM",
            "SETTINGS",
            "PUSH_PROMISE",
            "PING",
            "GOAWAY",
            "WINDOW_UPDATE",
            "CONTINUATION",
        ];
        NAMES.get(usize::from(self.0)).copied()
    }
}

/// DATA and HEADERS: the sender ends its half of the stream (RFC 9113 §6.1).
pub const END_STREAM: u8 = 0x1;
/// SETTINGS and PING: an acknowledgment (RFC 9113 §6.5).
pub const ACK: u8 = 0x1;
/// HEADERS, PUSH_PROMISE and CONTINUATION: no CONTINUATION follows (RFC 9113 §6.2).
pub const END_HEADERS: u8 = 0x4;
/// DATA, HEADERS and PUSH_PROMISE: the payload is padded (RFC 9113 §6.1).
pub const PADDED: u8 = 0x8;
/// HEADERS: five bytes of priority come first (RFC 9113 §6.2).
pub const PRIORITY: u8 = 0x20;

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Length of the payload in bytes, below 2²⁴.
    pub length: u32,
    /// What the frame is.
    pub kind: Kind,
    /// Flags, whose meaning depends on the type.
    pub flags: u8,
    /// The reserved bit, which a receiver ignores.
    pub reserved: bool,
    /// The stream, below 2³¹; 0 for the connection.
    pub stream: u32,
}

impl FrameHeader {
    /// Reads a header.
    ///
    /// # Errors
    /// There are fewer than nine bytes.
    pub fn parse(input: &[u8]) -> IResult<&[u8], FrameHeader> {
        let (rest, (length, kind, flags, stream)) = (be_u24, be_u8, be_u8, be_u32).parse(input)?;
        let reserved = stream >> 31 != 0;
        Ok((rest, FrameHeader { length, kind: Kind(kind), flags, reserved, stream: stream & 0x7FFF_FFFF }))
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}
