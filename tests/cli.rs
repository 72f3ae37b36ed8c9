//! The program as its user meets it: what each command writes where, and with which exit code.

mod common;

use common::testdata;
use snapbox::cmd::cargo_bin;
use snapbox::str;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use wslens::Role::{Client, Server};
use wslens::rules;
use wslens::scenario::{Scenario, close, ping, text};

/// How a run of the program ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn wslens(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("wslens"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR").env_remove("SSLKEYLOGFILE");
    command
}

fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, b"")
}

fn run_with(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child =
        wslens(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that does not want its input closes it.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs what must succeed and complain about nothing; gives standard output.
fn out(arguments: &[&str]) -> String {
    let ran = run(arguments);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    ran.out
}

const PHP: &str = "testdata/gallery/php_draft17.pcap";
const BEETLE: &str = "testdata/gallery/beetle.pcap";

/// A place for a file of this test.
fn temporary(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn analyze_prints_tables_that_fit_80_columns() {
    let table = out(&["analyze", BEETLE, "--width", "80"]);
    snapbox::assert_data_eq!(
        &table,
        str![[r#"
testdata/gallery/beetle.pcap  pcap, ethernet, 18 packets, 2.1 kB, 31.3 ms

#  client / server  handshake         frames  msgs  payload  close         time
────────────────────────────────────────────────────────────────────────────────
0  127.0.0.1:49176  GET /chat              3     2     22 B  1000/1000  31.3 ms
   127.0.0.1:9401   101 accept WRONG       3     2     38 B  clean

severity  who     where     finding
─────────────────────────────────────────────────────────────────────────────
error     server  0         hs-resp-accept-mismatch
                  packet 6  server's Sec-WebSocket-Accept
                            FCKgUr8c7OsDsLFeJTWrJw6WO8Q= is wrong: no known
                            mistake yields it; the key asks for
                            lt1/FHuL6o2V8tma5G4mOcqYBFA=
                            → client carried on after 87.0µs with 2 frames,
                            then sent Close 1000
error     client  0:0       fail-tolerated
                  packet 8  client sends frames after server's answer to the
                            upgrade (hs-resp-accept-mismatch), for which it
                            must fail the opening handshake
warning   client  0         hs-req-key-sample
                  packet 4  the key "puVOuWb7rel6z2AVZBKnfw==" stands in a
                            published example

2 errors and 1 warning in 1 connection.
3 notes hidden; --notes shows them.

"#]]
    );
    for capture in fs::read_dir(testdata("")).unwrap().map(|entry| entry.unwrap().path()) {
        if capture.extension().is_some_and(|extension| extension == "pcap") {
            let table = out(&["analyze", capture.to_str().unwrap(), "--width", "80", "--notes"]);
            let tables = table.lines().skip(1).map(|line| line.chars().count()).max();
            assert!(tables <= Some(80), "{}", capture.display());
        }
    }
}

#[test]
fn notes_are_hidden_unless_asked_for() {
    assert!(!out(&["analyze", BEETLE]).contains("legacy-extension"));
    let with_notes = out(&["analyze", BEETLE, "--notes"]);
    assert!(with_notes.contains("legacy-extension"));
    assert!(!with_notes.contains("hidden"));
}

#[test]
fn json_is_one_object() {
    let report: serde_json::Value = serde_json::from_str(&out(&["analyze", BEETLE, "--format", "json"])).unwrap();
    assert_eq!(report["summary"]["connections"], 1);
    assert_eq!(report["summary"]["frames"], 6);
    assert_eq!(report["captures"][0]["packets"], 18);
    let rules: Vec<&str> = report["connections"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    assert!(rules.contains(&"hs-resp-accept-mismatch"), "{rules:?}");
    let accept = &report["connections"][0]["handshake"]["accept"];
    assert_eq!(accept["expected"], "lt1/FHuL6o2V8tma5G4mOcqYBFA=");
}

#[test]
fn jsonl_is_an_object_a_line() {
    let lines = out(&["analyze", PHP, "--format", "jsonl"]);
    let types: Vec<String> = lines
        .lines()
        .map(|line| {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            object["type"].as_str().unwrap().to_owned()
        })
        .collect();
    let count = |kind: &str| types.iter().filter(|found| *found == kind).count();
    assert_eq!((count("connection"), count("frame"), count("connection_end")), (1, 4, 1));
    assert_eq!(types.last().unwrap(), "summary");
}

#[test]
fn reports_go_to_files_beside_standard_output() {
    let (json, lines) = (temporary("report.json"), temporary("report.jsonl"));
    let ran = out(&[
        "analyze",
        PHP,
        "--output",
        &format!("json:{}", json.display()),
        "--output",
        &format!("jsonl:{}", lines.display()),
    ]);
    assert!(ran.contains("1000/1000"));
    assert_eq!(fs::read_to_string(json).unwrap(), out(&["analyze", PHP, "--format", "json"]));
    assert_eq!(fs::read_to_string(lines).unwrap(), out(&["analyze", PHP, "--format", "jsonl"]));
}

#[test]
fn frames_are_a_line_each_and_filtered() {
    let numbers = |arguments: &[&str]| -> Vec<String> {
        let list = out(&[&["frames"], arguments].concat());
        list.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let node = "testdata/node_ws.pcap";
    assert_eq!(numbers(&[PHP]), ["0:0", "0:1", "0:2", "0:3"]);
    assert_eq!(numbers(&[PHP, "--sender", "server"]), ["0:1", "0:3"]);
    assert_eq!(numbers(&[PHP, "--opcode", "close"]), ["0:2", "0:3"]);
    assert_eq!(numbers(&[PHP, "--opcode", "0x8", "--sender", "client"]), ["0:2"]);
    assert_eq!(numbers(&[node, "--connection", "1"]), ["1:0"]);
    let zero = "testdata/gallery/qt_cpp_zero_byte.pcap";
    assert_eq!(numbers(&[zero, "--rule", "frag-continuation-without-start"]).len(), 4);

    let none = run(&["frames", node, "--connection", "2"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("connections 0 to 1"), "{}", none.err);
    let typo = run(&["frames", node, "--rule", "frag-continuation-without-strat"]);
    assert_eq!(typo.code, Some(2));
    assert!(typo.err.contains("frag-continuation-without-start"), "{}", typo.err);
}

#[test]
fn follow_tells_the_conversation() {
    let said = out(&["follow", PHP, "0"]);
    for part in ["GET /demo", "101 Switching Protocols", "Hello", "hello, how are you?", "1000/1000 clean"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(said.matches("close ").count(), 2);
    let quiet = out(&["follow", PHP, "0", "--no-control"]);
    assert!(quiet.contains("hello, how are you?") && !quiet.contains("close "));
    assert_eq!(out(&["follow", PHP, "0", "--raw"]), "Hellohello, how are you?");
    assert_eq!(out(&["follow", PHP, "0", "--raw", "--sender", "client"]), "Hello");
    assert_eq!(run(&["follow", PHP, "1"]).code, Some(2));
}

#[test]
fn show_and_decode_explain_the_frame_of_section_5_7() {
    let shown = out(&["show", PHP, "0:0"]);
    assert!(shown.contains("7f^37=48 'H'") && shown.contains("Hello"), "{shown}");
    assert_eq!(run(&["show", PHP, "0:4"]).code, Some(2));

    let explained = out(&["decode", "81", "85", "37", "fa", "21", "3d", "7f", "9f", "4d", "51", "58"]);
    assert!(explained.contains("7f^37=48 'H'"));
    for form in [
        "818537fa213d7f9f4d5158",
        "0x81,0x85,0x37,0xfa,0x21,0x3d,0x7f,0x9f,0x4d,0x51,0x58",
        "81:85:37:fa:21:3d:7f:9f:4d:51:58",
    ] {
        assert_eq!(out(&["decode", form]), explained, "{form}");
    }
    let dump = b"00000000: 8185 37fa 213d 7f9f 4d51 58              ..7.!=..MQX\n";
    assert_eq!(run_with(&["decode"], dump).out, explained);
    assert_eq!(run_with(&["decode", "-"], b"81 85 37 fa 21 3d 7f 9f 4d 51 58\n").out, explained);
    for wrong in [&["decode", "8g"][..], &["decode", "818"], &["decode", ""]] {
        let ran = run(wrong);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{wrong:?}");
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
}

#[test]
fn check_has_an_exit_code_for_each_outcome() {
    let code = |arguments: &[&str]| run(&[&["check"], arguments].concat()).code;
    assert_eq!(code(&[PHP]), Some(0));
    assert_eq!(code(&["testdata/refused.pcap"]), Some(0), "warnings do not fail it");
    assert_eq!(code(&["testdata/refused.pcap", "--fail-on", "warning"]), Some(1));
    assert_eq!(code(&[PHP, "--fail-on", "note"]), Some(1));
    assert_eq!(code(&[BEETLE]), Some(1));
    assert_eq!(code(&["testdata/no_such_file.pcap"]), Some(2));
    assert_eq!(code(&[PHP, "testdata/no_such_file.pcap"]), Some(2));
    assert_eq!(code(&["testdata/README.md"]), Some(2));
    assert_eq!(code(&[PHP, "--fail-on", "everything"]), Some(2));

    let empty = temporary("no_websocket.pcapng");
    fs::write(&empty, Scenario::new().bytes(Client, *b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").pcapng_bytes()).unwrap();
    assert_eq!(code(&[empty.to_str().unwrap()]), Some(3));
    assert_eq!(code(&[empty.to_str().unwrap(), "--allow-empty"]), Some(0));
    assert_eq!(code(&["testdata/wss_tls13.pcap", "--allow-empty"]), Some(3), "what is encrypted may hold anything");

    let told = run(&["check", BEETLE]);
    let line = "testdata/gallery/beetle.pcap:packet 6: error[hs-resp-accept-mismatch] server, connection 0: ";
    assert!(told.out.lines().any(|told| told.starts_with(line)), "{}", told.out);
}

#[test]
fn one_line_says_why_nothing_could_be_read() {
    for arguments in [["analyze", "testdata/no_such_file.pcap"], ["frames", "testdata/README.md"], ["check", "src"]] {
        let ran = run(&arguments);
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.lines().count()),
            (Some(2), "", 1),
            "{arguments:?}: {}",
            ran.err
        );
        assert!(ran.err.starts_with("wslens: error: ") && ran.err.contains(arguments[1]), "{}", ran.err);
    }
}

#[test]
fn who_sees_no_websocket_is_told_of_closed_tls() {
    const CLOSED: &str = "testdata/wss_tls13.pcap";
    assert!(out(&["analyze", CLOSED]).contains("cap-tls-undecryptable"));
    assert!(!out(&["analyze", CLOSED]).contains("hidden"));
    for (arguments, code) in [
        (&["check", CLOSED][..], 3),
        (&["compare", PHP, CLOSED], 3),
        (&["frames", CLOSED], 0),
        (&["follow", CLOSED, "0"], 2),
        (&["show", CLOSED, "0:0"], 2),
        (&["quiz", CLOSED], 2),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}");
        assert!(ran.err.contains("TLS that could not be opened") && ran.err.contains("--keylog"), "{}", ran.err);
    }
}

#[test]
fn what_could_be_read_is_reported_beside_what_could_not() {
    let ran = run(&["analyze", "testdata/no_such_file.pcap", PHP]);
    assert!(ran.out.contains("1000/1000") && ran.err.contains("no_such_file"), "{}{}", ran.out, ran.err);
    assert_ne!(ran.code, Some(0));
    let cut = run(&["analyze", "testdata/truncated.pcap"]);
    assert_eq!(cut.code, Some(0));
    assert!(cut.out.contains("cut"), "{}", cut.out);
}

#[test]
fn standard_input_is_read_as_a_file_is() {
    let file = out(&["frames", "testdata/node_ws.pcapng.gz"]);
    let stream = run_with(&["frames", "-"], &fs::read(testdata("node_ws.pcapng.gz")).unwrap());
    assert_eq!((stream.code, stream.out), (Some(0), file));
}

#[test]
fn accept_tells_right_from_wrong() {
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    assert!(out(&["accept", KEY]).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(run(&["accept", KEY, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]).code, Some(0));
    // With the GUID in lower case: base64(SHA-1(key + "258eafa5-e914-47da-95ca-c5ab0dc85b11")).
    let lower = run(&["accept", KEY, "ChGeZ8ohCtjiDKqXFpgGi2RIEKE="]);
    assert_eq!(lower.code, Some(1));
    let echoed = run(&["accept", KEY, KEY]);
    assert_eq!(echoed.code, Some(1));
    assert!(echoed.out.contains("Cause"), "{}", echoed.out);
}

#[test]
fn rules_are_listed_shown_and_exemplified() {
    let list = out(&["rules", "list", "--width", "300"]);
    for rule in rules::all() {
        assert!(list.contains(rule.id), "{}", rule.id);
        let page = out(&["rules", "show", rule.id]);
        assert!(page.starts_with(rule.id) && page.contains(rule.source), "{}", rule.id);
        assert!(page.contains("\nWhat it says of its example\n"), "{}", rule.id);
    }
    // The frame is drawn, with the bit it is about.
    let page = out(&["rules", "show", "frame-server-masked"]);
    assert!(
        page.contains("Text frame from the server") && page.contains("|1|0|0|0|0 0 0 1|1|0 0 0 0 1 0 1|"),
        "{page}"
    );
    assert!(out(&["rules", "show", "frag-tiny"]).contains("--threshold frag-tiny-count=16\n"));
    assert_eq!(out(&["rules", "--width", "300"]), list);
    let file = temporary("example.pcapng");
    out(&["rules", "example", "frame-server-masked", "-o", file.to_str().unwrap()]);
    let found = run(&["check", file.to_str().unwrap()]);
    assert_eq!(found.code, Some(1));
    assert!(found.out.contains("error[frame-server-masked]"));
    assert_eq!(run(&["rules", "show", "frame-server-maskd"]).code, Some(2));
}

#[test]
fn a_threshold_is_drawn_elsewhere() {
    // A message in three fragments.
    let fragmented = "testdata/node_ws.pcap";
    assert!(!out(&["check", fragmented, "--notes"]).contains("note[frag-tiny]"));
    let lines = "frag-tiny-count=3,frag-tiny-bytes=5000";
    assert!(out(&["check", fragmented, "--notes", "--threshold", lines]).contains("note[frag-tiny]"));
    let wrong = run(&["check", fragmented, "--threshold", "frag-tiny-cuont=3"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("did you mean frag-tiny-count?"), "{}", wrong.err);
}

#[test]
fn completions_and_the_manual_are_written() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(out(&["completions", shell]).contains("wslens"), "{shell}");
    }
    let manual = out(&["man"]);
    assert!(manual.contains(".TH wslens 1") && manual.contains("decode"));
    assert_eq!(run(&["completions", "cmd"]).code, Some(2));
}

#[test]
fn wrong_usage_is_exit_code_2_and_writes_nothing_to_standard_output() {
    for arguments in [&["nonsense"][..], &["analyze"], &["analyze", PHP, "--sideways"], &["follow", PHP, "x"], &[]] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!ran.err.is_empty());
    }
    assert!(out(&["--help"]).contains("Examples:"));
    assert!(out(&["--version"]).starts_with("wslens "));
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [
        &["analyze", "testdata/python_websockets_nodeflate.pcap", "--format", "jsonl"][..],
        &["frames", "testdata/python_websockets_nodeflate.pcap"],
        &["annotate", "testdata/python_websockets_nodeflate.pcap"],
        &["rules", "list"],
        &["man"],
    ] {
        let mut child = wslens(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn a_granted_stream_of_http2_is_not_coloured_as_a_refusal() {
    const YELLOW: &str = "\u{1b}[38;5;11m";
    let request = |capture: &str| out(&["analyze", capture, "--color", "always"]).lines().nth(4).unwrap().to_owned();
    assert!(request("testdata/refused.pcap").contains(YELLOW));
    assert!(!request("testdata/h2/node_h2c.pcap").contains(YELLOW));
}

#[test]
fn colour_follows_its_switch_and_no_color() {
    let coloured = |arguments: &[&str], no_color: bool| {
        let mut command = wslens(&[&["analyze", BEETLE], arguments].concat());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        command.output().unwrap().stdout.contains(&0x1B)
    };
    assert!(!coloured(&[], false), "not to a pipe");
    assert!(coloured(&["--color", "always"], false));
    assert!(!coloured(&["--color", "never"], false));
    assert!(!coloured(&["--color", "auto"], true));
}

/// Sequences that move the cursor, set the title, ring the bell, or turn the direction of text, in UTF-8 and as C1
/// bytes.
const HOSTILE: &str = "\x1b[2J\x1b]0;owned\x07\r\x08\u{9b}31m\u{202e}evil\u{2066}\u{85}\u{feff}\u{200f}\0\x7f\t";

/// A capture with such sequences wherever its maker can put them.
fn hostile_capture() -> PathBuf {
    let scenario = Scenario::new()
        .handshake_with(
            |request| {
                request
                    .target(&format!("/{HOSTILE}"))
                    .header("Host", HOSTILE)
                    .header("Origin", HOSTILE)
                    .header("Sec-WebSocket-Protocol", HOSTILE)
                    .header("User-Agent", HOSTILE)
            },
            |response| {
                response
                    .header("Sec-WebSocket-Protocol", HOSTILE)
                    .header("Sec-WebSocket-Extensions", HOSTILE)
                    .header("Server", HOSTILE)
                    .header(HOSTILE, "a")
            },
        )
        .client(text(HOSTILE))
        .server(text(HOSTILE))
        .server(text(*b"\x9b2J\xc2\x9b2J\xff\xfe"))
        .client(ping(HOSTILE))
        .client(close(1000, HOSTILE))
        .server(close(4000, HOSTILE))
        .fin(Server)
        .connection()
        .handshake_with(|request| request, |response| response.header("Sec-WebSocket-Accept", HOSTILE))
        .server(text("x"))
        .connection()
        .request(|request| request.header("Sec-WebSocket-Key", HOSTILE))
        .bytes(Server, format!("HTTP/1.1 403 {HOSTILE}\r\nContent-Length: 0\r\n\r\n"));
    let path = temporary("hostile.pcapng");
    fs::write(&path, scenario.pcapng_bytes()).unwrap();
    path
}

/// Whether a terminal would do something else with this than print it.
fn is_active(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && c != '\n') || turns || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[test]
fn nothing_from_a_capture_reaches_the_terminal_unescaped() {
    let path = hostile_capture();
    let path = path.to_str().unwrap();
    let mut commands = vec![
        vec!["analyze", path, "--notes"],
        vec!["analyze", path, "--notes", "--width", "40"],
        vec!["analyze", path, "--notes", "--format", "text"],
        vec!["analyze", path, "--format", "json"],
        vec!["analyze", path, "--format", "jsonl"],
        vec!["frames", path, "--notes"],
        vec!["check", path, "--notes", "--fail-on", "note"],
        vec!["accept", HOSTILE_ARGUMENT, HOSTILE_ARGUMENT],
        vec!["decode", HOSTILE_ARGUMENT],
        vec!["frames", path, "--rule", HOSTILE_ARGUMENT],
        vec!["rules", "show", HOSTILE_ARGUMENT],
        vec!["analyze", HOSTILE_ARGUMENT],
    ];
    commands.extend(["0", "1", "2"].map(|connection| vec!["follow", path, connection, "--notes"]));
    commands.extend(["0:0", "0:1", "0:2", "0:3", "0:4", "0:5", "1:0"].map(|frame| vec!["show", path, frame]));
    for arguments in commands {
        let ran = run(&arguments);
        for (what, text) in [("standard output", &ran.out), ("standard error", &ran.err)] {
            let active: Vec<char> = text.chars().filter(|&c| is_active(c)).collect();
            assert!(active.is_empty(), "{arguments:?} writes {active:?} to {what}");
        }
        assert!(!ran.out.is_empty() || !ran.err.is_empty(), "{arguments:?} says nothing");
    }
}

/// As [`HOSTILE`], without the NUL that no argument can hold.
const HOSTILE_ARGUMENT: &str = "\x1b[2J\x1b]0;owned\x07\r\u{9b}31m\u{202e}evil";

#[test]
fn frames_of_a_live_capture_come_as_they_happen() {
    let capture = fs::read(testdata("node_ws.pcap")).unwrap();
    let mut wslens = Command::new(env!("CARGO_BIN_EXE_wslens"))
        .args(["analyze", "--format", "jsonl", "--no-config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = wslens.stdin.take().unwrap();
    let output = BufReader::new(wslens.stdout.take().unwrap());
    let (told, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
    // The file header is 24 bytes; each packet is led by 16, of which the third word is its length (little-endian).
    let mut end = 24;
    for _ in 0..20 {
        end += 16 + u32::from_le_bytes(capture[end + 8..end + 12].try_into().unwrap()) as usize;
    }
    input.write_all(&capture[..end]).unwrap();
    input.flush().unwrap();
    // The rest is held back until a frame was told.
    let patience = std::time::Duration::from_secs(60);
    while !lines.recv_timeout(patience).expect("a frame while the capture goes on").contains("\"type\":\"frame\"") {}
    input.write_all(&capture[end..]).unwrap();
    drop(input);
    assert!(lines.iter().last().unwrap().contains("\"type\":\"summary\""));
    assert!(wslens.wait().unwrap().success());
}
