//! What TCP does to a conversation, through the front door: the frames are those that were sent, each with its
//! packets, and what the capture lacks is said once and blamed on nobody.

mod common;

use common::wire::{self, Segment};
use common::{Recorder, SeenFrame};
use std::net::SocketAddr;
use wslens::Role::{self, Client, Server};
use wslens::analysis::Options;
use wslens::capture::Reader;
use wslens::rules::{Confidence, Severity};
use wslens::scenario::{Scenario, binary, close, ping, pong, text};

/// Sender and payload of each frame, in order.
fn said(found: &Recorder) -> Vec<(Role, String)> {
    found.frames.iter().map(|frame| (frame.sender, String::from_utf8_lossy(&frame.payload).into_owned())).collect()
}

fn frames(expected: &[(Role, &str)]) -> Vec<(Role, String)> {
    expected.iter().map(|&(role, text)| (role, text.to_owned())).collect()
}

/// The findings that are more than notes.
fn blames(found: &Recorder) -> Vec<&'static str> {
    let more = found.findings.iter().filter(|(_, finding)| finding.severity > Severity::Note);
    more.map(|(_, finding)| finding.rule.id).collect()
}

fn packets(frame: &SeenFrame) -> u64 {
    frame.row.0
}

/// A conversation of two texts each way and a close. Its packets:
/// 1 to 3 SYNs; 4 request, 5 ACK; 6 answer, 7 ACK; 8 "one"; 9 ACK; 10 "two"; 11 ACK; 12 "three"; 13 ACK; 14 "four".
fn talk() -> Scenario {
    Scenario::new()
        .handshake()
        .client(text("one"))
        .server(text("two"))
        .client(text("three"))
        .server(text("four"))
        .server(close(1000, ""))
        .client(close(1000, ""))
        .fin(Server)
}

const TALK: [(Role, &str); 6] = [
    (Client, "one"),
    (Server, "two"),
    (Client, "three"),
    (Server, "four"),
    (Server, "\u{3}\u{FFFD}"),
    (Client, "\u{3}\u{FFFD}"),
];

/// Plays these segments as a capture.
fn play(segments: &[Segment]) -> Recorder {
    Recorder::bytes(wire::capture(segments))
}

#[test]
fn a_plain_conversation_is_clean_and_each_frame_knows_its_packet() {
    let found = play(&wire::segments(talk()));
    assert_eq!(said(&found), frames(&TALK));
    assert_eq!(found.frames.iter().map(packets).collect::<Vec<_>>(), [8, 10, 12, 14, 16, 18]);
    assert_eq!(found.rules(), Vec::<&str>::new());
}

#[test]
fn segments_out_of_order_give_the_same_frames() {
    let mut segments = wire::segments(talk());
    // The client's two texts change places with what lies between.
    segments.swap(7, 11);
    let found = play(&segments);
    let client: Vec<_> = found.frames.iter().filter(|frame| frame.sender == Client).map(packets).collect();
    assert_eq!(client, [12, 8, 18], "each frame names the packet that carried it");
    assert_eq!(found.frames.len(), 6);
    assert_eq!(found.rules(), Vec::<&str>::new());
}

#[test]
fn retransmissions_and_copies_add_nothing() {
    let found = Recorder::play(
        &Scenario::new()
            .handshake()
            .client(text("one"))
            .retransmit()
            .server(text("two"))
            .retransmit()
            .retransmit()
            .fin(Client),
    );
    assert_eq!(said(&found), frames(&[(Client, "one"), (Server, "two")]));
    assert!(!found.rules().contains(&"tcp-overlap-conflict"));
}

#[test]
fn other_bytes_in_the_same_place_are_a_conflict_and_the_first_ones_stay() {
    // Nothing is acknowledged, so either copy may be the one that was taken.
    let scenario = Scenario::new().handshake().without_acks().server(text("right"));
    let found = Recorder::play(&scenario.retransmit_with(*b"\x81\x05wrong").with_acks().client(text("thanks")));
    assert_eq!(said(&found), frames(&[(Server, "right"), (Client, "thanks")]));
    assert_eq!(found.of("tcp-overlap-conflict").len(), 1);
}

