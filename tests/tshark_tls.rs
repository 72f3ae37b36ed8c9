//! What is opened of TLS is what tshark opens, byte for byte: of every capture in testdata/tls, and of the WebSockets over
//! TLS beside it. Where tshark is not installed that is said, and nothing is compared.

mod common;

use common::tcp_streams::tcp_streams;
use common::testdata;
use sha1::{Digest, Sha1};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use wslens::capture::Reader;
use wslens::packet::Endpoint;
use wslens::tcp::Delivery;
use wslens::tls::{KeyLog, Session, Unopened};

/// What each end of a connection said inside of TLS, with its address and port.
type Said = [(String, Vec<u8>); 2];

/// Its connection stands in another capture of the list, too, of which these are made.
const CUT: [&str; 2] = ["tls13_lost_segment.pcap", "tls13_middle.pcap"];

/// Captures of TLS from the first byte on, each beside its key log.
fn captures() -> Vec<PathBuf> {
    let mut captures: Vec<PathBuf> = fs::read_dir(testdata("tls"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .filter(|path| !CUT.iter().any(|cut| path.ends_with(cut)))
        .collect();
    captures.sort();
    assert!(captures.len() > 30, "{captures:?}");
    captures.extend(["wss_tls13.pcap", "wss_tls12_aes128gcm.pcap", "h2_chromium.pcap"].map(testdata));
    captures
}

/// One capture with the packets of all of these: they are of one kind, and no port is used twice.
fn joined(captures: &[PathBuf]) -> (Vec<u8>, Vec<u8>) {
    let (mut packets, mut keys) = (Vec::new(), Vec::new());
    for path in captures {
        let bytes = fs::read(path).unwrap();
        if packets.is_empty() {
            packets.extend_from_slice(&bytes[..24]);
        }
        // Magic number and link type.
        assert_eq!((&bytes[..4], &bytes[20..24]), (&packets[..4], &packets[20..24]), "{path:?}");
        packets.extend_from_slice(&bytes[24..]);
        keys.extend(fs::read(path.with_extension("keys")).unwrap());
        keys.push(b'\n');
    }
    (packets, keys)
}

/// What wslens opens, in the order of the first packets.
fn opened(reader: Reader, keys: &[u8]) -> Vec<(Said, Session)> {
    let mut key_log = KeyLog::new();
    key_log.add(keys);
    let new = |ends: [Endpoint; 2]| (ends.map(|end| (end.to_string(), Vec::new())), Session::new(1 << 20));
    tcp_streams(reader, new, |(said, session), side, delivery| {
        session.deliver(side, delivery, &key_log, &mut |side, delivery| {
            if let Delivery::Data(chunk) = delivery {
                said[side as usize].1.extend_from_slice(chunk.bytes);
            }
        });
    })
}

/// What tshark opens, either end first, of its first `streams` TCP streams; `None` where it is not installed.
fn tsharks(packets: &[u8], keys: &[u8], streams: usize) -> Option<Vec<Said>> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (capture, key_log) = (folder.join("tls_joined.pcap"), folder.join("tls_joined.keys"));
    fs::write(&capture, packets).unwrap();
    fs::write(&key_log, keys).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&capture).arg("-o").arg(format!("tls.keylog_file:{}", key_log.display())).arg("-q");
    for stream in 0..streams {
        command.args(["-z", &format!("follow,tls,raw,{stream}")]);
    }
    let output = command.output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = vec![Said::default(); streams];
    let mut stream = None;
    for line in text.lines() {
        if let Some(number) = line.strip_prefix("Filter: tcp.stream eq ") {
            stream = Some(&mut found[number.parse::<usize>().unwrap()]);
        }
        let Some(stream) = &mut stream else { continue };
        if let Some(node) = line.strip_prefix("Node ") {
            let (number, end) = node.split_once(": ").unwrap();
            stream[number.parse::<usize>().unwrap()].0 = end.to_owned();
        } else if !line.contains(|c: char| !c.is_ascii_hexdigit() && c != '\t') {
            // What the second node said is indented.
            let said = &mut stream[usize::from(line.starts_with('\t'))].1;
            let digits = line.trim_start().as_bytes();
            said.extend(digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()));
        }
    }
    Some(found)
}

