//! Scenarios seen from outside: bytes worked out by hand, packets parsed by etherparse, files read by pcap-file.

use super::*;
use crate::capture::Timestamp;
use crate::websocket::header::{LengthForm, Opcode};
use etherparse::{NetSlice, SlicedPacket, TcpHeader, TransportSlice};
use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::{Block, PcapNgReader};
use proptest::prelude::*;

/// The masking key of the examples in RFC 6455 §5.7.
const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

fn sent(from: Role, frames: impl Into<Frames>) -> Vec<u8> {
    std::mem::take(&mut Scenario::new().frames(from, frames).streams()[0][from])
}

/// A segment as etherparse reads it; both checksums are verified on the way.
#[derive(Debug, Clone)]
struct Segment {
    header: TcpHeader,
    payload: Vec<u8>,
}

impl Segment {
    fn is_from_client(&self) -> bool {
        self.header.destination_port == 80
    }
}

fn segment(packet: &RecordedPacket) -> Segment {
    let sliced = SlicedPacket::from_ethernet(&packet.data).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("not TCP") };
    let header = tcp.to_header();
    let expected = match sliced.net.unwrap() {
        NetSlice::Ipv4(ip) => {
            let ip = ip.header().to_header();
            assert_eq!(ip.header_checksum, ip.calc_header_checksum());
            header.calc_checksum_ipv4(&ip, tcp.payload()).unwrap()
        }
        NetSlice::Ipv6(ip) => header.calc_checksum_ipv6(&ip.header().to_header(), tcp.payload()).unwrap(),
        other => panic!("not IP: {other:?}"),
    };
    assert_eq!(header.checksum, expected);
    assert_eq!(packet.original_length as usize, packet.data.len());
    Segment { header, payload: tcp.payload().to_vec() }
}

fn segments(scenario: &Scenario) -> Vec<Segment> {
    scenario.packets().iter().map(segment).collect()
}

/// `client SA 5 6 "x"`: who, flags, sequence and acknowledgment number after their first, and payload.
fn trace(scenario: &Scenario) -> Vec<String> {
    let segments = segments(scenario);
    let first = |client: bool| {
        let first = segments.iter().find(|segment| segment.is_from_client() == client);
        first.map_or(0, |segment| segment.header.sequence_number)
    };
    let (client, server) = (first(true), first(false));
    let line = |segment: &Segment| {
        let header = &segment.header;
        let (name, own, other) =
            if segment.is_from_client() { ("client", client, server) } else { ("server", server, client) };
        let flags = [(header.syn, 'S'), (header.fin, 'F'), (header.rst, 'R'), (header.psh, 'P'), (header.ack, 'A')];
        let flags: String = flags.iter().filter(|flag| flag.0).map(|flag| flag.1).collect();
        let acknowledged = if header.ack { header.acknowledgment_number.wrapping_sub(other) } else { 0 };
        let payload = String::from_utf8_lossy(&segment.payload);
        format!("{name} {flags} {} {acknowledged} {payload:?}", header.sequence_number.wrapping_sub(own))
    };
    segments.iter().map(line).collect()
}

const OPENING: [&str; 3] = [r#"client S 0 0 """#, r#"server SA 0 1 """#, r#"client A 1 1 """#];

#[track_caller]
fn assert_trace(scenario: &Scenario, after_opening: &[&str]) {
    let trace = trace(scenario);
    assert_eq!(trace[..3], OPENING);
    assert_eq!(trace[3..], *after_opening);
}

#[test]
fn writes_the_examples_of_rfc_6455_5_7() {
    let hello = [0x48, 0x65, 0x6C, 0x6C, 0x6F];
    let masked = [0x7F, 0x9F, 0x4D, 0x51, 0x58];
    assert_eq!(sent(Role::Server, text("Hello")), [&[0x81, 0x05][..], &hello].concat());
    assert_eq!(sent(Role::Client, text("Hello").masked(KEY)), [&[0x81, 0x85][..], &KEY, &masked].concat());
    assert_eq!(
        sent(Role::Server, fragments(Opcode::TEXT, ["Hel", "lo"])),
        [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F]
    );
    assert_eq!(sent(Role::Server, ping("Hello")), [&[0x89, 0x05][..], &hello].concat());
    assert_eq!(sent(Role::Client, pong("Hello").masked(KEY)), [&[0x8A, 0x85][..], &KEY, &masked].concat());
    assert_eq!(sent(Role::Server, binary([7; 256])), [&[0x82, 0x7E, 0x01, 0x00][..], &[7; 256]].concat());
    let long = vec![7; 65_536];
    assert_eq!(sent(Role::Server, binary(&*long)), [&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0][..], &long].concat());
}

