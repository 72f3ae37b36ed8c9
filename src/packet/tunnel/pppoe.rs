//! PPPoE sessions (RFC 2516 §4).

use crate::packet::malformed::{Fault, Malformed};
use crate::packet::span::Span;
use crate::packet::walk::{Layer, Step, Stop};

const NAME: &str = "PPPoE";

/// Version and type (both 1), code (0 in a session), session number, length; then a PPP packet.
pub(in crate::packet) fn parse(span: Span<'_>) -> Step<'_> {
    match span.split::<6>(NAME)? {
        ([0x11, 0x00, _, _, high, low], rest) => {
            Ok((Layer::Ppp, rest.with_length(u16::from_be_bytes([*high, *low]).into())))
        }
        ([0x11, ..], _) => Err(Stop::NotTcp),
        _ => Err(Malformed { header: NAME, fault: Fault::Invalid }.into()),
    }
}
