//! `Sec-WebSocket-Key` (RFC 6455 §4.1 item 7): what it decodes to, and how it is not base64.

use crate::http::trim_ows;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeSliceError, Engine};

/// Keys that stand in specifications, encyclopaedias and tutorials: whoever sends one has copied it.
pub const SAMPLE_KEYS: [&str; 9] = [
    // RFC 6455 §1.3 and §4.1.
    "dGhlIHNhbXBsZSBub25jZQ==",
    "AQIDBAUGBwgJCgsMDQ4PEC==",
    "AQIDBAUGBwgJCgsMDQ4PEA==",
    // All bits zero.
    "AAAAAAAAAAAAAAAAAAAAAA==",
    // Wikipedia and the tutorials that follow it.
    "x3JJHMbDL1EzLkh9GBhXDw==",
    "xqBt3ImNzJbYqRINxEFlkg==",
    "sN9cRrP/n9NdMgdcy2VJFQ==",
    "w4v7O6xFTi36lq3RNcgctw==",
    // The tutorials around the "beetle" server.
    "puVOuWb7rel6z2AVZBKnfw==",
];

/// Bytes that a key decodes to (RFC 6455 §4.1 item 7).
const NONCE_LENGTH: usize = 16;

/// A key that is base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedKey {
    /// What it decodes to, where that is the 16 bytes that RFC 6455 §4.1 demands.
    pub nonce: Option<[u8; NONCE_LENGTH]>,
    /// How many bytes it decodes to.
    pub length: usize,
    /// The bits of the last symbol that stand for nothing are zero (RFC 4648 §3.5). They are not in RFC 6455's own
    /// example `AQIDBAUGBwgJCgsMDQ4PEC==`.
    pub canonical: bool,
}

/// Why a key is not base64 (RFC 4648 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// The byte at this offset is not in the alphabet.
    Alphabet {
        /// Offset in the key, white space before it not counted.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// The padding is missing, too long, or not at the end.
    Padding,
}

/// Accepts what RFC 4648 §3.5 lets a decoder accept: pad bits that are not zero.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Accepts padding of any length besides.
const INDIFFERENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes a `Sec-WebSocket-Key`; white space around it does not count.
///
/// # Errors
/// Tells a foreign byte from wrong padding. A wrong length is no error: see [`DecodedKey::length`].
///
/// ```
/// use wslens::websocket::decode_key;
/// let key = decode_key(b"AQIDBAUGBwgJCgsMDQ4PEC==").unwrap();
/// assert_eq!((key.length, key.canonical), (16, false));
/// ```
pub fn decode_key(key: &[u8]) -> Result<DecodedKey, KeyFault> {
    let key = trim_ows(key);
    // The crate asks for room by the length of the text: 18 bytes for a key of 24 symbols.
    let mut room = [0; 18];
    let length = match LENIENT.decode_slice(key, &mut room) {
        Ok(length) => length,
        Err(DecodeSliceError::OutputSliceTooSmall) => LENIENT.decode(key).map_err(|_| fault(key))?.len(),
        Err(DecodeSliceError::DecodeError(_)) => return Err(fault(key)),
    };
    let nonce = room.first_chunk().copied().filter(|_| length == NONCE_LENGTH);
    Ok(DecodedKey { nonce, length, canonical: is_canonical(key) })
}

/// Why a key is not base64 that is not.
fn fault(key: &[u8]) -> KeyFault {
    let is_foreign = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    let foreign = key.iter().position(is_foreign);
    foreign.map_or(KeyFault::Padding, |offset| KeyFault::Alphabet { offset, byte: key[offset] })
}

/// Whether the bits of the last symbol that stand for nothing are zero, in a key that is base64.
fn is_canonical(key: &[u8]) -> bool {
    let symbols = key.iter().rposition(|&byte| byte != b'=').map_or(&[][..], |last| &key[..=last]);
    let unused = match symbols.len() % 4 {
        2 => 0x0F,
        3 => 0x03,
        _ => 0,
    };
    let value = match symbols.last() {
        Some(letter @ b'A'..=b'Z') => letter - b'A',
        Some(letter @ b'a'..=b'z') => letter - b'a' + 26,
        Some(digit @ b'0'..=b'9') => digit - b'0' + 52,
        Some(b'+') => 62,
        _ => 63,
    };
    value & unused == 0
}

/// What the key decodes to in the eyes of a decoder that cares neither for pad bits nor for padding.
pub(super) fn decode_lenient(key: &[u8]) -> Option<Vec<u8>> {
    INDIFFERENT.decode(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    proptest! {
        /// Encoded, the last symbol changed.
        #[test]
        fn canonical_is_what_a_strict_decoder_takes(bytes in prop::collection::vec(any::<u8>(), 0..20), last: u8) {
            let mut key = STANDARD.encode(bytes).into_bytes();
            if let Some(symbol) = key.iter_mut().rev().find(|byte| **byte != b'=') {
                *symbol = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[usize::from(last % 64)];
            }
            prop_assert_eq!(decode_key(&key).unwrap().canonical, STANDARD.decode(&key).is_ok());
        }

        #[test]
        fn keys_decode_as_the_crate_decodes_them(key in "[A-Za-z0-9+/]{0,9}[A-D=_]{0,4}={0,3}") {
            let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
            let expected = GeneralPurpose::new(&alphabet::STANDARD, config).decode(&key).ok();
            let decoded = decode_key(key.as_bytes()).ok().map(|key| (key.length, key.nonce));
            let expected = expected.map(|bytes| (bytes.len(), bytes.try_into().ok()));
            prop_assert_eq!(decoded, expected);
        }
    }
}
