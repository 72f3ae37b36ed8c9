//! Literals and matches, which a block is made of (RFC 1951 §3.2.3).
//!
//! In the middle of the input nothing can run out, and nearly all tokens are read there by [`middle`], without asking after
//! each step whether enough is left. What it does not take, [`one`] does: the last bytes of input, the end of a block,
//! faults.

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
    let source = place.source(sequences.count.length, distance);
    sequences.count.repeat(&mut sequences.matches, distance, length, source);
    Ok(Token::Ordinary)
}

/// Takes literals and matches as long as eight bytes of input are left before each, nothing else comes, their codewords stand
/// in the tables, the sequences have space, and they stand for fewer than `room` bytes.
#[inline(never)]
pub(super) fn middle(
    codes: &Codes,
    bits: &mut Bits,
    input: &mut &[u8],
    sequences: &mut Sequences,
    place: Place<'_>,
    room: usize,
) {
    // In locals, and in a function of their own, so that they stay in registers.
    let (mut at_hand, mut rest, mut count) = (*bits, *input, sequences.count);
    let (matches, bytes) = (&mut sequences.matches, &mut sequences.bytes);
    let (literals, distances) = (codes.literals.table(), codes.distances.table());
    // Two tokens at a time; before the second there is room too.
    let room = room.saturating_sub(1);
    for _ in 0..count.space() {
        if count.length >= room || !at_hand.refill_whole(&mut rest) {
            break;
        }
        let mut symbol = literals.slot(at_hand.peek());
        if symbol.is_literal() {
            at_hand.drop(symbol.all_bits());
            count.literal(bytes, symbol.value() as u8);
            symbol = literals.slot(at_hand.peek());
            if symbol.is_literal() {
                at_hand.drop(symbol.all_bits());
                count.literal(bytes, symbol.value() as u8);
                continue;
            }
        }
        // Behind a literal 45 bits are left: enough for a match whose codewords stand in the tables (11 + 5 + 9 + 13).
        let behind = at_hand.peek() >> (symbol.all_bits() & 63);
        let back = distances.slot(behind);
        if symbol.is_special() || back.is_special() {
            break;
        }
        let (length, distance) = (symbol.value_with(at_hand.peek()), back.value_with(behind));
        at_hand.drop(symbol.all_bits() + back.all_bits());
        let source = place.source(count.length, distance);
        place.fetch(source, length);
        count.repeat(matches, distance, length, source);
    }
    at_hand.took(input.len() - rest.len());
    (*bits, *input, sequences.count) = (at_hand, rest, count);
}
