//! With threads, an analysis tells its sink what it tells without: the same calls in the same order.

mod common;

use common::testdata;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use wslens::Role;
use wslens::analysis::{Analyzer, CaptureSummary, Connection, ConnectionEnd, Options, Sink, Summary, Timeline};
use wslens::capture::{Reader, Timestamp};
use wslens::rules::{self, Finding, Reaction};
use wslens::scenario::{LINK, PcapngWriter, RecordedPacket, RecordedPacketRef, Scenario, text, write_pcapng};
use wslens::tls::KeyLog;
use wslens::websocket::{Frame, Message};

/// Every call but [`Sink::pause`], with all that was told.
#[derive(Default)]
struct Transcript(String);

impl Transcript {
    fn note(&mut self, call: &str, id: Option<u64>, what: &dyn Debug) -> io::Result<()> {
        writeln!(self.0, "{call} {id:?} {what:?}").map_err(io::Error::other)
    }
}

impl Sink for Transcript {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.note("connection", Some(connection.id), connection)
    }
    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        self.note("frame", Some(id), frame)
    }
    fn message_bytes(&mut self, id: u64, sender: Role, bytes: &[u8]) -> io::Result<()> {
        self.note("bytes", Some(id), &(sender, bytes))
    }
    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        self.note("message", Some(id), message)
    }
    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.note("finding", id, &(finding.rule.id, finding))
    }
    fn timeline(&mut self, id: u64, timeline: &Timeline) -> io::Result<()> {
        self.note("timeline", Some(id), timeline)
    }
    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        self.note("reaction", Some(id), reaction)
    }
    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.note("end", Some(id), end)
    }
    fn client_random(&mut self, random: &[u8; 32]) -> io::Result<()> {
        self.note("random", None, random)
    }
    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.note("capture", None, capture)
    }
    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.note("summary", None, summary)
    }
}

/// Everything that can be asked for, so that everything is told.
fn options(threads: usize, key_log: &KeyLog) -> Options {
    Options {
        threads: NonZeroUsize::new(threads).unwrap(),
        message_bytes: true,
        digests: true,
        blocks: 8,
        client_randoms: true,
        timeline: true,
        opt_in: true,
        key_log: key_log.clone(),
        ..Options::default()
    }
}

fn told(captures: Vec<Reader>, options: Options) -> String {
    let mut transcript = Transcript::default();
    let mut analyzer = Analyzer::new(options);
    for mut reader in captures {
        analyzer.read(&mut reader, &mut transcript).unwrap();
    }
    analyzer.finish(&mut transcript).unwrap();
    transcript.0
}

/// These packets as a capture.
fn written(packets: &[RecordedPacket]) -> Vec<u8> {
    let mut capture = Vec::new();
    write_pcapng(packets, LINK, &mut capture).unwrap();
    capture
}

fn in_memory(capture: Vec<u8>) -> Reader {
    Reader::from_read("memory", Box::new(io::Cursor::new(capture))).unwrap()
}

/// Not `assert_eq`, whose message would be two transcripts.
fn assert_same(without: &str, with: &str, what: &str) {
    let (mut a, mut b) = (without.lines(), with.lines());
    for line in 1.. {
        match (a.next(), b.next()) {
            (None, None) => return,
            (a, b) => assert!(a == b, "{what}: call {line} is\n{a:?} without threads, and with them\n{b:?}"),
        }
    }
}

/// All captures below a folder.
fn captures(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            captures(&path, found);
        } else if path.file_name().unwrap().to_string_lossy().contains(".pcap") {
            found.push(path);
        }
    }
}

#[test]
fn every_capture_is_told_the_same_way() {
    let mut paths = Vec::new();
    captures(&testdata(""), &mut paths);
    assert!(paths.len() > 100, "{} captures", paths.len());
    let mut opened = 0;
    for path in paths {
        let mut key_log = KeyLog::new();
        if let Ok(keys) = fs::read(path.with_extension("keys")) {
            opened += 1;
            key_log.add(&keys);
        }
        let read = |threads| told(vec![Reader::open(&path).unwrap()], options(threads, &key_log));
        let without = read(1);
        for threads in [2, 3] {
            assert_same(&without, &read(threads), &format!("{} with {threads} threads", path.display()));
        }
    }
    assert!(opened > 10, "{opened} captures with keys");
}

