//! TLS record headers (RFC 8446 §5.1, RFC 5246 §6.2): reading one, and telling one from other bytes.

use nom::Parser;
use nom::number::streaming::{be_u8, be_u16};

/// Length of a record header in bytes.
pub(super) const HEADER: usize = 5;

/// Longest body of a record: 2^14 bytes of content and 2048 of expansion (RFC 5246 §6.2.3; TLS 1.3 allows 256).
pub(super) const MAX_BODY: usize = (1 << 14) + 2048;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentType {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
}

impl ContentType {
    pub fn from_byte(byte: u8) -> Option<ContentType> {
        Some(match byte {
            20 => ContentType::ChangeCipherSpec,
            21 => ContentType::Alert,
            22 => ContentType::Handshake,
            23 => ContentType::ApplicationData,
            _ => return None,
        })
    }
}

/// A header that a record of SSL 3.0 to TLS 1.3 can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub content_type: ContentType,
    /// `legacy_record_version`.
    pub version: u16,
    /// Length of the body in bytes, at most [`MAX_BODY`].
    pub length: usize,
    /// The header as it was sent: TLS 1.3 authenticates it.
    pub bytes: [u8; HEADER],
}

/// What the next bytes of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Header(Header),
    /// Too few bytes to say.
    Short,
    /// No record header.
    Other,
}

impl Header {
    pub fn read(bytes: &[u8]) -> Start {
        let parsed: nom::IResult<&[u8], (u8, u16, u16)> = (be_u8, be_u16, be_u16).parse(bytes);
        let Ok((_, (content_type, version, length))) = parsed else { return Start::Short };
        let (Some(content_type), length) = (ContentType::from_byte(content_type), usize::from(length)) else {
            return Start::Other;
        };
        if !(0x0300..=0x0304).contains(&version) || length > MAX_BODY {
            return Start::Other;
        }
        let Some(&bytes) = bytes.first_chunk() else { return Start::Short };
        Start::Header(Header { content_type, version, length, bytes })
    }
}

/// Whether `bytes`, the first of a stream that are at hand, are the start of a TLS connection or of a TLS record.
///
/// A connection begins with a ClientHello or, where only the other direction is looked at, a ServerHello. A capture
/// that began later may begin with any record. Five bytes are needed; with fewer the answer is `false`. Where the
/// bytes of the record after the first are there they must look like a record, too.
pub fn looks_like_tls(bytes: &[u8]) -> bool {
    let Start::Header(first) = Header::read(bytes) else { return false };
    let plausible = match first.content_type {
        ContentType::ChangeCipherSpec => first.length == 1,
        // An alert is two bytes long; an encrypted one is longer.
        ContentType::Alert => first.length >= 2,
        // client_hello(1) and server_hello(2), or an encrypted message.
        ContentType::Handshake => first.length >= 4,
        ContentType::ApplicationData => first.length >= 1,
    };
    let after = bytes.get(HEADER + first.length..).unwrap_or_default();
    plausible && (after.len() < HEADER || matches!(Header::read(after), Start::Header(_)))
}

/// Whether `bytes` are a ClientHello or the beginning of one, told by eleven bytes of which nine are known (RFC 8446 §4.1.2,
/// §5.1). With fewer the answer is `false`.
pub fn is_client_hello(bytes: &[u8]) -> bool {
    let Start::Header(header) = Header::read(bytes) else { return false };
    // client_hello(1), a length below 2¹⁶, and legacy_version.
    let begins = matches!(bytes.get(HEADER..), Some(&[1, 0, _, _, 3, 0..=3, ..]));
    header.content_type == ContentType::Handshake && begins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_tls_from_other_protocols() {
        assert!(looks_like_tls(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"));
        assert!(looks_like_tls(b"\x17\x03\x03\x40\x00"));
        assert!(looks_like_tls(b"\x15\x03\x03\x00\x02\x01\x00\x17\x03\x03\x00\x10"));
        assert!(!looks_like_tls(b"\x15\x03\x03\x00\x02\x01\x00GET / HTTP"));
        assert!(!looks_like_tls(b"\x17\x03\x03\x48\x01"), "longer than a record may be");
        assert!(!looks_like_tls(b"\x17\x03\x05\x00\x10"));
        assert!(!looks_like_tls(b"\x17\x02\x00\x00\x10"));
        assert!(!looks_like_tls(b"GET / HTTP/1.1\r\n"));
        assert!(!looks_like_tls(b"\x81\x05hello"));
        assert!(!looks_like_tls(b"\x16\x03\x01\x02"));
        assert!(!looks_like_tls(b""));
    }
}
