//! What is read of heads that are valid and of heads that are not, held against httparse.

use super::*;
use crate::http::head::end;
use proptest::prelude::*;

fn place() -> Place {
    let packet = PacketRef::new(1, None, 0, 0);
    Place { offset: 0, packet, last_packet: packet, segments: 1 }
}

fn faults_of(bytes: &[u8]) -> Vec<Fault> {
    request(bytes, place(), true).faults
}

#[test]
fn a_valid_head_has_no_fault() {
    let head = request(b"GET /a?b HTTP/1.1\r\nHost: x\r\nX:\r\nY: \ta b \t\r\n\r\n", place(), true);
    assert_eq!(head.faults, []);
    assert_eq!((&*head.line.method, &*head.line.target, &*head.line.version), ("GET", "/a?b", "HTTP/1.1"));
    assert_eq!(head.first("y"), Some(&b"a b"[..]));
    assert_eq!(head.first("x"), Some(&b""[..]));
    assert_eq!(head.length, 45);
    let head = response(b"HTTP/1.1 101 \r\nA: \xe9\r\n\r\n", place(), true);
    assert_eq!((head.faults, head.line.status, &*head.line.reason), (vec![], 101, ""));
}

#[test]
fn each_fault_is_named_and_the_rest_still_read() {
    use Fault::*;
    let cases: [(&[u8], &[Fault]); 15] = [
        (b"GET / HTTP/1.1\nHost: x\r\n\r\n", &[BareLf]),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\n", &[BareLf]),
        (b"GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n", &[BareCr]),
        (b"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", &[ObsoleteFold]),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", &[SpaceBeforeColon]),
        (b"GET / HTTP/1.1\r\nHost(: x\r\n\r\n", &[FieldName]),
        (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", &[FieldName]),
        (b"GET / HTTP/1.1\r\nHost: \0x\r\n\r\n", &[FieldValue]),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", &[StartLine]),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", &[StartLine]),
        (b"GET / http/1.1\r\nHost: x\r\n\r\n", &[StartLine]),
        (b"GET /\r\n\r\n", &[StartLine]),
        (b"GET\t/ HTTP/1.1\r\n\r\n", &[StartLine]),
        (b"GET /\tHTTP/1.1\r\n\r\n", &[StartLine]),
        (b"GET /\xE4 HTTP/1.1\r\n\r\n", &[StartLine]),
    ];
    for (bytes, expected) in cases {
        assert_eq!(faults_of(bytes), expected, "{}", String::from_utf8_lossy(bytes));
    }
    let folded = request(b"GET / HTTP/1.1\r\nA: x\r\n  y\r\n\tz\r\nB : z\r\n\r\n", place(), true);
    assert_eq!(folded.first("a"), Some(&b"x y z"[..]));
    assert_eq!(folded.first("b"), Some(&b"z"[..]));
    // RFC 9112 §4: the space behind the status code must be sent.
    assert_eq!(response(b"HTTP/1.1 101\r\n\r\n", place(), true).faults, [StartLine]);
    assert_eq!(response(b"HTTP/1.1 1O1 X\r\n\r\n", place(), true).line.status, 0);
    assert_eq!(request(b"GET / HTTP/1.1\r\nHo", place(), false).faults, [Unfinished]);
}

#[test]
fn versions_of_the_right_form_are_no_fault() {
    assert_eq!(faults_of(b"GET / HTTP/1.0\r\n\r\n"), []);
    assert_eq!(faults_of(b"GET / HTTP/1.2\r\n\r\n"), []);
}

/// What httparse refuses; a version other than 1.0 and 1.1 in the form of RFC 9112 §2.3 is for a rule to judge.
fn is_refused<T>(verdict: httparse::Result<T>) -> bool {
    !matches!(verdict, Ok(_) | Err(httparse::Error::Version))
}