#[test]
fn overlapping_segments_with_the_same_bytes_are_no_conflict() {
    let mut segments = wire::segments(Scenario::new().handshake().client(binary(*b"0123456789")));
    let data = segments.iter().position(|segment| segment.payload.len() == 16).unwrap();
    let whole = segments[data].clone();
    let piece = |from: usize, to: usize| Segment {
        seq: whole.seq.wrapping_add(from as u32),
        payload: whole.payload[from..to].to_vec(),
        ..whole.clone()
    };
    segments.splice(data..=data, [piece(0, 9), piece(4, 12), piece(11, 16), piece(2, 16)]);
    let found = play(&segments);
    assert_eq!(said(&found), frames(&[(Client, "0123456789")]));
    assert_eq!(packets(&found.frames[0]), data as u64 + 3, "the packet with the last byte that was new");
    assert_eq!(blames(&found), Vec::<&str>::new());
}

#[test]
fn sequence_numbers_wrap_within_a_frame() {
    let sent = Scenario::new().from_sequence_number(u32::MAX - 300, u32::MAX - 200).segment_size(50).then(talk());
    let found = Recorder::play(&sent);
    assert_eq!(said(&found), frames(&TALK));
    assert_eq!(found.rules(), Vec::<&str>::new());
}

#[test]
fn keep_alives_with_and_without_a_byte_are_no_data() {
    let plain =
        Scenario::new().handshake().client(text("one")).keep_alive(Client).keep_alive(Server).server(text("two"));
    let garbage = plain.clone().segment_at(Client, -1, *b"\0").segment_at(Server, -1, *b"\0").client(text("three"));
    let found = Recorder::play(&garbage);
    assert_eq!(said(&found), frames(&[(Client, "one"), (Server, "two"), (Client, "three")]));
    assert_eq!(found.rules(), Vec::<&str>::new());

    let found = Recorder::play(&Scenario::new().only(Client).then(garbage));
    assert_eq!(said(&found), frames(&[(Client, "one"), (Client, "three")]));
    assert!(!found.rules().contains(&"tcp-overlap-conflict"));
}

#[test]
fn what_lies_behind_a_fin_is_not_part_of_the_stream() {
    let talk =
        Scenario::new().handshake().client(text("one")).fin_only(Client).segment_at(Client, 0, *b"\x81\x80\0\0\0\0");
    let found = Recorder::play(&talk.server(text("two")).fin(Server));
    assert_eq!(said(&found), frames(&[(Client, "one"), (Server, "two")]));
}

#[test]
fn an_rst_ends_the_connection_wherever_it_is_captured() {
    let plain = wire::segments(Scenario::new().handshake().client(text("one")).client(text("two")).rst(Client));
    for (what, order) in [("in place", [0, 0]), ("before the last text", [1, 3])] {
        let mut segments = plain.clone();
        let last = segments.len() - 1;
        segments.swap(last - order[0], last - order[1]);
        let found = play(&segments);
        assert_eq!(said(&found), frames(&[(Client, "one"), (Client, "two")]), "{what}");
        assert_eq!(found.ends[&0].closing.tcp_end, wslens::websocket::TcpEnd::Reset, "{what}");
        assert!(found.of("cap-gap").is_empty(), "{what}");
    }
}

#[test]
fn a_blind_rst_ends_nothing() {
    for distance in [5_000_u32, 0x6000_0000] {
        let mut segments = wire::segments(talk());
        let of_client = segments[7].clone();
        let rst = Segment {
            rst: true,
            ack: None,
            payload: Vec::new(),
            seq: of_client.seq.wrapping_add(distance),
            ..of_client
        };
        segments.insert(7, rst);
        let found = play(&segments);
        assert_eq!(said(&found), frames(&TALK), "{distance}");
        assert_eq!(blames(&found), Vec::<&str>::new(), "{distance}");
        assert_eq!(found.ends[&0].closing.tcp_end, wslens::websocket::TcpEnd::Fin, "{distance}");
    }
}

#[test]
fn a_syn_may_carry_the_request() {
    let mut segments = wire::segments(talk());
    let request = segments.remove(3);
    // TCP Fast Open (RFC 7413): the SYN carries it, and the server's SYN acknowledges it.
    segments[0].payload = request.payload.clone();
    segments[1].ack = Some(request.seq.wrapping_add(request.payload.len() as u32));
    let found = play(&segments);
    assert_eq!(said(&found), frames(&TALK));
    assert_eq!(found.statuses, [Some(101)]);
    assert_eq!(found.rules(), Vec::<&str>::new());
}

#[test]
fn ports_that_are_used_again_are_another_connection() {
    let again = Scenario::new().handshake().client(text("again")).server(text("yes")).fin(Server);
    let found = Recorder::play(&talk().same_ports().then(again.clone()));
    assert_eq!(found.endpoints.len(), 2);
    assert_eq!(found.endpoints[&0], found.endpoints[&1]);
    let second: Vec<_> = found.frames.iter().filter(|frame| frame.connection == 1).collect();
    assert_eq!(second.len(), 2);
    // Also where the first one was never closed.
    let found = Recorder::play(&Scenario::new().handshake().client(text("one")).same_ports().then(again));
    assert_eq!(said(&found), frames(&[(Client, "one"), (Client, "again"), (Server, "yes")]));
    assert_eq!(found.endpoints.len(), 2);
}

