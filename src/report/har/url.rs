//! The URL of a connection, from a request of which any byte may be wrong.

use super::request::Pair;
use crate::analysis::{Connection, Transport};
use crate::http::{Head, RequestLine};
use std::fmt::Write;

/// `ws://host:port/path?query`. A URL by its grammar (RFC 3986) whatever the request holds: what may not stand there is
/// percent-encoded, and where there is no Host that could be one, the address of the server stands for it.
pub(super) fn url(head: Option<&Head<RequestLine>>, connection: &Connection<'_>) -> String {
    let scheme = match connection.transport {
        Transport::Tcp | Transport::H2c => "ws",
        Transport::Tls | Transport::H2 => "wss",
    };
    let host = head.and_then(Head::host).and_then(|host| std::str::from_utf8(host).ok());
    let host = host.filter(|host| is_host(host)).map_or_else(|| connection.server.to_string(), str::to_owned);
    let target = head.map_or("/", |head| &head.line.target);
    // RFC 9112 §3.2.2: the absolute form names the host once more.
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
        None => target,
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{host}{slash}{}", encoded(path))
}

/// The parameters behind the question mark, as they were spelled.
pub(super) fn query(target: &str) -> Vec<Pair> {
    let Some((_, query)) = target.split_once('?') else { return Vec::new() };
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        Pair { name: name.to_owned(), value: value.to_owned() }
    };
    query.split('&').filter(|text| !text.is_empty()).map(pair).collect()
}

/// Whether this is `uri-host [ ":" port ]` (RFC 9110 §7.2).
fn is_host(text: &str) -> bool {
    let behind = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, behind)) if address.parse::<std::net::Ipv6Addr>().is_ok() => behind,
            _ => return false,
        },
        None => {
            let end = text.find(':').unwrap_or(text.len());
            let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if end == 0 || !text[..end].bytes().all(named) {
                return false;
            }
            &text[end..]
        }
    };
    let port = behind.strip_prefix(':').unwrap_or(behind);
    port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) && (port.is_empty() || port.len() < behind.len())
}

/// What RFC 3986 §3.3 and §3.4 let a path with a query hold, and the rest percent-encoded.
fn encoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut out = String::with_capacity(path.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let stays = match byte {
            b'%' => is_hex(at + 1) && is_hex(at + 2),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte),
        };
        if stays {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_stand_in_a_url_is_encoded() {
        assert_eq!(encoded("/a b?c=\"d\"#e"), "/a%20b?c=%22d%22%23e");
        assert_eq!(encoded("/100%/%41%4"), "/100%25/%41%254");
        assert_eq!(encoded("/ü[x]"), "/%C3%BC%5Bx%5D");
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for host in ["example.com", "example.com:80", "127.0.0.1:9", "[::1]", "[::1]:65535", "a:"] {
            assert!(is_host(host), "{host}");
        }
        for wrong in ["", ":80", "a b", "a/b", "[::1", "[x]", "a:b", "a:123456", "user@host", "[::1]9"] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_as_they_were_spelled() {
        let pair = |name: &str, value: &str| Pair { name: name.into(), value: value.into() };
        assert_eq!(query("/a?b=c&d&e=%20=f&"), [pair("b", "c"), pair("d", ""), pair("e", "%20=f")]);
        assert!(query("/a").is_empty());
    }
}
