//! Writes a synthetic capture of a given size, to measure with: `workload KIND BYTES OUT.pcapng`.
//!
//! KIND is one of
//! - `bulk`: binary messages of 16 KiB to 1 MiB,
//! - `chat`: texts of 10 to 180 bytes in both directions, on many connections at once,
//! - `deflate`: JSON texts, compressed with context takeover,
//! - `churn`: short connections, one after the other.
//!
//! The same arguments give the same file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use wslens::Role;
use wslens::scenario::{LINK, PcapngWriter, Player, Scenario, binary, close, deflated_text, text};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, bytes, out] = &arguments[..] else { return usage() };
    let Ok(bytes) = bytes.parse() else { return usage() };
    match File::create(out).and_then(|file| write(kind, bytes, BufWriter::new(file))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => usage(),
        Err(error) => {
            eprintln!("workload: {out}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: workload bulk|chat|deflate|churn BYTES OUT.pcapng");
    ExitCode::from(2)
}

/// Plays rounds of a workload until the file has so many bytes; `false` where there is no such workload.
fn write(kind: &str, bytes: u64, out: impl Write) -> io::Result<bool> {
    let mut writer = PcapngWriter::new(out, LINK)?;
    let mut written = 0u64;
    let mut player = Player::new(|packet| {
        written += packet.data.len() as u64 + 32;
        writer.write(packet)?;
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
    Some(match kind {
        "bulk" if round == 0 => open("", 64),
        "bulk" => connections(64).fold(Scenario::new(), |s, (n, mix)| {
            let message = binary(vec![mix as u8; 16 << (10 + mix % 7)]);
            let s = s.resume(n);
            if mix % 2 == 0 { s.client(message) } else { s.server(message) }
        }),
        "chat" if round == 0 => open("", 2000),
        "chat" => connections(2000).fold(Scenario::new(), |s, (n, mix)| {
            let words = "the quick brown fox jumps over the lazy dog, and then once more for good measure ".repeat(3);
            let message = text(&words[..10 + mix % 171]);
            let s = s.resume(n);
            if mix % 2 == 0 { s.client(message) } else { s.server(message) }
        }),
        "deflate" if round == 0 => open("permessage-deflate", 200),
        "deflate" => connections(200).fold(Scenario::new(), |s, (n, mix)| {
            let entry = |k: usize| format!(r#"{{"id":{},"user":"user{}","value":{}}}"#, mix + k, k % 13, mix * k);
            let message = (0..8 + mix % 24).map(entry).collect::<Vec<_>>().join(",");
            let s = s.resume(n);
            if mix % 2 == 0 { s.client(deflated_text(message)) } else { s.server(deflated_text(message)) }
        }),
        "churn" => {
            let s = if round == 0 { Scenario::new() } else { Scenario::new().connection() };
            s.handshake()
                .client(text("hello"))
                .server(text("hello to you"))
                .client(text("bye"))
                .client(close(1000, ""))
                .server(close(1000, ""))
                .fin(Role::Server)
        }
        _ => return None,
    })
}
