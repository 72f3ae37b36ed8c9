//! Any frames on an HTTP/2 connection whose server allows WebSockets: frames, header blocks, streams, gaps.
//!
//! A frame is written as a control byte for its sender (1), its loss for the capture (2) and a length of the payload that
//! is one more than the frame says (4), then its kind, flags, stream and the length of its payload, a byte each.
#![no_main]

use wslens::Role;
use wslens::scenario::Scenario;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut scenario = Scenario::new().http2();
    let mut rest = bytes;
    while let Some((&[control, kind, flags, stream, length], after)) = rest.split_first_chunk() {
        let (payload, after) = after.split_at(after.len().min(usize::from(length)));
        let said = payload.len() as u8 + u8::from(control & 4 != 0 && payload.len() < 0xFF);
        let frame = [&[0, 0, said, kind, flags, 0, 0, 0, stream], payload].concat();
        if control & 2 != 0 {
            scenario = scenario.lose();
        }
        scenario = scenario.bytes(if control & 1 == 0 { Role::Client } else { Role::Server }, frame);
        rest = after;
    }
    wslens_fuzz::analyse(scenario.pcapng_bytes());
});
