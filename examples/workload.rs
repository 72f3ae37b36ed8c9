//! Writes a synthetic capture of a given size, to measure with: `workload KIND BYTES OUT.pcapng`.
//!
//! KIND is one of
//! - `bulk`: binary messages of 16 KiB to 1 MiB,
//! - `chat`: texts of 10 to 180 bytes in both directions, on many connections at once,
//! - `deflate`: JSON texts, compressed with context takeover,
//! - `churn`: short connections, one after the other,
//! - `mixed`: 95 % of the bytes are HTTP and TLS of others,
//! - `closed`: short connections over TLS, for which there are no keys,
//! - `turned`: connections that begin as SMTP and turn to such TLS,
//! - `lossy`: `chat` of which 1 % of the packets is lost, 2 % come late and 2 % come twice,
//! - `tiny`: frames cut into segments of 1 to 20 bytes,
//! - `flows`: connections that stay open, a few frames each; 1.2 GB hold a million,
//! - `huge`: frames of 1 GB and messages of 100,000 fragments.
//!
//! The same arguments give the same file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use wslens::Role;
use wslens::scenario::{
    LINK, PcapngWriter, Player, RecordedPacket, RecordedPacketRef, Scenario, binary, close, continuation,
    deflated_text, frame, text,
};
use wslens::websocket::Opcode;

const KINDS: &str = "bulk|chat|deflate|churn|mixed|closed|turned|lossy|tiny|flows|huge";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, bytes, out] = &arguments[..] else { return usage() };
    let Ok(bytes) = bytes.parse() else { return usage() };
    match File::create(out).and_then(|file| write(kind, bytes, BufWriter::with_capacity(1 << 20, file))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => usage(),
        Err(error) => {
            eprintln!("workload: {out}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: workload {KINDS} BYTES OUT.pcapng");
    ExitCode::from(2)
}

/// Plays rounds of a workload until the file has so many bytes; `false` where there is no such workload.
fn write(kind: &str, bytes: u64, out: impl Write) -> io::Result<bool> {
    let mut writer = PcapngWriter::new(out, LINK)?;
    let mut written = 0u64;
    let mut tap = (kind == "lossy").then(BadTap::default);
    let mut player = Player::new(|packet| {
        written += packet.data.len() as u64 + 32;
        match &mut tap {
            Some(tap) => tap.packet(packet, |packet| writer.write(packet))?,
            None => writer.write(packet)?,
        }
        if written < bytes { Ok(()) } else { Err(io::Error::other(Full)) }
    });
    let mut round = 0;
    let ended = loop {
        let Some(scenario) = self::round(kind, round) else { return Ok(false) };
        if let Err(error) = player.play(&scenario) {
            break error;
        }
        round += 1;
    };
    drop(player);
    if ended.get_ref().is_none_or(|cause| !cause.is::<Full>()) {
        return Err(ended);
    }
    writer.finish()?.flush()?;
    Ok(true)
}

/// The file is as large as it should be.
#[derive(Debug)]
struct Full;

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the capture is complete")
    }
}

impl std::error::Error for Full {}

