//! `wslens extract`: what is in the files is what was said, and nothing is overwritten.

mod common;

use common::{Recorder, testdata};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use wslens::analysis::Options;
use wslens::capture::Reader;
use wslens::scenario::{Scenario, binary, text};

fn wslens(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wslens")).current_dir(testdata("")).args(arguments).output().unwrap()
}

/// A directory that is gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("wslens-extract-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let file = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        fs::read_dir(&self.0).unwrap().map(|entry| file(entry.unwrap())).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn extract(capture: &str, folder: &Folder, more: &[&str]) -> Output {
    wslens(&[&["extract", capture, "--messages", folder.path()], more].concat())
}

#[test]
fn files_hold_what_the_messages_say() {
    for capture in
        ["node_ws.pcap", "python_websockets.pcap", "large.pcap", "hixie76.pcap", "pairs/websockets_ws_deflate.pcap"]
    {
        let folder = Folder::new(&capture.replace('/', "-"));
        let output = extract(capture, &folder, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let reader = Reader::open(&testdata(capture)).unwrap();
        let seen = Recorder::run(reader, Options { payload_bytes: usize::MAX, ..Options::default() });
        let files = folder.files();
        assert_eq!(files.len(), seen.messages.len(), "{capture}");
        let mut ours: Vec<&Vec<u8>> = files.values().collect();
        let mut theirs: Vec<&Vec<u8>> = seen.messages.iter().map(|message| &message.payload).collect();
        ours.sort();
        theirs.sort();
        assert!(ours == theirs, "{capture}");
    }
}

#[test]
fn names_say_connection_message_and_sender() {
    let folder = Folder::new("names");
    let output = extract("gallery/rfc_style_client_bad_guid.pcap", &folder, &[]);
    assert!(output.stdout.ends_with(b": 4 messages, 67 B\n"), "{}", String::from_utf8_lossy(&output.stdout));
    let files = folder.files();
    let names: Vec<&String> = files.keys().collect();
    assert_eq!(names, ["c1-m0-client.txt", "c1-m1-server.txt", "c1-m2-client.txt", "c1-m3-server.txt"]);
    assert_eq!(files["c1-m1-server.txt"], b"Hello yourself");
    let one = Folder::new("one");
    extract("gallery/rfc_style_client_bad_guid.pcap", &one, &["--connection", "1", "--sender", "server"]);
    assert_eq!(one.files().into_keys().collect::<Vec<_>>(), ["c1-m1-server.txt", "c1-m3-server.txt"]);
}

#[test]
fn files_are_those_they_were() {
    for capture in ["gallery/qt_cpp_zero_byte.pcap", "gallery/rfc_style_client_bad_guid.pcap", "node_ws.pcap"] {
        let folder = Folder::new(&format!("kept-{}", capture.replace('/', "-")));
        extract(capture, &folder, &[]);
        let files = folder.files();
        let lines: Vec<String> = files.iter().map(|(name, bytes)| format!("{name}  {} bytes", bytes.len())).collect();
        let name = Path::new(capture).file_stem().unwrap().to_str().unwrap();
        insta::assert_snapshot!(format!("extract-{name}"), lines.join("\n"));
    }
}

/// Longer than what is kept in memory, both ways, in turns.
#[test]
fn long_messages_go_to_their_files_as_they_come() {
    let folder = Folder::new("long");
    let capture = std::env::temp_dir().join(format!("wslens-extract-{}.pcapng", std::process::id()));
    let (long, short) = ("0123456789abcdef".repeat(20_000), vec![0xA5_u8; 70_000]);
    let scenario = Scenario::new().handshake().client(text(&*long)).server(binary(&*short)).client(text(""));
    fs::write(&capture, scenario.pcapng_bytes()).unwrap();
    let output = extract(capture.to_str().unwrap(), &folder, &[]);
    fs::remove_file(&capture).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = folder.files();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["c0-m0-client.txt", "c0-m1-server.bin", "c0-m2-client.txt"]);
    assert!(files["c0-m0-client.txt"] == long.as_bytes() && files["c0-m1-server.bin"] == short);
}

/// `lossy.pcap` lacks 1400 of 12,000 bytes of one message.
#[test]
fn what_is_not_whole_says_so_and_ends_before_the_hole() {
    let folder = Folder::new("lossy");
    let output = extract("lossy.pcap", &folder, &[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 message incomplete and named .part"));
    let whole = Folder::new("whole");
    extract("large.pcap", &whole, &[]);
    let (lossy, whole) = (folder.files(), whole.files());
    let parts: Vec<&Vec<u8>> =
        lossy.iter().filter(|(name, _)| name.ends_with(".bin.part")).map(|(_, file)| file).collect();
    // It is complete later than in the other capture, so its number may be another.
    let full = whole.values().find(|file| file.len() == 12_000).unwrap();
    assert!(parts.len() == 1 && parts[0].len() <= 12_000 - 1_400 && full.starts_with(parts[0]));
    assert_eq!(lossy.len(), whole.len());
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::new("full");
    fs::create_dir(&folder.0).unwrap();
    fs::write(folder.0.join("mine"), "precious").unwrap();
    let output = extract("node_ws.pcap", &folder, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not empty"));
    assert_eq!(folder.files(), BTreeMap::from([("mine".to_owned(), b"precious".to_vec())]));
    // A capture that cannot be read leaves no directory behind.
    let none = Folder::new("none");
    assert_eq!(extract("no-such.pcap", &none, &[]).status.code(), Some(2));
    assert!(!Path::new(none.path()).exists());
}
