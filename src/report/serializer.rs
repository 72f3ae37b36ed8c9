//! Rows as compact JSON (RFC 8259), appended to one buffer.
//!
//! A report has a row for each frame and message, so that writing them is a good part of an analysis. serde_json
//! writes a row in many small calls, each of which asks whether it worked, escapes names that need no escaping and
//! formats numbers by way of `fmt`. Here all of a row is compiled into one run of appends to a `Vec`.
//!
//! The text is that of serde_json, but for strings in which whatever a terminal obeys or hides is escaped
//! (`crate::escape`). serde_json escapes U+0000 to U+001F alone, but U+009B opens an escape sequence too, and
//! bidirectional overrides turn text around.

use super::encode::Hex;
use crate::escape::is_unsafe;
use serde::Serialize;
use serde::ser::{self, Serializer};
use serde_json::Error;
use std::fmt::{self, Display, Write as _};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends JSON to a buffer.
pub(super) struct Writer<'a>(pub(super) &'a mut Vec<u8>);

/// An array or an object that is being written. Each element is followed by a comma; the closing bracket takes the
/// place of the last.
pub(super) struct Open<'w, 'a> {
    writer: &'w mut Writer<'a>,
    close: u8,
}

impl<'a> Writer<'a> {
    #[inline]
    fn open<'w>(&'w mut self, open: u8, close: u8) -> Open<'w, 'a> {
        self.0.push(open);
        Open { writer: self, close }
    }

    fn close(&mut self, bracket: u8) {
        match self.0.last_mut() {
            Some(comma @ b',') => *comma = bracket,
            _ => self.0.push(bracket),
        }
    }

    /// The name of a variant around its content: `{"name":`.
    fn open_variant(&mut self, variant: &'static str) {
        self.0.push(b'{');
        self.name(variant);
    }

    /// A name from the program's source: nothing in it needs escaping. Compiled into one append of known length.
    #[inline(always)]
    fn name(&mut self, name: &'static str) {
        const ROOM: usize = 32;
        if name.len() > ROOM - 3 {
            return self.0.extend(["\"", name, "\":"].iter().flat_map(|part| part.bytes()));
        }
        let mut text = [b'"'; ROOM];
        text[1..1 + name.len()].copy_from_slice(name.as_bytes());
        text[2 + name.len()] = b':';
        self.0.extend_from_slice(&text[..3 + name.len()]);
    }

    /// Appends a number. All digits it might have are copied, which is one step where those it has would be a loop.
    #[inline]
    fn unsigned(&mut self, number: u64) {
        if number < 10 {
            return self.0.push(b'0' + number as u8);
        }
        let (text, digits) = decimal(number);
        let end = self.0.len() + digits;
        self.0.extend_from_slice(&text);
        self.0.truncate(end);
    }

    fn string(&mut self, text: &str) {
        self.0.push(b'"');
        escape(self.0, text);
        self.0.push(b'"');
    }
}

/// Decimal digits of the largest number.
const DIGITS: usize = 20;

/// The decimal digits of a number, and how many there are.
#[inline]
fn decimal(mut number: u64) -> ([u8; DIGITS], usize) {
    let mut text = [0; DIGITS];
    let digits = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    for digit in text[..digits].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    (text, digits)
}

