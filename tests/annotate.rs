//! `wslens annotate`: the copy of a capture says the same as the capture, and Wireshark reads the comments in it.

mod common;

use common::{Scratch, testdata, wslens};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The whole report, but for what it says of the file itself.
fn report(capture: &str) -> Value {
    let output = wslens(&["analyze", "--no-config", "--digests", "--format", "json", capture]);
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in ["path", "format", "compression", "bytes", "truncated"] {
        report["captures"][0][name] = Value::Null;
    }
    report
}

#[test]
fn the_copy_gives_the_same_report() {
    for capture in [
        "gallery/qt_cpp_zero_byte.pcap",
        "gallery/rfc_style_client_bad_guid.pcap",
        "node_ws.pcap",
        "node_ws.pcapng.gz",
        "nano.pcap",
        "any_sll2.pcap",
        "ipv6.pcap",
        "snaplen96.pcap",
        "lossy_both.pcap",
        "midstream.pcap",
        "truncated.pcap",
        "hixie76.pcap",
        "wss_tls13_secrets.pcapng",
        "autobahn/fuzzingclient.pcap.gz",
    ] {
        let copy = Scratch::new(&capture.replace('/', "-"));
        let output = wslens(&["annotate", "--no-config", "--notes", capture, "-o", copy.path()]);
        assert!(output.status.success(), "{capture}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(report(copy.path()), report(capture), "{capture}");
    }
}

/// Number and comments of each packet that has any: the options of the Enhanced Packet Blocks, little-endian.
fn comments(copy: &Path) -> Vec<(u64, String)> {
    let bytes = std::fs::read(copy).unwrap();
    let u16 = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let u32 = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut packet, mut comments) = (0, 0, Vec::new());
    while at < bytes.len() {
        let (kind, length) = (u32(at), u32(at + 4));
        if kind == 6 {
            packet += 1;
            let mut option = at + 28 + u32(at + 20).next_multiple_of(4);
            while option < at + length - 4 && u16(option) != 0 {
                let size = u16(option + 2);
                if u16(option) == 1 {
                    let text = std::str::from_utf8(&bytes[option + 4..option + 4 + size]).unwrap();
                    comments.push((packet, text.to_owned()));
                }
                option += 4 + size.next_multiple_of(4);
            }
        }
        at += length;
    }
    comments
}

#[test]
fn comments_are_the_findings_and_wireshark_reads_them() {
    for capture in ["gallery/qt_cpp_zero_byte.pcap", "gallery/rfc_style_client_bad_guid.pcap", "node_ws.pcap"] {
        let name = Path::new(capture).file_stem().unwrap().to_str().unwrap();
        let copy = Scratch::new(&format!("comments-{name}.pcapng"));
        let output = wslens(&["annotate", "--no-config", "--notes", capture, "-o", copy.path()]);
        assert!(output.status.success());
        let comments = comments(&copy.0);
        let lines: Vec<String> = comments.iter().map(|(packet, comment)| format!("{packet}\t{comment}")).collect();
        insta::assert_snapshot!(format!("annotate-{name}"), lines.join("\n"));

        // One line for each packet: what is said of it, with commas between.
        let arguments =
            ["-r", copy.path(), "-Y", "pkt_comment", "-T", "fields", "-e", "frame.number", "-e", "frame.comment"];
        match Command::new("tshark").args(arguments).env("LC_ALL", "C.UTF-8").output() {
            Ok(output) if output.status.success() => {
                let mut theirs: Vec<(u64, String)> = Vec::new();
                for (packet, comment) in &comments {
                    match theirs.last_mut() {
                        Some((last, joined)) if last == packet => *joined += &format!(",{comment}"),
                        _ => theirs.push((*packet, comment.clone())),
                    }
                }
                let theirs: Vec<String> = theirs.iter().map(|(packet, text)| format!("{packet}\t{text}")).collect();
                let said = String::from_utf8(output.stdout).unwrap();
                assert_eq!(said.lines().collect::<Vec<_>>(), theirs, "{capture}");
            }
            _ => eprintln!("skipped: tshark is not installed"),
        }
    }
}

#[test]
fn a_capture_is_neither_overwritten_nor_read_from_a_pipe() {
    let copy = Scratch::new("same.pcap");
    std::fs::copy(testdata("node_ws.pcap"), &copy.0).unwrap();
    let output = wslens(&["annotate", "--no-config", copy.path(), "-o", copy.path()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(&copy.0).unwrap(), std::fs::read(testdata("node_ws.pcap")).unwrap());
    assert_eq!(wslens(&["annotate", "--no-config", "-"]).status.code(), Some(2));
}

/// Every frame comes in a segment of its own but for these, which are all in one.
#[test]
fn a_packet_has_a_hundred_comments_at_most() {
    let frames: Vec<_> = (0..150).map(|_| wslens::scenario::text("a").unmasked()).collect();
    let mut scenario = wslens::scenario::Scenario::new().handshake();
    scenario = scenario.client(frames);
    let (capture, copy) = (Scratch::new("many-in.pcapng"), Scratch::new("many-out.pcapng"));
    std::fs::write(&capture.0, scenario.pcapng_bytes()).unwrap();
    assert!(wslens(&["annotate", "--no-config", capture.path(), "-o", copy.path()]).status.success());
    let comments = comments(&copy.0);
    let busy = comments.iter().filter(|(packet, _)| *packet == comments[0].0).count();
    assert_eq!(busy, 101, "{comments:?}");
    assert_eq!(comments[100].1, "wslens: 50 more findings are not listed");
}

#[test]
fn what_is_selected_is_told_and_nothing_else() {
    let copy = Scratch::new("selected.pcapng");
    let rule = "close-not-answered";
    let capture = "gallery/qt_cpp_zero_byte.pcap";
    wslens(&["annotate", "--no-config", "--select", rule, capture, "-o", copy.path()]);
    let comments = comments(&copy.0);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].1.starts_with("wslens: warning close-not-answered: "), "{comments:?}");
}
