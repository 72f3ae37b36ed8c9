//! `wslens keys`: a capture that carries its secrets says what it says with the key log beside it, and nothing without
//! them.

mod common;

use common::{Scratch, testdata, wslens};
use serde_json::Value;
use std::collections::HashSet;
use std::process::{Command, Stdio};

/// The whole report, but for what it says of the file itself.
fn report(arguments: &[&str]) -> Value {
    let output = wslens(&[&["analyze", "--no-config", "--digests", "--format", "json"], arguments].concat());
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in ["path", "format", "bytes"] {
        report["captures"][0][name] = Value::Null;
    }
    report
}

/// Captures of every kind of handshake, with their key logs beside them, and how many client randoms tshark sees. The logs
/// of the resumed sessions also open the session before, which was not captured.
const CAPTURES: [(&str, usize); 11] = [
    ("wss_tls13", 1),
    ("wss_tls12_aes128gcm", 1),
    ("h2_chromium", 3),
    ("h2/chromium_haproxy", 2),
    ("tls/tls12_renegotiated", 3),
    ("tls/tls12_resumed_ticket", 1),
    ("tls/tls13_early", 1),
    ("tls/tls13_retry", 1),
    ("tunnels/starttls_smtp", 1),
    ("tunnels/https_proxy_wss", 2),
    ("tunnels/h2_connect", 2),
];

#[test]
fn key_logs_come_from_options_and_from_the_environment() {
    let open = report(&["wss_tls13.pcap", "--keylog", "wss_tls13.keys"]);
    // Each log has only one side's secrets.
    let own = std::fs::read_to_string(testdata("wss_tls13.keys")).unwrap();
    let halves = ["CLIENT_", "SERVER_"].map(|side| {
        let half = Scratch::new(side);
        let lines: Vec<&str> = own.lines().filter(|line| line.starts_with(side)).collect();
        std::fs::write(&half.0, lines.join("\n")).unwrap();
        half
    });
    let [client, server] = [halves[0].path(), halves[1].path()];
    assert_eq!(report(&["wss_tls13.pcap", "--keylog", client, "--keylog", server]), open);
    assert_ne!(report(&["wss_tls13.pcap", "--keylog", client]), open);

    let mut command = Command::new(env!("CARGO_BIN_EXE_wslens"));
    command.current_dir(testdata("")).env("SSLKEYLOGFILE", "wss_tls13.keys");
    let output = command.args(["analyze", "--no-config", "wss_tls13.pcap", "--format", "json"]).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["summary"]["frames"], 48);
}

/// A browser writes its key log while the capture is on, so that a live capture may learn the secrets late.
#[test]
fn secrets_may_stand_behind_the_packets_that_they_open() {
    let bytes = std::fs::read(testdata("wss_tls13_secrets.pcapng")).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut front, mut secrets) = (0, Vec::new(), Vec::new());
    while at < bytes.len() {
        let end = at + word(at + 4) as usize;
        let block = &bytes[at..end];
        // Block type 10 is the Decryption Secrets Block.
        if word(at) == 10 {
            secrets.extend_from_slice(block)
        } else {
            front.extend_from_slice(block)
        }
        at = end;
    }
    assert!(!secrets.is_empty());
    let late = Scratch::new("late.pcapng");
    std::fs::write(&late.0, [&front[..], &secrets].concat()).unwrap();
    let open = report(&["wss_tls13_secrets.pcapng"]);
    assert_eq!(report(&[late.path()]), open);

    // The connection was over for ten minutes: its last packet again as one of another connection, later.
    let length = word(bytes.len() - 4) as usize;
    let mut last = bytes[bytes.len() - length..].to_vec();
    assert_eq!((word(bytes.len() - length), word(bytes.len() - length + 20)), (6, 66), "an Enhanced Packet Block");
    let time = u64::from(word(bytes.len() - length + 12)) << 32 | u64::from(word(bytes.len() - length + 16));
    let time = time + 600_000_000;
    last[12..16].copy_from_slice(&((time >> 32) as u32).to_le_bytes());
    last[16..20].copy_from_slice(&(time as u32).to_le_bytes());
    // The source port.
    last[28 + 14 + 20] ^= 0x55;
    std::fs::write(&late.0, [front, last, secrets].concat()).unwrap();
    assert_eq!(report(&[late.path()])["summary"], open["summary"]);
}

