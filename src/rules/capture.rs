//! Placeholder until the topic lands.
use super::Finding;
use crate::capture::PacketRef;
/// x
pub fn tls_undecryptable(_f: u64, at: PacketRef) -> Finding {
    Finding::new(&super::frame_header::TRUNCATED, None, "tls").at(at)
}
/// x
pub fn clock_backwards(_f: u64, at: PacketRef, _b: std::time::Duration) -> Finding {
    Finding::new(&super::frame_header::TRUNCATED, None, "clock").at(at)
}
