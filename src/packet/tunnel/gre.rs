//! GRE (RFC 2784 §2, RFC 2890 §2), PPTP's version of it (RFC 2637 §4.1), and Cisco's ERSPAN in it
//! (draft-foschiano-erspan-03 §4).

use etherparse::EtherType;

use crate::packet::malformed::{Fault, Malformed};
use crate::packet::span::Span;
use crate::packet::walk::{Layer, Step, Stop};

const NAME: &str = "GRE";
const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
/// Acknowledgment number; only in version 1.
const ACKNOWLEDGMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;

const ERSPAN_1_OR_2: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;
const PPP: u16 = 0x880b;

/// Flags and version, protocol type, then the optional fields that the flags announce.
pub(in crate::packet) fn parse(span: Span<'_>) -> Step<'_> {
    let ([f0, f1, p0, p1], rest) = span.split::<4>(NAME)?;
    let (flags, protocol) = (u16::from_be_bytes([*f0, *f1]), u16::from_be_bytes([*p0, *p1]));
    let optional = |flag: u16| if flags & flag == 0 { 0 } else { 4 };
    match flags & VERSION {
        // Source routes (RFC 1701) went out of the protocol with RFC 2784.
        0 if flags & ROUTING != 0 => Err(Stop::NotTcp),
        0 => {
            let rest = rest.skip(optional(CHECKSUM) + optional(KEY) + optional(SEQUENCE), NAME)?;
            by_protocol(protocol, flags & SEQUENCE != 0, rest)
        }
        1 if protocol == PPP => {
            // The key is made of the payload's length and the call's number.
            let ([high, low, _, _], rest) = rest.split::<4>(NAME)?;
            let rest = rest.skip(optional(SEQUENCE) + optional(ACKNOWLEDGMENT), NAME)?;
            let payload = rest.with_length(u16::from_be_bytes([*high, *low]).into());
            ppp(payload)
        }
        _ => Err(Malformed { header: NAME, fault: Fault::Invalid }.into()),
    }
}

fn by_protocol(protocol: u16, sequenced: bool, rest: Span<'_>) -> Step<'_> {
    const ERSPAN: &str = "ERSPAN";
    match protocol {
        // Type II has a header of its own and needs the sequence number; type I has neither.
        ERSPAN_1_OR_2 if sequenced => Ok((Layer::Ethernet, rest.skip(8, ERSPAN)?)),
        ERSPAN_1_OR_2 => Ok((Layer::Ethernet, rest)),
        ERSPAN_3 => {
            let (header, rest) = rest.split::<12>(ERSPAN)?;
            let has_subheader = header[11] & 1 == 1;
            Ok((Layer::Ethernet, rest.skip(if has_subheader { 8 } else { 0 }, ERSPAN)?))
        }
        PPP => ppp(rest),
        _ => Ok((Layer::EtherType(EtherType(protocol)), rest)),
    }
}

/// An empty payload only acknowledges (RFC 2637 §4.1).
fn ppp(payload: Span<'_>) -> Step<'_> {
    if payload.wire_length() == 0 { Err(Stop::NotTcp) } else { crate::packet::link::ppp::framed(payload) }
}
