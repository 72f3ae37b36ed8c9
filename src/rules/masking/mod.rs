//! Masking keys (RFC 6455 §5.3): a fresh one for each frame, and none that is known beforehand.
//!
//! Whether the right side masks at all is a matter of the frame header's rules (§5.1). Keys are judged one by one
//! here, and many together by [`statistics`] and by known [`generators`].

mod forensic_rules;
mod forensics;
mod generators;
mod history;
mod rules;
mod statistics;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use forensic_rules::RULES as FORENSIC_RULES;
pub(super) use rules::RULES;

use super::docket::Docket;
use super::referee::{Context, Topic};
use super::{Confidence, Finding, Severity};
use crate::Role;
use crate::escape::printable;
use crate::websocket::{Event, Frame};
use forensic_rules::KEY_CROSS_CONNECTION;
use forensics::Forensics;
use rules::{KEY_CONSTANT, KEY_ZERO, SERVER_KEY_NEEDLESS, WIRE_LOOKS_HTTP};

/// Keys among which one that equals the one before it is no chance: of a million connections less than one.
const TOO_SOON: u16 = 4096;

/// Compares each of the client's masking keys with the one before, and hands it to the tests of many.
#[derive(Debug, Default)]
pub(super) struct MaskingRules {
    last: Option<[u8; 4]>,
    /// As far as counting goes: it is only asked whether they are more than [`TOO_SOON`].
    keys: u16,
    /// It had the key zero.
    zero: bool,
    /// A key was the one before.
    repeated: bool,
    forensics: Forensics,
}

impl Topic for MaskingRules {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let Some(key) = frame.header.masking_key else { return };
        // Before hybi-07 a key covered header and payload; hixie masks nothing.
        if !context.has_current_frames() {
            return;
        }
        match frame.sender {
            Role::Client => {
                self.key(key, frame, docket);
                if wire::may_be_http(frame, key) {
                    wire(key, frame, docket);
                }
            }
            Role::Server => needless(key, frame, docket),
        }
    }

    fn see(&mut self, event: &Event<'_>, _: &Context, _: &mut Docket) {
        if let Event::Resync { sender: Role::Client, .. } = event {
            self.forensics.interrupt();
        }
    }
}

/// The client's first two masking keys, the second of which is this frame's, are those with which another connection
/// began.
pub(super) fn same_keys(frame: &Frame<'_>, connection: u64) -> Finding {
    let text = format!(
        "the client's first two masking keys, the second {}, are those of connection {connection}",
        frame.header.masking_key.map_or_else(String::new, hex)
    );
    Finding::of_frame(&KEY_CROSS_CONNECTION, frame, text)
}

impl MaskingRules {
    fn key(&mut self, key: [u8; 4], frame: &Frame<'_>, docket: &mut Docket) {
        self.keys = self.keys.saturating_add(1);
        let same = self.last.replace(key) == Some(key);
        if same || key == [0; 4] {
            self.no_key(key, frame, docket);
        } else {
            self.forensics.key(u32::from_be_bytes(key), frame, docket);
        }
    }

    /// The key is zero or the one before.
    #[cold]
    fn no_key(&mut self, key: [u8; 4], frame: &Frame<'_>, docket: &mut Docket) {
        if key == [0; 4] {
            let text = format!("client's frame {} has the masking key 00000000", frame.index);
            let finding = Finding::of_frame(&KEY_ZERO, frame, text);
            let again = std::mem::replace(&mut self.zero, true);
            let severity = if again { Severity::Error } else { finding.severity };
            docket.file(finding.with_severity(severity));
        } else {
            let text = format!("client's frame {} has the masking key of the frame before, {}", frame.index, hex(key));
            let mut finding = Finding::of_frame(&KEY_CONSTANT, frame, text);
            if !std::mem::replace(&mut self.repeated, true) {
                if self.keys > TOO_SOON {
                    finding = finding.with_severity(Severity::Warning);
                }
                finding.confidence = finding.confidence.max(Confidence::Statistical);
            }
            docket.file(finding);
        }
    }
}

#[cold]
fn needless(key: [u8; 4], frame: &Frame<'_>, docket: &mut Docket) {
    let text =
        format!("server's frame {} is masked with the key {}; its payload is shown unmasked", frame.index, hex(key));
    docket.file(Finding::of_frame(&SERVER_KEY_NEEDLESS, frame, text));
}

#[cold]
fn wire(key: [u8; 4], frame: &Frame<'_>, docket: &mut Docket) {
    if let Some(line) = wire::http_line(frame, key) {
        let text = format!("client's frame {} spells \"{}\" on the wire", frame.index, printable(&line));
        docket.file(Finding::of_frame(&WIRE_LOOKS_HTTP, frame, text).with_evidence(&line));
    }
}

fn hex(key: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(key))
}