/// Lines as they are and as they are not, put together.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 34] = [
        b"\r\n",
        b"\r\n",
        b"\r\n",
        b": ",
        b":",
        b" ",
        b"GET",
        b"HTTP/1.1",
        b"HTTP/1.2",
        b" 101 ",
        b" 99 ",
        b"/a",
        b"Host",
        b"x",
        b"\n",
        b"\r",
        b"\t",
        b"\x0b",
        b"\x0c",
        b"\x00",
        b"\x1f",
        b"\x7f",
        b"\x80",
        b"\xc3\xa4",
        b"(",
        b"@",
        b"{",
        b"\"",
        b",",
        b"~",
        b"#",
        b"=",
        b"-",
        b"_",
    ];
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_has_no_fault_is_valid_to_httparse(start in pieces(), lines in pieces(), sound: bool, name in "[a-z(]{0,2}") {
        let room = || [httparse::EMPTY_HEADER; 32];
        let fields = [name.as_bytes(), b": b", &lines, b"\r\n\r\n"].concat();
        let (request_start, response_start) = match sound {
            true => ([b"GET /", &start[..]].concat(), [b"HTTP/1.1 101 ", &start[..]].concat()),
            false => (start.clone(), start),
        };
        let whole = |start: &[u8], version: &[u8]| {
            let bytes = [start, version, b"\r\n", &fields].concat();
            let end = end(&bytes).unwrap();
            bytes[..end].to_vec()
        };
        let bytes = whole(&request_start, b" HTTP/1.1");
        prop_assume!(!bytes.starts_with(b"\r") && !bytes.starts_with(b"\n"));
        if request(&bytes, place(), true).faults.is_empty() {
            prop_assert!(!is_refused(httparse::Request::new(&mut room()).parse(&bytes)));
        }
        let bytes = whole(&response_start, b"");
        if response(&bytes, place(), true).faults.is_empty() {
            prop_assert!(!is_refused(httparse::Response::new(&mut room()).parse(&bytes)));
        }
    }

    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>, finished: bool) {
        request(&bytes, place(), finished);
        response(&bytes, place(), finished);
    }
}

/// Lines of all kinds, most of them plain.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = "(Host|host|X-A|[!-~]{1,20}): ?[ -~\t]{0,40}\r\n|[ -~]{0,30}(\r\n|\n)|[A-Z]: [\x00-\x20\x7f]{0,2}\r\n|[a-z]+: x\r\n";
    prop::collection::vec(line, 0..8)
}

proptest! {
    #[test]
    fn a_plain_head_is_read_as_any_other(lines in lines(), behind in ".{0,20}") {
        let text = format!("GET / HTTP/1.1\r\n{}\r\n{behind}", lines.concat());
        let Some(plain) = crate::http::plain::read(text.as_bytes()) else { return Ok(()) };
        let length = end(text.as_bytes()).expect("a plain head has an end");
        let (one, other) = (plain_request(text.as_bytes(), place(), plain), request(&text.as_bytes()[..length], place(), true));
        prop_assert_eq!((one.line, one.headers, one.faults, one.length), (other.line, other.headers, other.faults, other.length));
    }

    /// Each byte in turn, in lines of any length.
    #[test]
    fn a_head_is_plain_unless_a_control_character_stands_in_it(before in "[ -~]{0,60}", byte: u8, behind in "[ -~]{0,60}") {
        let head = [b"GET / HTTP/1.1\r\nA: ", before.as_bytes(), &[byte], behind.as_bytes(), b"\r\n\r\n"].concat();
        let is_control = byte.is_ascii_control() && byte != b'\t';
        let plain = crate::http::plain::read(&head);
        prop_assert_eq!(plain.is_some(), !is_control);
        let Some(plain) = plain else { return Ok(()) };
        let is_plain = plain.headers.iter().all(|line| crate::plain::is_plain(line.name) && crate::plain::is_plain(line.value));
        prop_assert!(!plain.headers.are_plain() || is_plain);
        prop_assert!(plain.headers.are_plain() || matches!(byte, b'\t' | b'"' | b'\\' | 0x80..) || !is_plain);
    }
}

proptest! {
    #[test]
    fn an_exact_request_line_is_read_as_any_other(line in "(GET|[!-~]{0,5}) ?/?[ -~é]{0,9} (HTTP/1\\.[01]|[ -~]{8})") {
        if let Some(exact) = exact_request_line(line.as_bytes()) {
            let mut faults = Faults(Vec::new());
            prop_assert_eq!(exact, lenient_request_line(line.as_bytes(), &mut faults));
            prop_assert_eq!(faults.0, []);
        }
    }
}
