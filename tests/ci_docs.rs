//! The settings and expectations that docs/ci.md shows can be read, and its thresholds are all there are.

use std::path::Path;
use std::process::Command;
use wslens::rules::Thresholds;

fn blocks() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

#[test]
fn the_examples_can_be_read() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 2);
    for (option, text) in [("--config", &blocks[0]), ("--expect", &blocks[1])] {
        let file = std::env::temp_dir().join(format!("wslens{option}-{}.toml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/node_ws.pcap");
        let output =
            Command::new(env!("CARGO_BIN_EXE_wslens")).arg("check").arg(&capture).arg(option).arg(&file).output();
        std::fs::remove_file(&file).unwrap();
        let output = output.unwrap();
        // One connection of the capture is cut, which both of them mind.
        assert_eq!(output.status.code(), Some(1), "{option}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_example_sets_every_threshold() {
    for (name, _) in Thresholds::default().lines() {
        assert!(blocks()[0].contains(&format!("\n{name} = ")), "{name}");
    }
}
