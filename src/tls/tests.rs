//! Captures of OpenSSL talking to itself, opened and compared with what was said.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::*;
use crate::capture::PacketRef;
use crate::tcp::{Chunk, Delivery, Fin, Missing, MissingCause, Side};

/// A TCP segment of a capture, numbered as Wireshark does.
struct Segment {
    number: u64,
    side: Side,
    /// Offset of the payload in its direction's stream.
    offset: u64,
    acknowledged: Option<u64>,
    payload: Vec<u8>,
    fin: bool,
}

/// What came out of one direction.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Plain {
    /// Plaintext with its offset, consecutive chunks joined, and the packet of each chunk.
    pieces: Vec<(u64, Vec<u8>)>,
    packets: Vec<u64>,
    acknowledged: Vec<Option<u64>>,
    missing: Vec<(u64, u64)>,
    ended: bool,
}

impl Plain {
    fn take(&mut self, delivery: &Delivery<'_>) {
        assert!(!self.ended, "nothing follows the end");
        match *delivery {
            Delivery::Data(chunk) => {
                assert!(!chunk.bytes.is_empty());
                assert_eq!(chunk.offset, self.end());
                self.packets.push(chunk.packet.number());
                self.acknowledged.push(chunk.acknowledged);
                match self.pieces.last_mut() {
                    Some((offset, bytes)) if *offset + bytes.len() as u64 == chunk.offset => {
                        bytes.extend_from_slice(chunk.bytes);
                    }
                    _ => self.pieces.push((chunk.offset, chunk.bytes.to_vec())),
                }
            }
            Delivery::Missing(missing) => {
                assert_eq!(missing.offset, self.end());
                assert!(missing.length > 0);
                self.missing.push((missing.offset, missing.length));
            }
            Delivery::Conflict { .. } => panic!("no conflict is passed on"),
            Delivery::Fin(_) | Delivery::Reset(_) => self.ended = true,
        }
    }

    fn end(&self) -> u64 {
        let data = self.pieces.last().map_or(0, |(offset, bytes)| offset + bytes.len() as u64);
        data.max(self.missing.last().map_or(0, |(offset, length)| offset + length))
    }

    fn text(&self) -> String {
        self.pieces.iter().map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap()).collect()
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/tls").join(name)
}

/// A file of `testdata/tls`.
fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn keys(name: &str) -> KeyLog {
    let mut log = KeyLog::new();
    let loaded = log.add(&file(name));
    assert_eq!(loaded.broken, 0);
    log
}

/// The segments of a little-endian pcap of one connection over IPv4 on Ethernet, without retransmissions.
fn segments(pcap: &[u8]) -> Vec<Segment> {
    let u16_at = |bytes: &[u8], at: usize| u16::from_be_bytes(bytes[at..at + 2].try_into().unwrap());
    let u32_at = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut found = Vec::new();
    let mut first: Option<(Ipv4Addr, u16)> = None;
    let mut starts: [Option<u32>; 2] = [None; 2];
    let (mut at, mut number) = (24, 0);
    while at < pcap.len() {
        let length = u32::from_le_bytes(pcap[at + 8..at + 12].try_into().unwrap()) as usize;
        let ip = &pcap[at + 16 + 14..at + 16 + length];
        at += 16 + length;
        number += 1;
        let tcp = &ip[usize::from(ip[0] & 15) * 4..usize::from(u16_at(ip, 2))];
        let payload = tcp[usize::from(tcp[12] >> 4) * 4..].to_vec();
        let source = (Ipv4Addr::from(u32_at(ip, 12)), u16_at(tcp, 0));
        let side = if *first.get_or_insert(source) == source { Side::First } else { Side::Second };
        let (own, other) = if side == Side::First { (0, 1) } else { (1, 0) };
        let syn = tcp[13] & 2 != 0;
        let start = *starts[own].get_or_insert(u32_at(tcp, 4).wrapping_add(u32::from(syn)));
        let acknowledged = starts[other].map(|start| u64::from(u32_at(tcp, 8).wrapping_sub(start)));
        if !syn {
            let offset = u64::from(u32_at(tcp, 4).wrapping_sub(start));
            found.push(Segment { number, side, offset, acknowledged, payload, fin: tcp[13] & 1 != 0 });
        }
    }
    found
}

