//! What a finding has in common with the same finding in another capture of the same conversation.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Names a finding across captures: a hash of what does not depend on ports, times and random keys, and which one of
/// those with the same hash it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// The first half of a SHA-256.
    pub hash: [u8; 16],
    /// Counted from 1 in the order of the findings.
    pub ordinal: u32,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.hash {
            write!(f, "{byte:02x}")?;
        }
        write!(f, ":{}", self.ordinal)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Fingerprint, String> {
        let wrong = || format!("{text} is no fingerprint: 32 hexadecimal digits, a colon and a number");
        let (digits, ordinal) = text.split_once(':').ok_or_else(wrong)?;
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let hash = u128::from_str_radix(digits, 16).map_err(|_| wrong())?.to_be_bytes();
        Ok(Fingerprint { hash, ordinal: ordinal.parse().map_err(|_| wrong())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let fingerprint = Fingerprint { hash: *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09abcde\xff", ordinal: 12 };
        let text = fingerprint.to_string();
        assert_eq!(text, "000102030405060708096162636465ff:12");
        assert_eq!(text.parse(), Ok(fingerprint));
        for wrong in ["", "00:1", "000102030405060708096162636465ff", "+00102030405060708096162636465ff:1"] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
