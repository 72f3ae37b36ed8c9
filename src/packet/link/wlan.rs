//! IEEE 802.11 data frames, behind a radiotap header or bare.

use super::ethernet;
use crate::packet::span::Span;
use crate::packet::walk::{Step, Stop};

const NAME: &str = "802.11";

/// Radiotap (<https://www.radiotap.org>): version, pad, length of the whole header in little-endian order.
pub(super) fn radiotap(span: Span<'_>) -> Step<'_> {
    let ([_, _, low, high], _) = span.split::<4>("radiotap")?;
    let length = u16::from_le_bytes([*low, *high]).max(4);
    parse(span.skip(length.into(), "radiotap")?)
}

/// A frame (IEEE 802.11-2020 §9.2.3 and §9.3.2). Only data frames that are neither encrypted nor aggregated can be
/// read.
pub(super) fn parse(span: Span<'_>) -> Step<'_> {
    const DATA: u8 = 2;
    let ([control, flags], _) = span.split::<2>(NAME)?;
    let (version, kind, subtype) = (control & 0x03, control >> 2 & 0x03, control >> 4);
    let (to_and_from_ds, protected, order) = (flags & 0x03 == 0x03, flags & 0x40 != 0, flags & 0x80 != 0);
    let (is_qos, has_no_data) = (subtype & 0x08 != 0, subtype & 0x04 != 0);
    if version != 0 || kind != DATA || has_no_data || protected {
        return Err(Stop::NotTcp);
    }

    // Frame control, duration, three addresses, sequence control; a fourth address between two access points.
    let mut body = span.skip(if to_and_from_ds { 30 } else { 24 }, NAME)?;
    if is_qos {
        let ([qos, _], rest) = body.split::<2>(NAME)?;
        let aggregated = qos & 0x80 != 0;
        if aggregated {
            return Err(Stop::NotTcp);
        }
        // In a QoS frame the order bit announces an HT control field.
        body = if order { rest.skip(4, NAME)? } else { rest };
    }
    ethernet::llc(body)
}