fn packet(number: u64) -> PacketRef {
    PacketRef::new(number, None, 0, 0)
}

/// Delivers segments as the TCP layer would: in order, holes reported, cut into chunks of at most `cut` bytes.
struct Run<'a> {
    session: Session,
    keys: &'a KeyLog,
    plain: [Plain; 2],
    /// The order in which the directions gave data.
    order: Vec<Side>,
    next: [u64; 2],
    cut: usize,
}

impl<'a> Run<'a> {
    fn new(keys: &'a KeyLog) -> Run<'a> {
        Run {
            session: Session::new(1 << 20),
            keys,
            plain: Default::default(),
            order: Vec::new(),
            next: [0; 2],
            cut: usize::MAX,
        }
    }

    fn deliver(&mut self, side: Side, delivery: &Delivery<'_>) {
        let (plain, order) = (&mut self.plain, &mut self.order);
        self.session.deliver(side, delivery, self.keys, &mut |side, delivery| {
            plain[session::index(side)].take(&delivery);
            order.push(side);
        });
    }

    fn segment(&mut self, segment: &Segment) {
        let side = segment.side;
        let expected = &mut self.next[session::index(side)];
        let hole = segment.offset - *expected;
        let offset = *expected;
        *expected = segment.offset + segment.payload.len() as u64;
        let packet = packet(segment.number);
        if hole > 0 {
            self.deliver(side, &Delivery::Missing(Missing { offset, length: hole, cause: MissingCause::Lost, packet }));
        }
        let mut offset = segment.offset;
        for bytes in segment.payload.chunks(self.cut) {
            let chunk = Chunk { offset, bytes, packet, acknowledged: segment.acknowledged };
            self.deliver(side, &Delivery::Data(chunk));
            offset += bytes.len() as u64;
        }
        if segment.fin {
            self.deliver(side, &Delivery::Fin(Fin { packet, acknowledged: segment.acknowledged }));
        }
    }

    fn all(mut self, segments: &[Segment]) -> Run<'a> {
        for segment in segments {
            self.segment(segment);
        }
        self
    }
}

fn open(name: &str) -> (Facts, [Plain; 2]) {
    let keys = keys(&format!("{name}.keys"));
    let run = Run::new(&keys).all(&segments(&file(&format!("{name}.pcap"))));
    (run.session.facts().clone(), run.plain)
}

fn client_said() -> String {
    format!("hello from the client\nclient {}\nthat is all\n", "0123456789".repeat(60))
}

fn server_said() -> String {
    format!("welcome from the server\nserver {}\n", "abcdefghij".repeat(140))
}