#[test]
fn writes_close_frames() {
    assert_eq!(sent(Role::Server, close(1000, "")), [0x88, 0x02, 0x03, 0xE8]);
    assert_eq!(sent(Role::Server, close(1001, b"\xFFx")), [0x88, 0x04, 0x03, 0xE9, 0xFF, b'x']);
    assert_eq!(sent(Role::Server, close_empty()), [0x88, 0x00]);
}

#[test]
fn writes_nonsense_as_it_is_told() {
    let nonsense = frame(Opcode(0xB), b"x").fin(false).rsv(0b100).masked([0; 4]);
    assert_eq!(
        sent(Role::Server, nonsense.clone().length_form(LengthForm::Bits16).declared_length(5)),
        [0x4B, 0xFE, 0x00, 0x05, 0, 0, 0, 0, b'x']
    );
    assert_eq!(
        sent(Role::Server, nonsense.declared_length(1 << 63)),
        [0x4B, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'x']
    );
    assert_eq!(sent(Role::Client, text("x").unmasked()), [0x81, 0x01, b'x']);
    assert_eq!(sent(Role::Server, text("x").masked_freshly())[1], 0x81);
}

#[test]
fn splits_a_message_into_fragments_of_nearly_the_same_length() {
    assert_eq!(
        sent(Role::Server, text("abcdefgh").rsv(0b010).split(3)),
        [&[0x21, 3][..], b"abc", &[0x00, 3], b"def", &[0x80, 2], b"gh"].concat()
    );
    assert_eq!(sent(Role::Server, text("a").split(2)), [0x01, 1, b'a', 0x80, 0]);
    assert_eq!(sent(Role::Server, text("a").split(0)), [0x81, 1, b'a']);
    assert_eq!(sent(Role::Server, fragments::<&str>(Opcode::TEXT, [])), []);
}

/// RFC 7692 §7.2.3.1 and §7.2.3.2.
#[test]
fn compresses_as_the_examples_of_rfc_7692() {
    let first = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    let again = [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00];
    let hello = || deflated_text("Hello");
    assert_eq!(sent(Role::Server, [hello(), hello()]), [&first[..], &again].concat());
    let without = Scenario::new().context_takeover(Role::Server, false).server(hello()).server(hello());
    assert_eq!(without.streams()[0].server, [first, first].concat());
    assert_eq!(
        sent(Role::Server, hello().split(2)),
        [0x41, 0x04, 0xF2, 0x48, 0xCD, 0xC9, 0x80, 0x03, 0xC9, 0x07, 0x00]
    );
    // §7.2.3.6, and once more when the compressor has nothing left to flush.
    let empty = || deflated_text("");
    assert_eq!(sent(Role::Server, [empty(), empty()]), [0xC1, 0x01, 0x00, 0xC1, 0x01, 0x00]);
    // Each connection begins with an empty window.
    let streams = Scenario::new().server(hello()).connection().server(hello()).streams();
    assert_eq!((&*streams[0].server, &*streams[1].server), (&first[..], &first[..]));
}

/// What `Deflater` writes for long messages, read back by zlib with a window no larger than was promised.
#[test]
fn compresses_within_its_window() {
    // 600 bytes that repeat only after 600: out of reach of a window of 512.
    let mut keys = super::keys::Keys::new(1);
    let period: Vec<u8> = (0..150).flat_map(|_| keys.masking_key()).collect();
    let data = period.repeat(200);
    let compressed = |bits| {
        let stream = Scenario::new().window_bits(Role::Server, bits).server(deflated_binary(&*data)).streams();
        let (payload, header) = crate::websocket::FrameHeader::parse(&stream[0].server).unwrap();
        assert_eq!(header.payload_length, payload.len() as u64);
        let mut inflate = flate2::Decompress::new_with_window_bits(false, bits);
        let mut out = Vec::with_capacity(data.len() + 1);
        let flushed = [payload, &[0x00, 0x00, 0xFF, 0xFF]].concat();
        inflate.decompress_vec(&flushed, &mut out, flate2::FlushDecompress::Sync).unwrap();
        assert!(out == data);
        payload.len()
    };
    assert!(compressed(9) > data.len() / 2);
    assert!(compressed(15) < 5_000);
}

