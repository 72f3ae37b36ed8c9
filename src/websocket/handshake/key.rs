//! `Sec-WebSocket-Key` (RFC 6455 §4.1 item 7): what it decodes to, and how it is not base64.

use crate::http::trim_ows;
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

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

/// The alphabet of base64 (RFC 4648 §4).
pub(super) const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A key that is base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedKey {
    /// What it decodes to; RFC 6455 §4.1 demands 16 bytes.
    pub bytes: Vec<u8>,
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

/// Accepts padding of any length, and pad bits that are not zero.
const INDIFFERENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes a `Sec-WebSocket-Key`; white space around it does not count.
///
/// # Errors
/// Tells a foreign byte from wrong padding. A wrong length is no error: see [`DecodedKey::bytes`].
///
/// ```
/// use wslens::websocket::decode_key;
/// let key = decode_key(b"AQIDBAUGBwgJCgsMDQ4PEC==").unwrap();
/// assert_eq!((key.bytes.len(), key.canonical), (16, false));
/// ```
pub fn decode_key(key: &[u8]) -> Result<DecodedKey, KeyFault> {
    let key = trim_ows(key);
    decode(key).ok_or_else(|| fault_of(key))
}

/// Decodes base64 (RFC 4648 §4). Pad bits may have any value, as §3.5 lets a decoder allow.
fn decode(key: &[u8]) -> Option<DecodedKey> {
    let (groups, []) = key.as_chunks::<4>() else { return None };
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    let Some((last, groups)) = groups.split_last() else { return Some(DecodedKey { bytes, canonical: true }) };
    let mut foreign = 0;
    let mut word = |symbols: &[u8]| {
        symbols.iter().fold(0, |word, &symbol| {
            let value = VALUES[usize::from(symbol)];
            foreign |= value;
            word << 6 | u32::from(value & 0x3F)
        })
    };
    for group in groups {
        let [_, decoded @ ..] = word(group).to_be_bytes();
        bytes.extend(decoded);
    }
    // The bits of the last symbol that stand for nothing.
    let unused = match last {
        [symbols @ .., b'=', b'='] => {
            let word = word(symbols);
            bytes.push((word >> 4) as u8);
            word & 0x0F
        }
        [symbols @ .., b'='] => {
            let word = word(symbols);
            bytes.extend([(word >> 10) as u8, (word >> 2) as u8]);
            word & 0x03
        }
        symbols => {
            let [_, decoded @ ..] = word(symbols).to_be_bytes();
            bytes.extend(decoded);
            0
        }
    };
    (foreign & FOREIGN == 0).then_some(DecodedKey { bytes, canonical: unused == 0 })
}

/// What is no symbol of base64 has this bit in its value.
const FOREIGN: u8 = 0x80;

/// The values of the symbols.
static VALUES: [u8; 256] = {
    let mut values = [FOREIGN; 256];
    let mut value = 0;
    while value < SYMBOLS.len() {
        values[SYMBOLS[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Why this key is not base64.
fn fault_of(key: &[u8]) -> KeyFault {
    let foreign = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    match key.iter().position(foreign) {
        Some(offset) => KeyFault::Alphabet { offset, byte: key[offset] },
        None => KeyFault::Padding,
    }
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
                *symbol = SYMBOLS[usize::from(last % 64)];
            }
            prop_assert_eq!(decode_key(&key).unwrap().canonical, STANDARD.decode(&key).is_ok());
        }

        #[test]
        fn keys_decode_as_the_crate_decodes_them(key in "[A-Za-z0-9+/]{0,9}[A-D=_]{0,4}={0,3}") {
            let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
            let expected = GeneralPurpose::new(&alphabet::STANDARD, config).decode(&key).ok();
            prop_assert_eq!(decode(key.as_bytes()).map(|key| key.bytes), expected);
        }
    }
}