/// Every capture that is whole and can be opened, with its version and suite.
const WHOLE: &[(&str, u16, u16)] = &[
    ("tls13_aes128gcm", 0x0304, 0x1301),
    ("tls13_aes256gcm", 0x0304, 0x1302),
    ("tls13_chacha20", 0x0304, 0x1303),
    ("tls13_aes128ccm", 0x0304, 0x1304),
    ("tls13_aes128ccm8", 0x0304, 0x1305),
    ("tls13_padding", 0x0304, 0x1302),
    ("tls13_no_middlebox", 0x0304, 0x1302),
    ("tls13_retry", 0x0304, 0x1302),
    ("tls13_resumed", 0x0304, 0x1302),
    ("tls13_early", 0x0304, 0x1302),
    ("tls13_early_rejected", 0x0304, 0x1302),
    ("tls13_early_full_handshake", 0x0304, 0x1302),
    ("tls13_key_update", 0x0304, 0x1302),
    ("tls12_aes128gcm", 0x0303, 0xC02B),
    ("tls12_aes256gcm_rsa", 0x0303, 0x009D),
    ("tls12_chacha20", 0x0303, 0xCCA9),
    ("tls12_aes128ccm", 0x0303, 0xC0AC),
    ("tls12_aes256ccm", 0x0303, 0xC0AD),
    ("tls12_aes128ccm8", 0x0303, 0xC0AE),
    ("tls12_aes256ccm8_dhe", 0x0303, 0xC0A3),
    ("tls12_aes128sha_etm", 0x0303, 0xC009),
    ("tls12_aes128sha_mte", 0x0303, 0xC009),
    ("tls12_aes128sha256_etm", 0x0303, 0xC023),
    ("tls12_aes256sha256_mte", 0x0303, 0x003D),
    ("tls12_aes256sha384_etm", 0x0303, 0xC024),
    ("tls12_aes256sha384_mte", 0x0303, 0xC024),
    ("tls11_aes128sha_etm", 0x0302, 0xC009),
    ("tls11_aes256sha_mte", 0x0302, 0xC00A),
    ("tls10_aes128sha_etm", 0x0301, 0xC009),
    ("tls10_aes256sha_mte", 0x0301, 0xC00A),
    ("tls12_resumed_id", 0x0303, 0xC02C),
    ("tls12_resumed_ticket", 0x0303, 0xC02C),
    ("tls12_renegotiated", 0x0303, 0xC02C),
    ("tls12_psk_aes256gcm", 0x0303, 0x00AB),
    ("tls12_psk_chacha20", 0x0303, 0xCCAC),
];

fn expected_client(name: &str) -> String {
    let early = if name == "tls13_early" { "early data from the client\n" } else { "" };
    early.to_owned() + &client_said()
}

#[test]
fn opens_every_suite_and_handshake() {
    for &(name, version, suite) in WHOLE {
        let (facts, [client, server]) = open(name);
        assert_eq!(facts.unopened, None, "{name}");
        assert_eq!(client.text(), expected_client(name), "{name}");
        assert_eq!(server.text(), server_said(), "{name}");
        assert!(client.missing.is_empty() && server.missing.is_empty(), "{name}");
        assert!(client.ended, "{name}");
        assert_eq!(facts.failed, 0, "{name}");
        assert_eq!(facts.client, Some(Side::First), "{name}");
        assert_eq!(facts.version, Some(Version(version)), "{name}");
        assert_eq!(facts.suite, Some(Suite(suite)), "{name}");
        assert_eq!(facts.server_name.as_deref(), Some("wslens.test"), "{name}");
        assert_eq!(facts.alpn_offered, ["h2", "http/1.1"], "{name}");
        assert_eq!(facts.alpn.as_deref(), Some("http/1.1"), "{name}");
    }
}

#[test]
fn early_data_is_shown_where_the_server_took_it() {
    assert_eq!(open("tls13_early").0.early_data, Some(EarlyData::Accepted));
    assert_eq!(open("tls13_early_rejected").0.early_data, Some(EarlyData::Rejected));
    assert_eq!(open("tls13_early_full_handshake").0.early_data, Some(EarlyData::Rejected));
    assert_eq!(open("tls13_resumed").0.early_data, None);
}

/// For every capture of `WHOLE`: its name, key log and segments.
fn each(mut check: impl FnMut(&str, &KeyLog, &[Segment])) {
    for &(name, ..) in WHOLE {
        check(name, &keys(&format!("{name}.keys")), &segments(&file(&format!("{name}.pcap"))));
    }
}

