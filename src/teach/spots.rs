//! Where a frame is wrong: the bits that the words about its fields, and the rules, find fault with.

use super::explain::{Context, Mark};
use super::fields::{self, bits_of};
use super::parts::Parts;
use super::payload;
use super::text::Style;
use crate::rules::Severity;
use std::ops::Range;

/// Bits that something is wrong with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// In bits from the frame's first.
    pub bits: Range<usize>,
    /// [`Style::Fault`] or [`Style::Warning`].
    pub style: Style,
}

/// The bits that something is wrong with, those of findings included.
pub(super) fn spots(parts: &Parts<'_>, context: &Context<'_>) -> Vec<Spot> {
    let entries = fields::header(parts, context).into_iter().chain(payload::close(parts));
    // What is missing is shown to be missing, and not called wrong.
    let is_wrong = |entry: &fields::Entry| entry.words.1 == Style::Fault && parts.has(0..entry.bits.end.div_ceil(8));
    let of_fields = entries.filter(is_wrong).map(|entry| entry.bits);
    let of_text = payload::text_fault(parts, context);
    let of_fields = of_fields.chain(of_text).map(|bits| Spot { bits, style: Style::Fault });
    let of_rules = context.marks.iter().filter_map(|mark| {
        let style = match mark.severity {
            Severity::Error => Style::Fault,
            Severity::Warning => Style::Warning,
            Severity::Note => return None,
        };
        Some(Spot { bits: bits_of_rule(parts, mark)?, style })
    });
    of_fields.chain(of_rules).collect()
}

/// The bits that a rule speaks of; `None` for one that speaks of the frame as a whole, or of its place among others.
fn bits_of_rule(parts: &Parts<'_>, mark: &Mark<'_>) -> Option<Range<usize>> {
    let start = parts.header_length();
    let body = |from: usize, to: usize| {
        let length = parts.payload.len();
        bits_of(start + from.min(length)..start + to.min(length))
    };
    Some(match mark.rule {
        "frag-control-fragmented" | "frag-unfinished" => 0..1,
        "frame-rsv1-unnegotiated" | "pmd-rsv1-on-control" | "pmd-rsv1-on-continuation" => 1..2,
        "frame-rsv2-set" => 2..3,
        "frame-rsv3-set" => 3..4,
        "frame-opcode-reserved-data"
        | "frame-opcode-reserved-control"
        | "frag-continuation-without-start"
        | "frag-new-data-inside-message"
        | "data-after-close"
        | "close-duplicate" => 4..8,
        "frame-client-unmasked" | "frame-server-masked" => 8..9,
        "frame-length-msb" => bits_of(parts.extended()).start..bits_of(parts.extended()).start + 1,
        "frame-length-nonminimal-16" | "frame-length-nonminimal-64" => bits_of(parts.extended()),
        "frame-length-implausible" | "frame-truncated" | "ctl-payload-too-long" => 9..bits_of(parts.extended()).end,
        "close-body-one-byte" => body(0, 1),
        "close-reason-invalid-utf8" => return None,
        rule if rule.starts_with("close-code-") => body(0, 2),
        rule if rule.starts_with("mask-key-") => bits_of(parts.key()),
        "pmd-inflate-error" | "pmd-bomb" | "mask-wire-looks-http" => body(0, usize::MAX),
        _ => return None,
    })
}