#[test]
fn both_ends_may_have_one_address() {
    let end = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let found = Recorder::play(&Scenario::new().endpoints(end(40_000), end(9_001)).then(talk()));
    assert_eq!(said(&found), frames(&TALK));
    assert_eq!(found.endpoints[&0], ("127.0.0.1:40000".to_owned(), "127.0.0.1:9001".to_owned()));
}

/// Enough frames each way that the middle of a connection is recognised.
fn long_talk() -> Scenario {
    Scenario::new().repeat(6, |s| s.client(text("how are you today?")).server(text("very well, thank you")))
}

#[test]
fn a_capture_may_begin_within_a_connection() {
    let found = Recorder::play(&Scenario::new().handshake().begin_mid_stream().then(long_talk()));
    assert_eq!(found.endpoints[&0], ("192.0.2.1:50000".to_owned(), "192.0.2.2:80".to_owned()));
    assert_eq!(found.frames.len(), 12);
    assert_eq!(found.of("cap-mid-stream").len(), 1);
    assert_eq!(blames(&found), Vec::<&str>::new());

    // The server speaks first: the masks tell who the client is.
    let server_first =
        Scenario::new().handshake().begin_mid_stream().server(text("welcome, whoever you are")).then(long_talk());
    let found = Recorder::play(&server_first);
    assert_eq!(found.endpoints[&0], ("192.0.2.1:50000".to_owned(), "192.0.2.2:80".to_owned()));
    assert_eq!(found.frames.len(), 13);
}

#[test]
fn one_direction_alone_is_decoded_and_nobody_is_blamed_for_the_other() {
    for role in [Client, Server] {
        let one = Scenario::new().only(role).handshake().then(long_talk()).client(ping("x")).server(pong("x"));
        let found = Recorder::play(&one.server(close(1000, "")).client(close(1000, "")).fin(Server));
        assert!(found.frames.iter().all(|frame| frame.sender == role));
        assert_eq!(found.frames.len(), 8, "{role}: six texts, a Ping or a Pong, a Close");
        assert_eq!(found.of("cap-one-direction").len(), 1, "{role}");
        assert_eq!(blames(&found), Vec::<&str>::new(), "{role}");
    }
}

#[test]
fn packets_captured_twice_are_said_once_and_counted_as_one() {
    let twice: Vec<Segment> =
        wire::segments(talk()).into_iter().flat_map(|segment| [segment.clone(), segment]).collect();
    let found = play(&twice);
    assert_eq!(said(&found), frames(&TALK));
    assert_eq!(found.of("cap-duplicate-packets").len(), 1);
    assert_eq!(blames(&found), Vec::<&str>::new());
}

/// Six frames of the server, one of which is large and in segments of 100 bytes; the capture lacks one segment.
fn with_a_gap(lose: impl FnOnce(Scenario) -> Scenario) -> Recorder {
    let after = long_talk().server(close(1000, "")).client(close(1000, "")).fin(Server);
    Recorder::play(&lose(Scenario::new().handshake().segment_size(100).server(text("before"))).then(after))
}

#[test]
fn a_gap_inside_a_payload_leaves_the_boundaries_where_they_are() {
    // 1000 bytes of payload behind a header of 4: the second of eleven segments is lost.
    let mut packets =
        Scenario::new().handshake().segment_size(100).server(text("before")).server(binary([7; 1000])).packets();
    packets.extend(std::iter::empty());
    let scenario = |s: Scenario| s.server(binary([7; 1000]));
    let whole = wire::segments(scenario(Scenario::new().handshake()));
    let big = whole.iter().position(|segment| segment.payload.len() == 1004).unwrap();
    let mut segments = whole.clone();
    let piece = |from: usize, to: usize| Segment {
        seq: whole[big].seq.wrapping_add(from as u32),
        payload: whole[big].payload[from..to].to_vec(),
        ..whole[big].clone()
    };
    segments.splice(big..=big, [piece(0, 100), piece(200, 1004)]);
    let mut server_next = whole[big].clone();
    server_next.seq = whole[big].seq.wrapping_add(1004);
    server_next.payload = b"\x81\x05after".to_vec();
    segments.push(server_next);
    let found = play(&segments);
    let big = &found.frames[0];
    assert_eq!((big.row.7, found.frames[1].payload.as_slice()), (1000, &b"after"[..]));
    let messages: Vec<_> = found.messages.iter().map(|message| (message.complete, message.length)).collect();
    assert_eq!(messages, [(false, Some(1000)), (true, Some(5))]);
    assert_eq!(found.of("cap-gap").len(), 1);
    assert!(found.of("cap-resync").is_empty());
    assert_eq!(blames(&found), Vec::<&str>::new());
}

