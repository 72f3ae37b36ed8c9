//! PPP (RFC 1661 §2), in HDLC-like framing (RFC 1662 §3.1) and beside Cisco's HDLC.

use etherparse::EtherType;

use crate::packet::span::Span;
use crate::packet::walk::{Layer, MPLS, Step, Stop};

const NAME: &str = "PPP";

/// PPP, with address and control field or without (RFC 1662 §3.1; RFC 1661 §6.6 lets peers leave them out).
pub(in crate::packet) fn framed(span: Span<'_>) -> Step<'_> {
    match span.bytes() {
        [0xff, 0x03, ..] | [0xff] => Ok((Layer::Ppp, span.skip(2, NAME)?)),
        _ => parse(span),
    }
}

/// PPP in HDLC-like framing, or Cisco HDLC, told apart by the first byte: address, control, then an EtherType.
pub(super) fn serial(span: Span<'_>) -> Step<'_> {
    match span.bytes() {
        [0x0f | 0x8f, ..] => {
            let ([_, _, high, low], rest) = span.split::<4>("Cisco HDLC")?;
            Ok((Layer::EtherType(EtherType(u16::from_be_bytes([*high, *low]))), rest))
        }
        _ => framed(span),
    }
}

/// A packet from its protocol field on, which is one byte where that is odd (RFC 1661 §6.5).
pub(in crate::packet) fn parse(span: Span<'_>) -> Step<'_> {
    let ([first], rest) = span.split::<1>(NAME)?;
    let (protocol, rest) = if first & 1 == 1 {
        (u16::from(*first), rest)
    } else {
        let ([second], rest) = rest.split::<1>(NAME)?;
        (u16::from_be_bytes([*first, *second]), rest)
    };
    match protocol {
        0x0021 | 0x0057 => Ok((Layer::Ip, rest)),
        0x0281 | 0x0283 => Ok((Layer::EtherType(MPLS), rest)),
        _ => Err(Stop::NotTcp),
    }
}