#[test]
fn what_is_opened_is_what_tshark_opens() {
    let (packets, keys) = joined(&captures());
    let reader = Reader::from_read("joined", Box::new(std::io::Cursor::new(packets.clone()))).unwrap();
    let ours = opened(reader, &keys);
    let Some(theirs) = tsharks(&packets, &keys, ours.len()) else {
        return eprintln!("tshark is not installed: nothing was compared");
    };
    let (mut compared, mut suites) = (0, std::collections::BTreeSet::new());
    for (([first, second], session), mut theirs) in ours.into_iter().zip(theirs) {
        // Of the second node tshark 4.0 shows no address where it follows several streams.
        if theirs[0].0 != first.0 {
            theirs.reverse();
        }
        let theirs = theirs.map(|(_, said)| said);
        let said = [first.1, second.1];
        let facts = session.facts();
        assert_eq!(facts.failed, 0, "{facts:?}");
        if let Some(Unopened::UnsupportedSuite(suite)) = facts.unopened {
            // Camellia: tshark can.
            assert_eq!(suite.0, 0xC072);
            assert!(said.concat().is_empty() && !theirs.concat().is_empty());
            continue;
        }
        // A connection that was given up before anybody said anything says nothing of the comparison.
        if facts.opened > 0 {
            assert!(said == theirs, "{facts:?}");
            compared += said.concat().len();
            suites.extend(facts.suite.zip(facts.version).map(|(suite, version)| (suite.0, version.0)));
        }
    }
    // 35 conversations of 2 KB, three of 141, 141 and 82.
    assert!(compared > 35 * 2000 + 360_000, "{compared}");
    // Five suites of TLS 1.3, eleven AEADs and four of CBC in 1.2, two of CBC in each of 1.1 and 1.0.
    assert_eq!(suites.len(), 24, "{suites:04X?}");
}

/// Length and SHA-1 of what client and server said, for each connection of a capture that said anything, in hexadecimal.
fn digests(name: &str) -> Vec<[(usize, String); 2]> {
    let keys = fs::read(testdata(&format!("{name}.keys"))).unwrap();
    let digest = |(_, bytes): (String, Vec<u8>)| {
        let hash = Sha1::digest(&bytes);
        (bytes.len(), hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    opened(Reader::open(&testdata(&format!("{name}.pcap"))).unwrap(), &keys)
        .into_iter()
        .inspect(|(_, session)| assert_eq!(session.facts().failed, 0))
        .filter(|(said, _)| said.iter().any(|(_, bytes)| !bytes.is_empty()))
        .map(|(said, _)| said.map(digest))
        .collect()
}

/// Also where tshark is not installed, what tshark 4.0 opened of captures of browsers and WebSocket libraries:
/// `tshark -r CAPTURE -o tls.keylog_file:KEYS -q -z follow,tls,raw,STREAM`, length and SHA-1 of each direction.
#[test]
fn what_tshark_opens_is_opened_byte_for_byte() {
    let expect = |(client_length, client): (usize, &str), (server_length, server): (usize, &str)| {
        [(client_length, client.to_owned()), (server_length, server.to_owned())]
    };
    assert_eq!(
        digests("wss_tls12_aes128gcm"),
        [expect(
            (70780, "1e134052affb9c61ae47d566576bbbeab38dd990"),
            (70717, "21ab33fc26ee2f9dbd526cc1a205434298e31c65")
        )]
    );
    assert_eq!(
        digests("wss_tls13"),
        [expect(
            (70756, "d52cfd2a094528e032c8fdc85e656b9babf7fce5"),
            (70693, "dc5404a11ec07da0432ff0de8334d87980e3d152")
        )]
    );
    assert_eq!(
        digests("h2_chromium"),
        [expect(
            (41012, "6d610808a8bdcf2310afc26415023cada2e847a7"),
            (40891, "a4dee074b6891b1f926684bd1d5ed3aa21e41747")
        )]
    );
}
