//! The dialects before RFC 6455: naming them, and holding hixie-76 to its own rules.
//!
//! `draft-hixie-thewebsocketprotocol-75` and `-76` (which is hybi-00) frame text between 00 and FF; the drafts 04 to 17
//! of `draft-ietf-hybi-thewebsocketprotocol` frame as RFC 6455 does, or nearly so.

mod rules;

use super::docket::Docket;
use super::referee::{Context, Topic};
use super::{Finding, Rule, Severity};
use crate::escape::{printable, printable_within};
use crate::websocket::{Ending, Extension, Family, Frame, Handshake, HixieKeyFault, Message, TcpEnd};
use crate::{PerRole, Role};

use rules::*;

pub use rules::RULES;

/// Extensions of the drafts, and what they do, as a clause.
const EXTENSIONS: [(&str, &str); 9] = [
    ("deflate-stream", "it compresses the stream below the frames"),
    ("deflate-frame", "it compresses each frame by itself, not each message"),
    ("x-webkit-deflate-frame", "it compresses each frame by itself, not each message"),
    ("permessage-compress", "it became permessage-deflate"),
    ("x-webkit-permessage-compress", "it became permessage-deflate"),
    ("permessage-bzip2", "it was dropped from the draft of RFC 7692"),
    ("permessage-snappy", "it was dropped from the draft of RFC 7692"),
    ("mux", "it was never published"),
    ("x-google-mux", "it was never published"),
];

/// Judges the dialects; remembers text frames without an end until it is known how the stream ended.
#[derive(Debug, Default)]
pub(super) struct LegacyRules {
    /// Made for the first.
    cut: Option<Box<Cut>>,
}

/// The last text frame of each that has no end.
type Cut = PerRole<Option<Finding>>;

impl Topic for LegacyRules {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, _: &mut Docket) {
        if is_hixie(context) {
            self.unterminated(frame);
        }
    }

    fn message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        if is_hixie(context) {
            not_utf8(message, docket);
        }
    }

    fn handshake(&mut self, handshake: &Handshake, _: &Context, docket: &mut Docket) {
        dialect(handshake, docket);
        extensions(handshake, docket);
        challenge(handshake, docket);
    }

    fn end(&mut self, ending: &Ending, _: &Context, docket: &mut Docket) {
        let Some(cut) = self.cut.take() else { return };
        for finding in [cut.client, cut.server].into_iter().flatten() {
            let severity = match ending.tcp {
                TcpEnd::Fin if ending.capture_end.is_none() => finding.severity,
                TcpEnd::Reset => Severity::Warning,
                TcpEnd::Fin | TcpEnd::Open => Severity::Note,
            };
            docket.file(finding.with_severity(severity));
        }
    }
}

fn is_hixie(context: &Context) -> bool {
    matches!(context.family, Family::Hixie75 | Family::Hixie76)
}

impl LegacyRules {
    /// hixie-76 §4.2: text begins with a byte below 80 and ends at FF.
    #[cold]
    fn unterminated(&mut self, frame: &Frame<'_>) {
        let is_text = frame.header_bytes.first().is_some_and(|&kind| kind & 0x80 == 0);
        if is_text && !frame.complete && !frame.after_gap {
            let text = format!(
                "{}'s text frame {} has no FF at its end; the stream ends {} bytes into it",
                frame.sender, frame.index, frame.captured_length
            );
            let finding = Finding::of_frame(&HIXIE_76_FRAME, frame, text);
            self.cut.get_or_insert_default()[frame.sender] = Some(finding);
        }
    }
}

#[cold]
fn not_utf8(message: &Message<'_>, docket: &mut Docket) {
    let Some(fault) = message.text.fault.filter(|_| message.finished && !message.after_gap) else { return };
    let bytes = fault.bytes.get(..usize::from(fault.length)).unwrap_or_default();
    let text = format!(
        "{}'s text frame {} is not UTF-8: {} at offset {}",
        message.sender,
        message.first_frame,
        printable(bytes),
        fault.offset
    );
    docket.file(Finding::of_message(&HIXIE_76_FRAME, message, text).with_evidence(bytes));
}

/// Says which dialect is spoken.
fn dialect(handshake: &Handshake, docket: &mut Docket) {
    let (rule, text): (&'static Rule, String) = match handshake.family {
        Family::Hixie75 => (&HIXIE_75, "speaks hixie-75: no key, frames from 00 to FF".into()),
        Family::Hixie76 => (&HIXIE_76, "speaks hixie-76 (hybi-00): two keys, frames from 00 to FF".into()),
        Family::Hybi(version @ ..=6) => {
            (&HYBI_04_06, format!("speaks draft version {version}: masking and opcodes are not those of RFC 6455"))
        }
        Family::Hybi(7) => (&HYBI_07, "speaks draft version 7: frames as in RFC 6455".into()),
        Family::Hybi(version) => {
            let request = handshake.attempt.request.as_ref();
            let header = match request.and_then(|request| request.first("sec-websocket-origin")) {
                Some(_) => "; it sends Sec-WebSocket-Origin instead of Origin",
                None => "",
            };
            (&HYBI_08, format!("speaks draft version {version} (hybi-08 to -12): frames as in RFC 6455{header}"))
        }
        Family::Rfc6455 => return leftovers(handshake, docket),
    };
    name(handshake, rule, &text, docket);
}