/// Appends the text with what must be or should be escaped as an escape.
fn escape(out: &mut Vec<u8>, mut text: &str) {
    if is_plain(text.as_bytes()) {
        return out.extend_from_slice(text.as_bytes());
    }
    loop {
        let (plain, rest) = text.split_at(plain_prefix(text.as_bytes()));
        out.extend_from_slice(plain.as_bytes());
        let mut characters = rest.chars();
        let Some(character) = characters.next() else { return };
        text = characters.as_str();
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            _ if is_unsafe(character) => {
                // RFC 8259 §7: above U+FFFF a pair of surrogates.
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(b"\\u");
                    for shift in [12, 8, 4, 0] {
                        out.push(HEX[usize::from(*unit >> shift & 0xF)]);
                    }
                }
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Whether the text is printable ASCII without a quotation mark or a backslash, as nearly all is.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    match text.last_chunk() {
        // The last eight bytes overlap those before.
        Some(last) => !text.as_chunks().0.iter().any(|word| has_special(*word)) && !has_special(*last),
        None => !text.iter().any(|&byte| is_special(byte)),
    }
}

/// Length of the longest prefix that [`is_plain`].
fn plain_prefix(text: &[u8]) -> usize {
    text.iter().position(|&byte| is_special(byte)).unwrap_or(text.len())
}

fn is_special(byte: u8) -> bool {
    !(b' '..0x7F).contains(&byte) || byte == b'"' || byte == b'\\'
}

/// Whether one of eight bytes is a control, a quotation mark, a backslash, DEL or not ASCII.
///
/// In each byte that is 0, `x - 0x01…01 & !x` has the top bit; above the lowest such byte others may have it too, which
/// is of no matter for a yes or no.
#[inline]
fn has_special(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_ne_bytes(word);
    let has_below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
    let has = |byte: u8| has_below(word ^ (ONES * u64::from(byte)), 1);
    (word | has_below(word, 0x20) | has(b'"') | has(b'\\') | has(0x7F)) & (ONES * 0x80) != 0
}

/// Escapes what is formatted into it.
struct Escaping<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

impl<'w, 'a> Serializer for &'w mut Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'w, 'a>;
    type SerializeTuple = Open<'w, 'a>;
    type SerializeTupleStruct = Open<'w, 'a>;
    type SerializeTupleVariant = Open<'w, 'a>;
    type SerializeMap = Open<'w, 'a>;
    type SerializeStruct = Open<'w, 'a>;
    type SerializeStructVariant = Open<'w, 'a>;

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        if value < 0 {
            self.0.push(b'-');
        }
        self.unsigned(value.unsigned_abs());
        Ok(())
    }

    #[inline]
    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    #[inline]
    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    #[inline]
    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.unsigned(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    /// The shortest digits that give the number back are serde_json's business.
    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.0, &value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_str(&Hex(value))
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.0.push(b'"');
        self.0.extend_from_slice(variant.as_bytes());
        self.0.push(b'"');
        Ok(())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.open_variant(variant);
        value.serialize(&mut *self)?;
        self.0.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'w, 'a>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'w, 'a>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'w, 'a>, Error> {
        Ok(self.open(b'[', b']'))
    }

    /// No row has such a variant: it would need two brackets at its end.
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Open<'w, 'a>, Error> {
        Err(ser::Error::custom("a report has no tuple variants"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'w, 'a>, Error> {
        Ok(self.open(b'{', b'}'))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'w, 'a>, Error> {
        Ok(self.open(b'{', b'}'))
    }

    /// See [`serialize_tuple_variant`](Self::serialize_tuple_variant).
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Open<'w, 'a>, Error> {
        Err(ser::Error::custom("a report has no struct variants"))
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Result<(), Error> {
        self.0.push(b'"');
        write!(Escaping(self.0), "{value}").map_err(|_| ser::Error::custom("a value cannot be formatted"))?;
        self.0.push(b'"');
        Ok(())
    }
}

impl Open<'_, '_> {
    #[inline(always)]
    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        self.writer.0.push(b',');
        Ok(())
    }

    #[inline]
    fn finish(self) -> Result<(), Error> {
        self.writer.close(self.close);
        Ok(())
    }
}

impl ser::SerializeSeq for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeTuple for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeTupleStruct for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeTupleVariant for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeMap for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    /// Only text is a name; the rows have no other keys.
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(&mut *self.writer)?;
        self.writer.0.push(b':');
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeStruct for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.writer.name(name);
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeStructVariant for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        ser::SerializeStruct::serialize_field(self, name, value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Serialize)]
    struct Row<'a> {
        text: &'a str,
        number: u64,
        negative: i64,
        fraction: Option<f64>,
        list: &'a [(u8, bool)],
        none: Option<u8>,
        map: BTreeMap<&'a str, char>,
        nested: Nested,
        unit: Kind,
    }

    #[derive(Debug, Default, Serialize)]
    struct Nested {
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<u8>,
    }

    #[derive(Clone, Copy, Debug, Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        OfUnit,
    }

    fn written<T: Serialize>(value: &T) -> String {
        let mut out = Vec::new();
        value.serialize(&mut Writer(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_text_is_escaped_wherever_it_stands() {
        assert_eq!(written(&"a\"b\\c\n\r\t\u{8}\u{c}\0\x1b\x7f"), r#""a\"b\\c\n\r\t\b\f\u0000\u001b\u007f""#);
        assert_eq!(written(&"\u{9b}2J \u{202e}é日🎈\u{e0041}"), r#""\u009b2J \u202eé日🎈\udb40\udc41""#);
        assert_eq!(written(&format_args!("{}\x1b", "日")), r#""日\u001b""#);
        assert_eq!(written(&BTreeMap::from([("\x1b", 1)])), r#"{"\u001b":1}"#);
    }

    #[test]
    fn hexadecimal_of_any_length() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for length in [0, 1, 63, 64, 65, 128, 300] {
            assert_eq!(written(&Hex(&bytes[..length])), format!("\"{}\"", &text[..2 * length]));
        }
    }

    #[test]
    fn numbers_of_any_length() {
        let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
        for number in powers.flat_map(|power| [power - 1, power, power + 1]).chain([u64::MAX]) {
            assert_eq!(written(&number), number.to_string());
        }
    }

    proptest! {
        /// Each byte alone, wherever it stands among others.
        #[test]
        fn words_are_plain_where_each_byte_is(text: Vec<u8>, plain in "[ -~]{0,30}", at in 0usize..30, byte: u8) {
            let mut almost = plain.into_bytes();
            almost.insert(at.min(almost.len()), byte);
            for text in [text, almost] {
                prop_assert_eq!(is_plain(&text), !text.iter().any(|&byte| is_special(byte)));
            }
        }

        /// serde_json writes the same wherever it escapes the same.
        #[test]
        fn what_is_not_hostile_is_as_serde_json_writes_it(
            text in "[ -~\t\n\r\u{0}-\u{1f}é日🎈]{0,40}",
            number: u64,
            negative: i64,
            fraction in proptest::option::of(-1e9..1e9),
            list: Vec<(u8, bool)>,
            key in "[ -~]{0,20}",
        ) {
            let (map, nested) = (BTreeMap::from([(&key[..], 'x')]), Nested::default());
            let row = Row { text: &text, number, negative, fraction, list: &list, none: None, map, nested, unit: Kind::OfUnit };
            prop_assert_eq!(written(&row), serde_json::to_string(&row).unwrap());
        }

        #[test]
        fn any_text_comes_back_and_holds_nothing_a_terminal_obeys(text: String, hostile in "[\u{0}-\u{a0}\u{2020}-\u{2070}\u{e0000}-\u{e0200}]{0,20}") {
            let text = text + &hostile;
            let json = written(&text);
            prop_assert!(!json.chars().any(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
