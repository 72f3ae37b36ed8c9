//! What masked bytes spell on the wire (RFC 6455 §10.3).

use crate::websocket::Frame;

/// The first four bytes of an HTTP/1 message, by which all other payloads are dismissed (RFC 9110 §9.3, RFC 5789 §2).
const BEGINNINGS: [&[u8; 4]; 10] =
    [b"GET ", b"HEAD", b"POST", b"PUT ", b"DELE", b"CONN", b"OPTI", b"TRAC", b"PATC", b"HTTP"];

const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ", b"TRACE ", b"PATCH "];

/// The request line or status line with which the payload begins on the wire, as far as it was kept.
pub(super) fn http_line(frame: &Frame<'_>, key: [u8; 4]) -> Option<Vec<u8>> {
    let masked = |(byte, key): (&u8, &u8)| byte ^ key;
    let first: [u8; 4] = std::array::from_fn(|at| frame.payload.get(at).map_or(0, |byte| byte ^ key[at]));
    if !BEGINNINGS.contains(&&first) {
        return None;
    }
    let mut line: Vec<u8> = frame.payload.iter().zip(key.iter().cycle()).map(masked).collect();
    line.truncate(line.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(line.len()));
    let version = b" HTTP/1.";
    let request = METHODS.iter().any(|method| line.starts_with(method))
        && line.windows(version.len()).any(|window| window == version);
    (request || line.starts_with(b"HTTP/1.")).then_some(line)
}
