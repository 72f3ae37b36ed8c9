//! MPLS label stacks (RFC 3032 §2.1).

use crate::packet::link::ethernet;
use crate::packet::span::Span;
use crate::packet::walk::{Layer, MPLS, Step, Stop};

const NAME: &str = "MPLS";

/// One label: 20 bits of label, 3 of traffic class, the bottom-of-stack bit, 8 of time to live.
pub(in crate::packet) fn parse(span: Span<'_>) -> Step<'_> {
    let ([_, _, bottom, _], rest) = span.split::<4>(NAME)?;
    if bottom & 1 == 0 { Ok((Layer::EtherType(MPLS), rest)) } else { payload(rest) }
}

/// The stack does not say what it carries. As routers do, take the first nibble: an IP version, or the 0 of a
/// pseudowire control word (RFC 4385 §3, RFC 4928 §3), or else a frame without one.
fn payload(span: Span<'_>) -> Step<'_> {
    let ([first], _) = span.split::<1>(NAME)?;
    match first >> 4 {
        4 | 6 => Ok((Layer::Ip, span)),
        0 if ethernet::is_likely(span.skip(4, NAME)?)? => Ok((Layer::Ethernet, span.skip(4, NAME)?)),
        _ if ethernet::is_likely(span)? => Ok((Layer::Ethernet, span)),
        _ => Err(Stop::NotTcp),
    }
}