#[test]
fn segment_borders_do_not_matter() {
    each(|name, keys, segments| {
        let whole = Run::new(keys).all(segments);
        for cut in [1, 2, 3, 7, 64, 601] {
            let mut run = Run::new(keys);
            run.cut = cut;
            let run = run.all(segments);
            assert_eq!(run.plain, whole.plain, "{name} in pieces of {cut}");
            assert_eq!(run.order, whole.order, "{name} in pieces of {cut}");
            assert_eq!(run.session.facts(), whole.session.facts(), "{name} in pieces of {cut}");
        }
    });
}

#[test]
fn the_packet_of_a_chunk_carried_the_end_of_its_record() {
    // Every line is one write, one record and one packet; TLS 1.0 splits a byte off (RFC 5246 §F.3 and before).
    let keys = keys("tls13_aes128gcm.keys");
    let segments = segments(&file("tls13_aes128gcm.pcap"));
    let number_of = |length: usize| {
        segments.iter().find(|segment| segment.payload.len() == length).map(|segment| segment.number).unwrap()
    };
    let mut run = Run::new(&keys);
    run.cut = 100;
    let run = run.all(&segments);
    // Header 5, type 1, tag 16.
    assert_eq!(run.plain[0].packets, [number_of(22 + 22), number_of(608 + 22), number_of(12 + 22)]);
    assert_eq!(run.plain[1].packets, [number_of(24 + 22), number_of(1408 + 22)]);
    // Who answers has acknowledged what it answers to.
    assert_eq!(run.plain[0].acknowledged, [Some(0), Some(24), Some(24 + 1408)]);
    assert_eq!(run.plain[1].acknowledged, [Some(22), Some(22 + 608)]);
}

/// Whatever is lost, no wrong byte comes out, and what comes out stands at its offset as well as that can be known.
#[test]
fn a_lost_segment_loses_no_more_than_itself() {
    each(|name, keys, segments| {
        let is_aead = !name.contains("sha") && name != "tls13_padding";
        for (lost, segment) in segments.iter().enumerate().filter(|(_, segment)| !segment.payload.is_empty()) {
            let context = format!("{name} without packet {}", segment.number);
            let mut run = Run::new(keys);
            for (index, segment) in segments.iter().enumerate() {
                if index != lost {
                    run.segment(segment);
                }
            }
            let (facts, said) = (run.session.facts(), [expected_client(name), server_said()]);
            if facts.unopened == Some(Unopened::HandshakeNotSeen) {
                let renegotiation = name == "tls12_renegotiated";
                assert!(segment.number < 10 || renegotiation, "{context}: only a hello is worth everything");
                continue;
            }
            assert_eq!(facts.failed, 0, "{context}: {facts:?}");
            for (plain, said) in run.plain.iter().zip(&said) {
                let got: usize = plain.pieces.iter().map(|(_, bytes)| bytes.len()).sum();
                let holes: u64 = plain.missing.iter().map(|&(_, length)| length).sum();
                for (offset, bytes) in &plain.pieces {
                    let text = std::str::from_utf8(bytes).unwrap();
                    assert!(said.contains(text), "{context}");
                    if is_aead && holes as usize + got == said.len() {
                        assert_eq!(&said[*offset as usize..][..text.len()], text, "{context}");
                    }
                }
                // TLS 1.0 takes the IV from the record before, so the loss of one is the loss of two.
                if !name.starts_with("tls10") {
                    assert!(got + segment.payload.len() >= said.len(), "{context}: {got} of {}", said.len());
                }
            }
        }
    });
}

#[test]
fn the_hole_of_a_lost_record_has_its_length() {
    let keys = keys("tls13_aes128gcm.keys");
    let run = Run::new(&keys).all(&segments(&file("tls13_lost_segment.pcap")));
    assert_eq!(run.plain[0].missing, [(22, 608)]);
    assert_eq!(run.plain[0].pieces, [(0, b"hello from the client\n".to_vec()), (630, b"that is all\n".to_vec())]);
    assert_eq!(run.plain[1].text(), server_said());
    assert_eq!(run.session.facts().unopened, None);
}

