use super::*;
use crate::capture::PacketRef;
use crate::tcp::Side;
use proptest::prelude::*;

const PACKET: PacketRef = PacketRef::new(1, None, 0, 0);
const KEY: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";

fn head<Line>(line: Line, headers: &[(&str, &str)]) -> Head<Line> {
    Head {
        line,
        headers: headers.iter().copied().collect(),
        faults: Vec::new(),
        offset: 0,
        length: 0,
        packet: PACKET,
        last_packet: PACKET,
        segments: 1,
    }
}

fn attempt(request: Option<&[(&str, &str)]>, response: Option<&[(&str, &str)]>) -> Attempt {
    let line = || RequestLine { method: "GET".into(), target: "/".into(), version: "HTTP/1.1".into() };
    let status = || StatusLine { version: "HTTP/1.1".into(), status: 101, reason: "".into() };
    Attempt {
        client: Side::First,
        request: request.map(|headers| Box::new(head(line(), headers))),
        response: response.map(|headers| Box::new(head(status(), headers))),
        switched: response.is_some(),
        early_data: None,
        pipelined: None,
        after_gap: false,
        client_left: false,
        early_dropped: 0,
        tunnel: None,
        first_frame_coalesced: false,
        hixie_body: None,
        hixie_answer: None,
    }
}

fn cause_name(key: &[u8], received: &str) -> Option<String> {
    let check = check_accept(key, received.as_bytes());
    assert!(!check.is_valid());
    check.cause().map(|cause| cause.name().into_owned())
}

/// Expected values: `python3 -c 'base64.b64encode(hashlib.sha1(key + guid).digest())'`.
#[test]
fn accepts_agree_with_python() {
    for (key, accept) in [
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="),
        ("2mzaxLsKR++Hp0c5q2ufwg==", "Gk9vEODnOs/Kmjxy9leCLqw+9f8="),
        ("JJ+5PGCsOydngWBY3axAEA==", "EC83XYnK0G//n7ZrrFE8c6XOQVY="),
        ("puVOuWb7rel6z2AVZBKnfw==", "lt1/FHuL6o2V8tma5G4mOcqYBFA="),
        ("AQIDBAUGBwgJCgsMDQ4PEC==", "OfS0wDaT5NoxF2gqm7Zj2YtetzM="),
    ] {
        assert_eq!(accept_key(key.as_bytes()).as_str(), accept);
        let check = check_accept(format!(" {key}\t").as_bytes(), accept.as_bytes());
        assert!(check.is_valid() && check.received() == accept);
    }
}

#[test]
fn a_printed_example_with_the_answer_to_another_printed_key_is_told() {
    let check = check_accept(b"x3JJHMbDL1EzLkh9GBhXDw==", b"K7DJLdLooIwIG/MOpvWFB3y3FE8=");
    assert_eq!(check.cause(), Some(&AcceptCause::PublishedKey("xqBt3ImNzJbYqRINxEFlkg==")));
    // No known mistake yields this one, and none is made up.
    assert_eq!(check_accept(b"puVOuWb7rel6z2AVZBKnfw==", b"FCKgUr8c7OsDsLFeJTWrJw6WO8Q=").cause(), None);
}

/// Each received value was computed with Python's `hashlib` and `base64` from the sample key of RFC 6455 §1.3.
#[test]
fn known_mistakes_are_found() {
    let cases = include_str!("mistakes.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for case in cases {
        let (received, expected) = case.split_once(' ').expect("a value, a space, a cause");
        let check = check_accept(KEY, received.as_bytes());
        let cause = check.cause().unwrap_or_else(|| panic!("{case}"));
        assert_eq!(format!("{}: {}", cause.name(), cause.describe()), expected);
        count += 1;
    }
    assert!(count > 30);
}

#[test]
fn what_is_no_known_mistake_has_no_cause() {
    for received in ["", "=", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "s3p", "websocket"] {
        assert_eq!(cause_name(KEY, received), None, "{received}");
    }
    assert_eq!(cause_name(b"", ""), None);
}

#[test]
fn keys_are_judged_by_alphabet_padding_length_and_pad_bits() {
    let key = decode_key(KEY).unwrap();
    assert_eq!((key.nonce, key.length, key.canonical), (Some(*b"the sample nonce"), 16, true));
    assert!(!decode_key(b"AQIDBAUGBwgJCgsMDQ4PEC==").unwrap().canonical);
    assert_eq!(decode_key(b"AAAA").unwrap().length, 3);
    assert_eq!(decode_key(b"").unwrap().length, 0);
    assert_eq!(decode_key(b"dGhlIHNhbXBsZSBub25jZQ"), Err(KeyFault::Padding));
    assert_eq!(decode_key(b"dGhlIHNhbXBsZSBub25jZQ==="), Err(KeyFault::Padding));
    assert_eq!(decode_key(b"dGhl=HNhbXBsZSBub25jZQ=="), Err(KeyFault::Padding));
    assert_eq!(decode_key(b"A"), Err(KeyFault::Padding));
    assert_eq!(decode_key(b" dGhl-HNh"), Err(KeyFault::Alphabet { offset: 4, byte: b'-' }));
}

