//! What masked bytes spell on the wire (RFC 6455 §10.3).

use crate::websocket::Frame;

/// Whether an HTTP/1 message may begin with the payload as it is on the wire, by which all other payloads are dismissed
/// (RFC 9110 §9.3, RFC 5789 §2).
#[inline]
pub(super) fn may_be_http(frame: &Frame<'_>, key: [u8; 4]) -> bool {
    let Some(first) = frame.payload.first_chunk() else { return false };
    let first = (u32::from_ne_bytes(*first) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    matches!(&first, b"GET " | b"HEAD" | b"POST" | b"PUT " | b"DELE" | b"CONN" | b"OPTI" | b"TRAC" | b"PATC" | b"HTTP")
}

const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ", b"TRACE ", b"PATCH "];

/// The request line or status line with which the payload begins on the wire, as far as it was kept.
pub(super) fn http_line(frame: &Frame<'_>, key: [u8; 4]) -> Option<Vec<u8>> {
    let masked = |(byte, key): (&u8, &u8)| byte ^ key;
    let mut line: Vec<u8> = frame.payload.iter().zip(key.iter().cycle()).map(masked).collect();
    line.truncate(line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(line.len()));
    let version = b" HTTP/1.";
    let request = METHODS.iter().any(|method| line.starts_with(method))
        && line.windows(version.len()).any(|window| window == version);
    (request || line.starts_with(b"HTTP/1.")).then_some(line)
}
