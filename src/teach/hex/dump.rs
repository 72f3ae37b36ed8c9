//! Hex dumps: lines of an offset, bytes, and often the same bytes as text.
//!
//! What is accepted as a dump:
//!
//! - several lines whose offsets (hexadecimal, decimal or octal) increase by the number of bytes before them,
//! - a single line whose offset is unmistakable: with a colon (xxd), or zero and set apart from pairs of digits.
//!
//! Where a line's bytes end and its text begins: at two spaces in xxd's form (the one with a colon), which never has
//! two between bytes; in the other forms, which have a wider gap after eight bytes, at three spaces, `|` or `>`.

use super::{HexError, MAX_BYTES, nibble};

/// What a text is as a dump.
pub(super) enum Reading {
    /// A dump of these bytes.
    Dump(Vec<u8>),
    /// Surely a dump, but not a sound one.
    Broken(HexError),
    /// Something else.
    NoDump,
}

/// One line of a dump.
struct Row<'a> {
    /// Counted from 1.
    number: usize,
    /// The offset's digits; `None` for the `*` that stands for repeated lines.
    offset: Option<&'a str>,
    /// The offset ends in a colon.
    colon: bool,
    /// The offset stands apart by two spaces or more, or has six digits or more.
    apart: bool,
    /// Every group of digits is one byte.
    pairs: bool,
    bytes: Vec<u8>,
}

/// Reads a text as a dump.
pub(super) fn read(text: &str) -> Reading {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let Some(rows) = lines.map(|(number, line)| row(number, line.trim())).collect::<Option<Vec<_>>>() else {
        return Reading::NoDump;
    };
    let Some(first) = rows.first() else { return Reading::NoDump };
    let Some(first_offset) = first.offset.and_then(|digits| u64::from_str_radix(digits, 16).ok()) else {
        return Reading::NoDump;
    };
    let digits = first.offset.map_or(0, str::len);
    let sure = if first.colon { digits >= 7 || first_offset == 0 } else { first_offset == 0 && first.apart };
    if !rows.iter().all(|row| row.offset.is_none() || row.colon == first.colon && (row.colon || row.pairs)) {
        // hexdump without -C has offsets of seven digits; as plain digits they would be odd anyway.
        let words = digits == 7 && rows.iter().all(|row| !row.colon && row.offset.is_none_or(|o| o.len() == 7));
        return if words && assemble(&rows, 16).is_ok() { Reading::Broken(HexError::Words) } else { Reading::NoDump };
    }
    // Only the last line may be a bare offset: the end, as od and hexdump print it.
    let bare =
        rows.iter().take(rows.len().saturating_sub(1).max(1)).any(|row| row.offset.is_some() && row.bytes.is_empty());
    if bare || rows.len() == 1 && !sure {
        return Reading::NoDump;
    }
    // od counts in octal and xxd -d in decimal. A dump of up to eight bytes looks the same in all three.
    let mut broken = None;
    for radix in [16, 10, 8] {
        match assemble(&rows, radix) {
            Ok(bytes) => return Reading::Dump(bytes),
            Err(error) => broken = broken.or(Some(error)),
        }
    }
    match broken {
        Some(error) if sure => Reading::Broken(error),
        _ => Reading::NoDump,
    }
}

/// Splits a line; `None` where it is no line of a dump.
fn row(number: usize, line: &str) -> Option<Row<'_>> {
    if line == "*" {
        return Some(Row { number, offset: None, colon: false, apart: false, pairs: true, bytes: Vec::new() });
    }
    let end = line.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(line.len());
    let (offset, rest) = line.split_at(end);
    if !(4..=16).contains(&offset.len()) {
        return None;
    }
    let (colon, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let gap = rest.len() - rest.trim_start().len();
    if gap == 0 && !rest.is_empty() {
        return None;
    }
    let mut row = Row {
        number,
        offset: Some(offset),
        colon,
        apart: gap >= 2 || offset.len() >= 6,
        pairs: true,
        bytes: Vec::new(),
    };
    for group in hex_part(rest.trim_start(), colon).split_ascii_whitespace() {
        if group.len() % 2 != 0 || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        row.pairs &= group.len() == 2;
        let mut digits = group.chars().map(nibble);
        while let (Some(high), Some(low)) = (digits.next(), digits.next()) {
            row.bytes.push(high << 4 | low);
        }
    }
    Some(row)
}

/// What stands before the text column.
fn hex_part(rest: &str, colon: bool) -> &str {
    let end = if colon { rest.find("  ") } else { rest.find("   ").into_iter().chain(rest.find(['|', '>'])).min() };
    end.map_or(rest, |end| &rest[..end])
}

/// Puts the lines together if every offset, read in this radix, is where the bytes before it end.
fn assemble(rows: &[Row<'_>], radix: u32) -> Result<Vec<u8>, HexError> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut start = None;
    let mut repeated: &[u8] = &[];
    let mut starred = false;
    for row in rows {
        let Some(digits) = row.offset else {
            starred = true;
            continue;
        };
        let offset = u64::from_str_radix(digits, radix).unwrap_or(u64::MAX);
        let start = *start.get_or_insert(offset);
        let expected = start.saturating_add(bytes.len() as u64);
        let wrong = HexError::Offset { line: row.number, expected, found: offset };
        if starred {
            let missing = offset.checked_sub(expected).ok_or(wrong.clone())?;
            if missing > MAX_BYTES as u64 {
                return Err(HexError::TooLong);
            }
            let missing = missing as usize;
            if repeated.is_empty() || !missing.is_multiple_of(repeated.len()) {
                return Err(wrong);
            }
            bytes.extend(repeated.iter().cycle().take(missing));
            starred = false;
        } else if offset != expected {
            return Err(wrong);
        }
        repeated = &row.bytes;
        bytes.extend(&row.bytes);
        if bytes.len() > MAX_BYTES {
            return Err(HexError::TooLong);
        }
    }
    Ok(bytes)
}