/// Version 13 with fields that only the drafts know.
fn leftovers(handshake: &Handshake, docket: &mut Docket) {
    let (request, response) = (handshake.attempt.request.as_ref(), handshake.attempt.response.as_ref());
    let fields = [
        (Role::Client, "Sec-WebSocket-Origin", request.and_then(|head| head.first("sec-websocket-origin"))),
        (Role::Server, "Sec-WebSocket-Origin", response.and_then(|head| head.first("sec-websocket-origin"))),
        (Role::Server, "Sec-WebSocket-Location", response.and_then(|head| head.first("sec-websocket-location"))),
        (Role::Server, "WebSocket-Origin", response.and_then(|head| head.first("websocket-origin"))),
        (Role::Server, "WebSocket-Location", response.and_then(|head| head.first("websocket-location"))),
    ];
    for (sender, field, _) in fields.into_iter().filter(|(.., value)| value.is_some()) {
        let text = format!("{sender} sends {field}, a field of the drafts; RFC 6455 does not know it");
        docket.file(at_head(handshake, sender, Finding::new(&HYBI_13_PLUS, Some(sender), text)));
    }
}

/// Files a finding about the dialect, on the client, who chose it; on the server where only its answer was seen.
fn name(handshake: &Handshake, rule: &'static Rule, text: &str, docket: &mut Docket) {
    let sender = if handshake.attempt.request.is_some() { Role::Client } else { Role::Server };
    docket.file(at_head(handshake, sender, Finding::new(rule, Some(sender), format!("{sender} {text}"))));
}

/// Points at this side's head.
fn at_head(handshake: &Handshake, sender: Role, finding: Finding) -> Finding {
    let attempt = &handshake.attempt;
    let place = match sender {
        Role::Client => attempt.request.as_ref().map(|head| (head.last_packet, head.offset)),
        Role::Server => attempt.response.as_ref().map(|head| (head.last_packet, head.offset)),
    };
    match place {
        Some((packet, offset)) => finding.at(packet).at_offset(offset),
        None => finding,
    }
}

/// Extensions of the drafts: who accepts one is named, else who offers it.
fn extensions(handshake: &Handshake, docket: &mut Docket) {
    if handshake.offers.is_empty() && handshake.extensions.is_empty() {
        return;
    }
    for (known, what) in EXTENSIONS {
        let is_this = |list: &[Extension]| list.iter().any(|one| one.name.eq_ignore_ascii_case(known));
        let (sender, verb) = match (is_this(&handshake.extensions), is_this(&handshake.offers)) {
            (true, _) => (Role::Server, "accepts"),
            (false, true) => (Role::Client, "offers"),
            (false, false) => continue,
        };
        let text = format!("{sender} {verb} {known}, an extension of the drafts: {what}");
        let finding = Finding::new(&EXTENSION, Some(sender), text).with_evidence(known.as_bytes());
        docket.file(at_head(handshake, sender, finding));
    }
}

/// hixie-76 §4.1 steps 16 to 26, §5.2: the keys and the answer to them.
fn challenge(handshake: &Handshake, docket: &mut Docket) {
    let Some(check) = &handshake.hixie else { return };
    if let Some(fault) = check.fault {
        let (text, key) = match fault {
            HixieKeyFault::NoSpaces { key } => (format!("client's Sec-WebSocket-Key{key} has no space"), key),
            HixieKeyFault::NoNumber { key } => {
                (format!("the digits of client's Sec-WebSocket-Key{key} spell no number of 32 bits"), key)
            }
            HixieKeyFault::NotDivisible { key, number, spaces } => {
                let text =
                    format!("client's Sec-WebSocket-Key{key} spells {number}, which its {spaces} spaces do not divide");
                (text, key)
            }
        };
        let field = if key == 1 { "sec-websocket-key1" } else { "sec-websocket-key2" };
        let request = handshake.attempt.request.as_ref();
        let value = request.and_then(|request| request.first(field)).unwrap_or_default();
        let finding = Finding::new(&HIXIE_76_KEY, Some(Role::Client), text).with_evidence(value);
        docket.file(at_head(handshake, Role::Client, finding));
    }
    if let (Some(false), Some(expected), Some(received)) = (check.valid, check.expected, check.received) {
        let text = format!(
            "server answers the challenge with {}, the keys ask for {}",
            printable_within(&received, 80),
            printable_within(&expected, 80)
        );
        let finding = Finding::new(&HIXIE_76_CHALLENGE, Some(Role::Server), text)
            .with_evidence(&received)
            .after_gap(handshake.attempt.after_gap);
        docket.file(at_head(handshake, Role::Server, finding));
    }
}
