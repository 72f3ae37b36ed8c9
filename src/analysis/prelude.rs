//! What may stand before TLS or HTTP on a connection: the header of the PROXY protocol, and other protocols, in which both
//! ends agree to go on as TLS (STARTTLS) or with another connection inside (SOCKS).

use crate::http2::PREFACE;
use crate::tcp::Chunk;
use crate::tls::is_client_hello;
use memchr::memchr;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Deliveries and bytes of both directions after which a protocol is no longer expected to become another one. STARTTLS
/// takes six turns in SMTP, SOCKS with a password as many.
const DELIVERIES: u32 = 64;
const BYTES: usize = 16 << 10;

/// The longest header of PROXY version 1, and what version 2 begins with (The PROXY protocol, §2.1 and §2.2).
const LONGEST_LINE: usize = 107;
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Another protocol at the beginning of a connection.
#[derive(Debug, Default)]
pub(super) struct Prelude {
    deliveries: u32,
    bytes: usize,
    tunnel: Option<Arc<String>>,
}

/// What it became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is the same as before.
    None,
    /// TLS begins with this chunk.
    Tls,
    /// HTTP/1 or HTTP/2 begins with this chunk.
    Http,
    /// Nothing that is followed, for all that is to be expected.
    Never,
}

impl Prelude {
    /// Nothing is known of it, but for the target of the tunnel that it is in.
    pub(super) fn within(tunnel: Option<Arc<String>>) -> Prelude {
        Prelude { tunnel, ..Prelude::default() }
    }

    /// Takes the next bytes of either side. What begins stands at the beginning of a chunk: the end that begins it has
    /// waited for the other's consent.
    pub(super) fn push(&mut self, chunk: &Chunk<'_>) -> Turn {
        if is_client_hello(chunk.bytes) {
            return Turn::Tls;
        }
        if begins_like_http(chunk.bytes) {
            return Turn::Http;
        }
        self.pass(chunk);
        if self.deliveries > DELIVERIES || self.bytes > BYTES { Turn::Never } else { Turn::None }
    }

    /// The target of the tunnel that it is in, also where it was SOCKS that opened it.
    pub(super) fn tunnel(&self) -> Option<Arc<String>> {
        self.tunnel.clone()
    }

    /// Takes bytes that begin nothing else.
    pub(super) fn pass(&mut self, chunk: &Chunk<'_>) {
        if let Some(target) = socks_target(chunk.bytes) {
            self.tunnel = Some(target.into());
        }
        self.deliveries = self.deliveries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(chunk.bytes.len());
    }
}

/// HTTP/2's preface, or the request line of a GET: all that a WebSocket can be asked for with.
fn begins_like_http(bytes: &[u8]) -> bool {
    let line = &bytes[..memchr(b'\n', bytes).unwrap_or(0)];
    bytes.starts_with(PREFACE) || line.starts_with(b"GET ") && line.windows(8).any(|window| window == b" HTTP/1.")
}

