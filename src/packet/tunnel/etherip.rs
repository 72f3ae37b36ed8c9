//! EtherIP: an Ethernet frame in IP (RFC 3378 §3).

use crate::packet::span::Span;
use crate::packet::walk::{Layer, Step};

/// Version and reserved bits, two bytes, then the frame.
pub(in crate::packet) fn parse(span: Span<'_>) -> Step<'_> {
    let (_, rest) = span.split::<2>("EtherIP")?;
    Ok((Layer::Ethernet, rest))
}
