//! BSD loopback: a four-byte address family before the packet
//! (<https://www.tcpdump.org/linktypes/LINKTYPE_NULL.html>).

use crate::packet::span::Span;
use crate::packet::walk::{Layer, Step, Stop};

/// NULL has the family in the byte order of the capturing host, LOOP in network byte order. No family is above
/// 65535, so of the two readings the smaller one is meant.
pub(super) fn parse(span: Span<'_>) -> Step<'_> {
    let (header, rest) = span.split::<4>("loopback")?;
    match u32::from_be_bytes(*header).min(u32::from_le_bytes(*header)) {
        // AF_INET everywhere; AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, Darwin.
        2 | 10 | 24 | 28 | 30 => Ok((Layer::Ip, rest)),
        _ => Err(Stop::NotTcp),
    }
}
