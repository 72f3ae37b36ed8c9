//! The frames of every capture in testdata are those that tshark shows: packet, sender, FIN, RSV, opcode, mask and
//! length. tshark does not show a frame whose end never came, so such frames are left out. Its lists are kept in testdata/tshark, so tshark is not needed.

mod common;

use common::{Recorder, testdata};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use wslens::analysis::Options;
use wslens::capture::Reader;

/// One line of a list: packet, source, destination, FIN, RSV, opcode, mask, payload length.
type Row = (u64, String, String, bool, u8, u8, bool, u64);

/// Captures with frames that tshark does not show, because bytes of them are missing. Every frame that it does show
/// must still be found.
const TSHARK_SEES_LESS: [&str; 4] = ["lossy", "lossy_both", "lossy_frames", "midstream_partial"];

/// Captures with segments out of order: tshark shows a frame that came early in the packet that filled the hole before
/// it, wslens in the packet that carried it.
const TSHARK_SHOWS_LATE: [&str; 1] = ["reordered"];

#[test]
fn frames_are_those_of_tshark() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (name, mut theirs) in lists() {
        let mut options = Options::default();
        let capture = capture(&name);
        if let Ok(keys) = fs::read(capture.with_extension("keys")) {
            options.key_log.add(&keys);
        }
        let found = Recorder::run(Reader::open(&capture).unwrap(), options);
        let mut ours: Vec<Row> =
            found.frames.into_iter().filter(|frame| frame.complete).map(|frame| frame.row).collect();
        if TSHARK_SHOWS_LATE.contains(&name.as_str()) {
            ours.iter_mut().chain(&mut theirs).for_each(|row| row.0 = 0);
        }
        ours.sort();
        theirs.sort();
        if TSHARK_SEES_LESS.contains(&name.as_str()) {
            ours.retain(|row| theirs.contains(row));
        }
        compared += theirs.len();
        if ours != theirs {
            let missing: Vec<&Row> = theirs.iter().filter(|row| !ours.contains(row)).take(3).collect();
            let extra: Vec<&Row> = ours.iter().filter(|row| !theirs.contains(row)).take(3).collect();
            wrong.push(format!(
                "{name}: {} frames, tshark {}; missing {missing:?}, extra {extra:?}",
                ours.len(),
                theirs.len()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 400, "only {compared} frames were compared");
}

fn lists() -> BTreeMap<String, Vec<Row>> {
    let mut lists = BTreeMap::new();
    for entry in fs::read_dir(testdata("tshark")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let rows = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).map(row).collect();
        lists.insert(name, rows);
    }
    lists
}

fn row(line: &str) -> Row {
    let fields: Vec<&str> = line.split('\t').collect();
    let [packet, source, destination, fin, rsv, opcode, masked, length] = fields[..] else { panic!("{line}") };
    (
        packet.parse().unwrap(),
        source.to_owned(),
        destination.to_owned(),
        fin == "1",
        rsv.parse().unwrap(),
        opcode.parse().unwrap(),
        masked == "1",
        length.parse().unwrap(),
    )
}

fn capture(name: &str) -> PathBuf {
    ["", "gallery/", "pairs/", "autobahn/", "tunnels/"]
        .iter()
        .flat_map(|folder| {
            ["pcap", "pcapng", "pcap.gz"].map(|extension| testdata(&format!("{folder}{name}.{extension}")))
        })
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("there is no capture for {name}.tsv"))
}