#[test]
fn a_capture_that_began_late_says_so() {
    let (facts, plain) = {
        let keys = keys("tls13_aes128gcm.keys");
        let run = Run::new(&keys).all(&segments(&file("tls13_middle.pcap")));
        (run.session.facts().clone(), run.plain)
    };
    assert_eq!(facts.unopened, Some(Unopened::HandshakeNotSeen));
    assert!(plain.iter().all(|plain| plain.pieces.is_empty() && plain.missing.is_empty() && plain.ended));
}

#[test]
fn secrets_may_come_after_the_packets() {
    each(|name, keys, segments| {
        let empty = KeyLog::new();
        let whole = Run::new(keys).all(segments);
        for late in 1..segments.len() {
            let mut run = Run::new(&empty);
            for segment in &segments[..late] {
                run.segment(segment);
            }
            run.keys = keys;
            let (session, plain) = (&mut run.session, &mut run.plain);
            session.retry(keys, &mut |side, delivery| plain[session::index(side)].take(&delivery));
            let run = run.all(&segments[late..]);
            assert_eq!(run.plain, whole.plain, "{name} with keys after segment {late}");
            assert_eq!(run.session.facts(), whole.session.facts(), "{name} with keys after segment {late}");
        }
    });
}

#[test]
fn held_directions_come_out_in_the_order_they_went_in() {
    let (empty, keys) = (KeyLog::new(), keys("tls13_aes128gcm.keys"));
    let segments = segments(&file("tls13_aes128gcm.pcap"));
    let mut run = Run::new(&empty).all(&segments);
    assert!(run.order.is_empty());
    let order = &mut run.order;
    run.session.retry(&keys, &mut |side, _| order.push(side));
    assert_eq!(run.order, Run::new(&keys).all(&segments).order);
}

#[test]
fn without_its_secret_a_connection_says_what_it_lacks() {
    let empty = KeyLog::new();
    for (name, label) in [("tls13_aes128gcm", Label::ServerHandshake), ("tls12_aes128gcm", Label::ClientRandom)] {
        let run = Run::new(&empty).all(&segments(&file(&format!("{name}.pcap"))));
        let facts = run.session.facts();
        assert_eq!(facts.unopened, Some(Unopened::NoSecret(label)));
        assert_eq!(facts.server_name.as_deref(), Some("wslens.test"));
        assert_eq!(facts.opened, 0);
        assert!(run.plain.iter().all(|plain| plain.pieces.is_empty()));
    }
}

#[test]
fn too_much_held_data_ends_the_wait() {
    let (empty, keys) = (KeyLog::new(), keys("tls13_aes128gcm.keys"));
    let segments = segments(&file("tls13_aes128gcm.pcap"));
    let mut run = Run::new(&empty);
    run.session = Session::new(1000);
    let mut run = run.all(&segments);
    assert!(run.session.has_given_up());
    assert_eq!(run.session.facts().unopened, Some(Unopened::NoSecret(Label::ServerHandshake)));
    assert!(run.plain[0].ended, "the end of a direction is told all the same");
    run.session.retry(&keys, &mut |_, _| panic!("what was given up does not come back"));
}

#[test]
fn a_wrong_secret_opens_nothing() {
    each(|name, keys, segments| {
        let text = String::from_utf8(file(&format!("{name}.keys"))).unwrap();
        // The last digit of every secret is another one.
        let wrong: String = text
            .lines()
            .map(|line| match line.strip_suffix('0') {
                Some(start) => format!("{start}1\n"),
                None => format!("{}0\n", &line[..line.len() - 1]),
            })
            .collect();
        let mut log = KeyLog::new();
        log.add(wrong.as_bytes());
        assert_eq!(log.len(), keys.len());
        let run = Run::new(&log).all(segments);
        assert_eq!(run.session.facts().opened, 0, "{name}");
        assert!(run.session.facts().failed > 0, "{name}");
        assert!(run.session.facts().first_failed.is_some(), "{name}");
        assert!(run.plain.iter().all(|plain| plain.pieces.is_empty()), "{name}");
    });
}

