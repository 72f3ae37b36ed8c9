//! Throughput of each layer and of the whole, in bytes and in packets a second.
//!
//! `cargo bench` prints both. Compare within one run: machines differ, and so do their moods.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::io::{self, Cursor};
use wslens::analysis::{Analyzer, Options, Sink};
use wslens::capture::{LinkType, Packet, PacketRef, Reader};
use wslens::packet::{Decoded, Decoder, Segment};
use wslens::report::Detail;
use wslens::report::jsonl::Jsonl;
use wslens::scenario::{Scenario, binary, close, deflated_text, text};
use wslens::tcp::{Connection, Side, Spare};
use wslens::websocket::{FrameHeader, mask};
use wslens::{Limits, Role};

/// Short texts in both directions: many packets, small frames.
fn chat() -> Vec<u8> {
    let say = |length: usize| text("x".repeat(length));
    Scenario::new()
        .handshake()
        .repeat(2000, |s| s.client(say(40)).server(say(120)).client(say(15)).server(say(60)))
        .client(close(1000, ""))
        .server(close(1000, ""))
        .fin(Role::Server)
        .pcapng_bytes()
}

/// Large binary messages: many bytes, few frames.
fn bulk() -> Vec<u8> {
    let big = || binary(vec![0x5A; 256 << 10]);
    Scenario::new().handshake().repeat(16, |s| s.client(big()).server(big())).pcapng_bytes()
}

/// JSON texts, compressed with context takeover.
fn deflate() -> Vec<u8> {
    let entry = |n: usize| format!(r#"{{"id":{n},"name":"entry number {n}","tags":["a","b"],"value":{}}}"#, n * n);
    let message = |from: usize| (from..from + 8).map(entry).collect::<Vec<_>>().join(",");
    (0..1000)
        .fold(Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate"), |s, n| {
            s.client(deflated_text(message(n))).server(deflated_text(message(n + 1)))
        })
        .pcapng_bytes()
}

struct Nothing;
impl Sink for Nothing {}

fn read(capture: &[u8], sink: &mut dyn Sink) {
    let mut reader = Reader::from_read("bench", Box::new(Cursor::new(capture.to_vec()))).unwrap();
    let mut analyzer = Analyzer::new(Options::default());
    analyzer.read(&mut reader, sink).unwrap();
    analyzer.finish(sink).unwrap();
}

/// The packets of a capture, owned.
fn packets(capture: &[u8]) -> Vec<(PacketRef, LinkType, Vec<u8>)> {
    let mut reader = Reader::from_read("bench", Box::new(Cursor::new(capture.to_vec()))).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet() {
        packets.push((packet.at, packet.link, packet.data.to_vec()));
    }
    packets
}

fn view((at, link, data): &(PacketRef, LinkType, Vec<u8>)) -> Packet<'_> {
    Packet { at: *at, link: *link, data, original_length: data.len() as u32 }
}

fn layers(c: &mut Criterion) {
    for (name, capture) in [("chat", chat()), ("bulk", bulk())] {
        let packets = packets(&capture);
        let per_packet = Throughput::Elements(packets.len() as u64);
        let per_byte = Throughput::Bytes(capture.len() as u64);

        let mut group = c.benchmark_group("capture");
        for (unit, throughput) in [("bytes", per_byte.clone()), ("packets", per_packet.clone())] {
            group.throughput(throughput).bench_function(format!("{name}/{unit}"), |b| {
                b.iter(|| {
                    let source = Box::new(Cursor::new(capture.clone()));
                    let mut reader = Reader::from_read("bench", source).unwrap();
                    while let Some(packet) = reader.next_packet() {
                        black_box(packet.data);
                    }
                });
            });
        }
        group.finish();

        let mut group = c.benchmark_group("packet");
        group.throughput(per_packet.clone()).bench_function(name, |b| {
            let mut decoder = Decoder::default();
            b.iter(|| {
                for packet in &packets {
                    black_box(decoder.decode(&view(packet)));
                }
            });
        });
        group.finish();

        let mut group = c.benchmark_group("tcp");
        group.throughput(per_packet).bench_function(name, |b| {
            let segments = packets.iter().map(|packet| (packet.0, segment(packet))).collect::<Vec<_>>();
            let client = segments[0].1.source;
            let limits = Limits::default();
            let mut spare = Spare::default();
            b.iter_batched_ref(
                Connection::new,
                |connection| {
                    for (at, segment) in &segments {
                        let side = if segment.source == client { Side::First } else { Side::Second };
                        connection.segment(side, segment, *at, &limits, &mut spare, &mut |_, delivery| {
                            black_box(delivery);
                        });
                    }
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

fn segment(packet: &(PacketRef, LinkType, Vec<u8>)) -> Segment<'_> {
    let packet = view(packet);
    // Nothing is fragmented here, so the segment borrows from the packet and the decoder can go.
    let decoder = Box::leak(Box::new(Decoder::default()));
    match decoder.decode(&packet) {
        Decoded::Segment(segment) => segment,
        other => panic!("{other:?}"),
    }
}

fn frames(c: &mut Criterion) {
    let header = [0x82, 0xFE, 0x04, 0x00, 0x37, 0xFA, 0x21, 0x3D];
    c.bench_function("header", |b| b.iter(|| black_box(FrameHeader::parse(black_box(&header)).unwrap().1)));
    let mut group = c.benchmark_group("unmask");
    for length in [125, 1400, 64 << 10] {
        let mut payload = vec![0x55; length];
        group.throughput(Throughput::Bytes(length as u64)).bench_function(length.to_string(), |b| {
            b.iter(|| mask::unmask(black_box(&mut payload), [0x37, 0xFA, 0x21, 0x3D], 0));
        });
    }
    group.finish();
}

fn whole(c: &mut Criterion) {
    for (name, capture) in [("chat", chat()), ("bulk", bulk()), ("deflate", deflate())] {
        let count = packets(&capture).len() as u64;
        let mut group = c.benchmark_group("whole");
        for (unit, throughput) in
            [("bytes", Throughput::Bytes(capture.len() as u64)), ("packets", Throughput::Elements(count))]
        {
            group.throughput(throughput).bench_function(format!("{name}/{unit}"), |b| {
                b.iter(|| read(&capture, &mut Nothing));
            });
        }
        group.throughput(Throughput::Bytes(capture.len() as u64)).bench_function(format!("{name}/jsonl"), |b| {
            b.iter(|| read(&capture, &mut Jsonl::new(io::sink(), Detail::Full)));
        });
        group.finish();
    }
}

criterion_group!(benches, layers, frames, whole);
criterion_main!(benches);
