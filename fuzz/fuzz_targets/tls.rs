//! A key log, a NUL, and any bytes in both directions of a TCP connection: hellos, records, and what opens them.
#![no_main]

use wslens::scenario::Scenario;
use wslens::tls::KeyLog;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let mut key_log = KeyLog::new();
    key_log.add(&bytes[..end]);
    let said = bytes.get(end + 1..).unwrap_or_default();
    wslens_fuzz::analyse_with(key_log, wslens_fuzz::speak(Scenario::new(), said).pcapng_bytes());
});
