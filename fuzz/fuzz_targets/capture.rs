//! Any bytes as a capture file: containers, links, IP, fragments, tunnels and all that is above.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wslens_fuzz::analyse(bytes.to_vec()));
