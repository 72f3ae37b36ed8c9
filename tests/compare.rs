//! `wslens compare`: what appeared, what went, what is something else.

mod common;

use common::testdata;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use wslens::scenario::{Scenario, close, text};

/// A scenario's capture that is gone at the end of the test.
struct Capture(PathBuf);

impl Capture {
    fn new(name: &str, scenario: &Scenario) -> Capture {
        let path = std::env::temp_dir().join(format!("wslens-compare-{}-{name}.pcapng", std::process::id()));
        std::fs::write(&path, scenario.pcapng_bytes()).unwrap();
        Capture(path)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn compare(before: &str, after: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wslens"));
    command.current_dir(testdata("")).env("NO_COLOR", "1").args(["compare", "--no-config", before, after]).args(more);
    command.output().unwrap()
}

fn scenarios(before: &Scenario, after: &Scenario, name: &str, more: &[&str]) -> (Option<i32>, Value) {
    let (one, two) = (Capture::new(&format!("{name}-a"), before), Capture::new(&format!("{name}-b"), after));
    let more = [&["--format", "json"], more].concat();
    let output = compare(one.0.to_str().unwrap(), two.0.to_str().unwrap(), &more);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

fn rules(findings: &Value) -> Vec<&str> {
    findings.as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

/// A conversation that ends with this code.
fn conversation(code: u16) -> Scenario {
    Scenario::new()
        .handshake()
        .client(text("Hello"))
        .server(text("Hello"))
        .client(close(code, ""))
        .server(close(code, ""))
}

#[test]
fn a_capture_is_like_itself_and_like_another_of_the_same() {
    for capture in ["gallery/qt_cpp_zero_byte.pcap", "node_ws.pcap"] {
        let output = compare(capture, capture, &["--fail-on", "difference"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    }
    // Other ports, keys, times and another container.
    let output = compare("any_sll1.pcap", "any_sll2.pcap", &["--fail-on", "difference"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_error_that_appears_fails_and_one_that_goes_does_not() {
    let good = Scenario::new().handshake().client(text("Hello")).server(text("Hello"));
    let bad = Scenario::new().handshake().client(text("Hello").unmasked()).server(text("Hello"));
    let (code, report) = scenarios(&good, &bad, "appears", &[]);
    assert_eq!((code, rules(&report["findings"]["appeared"])), (Some(1), vec!["frame-client-unmasked"]));
    assert_eq!(report["findings"]["appeared"][0]["connection"], 0);
    assert!(rules(&report["findings"]["gone"]).is_empty());
    let (code, report) = scenarios(&bad, &good, "goes", &[]);
    assert_eq!((code, rules(&report["findings"]["gone"])), (Some(0), vec!["frame-client-unmasked"]));
    assert_eq!(scenarios(&bad, &good, "goes-but", &["--fail-on", "difference"]).0, Some(1));
    // What is not selected is not compared.
    assert_eq!(scenarios(&good, &bad, "ignored", &["--ignore", "frame-*"]).0, Some(0));
}

/// A second fault of a kind is something new.
#[test]
fn findings_are_counted_not_only_told_apart() {
    let once = Scenario::new().handshake().client(text("a").unmasked()).server(text("b"));
    let twice = Scenario::new().handshake().client(text("a").unmasked()).client(text("c").unmasked()).server(text("b"));
    let (code, report) = scenarios(&once, &twice, "count", &[]);
    assert_eq!((code, rules(&report["findings"]["appeared"]).len()), (Some(1), 1));
    assert_eq!(report["findings"]["same"], 1);
}

#[test]
fn facts_that_change_are_named() {
    let (code, report) = scenarios(&conversation(1000), &conversation(1001), "codes", &[]);
    assert_eq!(code, Some(0));
    let facts = &report["connections"]["changed"][0]["facts"];
    let facts: Vec<String> = facts.as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(
        facts,
        [
            r#"{"after":"1001","before":"1000","fact":"client_code"}"#,
            r#"{"after":"1001","before":"1000","fact":"server_code"}"#
        ]
    );
    let plain = Scenario::new().handshake().client(text("Hello"));
    let deflate =
        Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate").client(text("Hello"));
    let (_, report) = scenarios(&plain, &deflate, "deflate", &[]);
    let change = &report["connections"]["changed"][0]["facts"][0];
    assert_eq!((&change["fact"], &change["before"]), (&"extensions".into(), &Value::Null));
    assert_eq!(change["after"], "permessage-deflate; client_max_window_bits=15; server_max_window_bits=15");
}

#[test]
fn connections_are_paired_by_what_they_asked_for() {
    // The order of two connections is no difference.
    let of = |codes: [u16; 2]| {
        let one = |scenario: Scenario, code| {
            scenario.handshake().client(text("Hello")).client(close(code, "")).server(close(code, ""))
        };
        one(one(Scenario::new(), codes[0]).connection(), codes[1])
    };
    let (_, report) = scenarios(&of([1000, 1001]), &of([1001, 1000]), "order", &[]);
    assert_eq!(report["connections"]["changed"].as_array().map(Vec::len), Some(0));
    let (_, report) = scenarios(&conversation(1000), &of([1000, 1001]), "more", &[]);
    assert_eq!(report["connections"]["appeared"][0]["facts"]["client_code"], "1001");
    assert_eq!(report["connections"]["gone"].as_array().map(Vec::len), Some(0));
}

#[test]
fn what_cannot_be_looked_at_is_not_alike() {
    assert_eq!(compare("node_ws.pcap", "no-such.pcap", &[]).status.code(), Some(2));
    assert_eq!(compare("h2_chromium.pcap", "h2_chromium.pcap", &[]).status.code(), Some(3));
}

#[test]
fn reports_look_as_they_did() {
    let pairs = [
        ("gallery/rfc_style_client.pcap", "gallery/rfc_style_client_bad_guid.pcap"),
        ("node_ws.pcap", "gallery/qt_cpp_zero_byte.pcap"),
    ];
    for (before, after) in pairs {
        let name = after.rsplit('/').next().unwrap().trim_end_matches(".pcap");
        let printed = |more: &[&str]| String::from_utf8(compare(before, after, more).stdout).unwrap();
        insta::assert_snapshot!(format!("compare-text-{name}"), printed(&["--notes"]));
        let json: Value = serde_json::from_str(&printed(&["--format", "json"])).unwrap();
        insta::assert_snapshot!(format!("compare-json-{name}"), serde_json::to_string_pretty(&json).unwrap());
    }
}