#[test]
fn a_gap_over_a_boundary_is_followed_by_a_search_and_what_follows_is_marked() {
    // The segments with the end of the binary and all of the text behind it are lost.
    let found = with_a_gap(|s| s.server(binary([7; 150])).lose().server(text("lost")).lose().server(text("and lost")));
    let server: Vec<_> = found.frames.iter().filter(|frame| frame.sender == Server).collect();
    assert_eq!(server.len(), 2 + 6 + 1, "two before the gap, six texts and the Close behind it");
    assert_eq!(found.of("cap-gap").len(), 1);
    assert_eq!(found.of("cap-resync").len(), 1);
    assert_eq!(blames(&found), Vec::<&str>::new());
}

#[test]
fn a_gap_over_a_header_loses_that_frame_and_no_other() {
    // Of a binary in two segments the first, with the header, is lost: 54 bytes of payload without one.
    let found = with_a_gap(|s| s.lose().server(binary([7; 150])));
    let texts = found.frames.iter().filter(|frame| frame.sender == Server && frame.payload == b"very well, thank you");
    assert_eq!(texts.count(), 6);
    assert!(found.frames.iter().all(|frame| frame.row.7 != 150));
    assert_eq!(blames(&found), Vec::<&str>::new());
}

#[test]
fn what_is_found_behind_a_gap_is_marked() {
    // An unmasked frame of the client, far enough behind the gap that the boundary is known again.
    let late = |s: Scenario| s.lose().client(text("lost")).then(long_talk()).client(text("bare").unmasked());
    let found = Recorder::play(&late(Scenario::new().handshake()));
    let bare = found.of("frame-client-unmasked");
    assert_eq!(bare.len(), 1);
    assert_eq!(bare[0].confidence, Confidence::AfterGap);
}

#[test]
fn an_answer_captured_before_its_request_and_after_the_fin_is_still_its_answer() {
    let mut segments = wire::segments(Scenario::new().handshake().fin(Server));
    let request = segments.remove(3);
    assert!(request.payload.starts_with(b"GET"));
    segments.insert(7, request);
    let found = play(&segments);
    assert_eq!(found.statuses, [Some(101)]);
    assert_eq!(blames(&found), ["close-abnormal"]);
}

#[test]
fn the_rest_of_an_answer_behind_a_hole_is_no_frame() {
    let segments = wire::segments(Scenario::new().handshake().then(long_talk()));
    let mut lossy = segments.clone();
    let answer = segments[5].clone();
    assert!(answer.payload.starts_with(b"HTTP"));
    let piece = |from: usize, to: usize| Segment {
        seq: answer.seq.wrapping_add(from as u32),
        payload: answer.payload[from..to].to_vec(),
        ..answer.clone()
    };
    lossy.splice(5..=5, [piece(0, 30), piece(60, answer.payload.len())]);
    let found = play(&lossy);
    assert_eq!(blames(&found), Vec::<&str>::new());
    assert_eq!(found.frames.len(), 12);
    assert_eq!(found.of("cap-gap").len(), 1);
}

#[test]
fn rotated_files_are_one_capture_where_they_are_joined() {
    let packets = talk().packets();
    let whole = Recorder::play(&talk());
    // Cut within the connection, so that the second file begins mid-stream.
    let parts = packets.split_at(9);
    let file = |packets: &[wslens::scenario::RecordedPacket]| {
        let mut file = Vec::new();
        wslens::scenario::write_pcapng(packets, wslens::scenario::LINK, &mut file).unwrap();
        Reader::from_read("part", Box::new(std::io::Cursor::new(file))).unwrap()
    };
    let mut joined = Recorder::default();
    let mut analyzer = wslens::analysis::Analyzer::new(Options { join: true, ..Options::default() });
    for part in [parts.0, parts.1] {
        analyzer.read(&mut file(part), &mut joined).unwrap();
    }
    analyzer.finish(&mut joined).unwrap();
    assert_eq!(joined.frames, whole.frames);
    assert_eq!(joined.rules(), whole.rules());
    assert_eq!(joined.captures.iter().map(|capture| capture.first_number).collect::<Vec<_>>(), [1, 10]);
}