/// Host and port of a CONNECT of SOCKS5 (RFC 1928 §4), or of SOCKS4 or 4a, which is all that these bytes are.
fn socks_target(bytes: &[u8]) -> Option<String> {
    let number = |high, low| u16::from_be_bytes([high, low]);
    Some(match *bytes {
        [5, 1, 0, 1, a, b, c, d, high, low] => format!("{}:{}", Ipv4Addr::new(a, b, c, d), number(high, low)),
        [5, 1, 0, 3, length, ref name @ .., high, low] if name.len() == usize::from(length) => {
            format!("{}:{}", String::from_utf8_lossy(name), number(high, low))
        }
        [5, 1, 0, 4, ref address @ .., high, low] => {
            format!("[{}]:{}", Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?), number(high, low))
        }
        [4, 1, high, low, a, b, c, d, ref names @ .., 0] => {
            let port = number(high, low);
            match (Ipv4Addr::new(a, b, c, d), memchr(0, names)) {
                // 4a: an address that nobody has stands for the name behind the user's.
                (address, Some(end)) if address.to_bits() < 256 => {
                    format!("{}:{port}", String::from_utf8_lossy(&names[end + 1..]))
                }
                (address, None) => format!("{address}:{port}"),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// What follows the header of the PROXY protocol, or several, in the first chunk of a connection; `None` where there is none.
pub(super) fn behind_proxy_headers<'a>(chunk: &Chunk<'a>) -> Option<Chunk<'a>> {
    let mut behind = *chunk;
    while let Some(length) = proxy_header(behind.bytes) {
        behind =
            Chunk { offset: behind.offset.saturating_add(length as u64), bytes: &behind.bytes[length..], ..behind };
    }
    (behind.bytes.len() < chunk.bytes.len()).then_some(behind)
}

/// The length of the header of the PROXY protocol that these bytes, the first of a connection, begin with. Its sender must
/// send it at once (§2), so that it is in one piece.
fn proxy_header(bytes: &[u8]) -> Option<usize> {
    if let Some(rest) = bytes.strip_prefix(SIGNATURE) {
        // Version and command, family and protocol, and the length of what follows.
        let &[version, _, high, low] = rest.first_chunk()?;
        let length = SIGNATURE.len() + 4 + usize::from(u16::from_be_bytes([high, low]));
        return (version >> 4 == 2 && length <= bytes.len()).then_some(length);
    }
    if !bytes.starts_with(b"PROXY ") {
        return None;
    }
    let line = &bytes[..memchr(b'\n', &bytes[..bytes.len().min(LONGEST_LINE)])?];
    let known = [&b"PROXY TCP4 "[..], b"PROXY TCP6 ", b"PROXY UNKNOWN"].iter().any(|start| line.starts_with(start));
    (known && line.ends_with(b"\r")).then_some(line.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::PacketRef;

    #[test]
    fn headers_are_read_as_they_are_in_the_specification() {
        let line = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
        assert_eq!(proxy_header(&[line, &b"GET / HTTP/1.1\r\n"[..]].concat()), Some(line.len()));
        assert_eq!(proxy_header(b"PROXY UNKNOWN\r\n"), Some(15));
        assert_eq!(proxy_header(b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n"), None, "no CR");
        assert_eq!(proxy_header(b"PROXY TCP4 192.0.2.1"), None);
        assert_eq!(proxy_header(b"PROXY /a HTTP/1.1\r\n"), None, "a method that nobody uses");
        let long = [&b"PROXY TCP6 "[..], &[b'f'; 100], b"\r\n"].concat();
        assert_eq!(proxy_header(&long), None);
        let binary = [SIGNATURE, &[0x21, 0x11, 0, 12], &[9; 12]].concat();
        assert_eq!(proxy_header(&binary), Some(28));
        assert_eq!(proxy_header(&[&binary[..], b"\x16\x03"].concat()), Some(28));
        assert_eq!(proxy_header(&binary[..27]), None);
        assert_eq!(proxy_header(&[SIGNATURE, &[0x11, 0x11, 0, 0]].concat()), None, "another version");
        assert_eq!(proxy_header(SIGNATURE), None);
    }

    #[test]
    fn where_socks_leads_is_read() {
        let target = |bytes: &[u8]| socks_target(bytes);
        assert_eq!(target(b"\x05\x01\0\x01\xc0\0\x02\x01\x01\xbb").as_deref(), Some("192.0.2.1:443"));
        assert_eq!(target(b"\x05\x01\0\x03\x04host\0\x50").as_deref(), Some("host:80"));
        assert_eq!(target(b"\x05\x01\0\x03\x05host\0\x50"), None, "another length");
        let long = [&b"\x05\x01\0\x04"[..], &Ipv6Addr::LOCALHOST.octets(), b"\0\x50"].concat();
        assert_eq!(target(&long).as_deref(), Some("[::1]:80"));
        assert_eq!(target(&long[1..]), None);
        assert_eq!(target(b"\x04\x01\0\x50\xc0\0\x02\x01me\0").as_deref(), Some("192.0.2.1:80"));
        assert_eq!(target(b"\x04\x01\0\x50\0\0\0\x01me\0host\0").as_deref(), Some("host:80"));
        assert_eq!(target(b"\x05\x01\0"), None, "the methods that a client offers");
        assert_eq!(target(b"\x05\0\0\x01\0\0\0\0\0\0"), None, "the answer");
    }

    fn turn(prelude: &mut Prelude, bytes: &[u8]) -> Turn {
        let packet = PacketRef::new(1, None, 0, 0);
        prelude.push(&Chunk { offset: 0, bytes, packet, acknowledged: None })
    }

    #[test]
    fn a_protocol_turns_at_the_beginning_of_a_chunk() {
        let mut prelude = Prelude::default();
        for said in [&b"220 mail ESMTP\r\n"[..], b"EHLO a\r\n", b"STARTTLS\r\n", b"GET it done\r\n", b"GET / HTTP", b""]
        {
            assert_eq!(turn(&mut prelude, said), Turn::None);
        }
        assert_eq!(turn(&mut prelude, b"GET /chat HTTP/1.1\r\n"), Turn::Http);
        assert_eq!(turn(&mut prelude, PREFACE), Turn::Http);
        assert_eq!(turn(&mut prelude, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Turn::Tls);
        assert_eq!(turn(&mut prelude, b"\x16\x03\x01\x02\x00\x02\x00\x01\xfc\x03\x03"), Turn::None, "a ServerHello");
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut prelude = Prelude::default();
        let turns = (0..=DELIVERIES).map(|_| turn(&mut prelude, b"x")).collect::<Vec<_>>();
        assert!(turns[..DELIVERIES as usize].iter().all(|&turn| turn == Turn::None));
        assert_eq!(turns[DELIVERIES as usize], Turn::Never);
        assert_eq!(turn(&mut Prelude::default(), &[b'x'; BYTES + 1]), Turn::Never);
    }
}
