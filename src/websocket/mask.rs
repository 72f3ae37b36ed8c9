//! Masking (RFC 6455 §5.3): octet i of the payload is XORed with octet i mod 4 of the key; the same step masks and
//! unmasks.

/// XORs `bytes`, which begin `position` bytes into the payload, with the key.
///
/// Works on eight bytes at a time, which the compiler turns into vector instructions.
pub fn unmask(bytes: &mut [u8], key: [u8; 4], position: u64) {
    let [a, b, c, d] = u32::from_be_bytes(key).rotate_left((position % 4) as u32 * 8).to_be_bytes();
    let twice = [a, b, c, d, a, b, c, d];
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(twice)).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(twice) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::unmask;
    use proptest::prelude::*;

    #[test]
    fn the_hello_of_section_5_7() {
        let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        unmask(&mut payload, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(&payload, b"Hello");
    }

    proptest! {
        #[test]
        fn equals_the_formula_of_section_5_3(payload: Vec<u8>, key: [u8; 4], position in 0u64..9) {
            let formula: Vec<u8> =
                payload.iter().enumerate().map(|(i, byte)| byte ^ key[(i + position as usize) % 4]).collect();
            let mut ours = payload;
            unmask(&mut ours, key, position);
            prop_assert_eq!(ours, formula);
        }
    }
}