/// A browser's key log of weeks. That a million lines load in a fraction of a second is measured in `benches/tls.rs`.
#[test]
fn among_many_lines_the_right_ones_are_found() {
    let own = std::fs::read_to_string(testdata("wss_tls13.keys")).unwrap();
    let mut many = String::new();
    for line in 0..200_000_u64 {
        let label = ["CLIENT_HANDSHAKE", "SERVER_HANDSHAKE", "CLIENT", "SERVER"][(line % 4) as usize];
        let number = if line % 4 < 2 { "" } else { "_0" };
        let random = (line / 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        many += &format!("{label}_TRAFFIC_SECRET{number} {random:064x} {line:064x}\n");
        if line == 100_001 {
            many += &own;
        }
    }
    let (keys, carries) = (Scratch::new("many-keys"), Scratch::new("many-in"));
    std::fs::write(&keys.0, many).unwrap();
    let open = report(&["wss_tls13.pcap", "--keylog", "wss_tls13.keys"]);
    assert_eq!(report(&["wss_tls13.pcap", "--keylog", keys.path()]), open);
    assert!(
        wslens(&["keys", "inject", "wss_tls13.pcap", "--keylog", keys.path(), "-o", carries.path()]).status.success()
    );
    assert_eq!(report(&[carries.path()]), open);
    // The handshake's and the first traffic secrets of one connection, 150 bytes or so each, and block headers.
    let [with, without] = [&carries.0, &testdata("wss_tls13.pcap")].map(|path| std::fs::metadata(path).unwrap().len());
    assert!(with < without + without / 2, "{with} {without}");
}

#[test]
fn injected_secrets_open_what_the_key_log_opens_and_stripping_closes_it_again() {
    for (name, _) in CAPTURES {
        let (capture, keys) = (&format!("{name}.pcap"), &format!("{name}.keys"));
        let (carries, stripped) = (Scratch::new(&format!("{name}-in")), Scratch::new(&format!("{name}-out")));
        let output = wslens(&["keys", "inject", capture, "--keylog", keys, "-o", carries.path()]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let open = report(&[capture, "--keylog", keys]);
        assert_ne!(open["summary"], report(&[capture])["summary"], "{name}");
        assert_eq!(report(&[carries.path()]), open, "{name}");

        assert!(wslens(&["keys", "strip", carries.path(), "-o", stripped.path()]).status.success());
        assert_eq!(report(&[stripped.path()])["summary"], report(&[capture])["summary"], "{name}");
        assert_eq!(report(&[stripped.path(), "--keylog", keys]), open, "{name}");
        let left = std::fs::read(&stripped.0).unwrap();
        assert!(!left.windows(7).any(|bytes| bytes == b"CLIENT_"), "{name}");
    }
}

/// The secrets of every capture in one log, as a browser's holds those of every page.
fn everybody() -> Vec<String> {
    let logs = CAPTURES.iter().map(|(name, _)| std::fs::read_to_string(testdata(&format!("{name}.keys"))).unwrap());
    logs.flat_map(|log| log.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn secrets_of_other_connections_stay_at_home() {
    let log = Scratch::new("everybody.keys");
    std::fs::write(&log.0, everybody().join("\r\n")).unwrap();
    let is_secret = |line: &&String| !line.is_empty() && !line.starts_with('#');
    for (name, randoms) in CAPTURES {
        let (capture, carries) = (&format!("{name}.pcap"), Scratch::new(&format!("{name}-own")));
        let output = wslens(&["keys", "inject", capture, "--keylog", log.path(), "-o", carries.path()]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let copy = std::fs::read(&carries.0).unwrap();
        let told = |line: &str| copy.windows(line.len()).any(|bytes| bytes == line.as_bytes());
        let own = std::fs::read_to_string(testdata(&format!("{name}.keys"))).unwrap();
        let random_of = |line: &str| line.split(' ').nth(1).unwrap().to_owned();
        let all = everybody();
        let opened: HashSet<_> = all.iter().filter(is_secret).filter(|line| told(line)).collect();
        let of: HashSet<_> = opened.iter().map(|line| random_of(line)).collect();
        assert_eq!(of.len(), randoms, "{name}");
        let expected = own.lines().filter(|line| !line.starts_with('#') && of.contains(&random_of(line)));
        assert_eq!(opened, expected.map(str::to_owned).collect::<Vec<_>>().iter().collect(), "{name}");

        let output = wslens(&["keys", "inject", capture, "--keylog", log.path(), "--all", "-o", carries.path()]);
        assert!(output.status.success());
        let copy = std::fs::read(&carries.0).unwrap();
        let told = |line: &str| copy.windows(line.len()).any(|bytes| bytes == line.as_bytes());
        assert!(everybody().iter().all(|line| told(line)));
    }
}

#[test]
fn secrets_that_were_there_stay_until_they_are_stripped() {
    let (twice, stripped) = (Scratch::new("twice"), Scratch::new("none"));
    let capture = "wss_tls13_secrets.pcapng";
    assert!(wslens(&["keys", "inject", capture, "--keylog", "wss_tls13.keys", "-o", twice.path()]).status.success());
    assert_eq!(report(&[twice.path()]), report(&[capture]));
    let output = wslens(&["keys", "strip", twice.path(), "-o", stripped.path()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.ends_with("2 Decryption Secrets Blocks left out\n"), "{said}");
    // Apart from its first block the file is what editcap made, without the secrets.
    let (copy, original) = (std::fs::read(&stripped.0).unwrap(), std::fs::read(testdata(capture)).unwrap());
    let length = |at: usize| u32::from_le_bytes(original[at + 4..at + 8].try_into().unwrap()) as usize;
    let secrets = length(0);
    assert_eq!(original[secrets], 10);
    assert_eq!(copy, [&original[..secrets], &original[secrets + length(secrets)..]].concat());
}

#[test]
fn copies_go_through_pipes() {
    let strip = |input: Vec<u8>| {
        use std::io::Write;
        let mut child = Command::new(env!("CARGO_BIN_EXE_wslens"))
            .args(["keys", "strip", "-", "-o", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let carries = wslens(&["keys", "inject", "wss_tls13.pcap", "--keylog", "wss_tls13.keys", "-o", "-"]).stdout;
    let plain = strip(std::fs::read(testdata("wss_tls13.pcap")).unwrap());
    assert!(carries.len() > plain.len() && !plain.is_empty());
    assert_eq!(strip(carries), plain);
}

#[test]
fn nothing_is_overwritten_and_nothing_written_without_secrets() {
    let (capture, keys) = (Scratch::new("same.pcap"), Scratch::new("same.keys"));
    std::fs::copy(testdata("wss_tls13.pcap"), &capture.0).unwrap();
    std::fs::copy(testdata("wss_tls13.keys"), &keys.0).unwrap();
    let absent = Scratch::new("absent");
    let fails = |arguments: &[&str], why: &str| {
        let output = wslens(&[&["keys"], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.contains(why)), (Some(2), true), "{arguments:?}: {said}");
    };
    let (c, k) = (capture.path(), keys.path());
    fails(&["inject", c, "--keylog", k, "-o", c], "would overwrite");
    fails(&["inject", c, "--keylog", k, "-o", k], "would overwrite");
    fails(&["strip", c, "-o", c], "would overwrite");
    fails(&["inject", c, "-o", absent.path()], "there is no key log");
    fails(&["inject", "-", "--keylog", k, "-o", absent.path()], "read twice");
    fails(&["inject", c, "--keylog", "h2_chromium.keys", "-o", absent.path()], "has 1 TLS handshake");
    fails(&["inject", c, "--keylog", c, "--all", "-o", absent.path()], "not a key log");
    assert!(!absent.0.exists());
    assert_eq!(std::fs::read(&capture.0).unwrap(), std::fs::read(testdata("wss_tls13.pcap")).unwrap());
    assert_eq!(std::fs::read(&keys.0).unwrap(), std::fs::read(testdata("wss_tls13.keys")).unwrap());
}

/// tshark counts the same WebSocket packets with the secrets inside as with the key log beside.
#[test]
fn wireshark_reads_the_secrets() {
    let count = |capture: &str, keys: Option<&str>| {
        let mut command = Command::new("tshark");
        command.current_dir(testdata("")).args([
            "-r",
            capture,
            "-Y",
            "websocket",
            "-T",
            "fields",
            "-e",
            "frame.number",
        ]);
        if let Some(keys) = keys {
            command.args(["-o", &format!("tls.keylog_file:{}", testdata(keys).display())]);
        }
        let output = command.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).unwrap().lines().count())
    };
    for name in ["wss_tls13", "wss_tls12_aes128gcm"] {
        let (capture, keys) = (&format!("{name}.pcap"), &format!("{name}.keys"));
        let (carries, stripped) = (Scratch::new(&format!("{name}-a")), Scratch::new(&format!("{name}-b")));
        wslens(&["keys", "inject", capture, "--keylog", keys, "-o", carries.path()]);
        wslens(&["keys", "strip", carries.path(), "-o", stripped.path()]);
        let Some(expected) = count(capture, Some(keys)) else { return eprintln!("skipped: tshark is not installed") };
        assert!(expected > 0, "{name}");
        assert_eq!(count(carries.path(), None), Some(expected), "{name}");
        assert_eq!(count(stripped.path(), None), Some(0), "{name}");
    }
}
