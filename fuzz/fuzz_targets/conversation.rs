//! Any bytes in both directions of a TCP connection: HTTP heads and bodies, TLS records, frames without a handshake.
#![no_main]

use wslens::scenario::Scenario;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wslens_fuzz::analyse(wslens_fuzz::speak(Scenario::new(), bytes).pcapng_bytes());
});
