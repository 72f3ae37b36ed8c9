//! What the first bytes of a message say: a request, a response, or no HTTP/1 at all.

/// What bytes at the place of a start line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// A request line begins here.
    Request,
    /// A status line begins here.
    Response,
    /// Too few bytes to tell.
    Undecided,
    /// Neither.
    Neither,
}

/// The methods that are taken for HTTP whatever stands behind them: RFC 9110 §9, RFC 5789, and the common WebDAV ones.
const METHODS: [&[u8]; 14] = [
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"CONNECT",
    b"OPTIONS",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"REPORT",
    b"SEARCH",
];

/// The longest method of the IANA registry is `UPDATEREDIRECTREF`.
const LONGEST_METHOD: usize = 17;

/// Tells from the first bytes what a message is; needs at most 22 of them.
///
/// Known methods count in any letter case. Others must be in capitals and have a target of a known form behind them,
/// because SMTP, FTP, IRC and many more begin with a word and a space too.
pub(super) fn classify(bytes: &[u8]) -> Opening {
    // Most requests for a WebSocket begin like this.
    if bytes.starts_with(b"GET ") {
        return Opening::Request;
    }
    const VERSION: &[u8] = b"HTTP/";
    let compared = bytes.len().min(VERSION.len());
    if bytes[..compared].eq_ignore_ascii_case(&VERSION[..compared]) {
        return if compared == VERSION.len() { Opening::Response } else { Opening::Undecided };
    }
    let in_method = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    let length = bytes.iter().take(LONGEST_METHOD + 1).take_while(|byte| in_method(byte)).count();
    if length > LONGEST_METHOD {
        return Opening::Neither;
    }
    let (method, rest) = bytes.split_at(length);
    let Some((separator, target)) = rest.split_first() else { return Opening::Undecided };
    if length == 0 || !matches!(separator, b' ' | b'\t') {
        return Opening::Neither;
    }
    if is_known_method(method) {
        return Opening::Request;
    }
    // "PRI * HTTP/2.0" is the preface of HTTP/2 (RFC 9113 §3.4).
    if method == b"PRI" || method.iter().any(u8::is_ascii_lowercase) {
        return Opening::Neither;
    }
    match target.first() {
        None => Opening::Undecided,
        Some(b'/' | b'*') => Opening::Request,
        Some(_) => {
            const SCHEME: &[u8] = b"http";
            let compared = target.len().min(SCHEME.len());
            match target[..compared].eq_ignore_ascii_case(&SCHEME[..compared]) {
                true if compared == SCHEME.len() => Opening::Request,
                true => Opening::Undecided,
                false => Opening::Neither,
            }
        }
    }
}

/// Whether this is one of the common methods, in any letter case.
pub(super) fn is_known_method(method: &[u8]) -> bool {
    METHODS.iter().any(|known| known.eq_ignore_ascii_case(method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_http_from_the_rest() {
        for request in [&b"GET /"[..], b"Get x", b"CONNECT a:1", b"BREW /pot", b"M-SEARCH * HTTP/1.1", b"X http:"] {
            assert_eq!(classify(request), Opening::Request, "{request:?}");
        }
        for response in [&b"HTTP/1.1 200"[..], b"HTTP/", b"http/1.0 101"] {
            assert_eq!(classify(response), Opening::Response, "{response:?}");
        }
        for other in [
            &b"\x16\x03\x01\x02\x00"[..],
            b"PRI * HTTP/2.0\r\n",
            b"220 mail ESMTP",
            b"EHLO mail",
            b"SSH-2.0-OpenSSH",
            b"\x81\x05Hello",
            b"* OK IMAP",
            b"Hello world",
            b"GET\r\n",
            b" GET /",
            b"ABCDEFGHIJKLMNOPQR",
        ] {
            assert_eq!(classify(other), Opening::Neither, "{other:?}");
        }
        for short in [&b""[..], b"H", b"HTTP", b"G", b"GET", b"BREW", b"BREW ", b"BREW ht"] {
            assert_eq!(classify(short), Opening::Undecided, "{short:?}");
        }
    }

    #[test]
    fn a_decision_stands_whatever_follows() {
        for text in [&b"GET /chat HTTP/1.1"[..], b"BREW http://x/ HTTP/1.1", b"HTTP/1.1 101 S", b"HEAD\0", b"HELLO you"]
        {
            let last = classify(text);
            for length in 0..text.len() {
                let early = classify(&text[..length]);
                assert!(early == Opening::Undecided || early == last, "{text:?} at {length}");
            }
        }
    }
}