#[test]
fn joined_captures_are_told_the_same_way() {
    let read = |threads| {
        let names = ["node_ws.pcap", "python_websockets.pcap", "midstream.pcap"];
        let readers = names.iter().map(|name| Reader::open(&testdata(name)).unwrap()).collect();
        told(readers, Options { join: true, ..options(threads, &KeyLog::new()) })
    };
    assert_same(&read(1), &read(2), "joined captures");
}

/// More than end at once in one set, with one capture and where it was cut in two.
#[test]
fn a_thousand_connections_that_are_open_at_the_end_are_told_the_same_way() {
    let open = |before: Scenario, _| before.connection().handshake().client(text("still here"));
    let packets = (1..1_000).fold(Scenario::new().handshake(), open).packets();
    let capture = |packets| in_memory(written(packets));
    let (first, second) = packets.split_at(packets.len() / 2);
    for join in [false, true] {
        let read = |threads| {
            let captures = if join { vec![capture(first), capture(second)] } else { vec![capture(&packets)] };
            told(captures, Options { join, ..options(threads, &KeyLog::new()) })
        };
        let without = read(1);
        assert_eq!(without.lines().filter(|call| call.starts_with("end ")).count(), 1_000);
        for threads in [2, 3] {
            assert_same(&without, &read(threads), &format!("{threads} threads, joined: {join}"));
        }
    }
}

#[test]
fn what_the_sink_refuses_ends_the_analysis() {
    struct Refuses(u32);
    impl Sink for Refuses {
        fn frame(&mut self, _: u64, _: &Frame<'_>) -> io::Result<()> {
            self.0 += 1;
            if self.0 == 3 { Err(io::Error::other("enough")) } else { Ok(()) }
        }
    }
    let mut reader = Reader::open(&testdata("chromium_plain.pcap")).unwrap();
    let mut sink = Refuses(0);
    let error = Analyzer::new(options(2, &KeyLog::new())).read(&mut reader, &mut sink).unwrap_err();
    assert_eq!((error.to_string().as_str(), sink.0), ("enough", 3));
}

#[test]
fn what_the_sink_panics_of_ends_the_analysis() {
    struct Panics;
    impl Sink for Panics {
        fn frame(&mut self, _: u64, _: &Frame<'_>) -> io::Result<()> {
            panic!("a fault of the sink's")
        }
    }
    let mut reader = Reader::open(&testdata("chromium_plain.pcap")).unwrap();
    let read = AssertUnwindSafe(|| Analyzer::new(options(2, &KeyLog::new())).read(&mut reader, &mut Panics));
    let panic = catch_unwind(read).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"a fault of the sink's"));
}

