//! Numbers that look random and are the same on every run: masking keys and handshake nonces.

/// SplitMix64 (Steele, Lea, Flood 2014): one addition and three mixing rounds for each number.
#[derive(Clone, Debug)]
pub(crate) struct Keys(u64);

impl Keys {
    /// The same seed gives the same keys.
    pub(crate) fn new(seed: u64) -> Keys {
        Keys(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A fresh masking key for each frame, as RFC 6455 §5.3 demands.
    pub(crate) fn masking_key(&mut self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.next().to_be_bytes();
        [a, b, c, d]
    }

    /// A fresh 16-byte nonce for each handshake (RFC 6455 §4.1).
    pub(super) fn nonce(&mut self) -> [u8; 16] {
        let both = u128::from(self.next()) << 64 | u128::from(self.next());
        both.to_be_bytes()
    }
}
