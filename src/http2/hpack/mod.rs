//! HPACK, the compression of header fields (RFC 7541): blocks in, fields out.
//!
//! The table that blocks refer to is built by all blocks before them. Where one of these is missing from the capture,
//! decoding goes on: a field that refers to a lost entry is told as unknown, and entries that are added later are known
//! again.

mod huffman;
mod table;
#[cfg(test)]
mod tests;

use table::Table;

/// Decodes the header blocks of one sender, in order.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    /// A name and a value that were spelled by Huffman codes.
    spelled: [Vec<u8>; 2],
}

/// A header field. A part is `None` where it stands in a table entry that was not captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name.
    pub name: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
}

/// The block is no HPACK: what follows in it cannot be read (RFC 9113 §4.3 makes it an error of the connection).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Decoder {
    /// A decoder at the start of a connection. Of the dynamic table at most `bound` bytes (as RFC 7541 §4.1 counts them)
    /// are kept.
    pub fn new(bound: usize) -> Decoder {
        Decoder { table: Table::new(bound), spelled: Default::default() }
    }

    /// Blocks are missing before the next one.
    pub fn lose(&mut self) {
        self.table.lose();
    }

    /// Takes a whole block and tells its fields in order.
    ///
    /// # Errors
    /// Behind the fields that could be read the block is broken. The table is then lost too.
    pub fn decode(&mut self, block: &[u8], tell: &mut dyn FnMut(Field<'_>)) -> Result<(), Broken> {
        let mut rest = block;
        while !rest.is_empty() {
            if self.one(&mut rest, tell).is_none() {
                self.lose();
                return Err(Broken);
            }
        }
        Ok(())
    }

    /// One representation (RFC 7541 §6).
    fn one(&mut self, rest: &mut &[u8], tell: &mut dyn FnMut(Field<'_>)) -> Option<()> {
        let first = *rest.first()?;
        if first & 0x80 != 0 {
            // §6.1: an indexed field.
            tell(self.table.get(integer(rest, 7)?)?);
        } else if first & 0xC0 == 0x40 {
            // §6.2.1: a literal that enters the table.
            let Decoder { table, spelled } = self;
            let (name, value) = literal(rest, 6, table, spelled)?;
            tell(Field { name, value: Some(value) });
            // A name from the table is copied before the entry that holds it can be evicted (§4.4).
            let name = name.map(Box::from);
            table.insert(name, Box::from(value));
        } else if first & 0xE0 == 0x20 {
            // §6.3: a new size of the table.
            let max = integer(rest, 5)?;
            self.table.resize(max);
        } else {
            // §6.2.2 and §6.2.3: literals that do not.
            let Decoder { table, spelled } = self;
            let (name, value) = literal(rest, 4, table, spelled)?;
            tell(Field { name, value: Some(value) });
        }
        Some(())
    }
}

/// A literal field: its name by index or spelled, its value spelled (RFC 7541 §6.2).
fn literal<'t, 's: 't, 'b: 's>(
    rest: &mut &'b [u8],
    prefix: u32,
    table: &'t Table,
    [name_spelled, value_spelled]: &'s mut [Vec<u8>; 2],
) -> Option<(Option<&'t [u8]>, &'s [u8])> {
    let name = match integer(rest, prefix)? {
        0 => Some(string(rest, name_spelled)?),
        index => table.get(index)?.name,
    };
    Some((name, string(rest, value_spelled)?))
}

/// An integer with a prefix of so many bits (RFC 7541 §5.1). None that is needed exceeds 32 bits.
fn integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let (&first, mut tail) = rest.split_first()?;
    let mask = (1_u32 << prefix) - 1;
    let mut value = u32::from(first) & mask;
    if value == mask {
        let mut shift = 0;
        loop {
            let (&byte, behind) = tail.split_first()?;
            tail = behind;
            let part = u32::from(byte & 0x7F);
            let shifted = part.checked_shl(shift).filter(|shifted| shifted >> shift == part)?;
            value = value.checked_add(shifted)?;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *rest = tail;
    usize::try_from(value).ok()
}

/// A string, plain or by Huffman codes (RFC 7541 §5.2).
fn string<'a, 'b: 'a>(rest: &mut &'b [u8], spelled: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let by_huffman = *rest.first()? & 0x80 != 0;
    let length = integer(rest, 7)?;
    let (bytes, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    if !by_huffman {
        return Some(bytes);
    }
    spelled.clear();
    huffman::decode(bytes, spelled)?;
    Some(spelled)
}
