//! How `Sec-WebSocket-Accept` comes from `Sec-WebSocket-Key`, step by step (RFC 6455 §1.3, §4.2.2 step 5.4).

use super::explain::COLUMNS;
use super::text::{Span, Style, Text};
use crate::escape::printable;
use crate::websocket::{AcceptCheck, GUID, accept_key, decode_key};
use sha1::{Digest, Sha1};

/// Where the values stand.
const INDENT: usize = 13;

/// Walks from a key to its accept value; `check` holds a value against it, and says which known mistake makes it
/// where it is wrong. Lines of at most 80 columns.
pub fn accept_walk(key: &str, check: Option<&AcceptCheck>) -> Text {
    // §4.2.2: "minus any leading and trailing whitespace".
    let key = key.trim();
    let joined = format!("{key}{GUID}");
    let digest = Sha1::digest(joined.as_bytes());
    let expected = accept_key(key.as_bytes());
    let hex = digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");

    let mut text = Text::default();
    text.heading("From Sec-WebSocket-Key to Sec-WebSocket-Accept (RFC 6455 §4.2.2)");
    text.blank();
    row(&mut text, "Key", key, Style::Strong);
    let (words, style) = judge_key(key);
    row(&mut text, "", &words, style);
    row(&mut text, "GUID", GUID, Style::Plain);
    row(&mut text, "joined", &joined, Style::Plain);
    row(&mut text, "SHA-1", &hex, Style::Plain);
    row(&mut text, "base64", expected.as_str(), Style::Strong);
    let Some(check) = check else { return text };
    text.blank();
    row(&mut text, "Given", check.received(), Style::Strong);
    if check.is_valid() {
        row(&mut text, "", "Right: this is the answer to the key.", Style::Good);
        return text;
    }
    row(&mut text, "", "Wrong: the client must fail the connection (§4.1).", Style::Fault);
    let cause = check.cause().map_or("none of the known mistakes makes this value".into(), |cause| cause.describe());
    row(&mut text, "Cause", &cause, Style::Warning);
    text
}

fn row(text: &mut Text, name: &'static str, value: &str, style: Style) {
    let lead = vec![Span::new(format!("  {name}"), Style::Dim)];
    text.flow(lead, INDENT, &[Span::new(printable(value.as_bytes()).into_owned(), style)], COLUMNS);
}

/// Whether a key is the base64 of 16 bytes (§4.1). The pad bits of the RFC's own keys are not zero, so they may be
/// anything.
fn judge_key(key: &str) -> (String, Style) {
    match decode_key(key.as_bytes()) {
        Ok(key) if key.nonce.is_some() => ("The base64 of 16 bytes, as §4.1 demands.".to_owned(), Style::Good),
        Ok(key) => {
            let count = super::ruler::bytes_of(key.length as u64);
            (format!("The base64 of {count}, but §4.1 demands 16 bytes."), Style::Fault)
        }
        Err(_) => ("Not base64, but §4.1 demands the base64 of 16 bytes.".to_owned(), Style::Fault),
    }
}