#[test]
fn a_changed_byte_costs_one_record() {
    each(|name, keys, segments| {
        let said = [expected_client(name), server_said()];
        for (at, segment) in segments.iter().enumerate().filter(|(_, segment)| segment.payload.len() > 1000) {
            // The server's long line, not the certificate.
            if segment.side != Side::Second || segment.number < 16 {
                continue;
            }
            let mut payload = segment.payload.clone();
            payload[700] ^= 1;
            let broken = Segment { payload, ..*segment };
            let mut run = Run::new(keys);
            for (index, segment) in segments.iter().enumerate() {
                run.segment(if index == at { &broken } else { segment });
            }
            let facts = run.session.facts();
            assert_eq!((facts.failed, facts.first_failed), (1, Some(packet(segment.number))), "{name}");
            assert_eq!(run.plain[0].text(), said[0], "{name}");
            assert!(said[1].starts_with(&run.plain[1].text()) || run.plain[1].text().len() < 100, "{name}");
        }
    });
}

#[test]
fn a_suite_that_is_not_supported_is_named() {
    let (facts, plain) = open("tls12_camellia");
    assert_eq!(facts.unopened, Some(Unopened::UnsupportedSuite(Suite(0xC072))));
    assert_eq!(facts.version, Some(Version(0x0303)));
    assert!(plain.iter().all(|plain| plain.pieces.is_empty()));
}

/// Holes of all kinds in a stream of records that are sealed here.
mod holes {
    use aes_gcm::aead::AeadInOut;
    use aes_gcm::aead::inout::InOutBuf;
    use aes_gcm::{Aes128Gcm, KeyInit};

    use super::*;
    use crate::tls::schedule::traffic_keys;

    const RANDOM: [u8; 32] = [7; 32];

    fn keys() -> KeyLog {
        let mut keys = KeyLog::new();
        keys.add(format!("SERVER_TRAFFIC_SECRET_0 {} {}", "07".repeat(32), "09".repeat(32)).as_bytes());
        keys
    }

