//! The report page in a real browser: `tests/browser/page.mjs` opens pages with Chromium and uses them as a reader would.
//!
//! It needs node, playwright-core and Chromium, and says so where it finds them missing. `tests/browser/install` fetches
//! what it can.

mod page;

use page::{analysed, hostile, long, wslens};
use std::path::Path;
use std::process::Command;

#[test]
fn the_page_works_in_a_browser() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let Ok(found) = Command::new("node").arg(directory.join("browser.mjs")).output() else {
        eprintln!("skipped: there is no node");
        return;
    };
    if !found.status.success() {
        eprintln!("skipped: {}", String::from_utf8_lossy(&found.stderr).trim());
        return;
    }
    let pages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&pages).unwrap();
    let capture = |path: &str| wslens(&["analyze", path, "--no-config", "--format", "html"]);
    for (name, page) in [
        ("faulty", capture("gallery/qt_cpp_zero_byte.pcap")),
        ("accept", capture("gallery/rfc_style_client_bad_guid.pcap")),
        ("many", capture("autobahn/fuzzingclient.pcap.gz")),
        ("deflate", capture("node_ws.pcap")),
        ("pings", capture("pairs/websockets_aiohttp_deflate.pcap")),
        ("clean", capture("tornado.pcap")),
        ("old", capture("hixie76.pcap")),
        ("nothing", capture("h2_chromium.pcap")),
        ("hostile", analysed(&hostile())),
        ("long", long(100_000, 12)),
        ("cut", long(400_000, 64)),
    ] {
        std::fs::write(pages.join(format!("{name}.html")), page).unwrap();
    }
    let run = Command::new("node").arg(directory.join("page.mjs")).arg(&pages).output().unwrap();
    let told = [run.stdout, run.stderr].concat();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&told));
}