#[test]
fn the_hixie_example_and_its_faults() {
    let (key1, key2, body) = (b"4 @1  46546xW%0l 1 5", b"12998 5 Y3 1  .P00", b"^n:ds[4U");
    assert_eq!(hixie76_answer(key1, key2, body), Ok(*b"8jKS'y:G*Co,Wxa-"));
    // The other example of the draft, §1.2.
    assert_eq!(
        hixie76_answer(b"18x 6]8vM;54 *(5:  {   U1]8  z [  8", b"1_ tx7X d  <  nw  334J702) 7]o}` 0", b"Tm[K T2u"),
        Ok(*b"fQJ,fN/4F4!~K~MH")
    );
    assert_eq!(hixie76_answer(b"12", key2, body), Err(HixieKeyFault::NoSpaces { key: 1 }));
    assert_eq!(hixie76_answer(key1, b" x", body), Err(HixieKeyFault::NoNumber { key: 2 }));
    assert_eq!(hixie76_answer(key1, b" 4294967296", body), Err(HixieKeyFault::NoNumber { key: 2 }));
    let odd = HixieKeyFault::NotDivisible { key: 1, number: 7, spaces: 2 };
    assert_eq!(hixie76_answer(b" 7 ", key2, body), Err(odd));
}

#[test]
fn extension_lists_follow_the_grammar() {
    let name = |name: &str| Extension { name: name.into(), params: vec![] };
    assert_eq!(parse_extensions(b" a ,, b,"), Ok(vec![name("a"), name("b")]));
    let list = parse_extensions(b"x ; a = 1;b=\"t\\o\" ; c").unwrap();
    let value = |value: &str| Some(value.to_string());
    assert_eq!(
        list[0].params,
        [("a".to_string(), value("1")), ("b".to_string(), value("to")), ("c".to_string(), None)]
    );
    for (text, offset) in [
        (&b""[..], 0),
        (b" , ", 3),
        (b";a", 0),
        (b"a;", 2),
        (b"a; =1", 3),
        (b"a;b=", 4),
        (b"a;b=\"\"", 4),
        (b"a;b=\"x y\"", 4),
        (b"a;b=\"x", 6),
        (b"a;b=\"x\\", 7),
        (b"a b", 2),
        (b"a;b=1=2", 5),
        (b"a\xff", 1),
    ] {
        assert_eq!(parse_extensions(text).unwrap_err().offset, offset, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn deflate_parameters_have_defaults_and_survive_nonsense() {
    let params = |text: &[u8]| PmdParams::from_response(&parse_extensions(text).unwrap()[0]);
    let defaults = params(b"permessage-deflate");
    let expected = PmdParams {
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        server_no_context_takeover: false,
        client_no_context_takeover: false,
    };
    assert_eq!(defaults, expected);
    let all = b"permessage-deflate; server_max_window_bits=8; client_max_window_bits=\"12\"; server_no_context_takeover; client_no_context_takeover";
    let expected = PmdParams {
        server_max_window_bits: 8,
        client_max_window_bits: 12,
        server_no_context_takeover: true,
        client_no_context_takeover: true,
    };
    assert_eq!(params(all), expected);
    for nonsense in ["7", "16", "08", "010", "x", "99999999999"] {
        let text = format!("permessage-deflate; server_max_window_bits={nonsense}");
        assert_eq!(params(text.as_bytes()), defaults, "{nonsense}");
    }
    assert_eq!(params(b"permessage-deflate; client_max_window_bits"), defaults);
}

#[test]
fn extensions_count_over_several_lines_and_only_where_the_server_switched() {
    let request: &[(&str, &str)] = &[
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Extensions", "a, permessage-deflate"),
        ("sec-websocket-extensions", "x-webkit-deflate-frame"),
    ];
    let response: &[(&str, &str)] = &[
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=10"),
    ];
    let handshake = Handshake::from_attempt(attempt(Some(request), Some(response)));
    assert!(handshake.accept.as_ref().is_some_and(AcceptCheck::is_valid));
    let names: Vec<&str> = handshake.offers.iter().map(|offer| &*offer.name).collect();
    assert_eq!(names, ["a", "permessage-deflate", "x-webkit-deflate-frame"]);
    assert_eq!(handshake.deflate.map(|params| params.server_max_window_bits), Some(10));

    let mut refused = attempt(Some(request), Some(response));
    refused.switched = false;
    let handshake = Handshake::from_attempt(refused);
    assert_eq!((handshake.extensions.len(), handshake.deflate), (0, None));

    let broken: &[(&str, &str)] = &[("Sec-WebSocket-Extensions", "permessage-deflate;;")];
    let handshake = Handshake::from_attempt(attempt(Some(request), Some(broken)));
    assert_eq!(handshake.extensions_syntax.map(|fault| fault.offset), Some(19));
    assert_eq!(handshake.accept, None);
}

fn family(request: Option<&[(&str, &str)]>, response: Option<&[(&str, &str)]>) -> Family {
    Handshake::from_attempt(attempt(request, response)).family
}

#[test]
fn families_are_told_from_the_headers() {
    let key = ("Sec-WebSocket-Key", "x");
    assert_eq!(family(Some(&[key, ("Sec-WebSocket-Version", "13")][..]), None), Family::Rfc6455);
    assert_eq!(family(Some(&[key][..]), None), Family::Rfc6455);
    assert_eq!(
        family(
            Some(&[key, ("Sec-WebSocket-Version", "8"), ("Sec-WebSocket-Origin", "http://x")][..]),
            Some(&[("WebSocket-Location", "ws://x"), ("Sec-WebSocket-Accept", "y")][..])
        ),
        Family::Hybi(8)
    );
    assert_eq!(family(Some(&[key, ("Sec-WebSocket-Version", "4")][..]), None), Family::Hybi(4));
    let keys: &[(&str, &str)] = &[("Sec-WebSocket-Key1", "1 "), ("Sec-WebSocket-Key2", "2 ")];
    assert_eq!(family(Some(keys), None), Family::Hixie76);
    let old: &[(&str, &str)] = &[("Upgrade", "WebSocket"), ("Origin", "http://x")];
    assert_eq!(family(Some(old), Some(&[("WebSocket-Origin", "http://x")][..])), Family::Hixie75);
    // A request that merely lacks its key is a broken one of today.
    assert_eq!(family(Some(old), Some(&[("Upgrade", "websocket")][..])), Family::Rfc6455);
    assert_eq!(family(Some(old), None), Family::Rfc6455);
    assert_eq!(family(None, Some(&[("Sec-WebSocket-Location", "ws://x")][..])), Family::Hixie76);
    assert_eq!(family(None, Some(&[("Sec-WebSocket-Accept", "y")][..])), Family::Rfc6455);
}

#[test]
fn a_hixie_challenge_is_checked() {
    let keys: &[(&str, &str)] =
        &[("Sec-WebSocket-Key1", "4 @1  46546xW%0l 1 5"), ("Sec-WebSocket-Key2", "12998 5 Y3 1  .P00")];
    let mut attempt = attempt(Some(keys), Some(&[]));
    attempt.hixie_body = Some(*b"^n:ds[4U");
    attempt.hixie_answer = Some(*b"8jKS'y:G*Co,Wxa-");
    let check = Handshake::from_attempt(attempt.clone()).hixie.unwrap();
    assert_eq!((check.valid, check.fault), (Some(true), None));
    attempt.hixie_answer = Some(*b"8jKS'y:G*Co,Wxa+");
    assert_eq!(Handshake::from_attempt(attempt.clone()).hixie.unwrap().valid, Some(false));
    attempt.hixie_body = None;
    assert_eq!(Handshake::from_attempt(attempt).hixie.unwrap().valid, None);
}

proptest! {
    #[test]
    fn any_bytes_are_taken(key: Vec<u8>, value: Vec<u8>, text in "[a-z;,=\" \\\\]{0,24}") {
        check_accept(&key, &value);
        let _ = (decode_key(&value), parse_extensions(&value), parse_extensions(text.as_bytes()));
        let _ = hixie76_answer(&key, &value, &[0; 8]);
    }

    #[test]
    fn the_right_answer_is_valid_and_no_other(key in "[A-Za-z0-9+/]{22}==", wrong in "[A-Za-z0-9+/]{27}=") {
        let right = accept_key(key.as_bytes());
        prop_assert!(check_accept(key.as_bytes(), right.as_bytes()).is_valid());
        prop_assert!(!check_accept(key.as_bytes(), wrong.as_bytes()).is_valid());
    }
}
