//! Segments: numbers, acknowledgments, ends, connections, time, and what of it is captured.

use super::*;
use proptest::prelude::*;

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

#[test]
fn a_player_lets_connections_go() {
    let first = Scenario::new().handshake().client(text("one")).fin(Role::Client);
    let second = Scenario::new().connection().handshake().server(text("two"));
    let third = Scenario::new().resume(0).client(text("nobody is there"));
    let play = |let_go: bool| {
        let mut packets = Vec::new();
        let mut player = Player::new(|packet| {
            packets.push(packet.to_packet());
            Ok::<(), Infallible>(())
        });
        for scenario in [&first, &second] {
            let Ok(()) = player.play(scenario);
            if let_go {
                player.let_go();
            }
        }
        let Ok(()) = player.play(&third);
        drop(player);
        packets
    };
    let (kept, gone) = (play(false), play(true));
    // The text of the third scenario and its ACK; where the first connection is gone, a new one opens for them.
    let before = kept.len() - 2;
    assert_eq!(kept[..before], gone[..before]);
    assert_eq!(gone.len(), before + 5);
}