    fn hello(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len()).unwrap();
        [&[22, 3, 3, 0, length + 4, kind, 0, 0, length], body].concat()
    }

    /// A session past both hellos. The server's stream goes on at offset 1000.
    fn session(keys: &KeyLog) -> Session {
        let mut session = Session::new(1 << 20);
        let client = [&[3, 3], &RANDOM[..], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
        let server = [&[3, 3], &[8; 32][..], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
        for (side, bytes) in [(Side::First, hello(1, &client)), (Side::Second, hello(2, &server))] {
            let chunk = Chunk { offset: 0, bytes: &bytes, packet: packet(1), acknowledged: None };
            session.deliver(side, &Delivery::Data(chunk), keys, &mut |_, _| {});
        }
        session
    }

    /// One record of the server for each text, from number 0 on, with the offset of each and of the end.
    fn seal(keys: &KeyLog, texts: &[String]) -> (Vec<u8>, Vec<usize>) {
        let suite = Suite(0x1301).protection().unwrap();
        let keys = traffic_keys(suite, keys.get(&RANDOM, Label::ServerTraffic(0)).unwrap()).unwrap();
        let cipher = Aes128Gcm::new_from_slice(keys.key()).unwrap();
        let (mut stream, mut starts) = (Vec::new(), vec![0]);
        for (number, text) in texts.iter().enumerate() {
            let mut nonce: [u8; 12] = keys.iv[..12].try_into().unwrap();
            for (byte, mask) in nonce[4..].iter_mut().zip((number as u64).to_be_bytes()) {
                *byte ^= mask;
            }
            let length = u16::try_from(text.len() + 17).unwrap().to_be_bytes();
            let header = [23, 3, 3, length[0], length[1]];
            let mut content = [text.as_bytes(), &[23]].concat();
            let buffer = InOutBuf::from(&mut content[..]);
            let tag = cipher.encrypt_inout_detached(&nonce.into(), &header, buffer).unwrap();
            stream.extend([&header, &content[..], &tag[..]].concat());
            starts.push(stream.len());
        }
        (stream, starts)
    }

    /// The stream without these bytes.
    fn without(keys: &KeyLog, stream: &[u8], lost: std::ops::Range<usize>) -> (Plain, Facts) {
        let mut session = session(keys);
        let mut plain = Plain::default();
        let chunk = |range: std::ops::Range<usize>| {
            let offset = 1000 + range.start as u64;
            Delivery::Data(Chunk { offset, bytes: &stream[range], packet: packet(1), acknowledged: None })
        };
        let missing = Delivery::Missing(Missing {
            offset: 1000 + lost.start as u64,
            length: lost.len() as u64,
            cause: MissingCause::Lost,
            packet: packet(2),
        });
        for delivery in [
            chunk(0..lost.start),
            missing,
            chunk(lost.end..stream.len()),
            Delivery::Fin(Fin { packet: packet(3), acknowledged: None }),
        ] {
            session.deliver(Side::Second, &delivery, keys, &mut |_, delivery| plain.take(&delivery));
        }
        (plain, session.facts().clone())
    }

    #[test]
    fn thousands_of_lost_records_are_counted() {
        let keys = keys();
        let texts: Vec<String> = (0..6000).map(|number| format!("<{number}>")).collect();
        let (stream, starts) = seal(&keys, &texts);
        // From the middle of record 10 to the middle of record 5500.
        let (plain, facts) = without(&keys, &stream, starts[10] + 9..starts[5500] + 9);
        let length = |range: std::ops::Range<usize>| texts[range].iter().map(|text| text.len() as u64).sum::<u64>();
        assert_eq!(plain.missing, [(length(0..10), length(10..5501))]);
        assert_eq!(plain.pieces[0].1, texts[..10].concat().into_bytes());
        assert_eq!(plain.pieces[1], (length(0..5501), texts[5501..].concat().into_bytes()));
        assert_eq!((facts.failed, facts.unopened), (0, None));
    }

    #[test]
    fn a_hole_inside_of_a_record_costs_that_record() {
        let keys = keys();
        let texts = ["one", "two", "three"].map(str::to_owned);
        let (stream, starts) = seal(&keys, &texts);
        for from in starts[1]..starts[2] {
            for to in from + 1..=starts[2] {
                let (plain, facts) = without(&keys, &stream, from..to);
                assert_eq!(plain.pieces, [(0, b"one".to_vec()), (6, b"three".to_vec())], "{from}..{to}");
                assert_eq!(plain.missing, [(3, 3)], "{from}..{to}");
                assert_eq!((facts.failed, facts.unopened), (0, None), "{from}..{to}");
            }
        }
    }

    #[test]
    fn a_stream_that_is_lost_to_its_end_is_missing_to_its_end() {
        let keys = keys();
        let texts = ["one", "two", "three"].map(str::to_owned);
        let (stream, starts) = seal(&keys, &texts);
        let (plain, _) = without(&keys, &stream, starts[2]..stream.len());
        assert_eq!(plain.pieces, [(0, b"onetwo".to_vec())]);
        assert_eq!(plain.missing, [(6, 5)]);
    }

    /// Headers everywhere, and none of them one: the work of guessing has an end.
    #[test]
    fn guessing_ends() {
        let keys = keys();
        let (mut stream, starts) = seal(&keys, &["one".to_owned()]);
        stream.extend([0; 100_000]);
        let hole = starts[1]..stream.len();
        stream.extend([23, 3, 3, 0, 60].repeat(20_000));
        let (plain, facts) = without(&keys, &stream, hole);
        assert_eq!(plain.text(), "one");
        assert_eq!(facts.unopened, Some(Unopened::SequenceLost));
        assert_eq!(plain.missing.len(), 1);
    }
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    /// A client's Finished is not in its stream, which has no hole. The next record does not open where the Finished is
    /// awaited, and the one after it tells by its number that the one before had data.
    #[test]
    fn data_that_could_not_be_opened_is_missing() {
        let keys = keys("tls13_early.keys");
        let mut segments = segments(&file("tls13_early.pcap"));
        // EndOfEarlyData: a header, a message of 4 bytes, its type and a tag. Behind it stands the Finished.
        segments[5].payload.truncate(5 + 4 + 1 + 16);
        let mut next = [0; 2];
        for segment in &mut segments {
            segment.offset = next[session::index(segment.side)];
            next[session::index(segment.side)] += segment.payload.len() as u64;
        }
        let client = &Run::new(&keys).all(&segments).plain[0];
        let (early, hello) = ("early data from the client\n", "hello from the client\n");
        assert_eq!(client.pieces[0], (0, early.as_bytes().to_vec()));
        assert_eq!(client.missing, [(early.len() as u64, hello.len() as u64)]);
        assert_eq!(client.pieces[1].0, (early.len() + hello.len()) as u64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Bits flipped, bytes taken out and put in anywhere: no panic, and no byte that was not said.
        #[test]
        fn damaged_streams_never_make_data(
            capture in 0..WHOLE.len(),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..5),
            cut in 1_usize..2000,
        ) {
            let name = WHOLE[capture].0;
            let keys = keys(&format!("{name}.keys"));
            let mut segments = segments(&file(&format!("{name}.pcap")));
            for (segment, at, how) in damage {
                let length = segments.len();
                let payload = &mut segments[segment.index(length)].payload;
                if payload.is_empty() {
                    continue;
                }
                let at = at.index(payload.len());
                match how % 3 {
                    0 => payload[at] ^= how | 1,
                    1 => payload.truncate(at),
                    _ => payload.insert(at, how),
                }
            }
            let mut next = [0; 2];
            let said = [expected_client(name), server_said()];
            let mut run = Run::new(&keys);
            run.cut = cut;
            for segment in &mut segments {
                let next = &mut next[session::index(segment.side)];
                segment.offset = *next;
                *next += segment.payload.len() as u64;
                run.segment(segment);
            }
            for (plain, said) in run.plain.iter().zip(&said) {
                for (_, bytes) in &plain.pieces {
                    prop_assert!(said.contains(std::str::from_utf8(bytes).unwrap()));
                }
            }
        }

        #[test]
        fn any_bytes_and_holes_are_survived(
            steps in proptest::collection::vec((any::<bool>(), 0..6_u8, proptest::collection::vec(any::<u8>(), 0..80)), 0..30),
        ) {
            let keys = keys("tls13_aes128gcm.keys");
            let mut run = Run::new(&keys);
            let mut next = [0_u64; 2];
            for (side, kind, bytes) in steps {
                let side = if side { Side::First } else { Side::Second };
                let offset = next[session::index(side)];
                let length = bytes.len() as u64;
                let missing = Missing { offset, length, cause: MissingCause::Lost, packet: packet(1) };
                let mut data = bytes.clone();
                if kind == 1 && data.len() >= 5 {
                    data[..5].copy_from_slice(&[22, 3, 3, 0, 40]);
                }
                let chunk = Chunk { offset, bytes: &data, packet: packet(1), acknowledged: Some(7) };
                next[session::index(side)] += length;
                let delivery = if kind == 0 { Delivery::Missing(missing) } else { Delivery::Data(chunk) };
                run.session.deliver(side, &delivery, &keys, &mut |_, _| panic!("there is no key for this"));
            }
        }
    }
}
