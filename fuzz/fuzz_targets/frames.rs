//! Any bytes behind an opening handshake that agreed on permessage-deflate: frames, messages, DEFLATE, gaps.
#![no_main]

use wslens::scenario::Scenario;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let open = Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate");
    wslens_fuzz::analyse(wslens_fuzz::speak(open, bytes).pcapng_bytes());
});