#[test]
fn the_client_masks_each_frame_with_a_fresh_key() {
    let stream = sent(Role::Client, [text("x"), text("x")]);
    assert_ne!(stream[2..6], stream[9..13]);
    assert_eq!(stream[6] ^ stream[2], b'x');
    assert_eq!(stream[13] ^ stream[9], b'x');
}

/// The nonce and its answer in RFC 6455 §1.3.
#[test]
fn the_answer_fits_the_key() {
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let asked = Scenario::new().request(|request| request.replace("sec-websocket-key", KEY));
    assert_eq!(String::from_utf8_lossy(&asked.response(|response| response).streams()[0].server), answer);
    let by_hand = Scenario::new().bytes(Role::Client, format!("GET / HTTP/1.1\nSEC-WEBSOCKET-KEY :{KEY} \n\n"));
    assert_eq!(String::from_utf8_lossy(&by_hand.response(|response| response).streams()[0].server), answer);
}

#[test]
fn heads_are_what_they_are_told_to_be() {
    let scenario = Scenario::new().handshake_with(
        |request| {
            request
                .method("POST")
                .target("/x")
                .version("HTTP/1.0")
                .without("HOST")
                .replace("sec-websocket-key", "k")
                .replace("Origin", "http://example.com")
                .header("Upgrade", "again")
                .line(" folded")
                .line_end("\n")
                .body("body")
        },
        |response| response.version("HTTP/2").status(404, "No").without("Sec-WebSocket-Accept"),
    );
    let streams = scenario.streams();
    assert_eq!(
        String::from_utf8_lossy(&streams[0].client),
        "POST /x HTTP/1.0\nUpgrade: websocket\nConnection: Upgrade\nsec-websocket-key: k\nSec-WebSocket-Version: 13\n\
         Origin: http://example.com\nUpgrade: again\n folded\n\nbody"
    );
    assert_eq!(
        String::from_utf8_lossy(&streams[0].server),
        "HTTP/2 404 No\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    );
}

#[test]
fn each_handshake_has_a_key_of_its_own() {
    let streams = Scenario::new().handshake().connection().handshake().streams();
    assert_ne!(streams[0].client, streams[1].client);
    assert_ne!(streams[0].server, streams[1].server);
}

#[test]
fn each_segment_is_acknowledged_and_the_end_is_orderly() {
    let scenario = Scenario::new().bytes(Role::Client, "ab").bytes(Role::Server, "c").fin(Role::Server);
    assert_trace(
        &scenario,
        &[
            r#"client PA 1 1 "ab""#,
            r#"server A 1 3 """#,
            r#"server PA 1 3 "c""#,
            r#"client A 3 2 """#,
            r#"server FA 2 3 """#,
            r#"client A 3 3 """#,
            r#"client FA 3 3 """#,
            r#"server A 3 4 """#,
        ],
    );
}

#[test]
fn a_half_closed_connection_goes_on() {
    let scenario = Scenario::new().fin_only(Role::Client).bytes(Role::Server, "x").fin(Role::Server);
    assert_trace(
        &scenario,
        &[
            r#"client FA 1 1 """#,
            r#"server A 1 2 """#,
            r#"server PA 1 2 "x""#,
            r#"client A 2 2 """#,
            r#"server FA 2 2 """#,
            r#"client A 2 3 """#,
        ],
    );
}

#[test]
fn sequence_numbers_wrap() {
    let scenario =
        Scenario::new().from_sequence_number(u32::MAX - 2, u32::MAX).bytes(Role::Client, "abcd").fin(Role::Client);
    let numbers: Vec<(u32, u32)> = segments(&scenario)
        .iter()
        .map(|segment| (segment.header.sequence_number, segment.header.acknowledgment_number))
        .collect();
    assert_eq!(
        numbers,
        [
            (u32::MAX - 2, 0),
            (u32::MAX, u32::MAX - 1),
            (u32::MAX - 1, 0),
            (u32::MAX - 1, 0),
            (0, 2),
            (2, 0),
            (0, 3),
            (0, 3),
            (3, 1),
        ]
    );
}

#[test]
fn what_crosses_is_acknowledged_afterwards() {
    let scenario = Scenario::new()
        .crossing(|s| s.bytes(Role::Client, "ab").bytes(Role::Server, "c").fin_only(Role::Server))
        .bytes(Role::Client, "d");
    assert_trace(
        &scenario,
        &[
            r#"client PA 1 1 "ab""#,
            r#"server PA 1 1 "c""#,
            r#"server FA 2 1 """#,
            r#"server A 3 3 """#,
            r#"client A 3 3 """#,
            r#"client PA 3 3 "d""#,
            r#"server A 3 4 """#,
        ],
    );
}

#[test]
fn without_acks_data_still_acknowledges() {
    let scenario = Scenario::new()
        .without_acks()
        .bytes(Role::Client, "a")
        .bytes(Role::Server, "b")
        .crossing(|s| s.bytes(Role::Client, "c"))
        .with_acks()
        .bytes(Role::Server, "d");
    assert_trace(
        &scenario,
        &[
            r#"client PA 1 1 "a""#,
            r#"server PA 1 2 "b""#,
            r#"client PA 2 2 "c""#,
            r#"server PA 2 3 "d""#,
            r#"client A 3 3 """#,
        ],
    );
}

#[test]
fn together_joins_what_one_side_writes_without_interruption() {
    let scenario = Scenario::new()
        .together(|s| s.bytes(Role::Server, "a").repeat(2, |s| s.bytes(Role::Server, "b")).bytes(Role::Client, "c"));
    let payloads: Vec<Vec<u8>> =
        segments(&scenario).into_iter().map(|segment| segment.payload).filter(|payload| !payload.is_empty()).collect();
    assert_eq!(payloads, [&b"abb"[..], b"c"]);
}

#[test]
fn writes_are_cut_into_segments() {
    let scenario = Scenario::new().without_acks().segment_size(3).bytes(Role::Client, "abcdefg");
    assert_trace(&scenario, &[r#"client A 1 1 "abc""#, r#"client A 4 1 "def""#, r#"client PA 7 1 "g""#]);
    let whole = Scenario::new().segment_size(usize::MAX).bytes(Role::Client, vec![b'x'; 70_000]);
    assert_eq!(segments(&whole)[3].payload.len(), 65_495);
    let octets = Scenario::new().segment_size(0).bytes(Role::Client, "ab").ipv6();
    assert_eq!(segments(&octets)[3].payload.len(), 1);
}

#[test]
fn retransmissions_probes_and_strays_do_not_move_the_stream() {
    let scenario = Scenario::new()
        .retransmit()
        .bytes(Role::Client, "abc")
        .retransmit()
        .retransmit_with("xyzt")
        .segment_at(Role::Client, -2, "B")
        .segment_at(Role::Server, 5, "far")
        .keep_alive(Role::Server)
        .bytes(Role::Client, "d")
        .rst(Role::Server);
    assert_trace(
        &scenario,
        &[
            r#"client PA 1 1 "abc""#,
            r#"server A 1 4 """#,
            r#"client PA 1 1 "abc""#,
            r#"server A 1 4 """#,
            r#"client PA 1 1 "xyzt""#,
            r#"server A 1 4 """#,
            r#"client PA 2 1 "B""#,
            r#"server PA 6 4 "far""#,
            r#"server A 0 4 """#,
            r#"client A 4 1 """#,
            r#"client PA 4 1 "d""#,
            r#"server A 1 5 """#,
            r#"server RA 1 5 """#,
        ],
    );
}

#[test]
fn what_is_lost_is_acknowledged_all_the_same() {
    let scenario = Scenario::new().bytes(Role::Client, "a").lose().bytes(Role::Client, "b").retransmit();
    assert_trace(
        &scenario,
        &[
            r#"client PA 1 1 "a""#,
            r#"server A 1 2 """#,
            r#"server A 1 3 """#,
            r#"client PA 2 1 "b""#,
            r#"server A 1 3 """#,
        ],
    );
}

#[test]
fn one_side_alone_can_be_captured() {
    let scenario = Scenario::new().only(Role::Server).bytes(Role::Client, "a").both().bytes(Role::Client, "b");
    let all = trace(&scenario);
    assert_eq!(all.len(), 4);
    assert!(all[0].starts_with("server SA") && all[1].starts_with("server A") && all[2].starts_with("client PA"));
}

#[test]
fn a_capture_begins_where_it_is_told() {
    let scenario = Scenario::new().bytes(Role::Client, "a").begin_mid_stream().bytes(Role::Client, "b");
    let whole = Scenario::new().bytes(Role::Client, "a").bytes(Role::Client, "b");
    assert_eq!(scenario.packets(), whole.packets()[5..]);
    let no_opening = Scenario::new().begin_mid_stream().bytes(Role::Client, "a");
    assert_eq!(no_opening.packets(), whole.packets()[3..5]);
}

#[test]
fn a_snapshot_length_cuts_packets() {
    let packets = Scenario::new().snaplen(60).bytes(Role::Client, vec![b'x'; 100]).packets();
    assert_eq!((packets[3].data.len(), packets[3].original_length), (60, 154));
    assert_eq!((packets[4].data.len(), packets[4].original_length), (54, 54));
}

#[test]
fn connections_have_ports_of_their_own_unless_told_otherwise() {
    let client = |ip: &str| ip.parse::<SocketAddr>().unwrap();
    let scenario = Scenario::new()
        .connection()
        .bytes(Role::Client, "0")
        .connection()
        .bytes(Role::Client, "1")
        .same_ports()
        .bytes(Role::Client, "2")
        .resume(0)
        .bytes(Role::Client, "3")
        .resume(99)
        .endpoints(client("198.51.100.7:65535"), client("198.51.100.8:80"))
        .connection()
        .bytes(Role::Client, "4")
        .connection()
        .bytes(Role::Client, "5");
    let ports: Vec<(u16, u32, Vec<u8>)> = segments(&scenario)
        .into_iter()
        .filter(|segment| !segment.payload.is_empty())
        .map(|segment| (segment.header.source_port, segment.header.sequence_number, segment.payload))
        .collect();
    let (first, apart) = (0x1000_0001, 1 << 26);
    assert_eq!(
        ports,
        [
            (50_000, first, b"0".to_vec()),
            (50_001, first + apart, b"1".to_vec()),
            (50_001, first + 2 * apart, b"2".to_vec()),
            (50_000, first + 1, b"3".to_vec()),
            (65_535, first + 3 * apart, b"4".to_vec()),
            (1024, first + 4 * apart, b"5".to_vec()),
        ]
    );
    let last = scenario.packets().pop().unwrap();
    // The ACK of "5" goes to 198.51.100.23, sixteen further on.
    assert_eq!(last.data[30..34], [198, 51, 100, 23]);
}

#[test]
fn both_families_are_spoken() {
    let scenario = Scenario::new().ipv6().handshake().client(text("Hello")).fin(Role::Client);
    assert_eq!(segments(&scenario).len(), 3 + 4 + 2 + 4);
    assert_eq!(scenario.packets()[0].data[12..15], [0x86, 0xDD, 0x60]);
    let mixed = Scenario::new().endpoints("192.0.2.9:1".parse().unwrap(), "[2001:db8::9]:80".parse().unwrap());
    let packet = &mixed.bytes(Role::Client, "x").packets()[0];
    segment(packet);
    assert_eq!(packet.data[22..38], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 9]);
}

#[test]
fn time_passes_as_told() {
    let times: Vec<String> = Scenario::new()
        .begin_mid_stream()
        .after(Duration::from_secs(2))
        .bytes(Role::Client, "a")
        .packets()
        .iter()
        .map(|packet| packet.time.to_string())
        .collect();
    assert_eq!(times, ["2026-01-01T00:00:02.000300000Z", "2026-01-01T00:00:02.000400000Z"]);
}

#[test]
fn parts_played_one_after_the_other_are_the_whole() {
    let head = Scenario::new().handshake().client(deflated_text("Hello"));
    let tail = Scenario::new().client(deflated_text("Hello")).connection().handshake();
    let mut packets = Vec::new();
    let mut player = Player::new(|packet| {
        packets.push(packet.to_packet());
        Ok::<(), Infallible>(())
    });
    let Ok(()) = player.play(&head);
    let Ok(()) = player.play(&tail);
    drop(player);
    assert_eq!(packets, head.then(tail).packets());
}

#[test]
fn an_error_ends_the_scenario() {
    let mut seen = 0;
    let result = Scenario::new().handshake().render(|_| {
        seen += 1;
        if seen == 2 { Err("full") } else { Ok(()) }
    });
    assert_eq!((result, seen), (Err("full"), 2));
}

#[test]
fn pcap_file_reads_what_is_written() {
    let scenario = Scenario::new().handshake().snaplen(61).client(text("Hello, world")).after(Duration::from_nanos(7));
    let scenario = scenario.server(text("Hi"));
    let packets = scenario.packets();

    let mut pcap = Vec::new();
    scenario.write_pcap(&mut pcap).unwrap();
    let mut reader = PcapReader::new(&*pcap).unwrap();
    assert_eq!(reader.header().datalink, DataLink::ETHERNET);
    for packet in &packets {
        // The typed reader refuses packets longer than the snapshot length of the header; these are not.
        let read = reader.next_packet().unwrap().unwrap();
        assert_eq!(read.timestamp.as_nanos(), packet.time.0 as u128);
        assert_eq!((&*read.data, read.orig_len), (&*packet.data, packet.original_length));
    }
    assert!(reader.next_packet().is_none());

    let pcapng = scenario.pcapng_bytes();
    let mut reader = PcapNgReader::new(&*pcapng).unwrap();
    let Block::InterfaceDescription(interface) = reader.next_block().unwrap().unwrap() else { panic!() };
    assert_eq!(interface.linktype, DataLink::ETHERNET);
    assert_eq!(format!("{:?}", interface.options), "[IfTsResol(9)]");
    for packet in &packets {
        let Block::EnhancedPacket(read) = reader.next_block().unwrap().unwrap() else { panic!() };
        assert_eq!(read.timestamp.as_nanos(), packet.time.0 as u128);
        assert_eq!((&*read.data, read.original_len), (&*packet.data, packet.original_length));
    }
    assert!(reader.next_block().is_none());

    let mut again = Vec::new();
    write_pcapng(&packets, LINK, &mut again).unwrap();
    assert_eq!(again, pcapng);
    again.clear();
    write_pcap(&packets, LINK, &mut again).unwrap();
    assert_eq!(again, pcap);
}

#[test]
fn files_refuse_times_they_cannot_say() {
    let at = |time| [RecordedPacket { time: Timestamp(time), data: vec![], original_length: 0 }];
    assert!(write_pcapng(&at(-1), LINK, Vec::new()).is_err());
    assert!(write_pcap(&at(-1), LINK, Vec::new()).is_err());
    assert!(write_pcap(&at(4_294_967_296_000_000_000), LINK, Vec::new()).is_err());
    assert!(write_pcap(&at(4_294_967_295_999_999_999), LINK, Vec::new()).is_ok());
    assert!(write_pcapng(&at(i64::MAX), LINK, Vec::new()).is_ok());
}

proptest! {
    /// Whatever is written in whatever segments from whatever sequence number: the payloads in order are the streams,
    /// each begins where the one before it ended, and nobody acknowledges what was not sent.
    #[test]
    fn segments_carry_the_streams(
        writes in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..20),
        size in 1_usize..20,
        initial in any::<(u32, u32)>(),
        crossing in any::<bool>(),
        acks in any::<bool>(),
    ) {
        let say = |scenario: Scenario| writes.iter().fold(scenario, |scenario, (client, bytes)| {
            scenario.bytes(if *client { Role::Client } else { Role::Server }, &**bytes)
        });
        let scenario = Scenario::new().from_sequence_number(initial.0, initial.1).segment_size(size);
        let scenario = if acks { scenario } else { scenario.without_acks() };
        let scenario = if crossing { scenario.crossing(say) } else { say(scenario) };
        let scenario = scenario.fin(Role::Client);
        let mut carried = PerRole::<Vec<u8>>::default();
        let mut next = PerRole { client: initial.0, server: initial.1 };
        let mut acknowledged = PerRole { client: initial.1, server: initial.0 };
        for segment in segments(&scenario) {
            let from = if segment.is_from_client() { Role::Client } else { Role::Server };
            let header = &segment.header;
            prop_assert_eq!(header.sequence_number, next[from]);
            let length = segment.payload.len() as u32 + u32::from(header.syn) + u32::from(header.fin);
            next[from] = next[from].wrapping_add(length);
            if header.ack {
                let ahead = header.acknowledgment_number.wrapping_sub(acknowledged[from]);
                prop_assert!(ahead <= next[from.peer()].wrapping_sub(acknowledged[from]));
                acknowledged[from] = header.acknowledgment_number;
            }
            carried[from].extend(segment.payload);
        }
        let streams = scenario.streams();
        prop_assert_eq!(&carried, &streams[0]);
        if acks {
            prop_assert_eq!((acknowledged.client, acknowledged.server), (next.server, next.client));
        }
    }
}
