//! How `Sec-WebSocket-Accept` comes from `Sec-WebSocket-Key`, step by step (RFC 6455 §1.3, §4.2.2 step 5.4).

use super::explain::COLUMNS;
use super::text::{Span, Style, Text};
use crate::escape::printable;
use crate::websocket::{AcceptCause, AcceptCheck};
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// The GUID of RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Where the values stand.
const INDENT: usize = 13;

/// Walks from a key to its accept value, and says whether `given` is that value. `check` is the handshake's own
/// look at the pair, for the cause of a wrong value. Lines of at most 80 columns.
pub fn accept_walk(key: &str, given: Option<&str>, check: Option<&AcceptCheck>) -> Text {
    // §4.2.2: "minus any leading and trailing whitespace".
    let key = key.trim();
    let joined = format!("{key}{GUID}");
    let digest = Sha1::digest(joined.as_bytes());
    let expected = STANDARD.encode(digest);
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
    row(&mut text, "base64", &expected, Style::Strong);
    let Some(given) = given.or(check.map(|check| check.received.as_str())) else { return text };
    let given = given.trim();
    text.blank();
    row(&mut text, "Given", given, Style::Strong);
    if given == expected {
        row(&mut text, "", "Right: this is the answer to the key.", Style::Good);
        return text;
    }
    row(&mut text, "", "Wrong: the client must fail the connection (§4.1).", Style::Fault);
    if let Some(cause) = check.and_then(|check| check.cause.as_ref()) {
        row(&mut text, "Cause", &words_for(cause), Style::Warning);
    }
    text
}

fn row(text: &mut Text, name: &'static str, value: &str, style: Style) {
    let lead = vec![Span::new(format!("  {name}"), Style::Dim)];
    text.flow(lead, INDENT, &[Span::new(printable(value.as_bytes()).into_owned(), style)], COLUMNS);
}

/// Whether a key is the base64 of 16 bytes (§4.1). The pad bits of the RFC's own keys are not zero, so they may be
/// anything.
fn judge_key(key: &str) -> (String, Style) {
    let engine = GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));
    match engine.decode(key) {
        Ok(nonce) if nonce.len() == 16 => ("The base64 of 16 bytes, as §4.1 demands.".to_owned(), Style::Good),
        Ok(nonce) => {
            let count = super::ruler::bytes_of(nonce.len() as u64);
            (format!("The base64 of {count}, but §4.1 demands 16 bytes."), Style::Fault)
        }
        Err(_) => ("Not base64, but §4.1 demands the base64 of 16 bytes.".to_owned(), Style::Fault),
    }
}

fn words_for(cause: &AcceptCause) -> String {
    match cause {
        AcceptCause::WrongGuid(how) => format!("the GUID is not the RFC's: {how}"),
        AcceptCause::KeyDecoded => "the key was base64-decoded before it was hashed".to_owned(),
        AcceptCause::KeyWithWhitespace(which) => format!("the key was hashed with white space around it: {which}"),
        AcceptCause::KeyLowerCase => "the key was turned to lower case".to_owned(),
        AcceptCause::HexDigest => "the digest is written as hexadecimal text and not as base64".to_owned(),
        AcceptCause::Base64OfHex => "base64 was made of the digest's hexadecimal text, not of its bytes".to_owned(),
        AcceptCause::UrlSafeAlphabet => "the url-safe alphabet of base64 was used".to_owned(),
        AcceptCause::PaddingDropped => "the padding \"=\" was left away".to_owned(),
        AcceptCause::Truncated => "only the beginning of the right answer was sent".to_owned(),
        AcceptCause::KeyEchoed => "the key itself was sent back".to_owned(),
        AcceptCause::CaseChanged => "it differs from the right answer in letter case alone".to_owned(),
        AcceptCause::OtherConnection(which) => format!("it is the right answer to the key of connection {which}"),
    }
}