/// A live source may send nothing for hours: what has come by then is told before it is waited for.
#[test]
fn a_live_source_is_waited_for_when_all_is_told() {
    /// Gives a packet at a time, and before each but the first waits until the sink was told to pause.
    struct Live {
        pieces: VecDeque<Vec<u8>>,
        pauses: Receiver<usize>,
        /// How many frames had been told at each pause.
        told: Sender<usize>,
        first: bool,
    }
    impl io::Read for Live {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            if !std::mem::take(&mut self.first) && !self.pieces.is_empty() {
                let frames = self.pauses.recv_timeout(Duration::from_secs(60)).map_err(io::Error::other)?;
                self.told.send(frames).map_err(io::Error::other)?;
            }
            let Some(piece) = self.pieces.pop_front() else { return Ok(0) };
            target[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }
    struct Pausing(Sender<usize>, usize);
    impl Sink for Pausing {
        fn frame(&mut self, _: u64, _: &Frame<'_>) -> io::Result<()> {
            self.1 += 1;
            Ok(())
        }
        fn pause(&mut self) -> io::Result<()> {
            // The source may have come to its end.
            let _ = self.0.send(self.1);
            Ok(())
        }
    }
    let packets =
        Scenario::new().handshake().client(text("1")).server(text("2")).client([text("3"), text("4")]).packets();
    let first = |count: usize| written(&packets[..count]);
    let frames_in = |count: usize| {
        told(vec![in_memory(first(count))], options(1, &KeyLog::new()))
            .lines()
            .filter(|call| call.starts_with("frame "))
            .count()
    };
    assert_eq!((frames_in(packets.len() / 2), frames_in(packets.len())), (0, 4));
    let piece = |count: usize| first(count + 1)[if count == 0 { 0 } else { first(count).len() }..].to_vec();
    let pieces: VecDeque<Vec<u8>> = (0..packets.len()).map(piece).collect();
    for threads in [1, 2, 3] {
        let ((pause, pauses), (tell, told)) = (channel(), channel());
        let live = Live { pieces: pieces.clone(), pauses, told: tell, first: true };
        let mut reader = Reader::from_read("live", Box::new(live)).unwrap();
        let mut sink = Pausing(pause, 0);
        let mut analyzer = Analyzer::new(options(threads, &KeyLog::new()));
        analyzer.read(&mut reader, &mut sink).unwrap();
        let told: Vec<usize> = told.try_iter().collect();
        assert_eq!(told, (1..packets.len()).map(frames_in).collect::<Vec<_>>(), "{threads} threads");
        assert_eq!((reader.info().fault.as_deref(), sink.1), (None, 4));
    }
}

/// The packets of each rule's example, twice, so that handshakes and masking keys of different connections are the same;
/// three examples share a client, two of these a server.
fn conversations() -> Vec<Vec<RecordedPacket>> {
    let examples: Vec<_> = rules::all().map(|rule| (rule.breaks)().packets()).collect();
    let numbered = (0..).zip(examples.iter().enumerate().chain(examples.iter().enumerate()));
    numbered
        .map(|(port, (example, packets))| {
            let mut packets = packets.clone();
            for packet in &mut packets {
                rehome(&mut packet.data, [example / 3, example / 2], port);
            }
            packets
        })
        .collect()
}

/// Gives an Ethernet packet of IPv4 (RFC 791 §3.1) other hosts, and its client another port.
fn rehome(data: &mut [u8], [client, server]: [usize; 2], port: u16) {
    let is_tcp = data.len() >= 38 && data[12..14] == [8, 0] && data[14] == 0x45 && data[23] == 6;
    if !is_tcp {
        return;
    }
    // The server's port is the lower one in all examples.
    let port_at = |at: usize| u16::from_be_bytes([data[at], data[at + 1]]);
    let (from, own) = if port_at(34) > port_at(36) { (26, 34) } else { (30, 36) };
    let to = 56 - from;
    data[from + 1] = 1;
    data[from + 2] = client as u8;
    data[to + 1] = 2;
    data[to + 2] = server as u8;
    data[own..own + 2].copy_from_slice(&(20_000 + port).to_be_bytes());
}

/// A capture of conversations that go on at the same time; `order` says whose packet comes next. Where the capture is
/// `untidy`, the clock goes back for some packets, and of some the last bytes, behind the segment, are missing.
fn interleaved(conversations: &[Vec<RecordedPacket>], order: &[u16], untidy: bool) -> Vec<u8> {
    let mut waiting: Vec<_> = conversations.iter().map(|packets| packets.iter()).collect();
    let mut writer = PcapngWriter::new(Vec::new(), LINK).unwrap();
    let mut order = order.iter().cycle();
    let mut nanoseconds = 1_700_000_000_000_000_000;
    while !waiting.is_empty() {
        let drawn = *order.next().unwrap();
        let next = usize::from(drawn) % waiting.len();
        let Some(packet) = waiting[next].next() else {
            drop(waiting.swap_remove(next));
            continue;
        };
        nanoseconds += 7_000_000;
        let back = if untidy && drawn.is_multiple_of(5) { 3_000_000_000 } else { 0 };
        let time = Timestamp::new(nanoseconds - back);
        let missing = if untidy && drawn.is_multiple_of(7) { 4 } else { 0 };
        let original_length = packet.original_length + missing;
        writer.write(RecordedPacketRef { time, original_length, ..packet.view() }).unwrap();
    }
    writer.finish().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, rng_seed: RngSeed::Fixed(16), ..ProptestConfig::default() })]

    #[test]
    fn connections_that_have_to_do_with_each_other_are_told_the_same_way(
        order in vec(any::<u16>(), 997),
        threads in 2usize..6,
        untidy: bool,
    ) {
        let capture = interleaved(&conversations(), &order, untidy);
        let read = |threads| told(vec![in_memory(capture.clone())], options(threads, &KeyLog::new()));
        let without = read(1);
        for rule in ["hs-req-key-reused", "mask-key-cross-connection", "hs-req-parallel-connecting"] {
            prop_assert!(without.contains(&format!("(\"{rule}\"")), "nothing to say of {rule}");
        }
        assert_same(&without, &read(threads), &format!("{threads} threads"));
    }
}
