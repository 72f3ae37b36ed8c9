//! What a user hands over as text: key logs, hex dumps, baselines.
#![no_main]

use wslens::policy::Baseline;
use wslens::teach::{decode, parse_hex};
use wslens::tls::KeyLog;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    KeyLog::new().add(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(frames) = parse_hex(text) {
        decode(&frames);
    }
    let _ = Baseline::parse(text);
});
