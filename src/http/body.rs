//! Message bodies: how long one is (RFC 9112 §6.3), and passing over it.

use super::head::{Head, RequestLine, StatusLine};

/// What is left of a message body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// This many bytes; 0 for no body.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked(Chunked),
    /// All that the sender will send.
    UntilClose,
}

/// Where in a chunked body (RFC 9112 §7.1) the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the hexadecimal size; how many digits were read, and their value.
    Size { digits: u8, value: u64 },
    /// In the rest of the size line: extensions, which nobody needs.
    SizeLine { value: u64 },
    /// In the data, this many bytes before its end.
    Data(u64),
    /// In the line end behind the data.
    DataEnd,
    /// In the trailer section; whether the line so far is empty.
    Trailer { empty: bool },
}

impl Chunked {
    const START: Chunked = Chunked::Size { digits: 0, value: 0 };
}

/// What became of a body when bytes were passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// All the bytes belong to it, and more may come.
    All,
    /// It ended after this many bytes.
    Ended(usize),
    /// After this many bytes it is no chunked body any more.
    Broken(usize),
}

impl Body {
    /// No body.
    pub const NONE: Body = Body::Length(0);

    /// The body that a request head announces.
    pub fn of_request(head: &Head<RequestLine>) -> Body {
        match (head.first("transfer-encoding").is_some(), content_length(head)) {
            (true, _) if is_chunked(head) => Body::Chunked(Chunked::START),
            // RFC 9112 §6.3 item 4: such a request has no known end.
            (true, _) => Body::UntilClose,
            (false, Ok(length)) => Body::Length(length.unwrap_or(0)),
            (false, Err(())) => Body::NONE,
        }
    }

    /// The body that follows a response head; `to_head` says that the request's method was HEAD. Not for an answer
    /// that switches protocols or opens a tunnel.
    pub fn of_response(head: &Head<StatusLine>, to_head: bool) -> Body {
        // RFC 9112 §6.3 item 1.
        if to_head || matches!(head.line.status, 100..=199 | 204 | 304) {
            return Body::NONE;
        }
        match (head.first("transfer-encoding").is_some(), content_length(head)) {
            (true, _) if is_chunked(head) => Body::Chunked(Chunked::START),
            (false, Ok(Some(length))) => Body::Length(length),
            _ => Body::UntilClose,
        }
    }

    /// Passes over `bytes`.
    pub fn pass(&mut self, bytes: &[u8]) -> Passed {
        match self {
            Body::UntilClose => Passed::All,
            Body::Length(left) => {
                let taken = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= taken as u64;
                if *left == 0 { Passed::Ended(taken) } else { Passed::All }
            }
            Body::Chunked(state) => state.pass(bytes),
        }
    }

    /// Passes over `length` bytes that are not in the capture; `false` where it is not known what they were.
    pub fn pass_missing(&mut self, length: u64) -> bool {
        match self {
            Body::UntilClose => true,
            Body::Length(left) | Body::Chunked(Chunked::Data(left)) if length <= *left => {
                *left -= length;
                true
            }
            _ => false,
        }
    }
}

impl Chunked {
    fn pass(&mut self, bytes: &[u8]) -> Passed {
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            *self = match *self {
                Chunked::Data(left) => {
                    let rest = bytes.len() - at;
                    let taken = usize::try_from(left).map_or(rest, |left| left.min(rest));
                    at += taken;
                    match left - taken as u64 {
                        0 => Chunked::DataEnd,
                        left => Chunked::Data(left),
                    }
                }
                Chunked::Size { digits, value } => match char::from(byte).to_digit(16) {
                    // Sixteen digits are all that 64 bits can hold.
                    Some(_) if digits == 16 => return Passed::Broken(at),
                    Some(digit) => {
                        at += 1;
                        Chunked::Size { digits: digits + 1, value: value << 4 | u64::from(digit) }
                    }
                    None if digits == 0 => return Passed::Broken(at),
                    None => Chunked::SizeLine { value },
                },
                Chunked::SizeLine { value } => {
                    at += 1;
                    match (byte, value) {
                        (b'\n', 0) => Chunked::Trailer { empty: true },
                        (b'\n', value) => Chunked::Data(value),
                        _ => *self,
                    }
                }
                Chunked::DataEnd => {
                    at += 1;
                    match byte {
                        b'\r' => Chunked::DataEnd,
                        b'\n' => Chunked::START,
                        _ => return Passed::Broken(at - 1),
                    }
                }
                Chunked::Trailer { empty } => {
                    at += 1;
                    match byte {
                        b'\n' if empty => return Passed::Ended(at),
                        b'\n' => Chunked::Trailer { empty: true },
                        b'\r' => *self,
                        _ => Chunked::Trailer { empty: false },
                    }
                }
            };
        }
        Passed::All
    }
}

/// RFC 9112 §6.1: chunked must be the last coding.
fn is_chunked<Line>(head: &Head<Line>) -> bool {
    head.list("transfer-encoding").last().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"))
}

/// RFC 9110 §8.6: digits, possibly repeated with the same value; `Err` where they are not that.
fn content_length<Line>(head: &Head<Line>) -> Result<Option<u64>, ()> {
    let mut length = None;
    for value in head.list("content-length") {
        let digits = value.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok()).ok_or(())?;
        if *length.get_or_insert(number) != number {
            return Err(());
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_ends_where_its_trailers_do_however_it_is_cut() {
        let bytes = b"4;x=y\r\nWiki\r\n00a\r\n0\r\n\r\n56789\r\n0\r\nT: 1\r\n\r\nHTTP/1.1";
        let length = bytes.len() - 8;
        for cut in 0..=length {
            let mut body = Body::Chunked(Chunked::START);
            let first = body.pass(&bytes[..cut]);
            match first {
                Passed::Ended(at) => assert_eq!((cut, at), (length, length)),
                other => {
                    assert_eq!(other, Passed::All);
                    assert_eq!(body.pass(&bytes[cut..]), Passed::Ended(length - cut));
                }
            }
        }
    }

    #[test]
    fn a_size_that_is_no_number_breaks_the_body() {
        for (bytes, at) in [(&b"x\r\n"[..], 0), (b"\r\n", 0), (b"11111111111111111\r\n", 16), (b"1\r\nab", 4)] {
            assert_eq!(Body::Chunked(Chunked::START).pass(bytes), Passed::Broken(at));
        }
    }

    #[test]
    fn missing_bytes_are_passed_where_their_meaning_is_known() {
        let mut body = Body::Length(10);
        assert!(body.pass_missing(4));
        assert!(!body.pass_missing(7));
        assert_eq!(body.pass(b"abcdefgh"), Passed::Ended(6));
        assert!(!Body::Chunked(Chunked::START).pass_missing(1));
        assert!(Body::UntilClose.pass_missing(u64::MAX));
    }
}
