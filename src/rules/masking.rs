//! Masking keys (RFC 6455 §5.3): a fresh one for each frame, and none that is known beforehand.
//!
//! Whether the right side masks at all is a matter of the frame header's rules (§5.1).

use super::docket::Docket;
use super::referee::{Context, Topic};
use super::{Blames, Confidence, Finding, Rule, Severity};
use crate::Role;
use crate::scenario::{Scenario, text};
use crate::websocket::{Event, Family, Frame};

/// The rules of this file.
pub const RULES: &[&Rule] = &[&KEY_ZERO, &KEY_CONSTANT, &SERVER_KEY_NEEDLESS];

/// `mask-key-zero`
pub static KEY_ZERO: Rule = Rule {
    id: "mask-key-zero",
    severity: Severity::Warning,
    blames: Blames::Client,
    source: "RFC 6455 §5.3",
    quote: "When preparing a masked frame, the client MUST pick a fresh masking key from the set of allowed 32-bit \
            values.",
    statement: "The masking key is 00000000, which leaves the payload as it is.",
    why: "What masking is to prevent is possible again: the bytes on the wire are those the application chose, and an \
          intermediary may take them for HTTP (§10.3). Some turn masking off in this way to save time or to read \
          captures.",
    restraint: "A warning for the first such frame, since chance gives this key once in 4,294,967,296 frames; an error \
                from the second on.",
    breaks: || Scenario::new().handshake().client(text("Hello").masked([0; 4])),
    keeps: || Scenario::new().handshake().client(text("Hello").masked([0, 0, 0, 1])),
};

/// `mask-key-constant`
pub static KEY_CONSTANT: Rule = Rule {
    id: "mask-key-constant",
    severity: Severity::Error,
    blames: Blames::Client,
    source: "RFC 6455 §5.3",
    quote: "The masking key needs to be unpredictable; thus, the masking key MUST be derived from a strong source of \
            entropy, and the masking key for a given frame MUST NOT make it simple for a server/proxy to predict the \
            masking key for a subsequent frame.",
    statement: "A frame has the same masking key as the client's frame before it.",
    why: "Who knows one key knows the next, so a hostile page can choose the bytes on the wire after all. Clients that \
          pick a key for each connection do this.",
    restraint: "Chance repeats a key once in 4,294,967,296 frames, so the first repetition is statistical. The key \
                00000000 is the matter of mask-key-zero alone.",
    breaks: || {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        Scenario::new().handshake().client([text("Hello").masked(key), text("again").masked(key)])
    },
    keeps: || {
        let (one, other) = ([0x37, 0xfa, 0x21, 0x3d], [0x8c, 0x05, 0xe3, 0x90]);
        Scenario::new().handshake().client([text("Hello").masked(one), text("again").masked(other)])
    },
};

/// `mask-server-key-needless`
pub static SERVER_KEY_NEEDLESS: Rule = Rule {
    id: "mask-server-key-needless",
    severity: Severity::Note,
    blames: Blames::Server,
    source: "RFC 6455 §5.1",
    quote: "A server MUST NOT mask any frames that it sends to the client.",
    statement: "The key with which a server masked a frame, so that its payload can be read.",
    why: "The rule itself is frame-server-masked. This tells that the payload is shown unmasked, and by which key.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(text("Hello").masked([0x37, 0xfa, 0x21, 0x3d])),
    keeps: || Scenario::new().handshake().server(text("Hello")),
};

/// Compares each of the client's masking keys with the one before.
#[derive(Debug, Default)]
pub(super) struct MaskingRules {
    last: Option<[u8; 4]>,
    zeros: u32,
    repeats: u32,
}

impl Topic for MaskingRules {
    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        match event {
            // Before hybi-07 a key covered header and payload; hixie masks nothing.
            Event::Frame(frame) if matches!(context.family, Family::Rfc6455 | Family::Hybi(7..)) => {
                match (frame.sender, frame.header.masking_key) {
                    (Role::Client, Some(key)) => self.key(key, frame, docket),
                    (Role::Server, Some(key)) => {
                        let text = format!(
                            "server's frame {} is masked with the key {}; its payload is shown unmasked",
                            frame.index,
                            hex(key)
                        );
                        docket.file(Finding::of_frame(&SERVER_KEY_NEEDLESS, frame, text));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

impl MaskingRules {
    fn key(&mut self, key: [u8; 4], frame: &Frame<'_>, docket: &mut Docket) {
        let same = self.last.replace(key) == Some(key);
        if key == [0; 4] {
            self.zeros = self.zeros.saturating_add(1);
            let text = format!("client's frame {} has the masking key 00000000", frame.index);
            let finding = Finding::of_frame(&KEY_ZERO, frame, text);
            let severity = if self.zeros > 1 { Severity::Error } else { finding.severity };
            docket.file(finding.with_severity(severity));
        } else if same {
            self.repeats = self.repeats.saturating_add(1);
            let text = format!("client's frame {} has the masking key of the frame before, {}", frame.index, hex(key));
            let mut finding = Finding::of_frame(&KEY_CONSTANT, frame, text);
            if self.repeats == 1 {
                finding.confidence = finding.confidence.max(Confidence::Statistical);
            }
            docket.file(finding);
        }
    }
}

fn hex(key: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(key))
}