/// What happens in one round of a workload.
fn round(kind: &str, round: usize) -> Option<Scenario> {
    let connections = |count: usize| (0..count).map(move |n| (n, round * 31 + n * 7));
    let open = |extension: &str, count: usize| {
        (0..count).fold(Scenario::new(), |s, n| {
            let s = if n == 0 { s } else { s.connection() };
            if extension.is_empty() { s.handshake() } else { s.handshake_with_extensions(extension, extension) }
        })
    };
    let next = || if round == 0 { Scenario::new() } else { Scenario::new().connection() };
    let words = "the quick brown fox jumps over the lazy dog, and then once more for good measure ".repeat(3);
    let chat = |s: Scenario, mix: usize| {
        let message = text(&words[..10 + mix % 171]);
        if mix.is_multiple_of(2) { s.client(message) } else { s.server(message) }
    };
    Some(match kind {
        "bulk" if round == 0 => open("", 64),
        "bulk" => connections(64).fold(Scenario::new(), |s, (n, mix)| {
            let message = binary(vec![mix as u8; 16 << (10 + mix % 7)]);
            let s = s.resume(n);
            if mix % 2 == 0 { s.client(message) } else { s.server(message) }
        }),
        "chat" | "lossy" if round == 0 => open("", 2000),
        "chat" | "lossy" => connections(2000).fold(Scenario::new(), |s, (n, mix)| chat(s.resume(n), mix)),
        "deflate" if round == 0 => open("permessage-deflate", 200),
        "deflate" => connections(200).fold(Scenario::new(), |s, (n, mix)| {
            let entry = |k: usize| format!(r#"{{"id":{},"user":"user{}","value":{}}}"#, mix + k, k % 13, mix * k);
            let message = (0..8 + mix % 24).map(entry).collect::<Vec<_>>().join(",");
            let s = s.resume(n);
            if mix % 2 == 0 { s.client(deflated_text(message)) } else { s.server(deflated_text(message)) }
        }),
        "churn" => next()
            .handshake()
            .client(text("hello"))
            .server(text("hello to you"))
            .client(text("bye"))
            .client(close(1000, ""))
            .server(close(1000, ""))
            .fin(Role::Server),
        "mixed" => match round % 40 {
            0 => (0..20).fold(next().handshake(), chat).client(close(1000, "")).server(close(1000, "")),
            n if n % 2 == 0 => web_page(next(), round),
            _ => others_tls(next(), round),
        }
        .fin(Role::Server),
        "closed" => secret_talk(next(), round),
        "turned" => {
            let said = ["220 mail ESMTP", "EHLO me", "250-mail\r\n250 STARTTLS", "STARTTLS", "220 go ahead"];
            let say = |s: Scenario, (n, line): (usize, &str)| {
                s.bytes(if n % 2 == 0 { Role::Server } else { Role::Client }, format!("{line}\r\n"))
            };
            secret_talk(said.into_iter().enumerate().fold(next(), say), round)
        }
        "tiny" if round == 0 => open("", 64),
        "tiny" => {
            connections(64).fold(Scenario::new(), |s, (n, mix)| chat(s.resume(n).segment_size(1 + mix % 20), mix))
        }
        "flows" => chat(next().handshake(), round).server(text("welcome")).client(text("thank you")),
        // One connection with large frames, which come 1 MiB at a time, and one with many fragments.
        "huge" if round == 0 => open("", 2),
        "huge" if round.is_multiple_of(2) => {
            let fragment = |s: Scenario| s.server(continuation("fragment").fin(false));
            let s = Scenario::new().resume(1).server(text("first ").fin(false)).repeat(99_998, fragment);
            s.server(continuation("last"))
        }
        "huge" => {
            const GIGABYTE: u64 = 1 << 30;
            let header = frame(Opcode::BINARY, Vec::new()).declared_length(GIGABYTE);
            let piece = vec![round as u8; 1 << 20];
            Scenario::new().resume(0).server(header).repeat(GIGABYTE >> 20, |s| s.bytes(Role::Server, piece))
        }
        _ => return None,
    })
}

/// A request and an answer of 2 to 60 kB.
fn web_page(s: Scenario, round: usize) -> Scenario {
    let body = vec![b'a' + (round % 26) as u8; 2_000 + round * 977 % 58_000];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", body.len());
    s.bytes(Role::Client, format!("GET /page/{round} HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n"))
        .bytes(Role::Server, [head.into_bytes(), body].concat())
}

/// TLS records of a conversation for which there are no keys.
fn others_tls(s: Scenario, round: usize) -> Scenario {
    let record = |kind: u8, length: usize, seed: usize| {
        let noise = (0..length).map(move |n| ((seed ^ n).wrapping_mul(0x9E37_79B9) >> 7) as u8);
        [kind, 3, 3, (length >> 8) as u8, length as u8].into_iter().chain(noise).collect::<Vec<u8>>()
    };
    let s = s.bytes(Role::Client, record(22, 512, round)).bytes(Role::Server, record(22, 3000, round + 1));
    (0..1 + round % 4).fold(s.bytes(Role::Client, record(23, 400, round)), |s, n| {
        s.bytes(Role::Server, record(23, 16_000, round * 5 + n))
    })
}

/// A TLS handshake and some data. The key log that opens it is not written into the capture.
fn secret_talk(s: Scenario, round: usize) -> Scenario {
    let name = format!("server{}.example.com", round % 100);
    (0..1 + round % 4)
        .fold(s.tls(Some(&name)), |s, _| s.bytes(Role::Client, [b'q'; 300]).bytes(Role::Server, [b'a'; 1200]))
        .fin(Role::Client)
}

/// Loses one packet in a hundred, gives two late and two once more, as a retransmission.
#[derive(Default)]
struct BadTap {
    packets: u64,
    waiting: Vec<(u64, RecordedPacket)>,
}

impl BadTap {
    fn packet(
        &mut self,
        packet: RecordedPacketRef<'_>,
        mut write: impl FnMut(RecordedPacketRef<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.packets += 1;
        // The beginning is whole, so that each connection is known for a WebSocket.
        match if self.packets < 10_000 { 99 } else { self.packets.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40 } % 100 {
            0 => {}
            1 | 2 => self.waiting.push((self.packets + 3, packet.to_packet())),
            3 | 4 => {
                write(packet)?;
                let mut again = packet.to_packet();
                // A retransmission has an identification of its own (RFC 6864 §4.3).
                again.data[18] ^= 0x80;
                self.waiting.push((self.packets + 20, again));
            }
            _ => write(packet)?,
        }
        while let Some(at) = self.waiting.iter().position(|(due, _)| *due <= self.packets) {
            let (_, late) = self.waiting.remove(at);
            write(RecordedPacketRef { time: packet.time, ..late.view() })?;
        }
        Ok(())
    }
}
