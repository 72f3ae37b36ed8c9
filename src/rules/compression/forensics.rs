//! What a walk over a message's compressed bytes says of its sender (RFC 7692 §7.2.1).

use super::forensic_rules::{
    BFINAL, CONTEXT_TAKEOVER, DISTANCE_EXCEEDS_WINDOW, FINAL_PADDING, TRAILER_NOT_REMOVED, TRAILING_GARBAGE,
};
use super::rules::INFLATE_ERROR;
use crate::Role;
use crate::rules::docket::Docket;
use crate::rules::{Finding, Severity};
use crate::websocket::{Handshake, Inflated, Message, Walk, WalkEnd};

/// What one sender is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    window_bits: u8,
    no_context_takeover: bool,
}

impl Bounds {
    /// What a handshake says of a sender; `None` where permessage-deflate was not agreed, or where another extension
    /// may have changed the bytes.
    pub(super) fn of(handshake: &Handshake, sender: Role) -> Option<Bounds> {
        let agreed = handshake.deflate?;
        if handshake.extensions.len() > 1 {
            return None;
        }
        Some(match sender {
            Role::Client => Bounds {
                // RFC 7692 §7.1.2.2: without the offer the server had no right to ask for it.
                window_bits: match handshake.offers.iter().any(|offer| offer.param("client_max_window_bits").is_some())
                {
                    true => agreed.client_max_window_bits,
                    false => 15,
                },
                no_context_takeover: agreed.client_no_context_takeover,
            },
            Role::Server => Bounds {
                window_bits: agreed.server_max_window_bits,
                no_context_takeover: agreed.server_no_context_takeover,
            },
        })
    }
}

/// Messages with final blocks.
#[derive(Debug)]
pub(super) struct Finals {
    /// Of the first of them.
    finding: Finding,
    count: u64,
    /// Those that end in one, without the empty block behind it.
    bare: u64,
}

impl Finals {
    /// What is to be said at the end; `compressed` messages were seen in all.
    pub(super) fn finding(self, compressed: u64) -> Finding {
        let Finals { finding, count, bare } = self;
        let sender = finding.blame.map_or("a side", Role::name);
        let mut message = format!("{sender} sets BFINAL in {count} of {compressed} compressed messages");
        if bare > 0 {
            message += &format!("; {bare} of them end without an empty block behind it");
        }
        Finding { message, ..finding }
    }
}

/// Judges a compressed message by its walk. `head` is what its payload begins with.
pub(super) fn judge(
    message: &Message<'_>,
    walk: &Walk,
    bounds: Bounds,
    head: &[u8],
    finals: &mut Option<Box<Finals>>,
    docket: &mut Docket,
) {
    let mut file = |rule, severity, text: String, evidence: &[u8]| {
        let finding = Finding::of_message(rule, message, text).with_severity(severity);
        docket.file(finding.with_evidence(evidence));
    };
    let (sender, index) = (message.sender, message.index);
    if let Some(at) = walk.garbage {
        let padding = if walk.padding.is_some() { ", and the bits that pad the block are not 0" } else { "" };
        let text = format!(
            "{sender}'s message {index} goes on behind its final block with {} that are no DEFLATE block{padding}",
            bytes(message.wire_length.saturating_sub(at))
        );
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        file(&TRAILING_GARBAGE, Severity::Warning, text, head.get(at..).unwrap_or(head));
        return;
    }
    // Anything else might be no DEFLATE at all, understood by chance.
    if !matches!(walk.end, WalkEnd::Flushed | WalkEnd::Trailer | WalkEnd::Final) {
        if let Some(text) = broken(message, walk) {
            // A whole message without its empty block could be read.
            let severity = if walk.is_whole() { Severity::Warning } else { Severity::Error };
            file(&INFLATE_ERROR, severity, text, head);
        }
        return;
    }
    let window = 1_u32 << bounds.window_bits.min(15);
    if walk.largest_distance > window {
        let text = format!(
            "{sender}'s message {index} refers {} bytes back at its byte {}, and {sender}_max_window_bits={} allows {window}",
            walk.largest_distance, walk.largest_distance_at, bounds.window_bits
        );
        let as_zlib_does = bounds.window_bits == 8 && walk.largest_distance <= 512;
        let severity = if as_zlib_does { Severity::Warning } else { Severity::Error };
        file(&DISTANCE_EXCEEDS_WINDOW, severity, text, head);
    }
    if bounds.no_context_takeover && walk.history > 0 {
        let text = format!(
            "{sender}'s message {index} refers to {} before its beginning, and {sender}_no_context_takeover forbids that",
            bytes(walk.history.into())
        );
        file(&CONTEXT_TAKEOVER, Severity::Error, text, head);
    } else if matches!(message.inflated, Some(Inflated::Corrupt { .. })) && walk.history > 0 {
        let text = format!(
            "{sender}'s message {index} refers to {} before its beginning, and less was compressed before it",
            bytes(walk.history.into())
        );
        file(&INFLATE_ERROR, Severity::Error, text, head);
    }
    if let Some(at) = walk.padding {
        let text = format!("{sender}'s message {index} pads a final block with bits that are not 0, in its byte {at}");
        file(&FINAL_PADDING, Severity::Error, text, head);
    }
    if walk.end == WalkEnd::Trailer {
        let text = format!("{sender}'s message {index} still ends in the 00 00 FF FF that a sender takes away");
        file(&TRAILER_NOT_REMOVED, Severity::Warning, text, head);
    }
    if walk.final_blocks > 0 {
        let finals = finals.get_or_insert_with(|| {
            let finding = Finding::of_message(&BFINAL, message, "").with_evidence(head);
            Box::new(Finals { finding, count: 0, bare: 0 })
        });
        finals.count += 1;
        finals.bare += u64::from(walk.end == WalkEnd::Final);
    }
}

/// Why the message is not what a compressor makes; `None` where that is for another rule to say.
fn broken(message: &Message<'_>, walk: &Walk) -> Option<String> {
    let (sender, index, length) = (message.sender, message.index, bytes(message.wire_length));
    Some(match walk.end {
        WalkEnd::Fault { bit, what } => {
            format!("{sender}'s message {index} is not DEFLATE: {what}, at bit {bit} of its {length}")
        }
        WalkEnd::Inside => {
            format!("{sender}'s message {index} is not DEFLATE: its {length} end inside a block, 00 00 FF FF put back")
        }
        WalkEnd::Block if message.wire_length > 0 => {
            format!("{sender}'s message {index} does not end in an empty DEFLATE block")
        }
        WalkEnd::Block | WalkEnd::Filled | WalkEnd::Flushed | WalkEnd::Trailer | WalkEnd::Final => return None,
    })
}

fn bytes(count: u64) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}
