//! Literals and matches, which a block is made of (RFC 1951 §3.2.3).
//!
//! Nearly all tokens are read by [`many`]. What it does not take, [`one`] does: the end of a block, long codewords, faults,
//! what the input ends in.

use super::bits::Bits;
use super::huffman::Codes;
use super::sequence::Sequences;
use super::window::Place;

/// No token has more bits: two codewords of 15, 5 and 13 extra bits. So many are at hand wherever more bytes follow.
const TOKEN: u32 = 48;

/// What a token was.
pub(super) enum Token {
    /// A literal or a match.
    Ordinary,
    /// The end of the block.
    End,
    /// The bits at hand are not all of it; none was used.
    MoreBits,
}

/// Takes one token, whole or not at all; there is space in the sequences. An error says as a clause why it is none.
pub(super) fn one(
    codes: &Codes,
    bits: &mut Bits,
    input: &mut &[u8],
    sequences: &mut Sequences,
    place: Place<'_>,
) -> Result<Token, &'static str> {
    if bits.held() < TOKEN {
        bits.refill(input);
    }
    let symbol = codes.literals.look_up(bits.peek());
    let used = symbol.all_bits();
    if used > bits.held() {
        return Ok(Token::MoreBits);
    }
    if symbol.is_literal() {
        bits.drop(used);
        sequences.count.literal(&mut sequences.bytes, symbol.value() as u8);
        return Ok(Token::Ordinary);
    }
    if symbol.is_end() {
        bits.drop(used);
        return Ok(Token::End);
    }
    if symbol.is_invalid() {
        return Err("a codeword stands for no literal and no length");
    }
    let length = symbol.value_with(bits.peek());
    let behind = bits.peek() >> used;
    let symbol = codes.distances.look_up(behind);
    if used + symbol.all_bits() > bits.held() {
        return Ok(Token::MoreBits);
    }
    if symbol.is_invalid() {
        return Err("a codeword stands for no distance");
    }
    let distance = symbol.value_with(behind);
    bits.drop(used + symbol.all_bits());
    let source = place.source(sequences.count.to, distance);
    sequences.count.repeat(&mut sequences.rows, distance, length, source);
    Ok(Token::Ordinary)
}

/// Takes literals and matches as long as there are bits for each, nothing else comes, their codewords stand in the tables,
/// the sequences have space, and the next one belongs before `limit` in the window's room. Gives what is left of bits and
/// input.
#[inline(never)]
pub(super) fn many<'i>(
    codes: &Codes,
    bits: Bits,
    input: &'i [u8],
    sequences: &mut Sequences,
    place: Place<'_>,
    limit: u32,
) -> (Bits, &'i [u8]) {
    // By value, and in a function of its own, so that all stays in registers.
    let (mut at_hand, mut rest, mut count) = (bits, input, sequences.count);
    let (rows, bytes) = (&mut sequences.rows, &mut sequences.bytes);
    let (literals, distances) = (codes.literals.table(), codes.distances.table());
    // Two tokens at a time; before the second there is room too.
    let limit = limit.saturating_sub(1);
    while count.to < limit && count.takes_match() {
        at_hand.refill_uncounted(&mut rest);
        let mut symbol = literals.slot(at_hand.peek());
        if symbol.is_literal() {
            if !count.takes_literals() || !at_hand.spend(symbol.ordinary_bits()) {
                break;
            }
            count.literal(bytes, symbol.value() as u8);
            symbol = literals.slot(at_hand.peek());
            if symbol.is_literal() {
                if !at_hand.spend(symbol.ordinary_bits()) {
                    break;
                }
                count.literal(bytes, symbol.value() as u8);
                continue;
            }
        }
        // Where more bytes follow, 45 bits are left behind a literal: enough for a match whose codewords stand in the
        // tables (11 + 5 + 9 + 13).
        let before = at_hand.peek();
        let behind = before >> symbol.all_bits();
        let back = distances.slot(behind);
        if !at_hand.spend(symbol.ordinary_bits() + back.ordinary_bits()) {
            break;
        }
        let (length, distance) = (symbol.value_with(before), back.value_with(behind));
        let source = place.source(count.to, distance);
        place.fetch(source, length);
        count.repeat(rows, distance, length, source);
    }
    sequences.count = count;
    (at_hand, rest)
}
