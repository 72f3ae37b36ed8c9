//! The Huffman code of HPACK (RFC 7541 §5.2, Appendix B).
//!
//! The code is canonical: ordered by length and then by symbol, each code is the one before it plus one. So the lengths
//! say everything.

/// The symbol that only pads (RFC 7541 §5.2).
const EOS: usize = 256;

const SHORTEST: usize = 5;
const LONGEST: usize = 30;

/// The length in bits of each symbol's code, EOS last.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/// The codes of one length.
#[derive(Clone, Copy)]
struct Row {
    /// The first of them.
    first: u32,
    /// How many there are.
    count: u32,
    /// Where their symbols begin in [`Code::symbols`].
    at: u32,
}

struct Code {
    /// By length.
    rows: [Row; LONGEST + 1],
    /// By length, then by symbol.
    symbols: [u16; 257],
}

static CODE: Code = code();

const fn code() -> Code {
    let mut rows = [Row { first: 0, count: 0, at: 0 }; LONGEST + 1];
    let mut symbols = [0; 257];
    let (mut next, mut at, mut length) = (0, 0, SHORTEST);
    while length <= LONGEST {
        rows[length] = Row { first: next, count: 0, at: at as u32 };
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                symbols[at] = symbol as u16;
                at += 1;
                next += 1;
                rows[length].count += 1;
            }
            symbol += 1;
        }
        next <<= 1;
        length += 1;
    }
    Code { rows, symbols }
}

/// Appends what the bytes spell to `out`; `None` where they are no code: EOS within them, or padding that is longer than
/// 7 bits or not made of ones (RFC 7541 §5.2). A string grows to 8/5 of its length at most.
pub(super) fn decode(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (mut code, mut length) = (0_u32, 0);
    for &byte in bytes {
        for bit in (0..8).rev() {
            code = code << 1 | u32::from(byte >> bit & 1);
            length += 1;
            let row = CODE.rows.get(length)?;
            if let Some(place) = code.checked_sub(row.first).filter(|&place| place < row.count) {
                let symbol = CODE.symbols[(row.at + place) as usize];
                if usize::from(symbol) == EOS {
                    return None;
                }
                out.push(symbol as u8);
                (code, length) = (0, 0);
            }
        }
    }
    let is_padding = length < 8 && code == (1 << length) - 1;
    is_padding.then_some(())
}

/// Appends the code of these bytes to `out`, padded.
#[cfg(test)]
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u64, 0);
    for &byte in bytes {
        let length = usize::from(LENGTHS[usize::from(byte)]);
        let row = CODE.rows[length];
        let place = CODE.symbols[row.at as usize..].iter().position(|&symbol| symbol == u16::from(byte));
        bits = bits << length | (u64::from(row.first) + place.expect("each byte has a code") as u64);
        held += length;
        while held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    if held > 0 {
        out.push((bits << (8 - held)) as u8 | ((1 << (8 - held)) - 1) as u8);
    }
}
