//! What a compressed message is made of, block by block (RFC 1951 §3.2.3), and how it ends (RFC 7692 §7.2.1).

use super::explain::COLUMNS;
use super::ruler::bytes_of;
use super::text::{FieldKind, Span, Style, Text};
use crate::websocket::{Block, Walk, WalkEnd};

/// Adds the blocks of a message of `sent` compressed bytes.
pub(super) fn blocks(walk: &Walk, sent: u64, text: &mut Text) {
    text.heading("DEFLATE blocks of the message (RFC 1951 §3.2.3)");
    let [bits, literals, matches, out] = ["bits", "literals", "matches", "bytes out"];
    let head = format!("  {:>4}  type    BFINAL {bits:>9} {literals:>9} {matches:>8} {out:>10} farthest history", "#");
    text.push(vec![Span::new(head, Style::Dim)]);
    for (index, block) in walk.blocks.iter().enumerate() {
        text.push(row(index, block));
    }
    let more = walk.block_count().saturating_sub(walk.blocks.len() as u64);
    if more > 0 {
        text.push(vec![Span::new(format!("  … {more} more"), Style::Dim)]);
    }
    text.flow(Vec::new(), 2, &[Span::plain(totals(walk, sent))], COLUMNS);
    let history = match walk.history {
        0 => Span::plain("It needs nothing of earlier messages."),
        reach => {
            Span::plain(format!("It refers to earlier messages, to {} before its beginning.", bytes_of(reach.into())))
        }
    };
    text.flow(Vec::new(), 2, &[history], COLUMNS);
    text.flow(Vec::new(), 2, &[end(walk)], COLUMNS);
    if let Some(at) = walk.padding {
        let words = format!("A final block is padded with bits that are not 0, in byte {at}. RFC 7692 §7.2.1");
        text.flow(Vec::new(), 2, &[Span::new(words, Style::Fault)], COLUMNS);
    }
    if let Some(at) = walk.garbage {
        let words = format!("From byte {at} on, behind a final block, there is no DEFLATE block.");
        text.flow(Vec::new(), 2, &[Span::new(words, Style::Fault)], COLUMNS);
    }
}

/// At most 79 columns, but for blocks of a gigabyte.
fn row(index: usize, block: &Block) -> Vec<Span> {
    let Block { kind, is_final, bits, literals, matches, length, largest_distance, history, .. } = block;
    let is_final = u8::from(*is_final);
    let or_none = |number: &u32| if *number == 0 { "-".to_owned() } else { number.to_string() };
    let (farthest, history) = (or_none(largest_distance), or_none(history));
    vec![
        Span::new(format!("  {index:>4}  "), Style::Dim),
        Span::new(format!("{:<7}", kind.name()), Style::Field(FieldKind::Payload)),
        Span::plain(format!(
            " {is_final:<6} {bits:>9} {literals:>9} {matches:>8} {length:>10} {farthest:>8} {history:>7}"
        )),
    ]
}

/// Sums, and how much was saved.
fn totals(walk: &Walk, sent: u64) -> String {
    let mut words = format!("{} stand for {}", bytes_of(sent), bytes_of(walk.length));
    if walk.length > 0 {
        words += &format!(", {:.1} %", sent as f64 * 100.0 / walk.length as f64);
    }
    words += &format!(
        ". {} stored, {}, {}",
        bytes_of(walk.stored_bytes),
        count(walk.literals, "literal", "literals"),
        count(walk.matches, "match", "matches")
    );
    if walk.matches > 0 {
        words += &format!(
            ", the farthest from {} back, at byte {}",
            bytes_of(walk.largest_distance.into()),
            walk.largest_distance_at
        );
    }
    words + "."
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn end(walk: &Walk) -> Span {
    let (words, style) = match walk.end {
        WalkEnd::Flushed => (
            "It ends in the header of an empty block, whose 00 00 FF FF the receiver puts back. RFC 7692 §7.2.1"
                .to_owned(),
            Style::Plain,
        ),
        WalkEnd::Trailer => (
            "It ends in a whole empty block: its 00 00 FF FF was not removed. RFC 7692 §7.2.1".to_owned(),
            Style::Warning,
        ),
        WalkEnd::Final => {
            ("It ends in a final block, without an empty one behind it. RFC 7692 §7.2.3.4".to_owned(), Style::Warning)
        }
        WalkEnd::Block | WalkEnd::Filled => {
            ("It does not end in an empty block. RFC 7692 §7.2.1".to_owned(), Style::Warning)
        }
        WalkEnd::Inside => {
            ("It ends inside a block, also with the 00 00 FF FF that the receiver puts back.".to_owned(), Style::Fault)
        }
        WalkEnd::Fault { bit, what } => (format!("This is no DEFLATE: {what}, at bit {bit}."), Style::Fault),
    };
    Span::new(words, style)
}
