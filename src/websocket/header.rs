//! The frame header of RFC 6455 §5.2, for any bytes: reserved opcodes, overlong lengths and forbidden bits included.

use nom::{IResult, Needed};
use std::fmt;

/// The longest header: two bytes, a 64-bit length and a masking key.
pub const MAX_HEADER: usize = 14;

/// A frame's header (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// FIN: the last fragment of its message.
    pub fin: bool,
    /// RSV1; set on the first frame of a compressed message (RFC 7692 §6).
    pub rsv1: bool,
    /// RSV2; no registered extension uses it.
    pub rsv2: bool,
    /// RSV3; no registered extension uses it.
    pub rsv3: bool,
    /// What the payload is.
    pub opcode: Opcode,
    /// The masking key, where MASK is set.
    pub masking_key: Option<[u8; 4]>,
    /// Which of the three forms spells the length.
    pub length_form: LengthForm,
    /// Payload length in bytes as it was spelled; may have its top bit set, which §5.2 forbids.
    pub payload_length: u64,
}

/// The four opcode bits, named or not (RFC 6455 §5.2, §11.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opcode(pub u8);

impl Opcode {
    /// A further fragment of a message.
    pub const CONTINUATION: Opcode = Opcode(0x0);
    /// A text message, or its first fragment.
    pub const TEXT: Opcode = Opcode(0x1);
    /// A binary message, or its first fragment.
    pub const BINARY: Opcode = Opcode(0x2);
    /// Close (§5.5.1).
    pub const CLOSE: Opcode = Opcode(0x8);
    /// Ping (§5.5.2).
    pub const PING: Opcode = Opcode(0x9);
    /// Pong (§5.5.3).
    pub const PONG: Opcode = Opcode(0xA);

    /// Control frames have the top bit of the opcode set (§5.5).
    pub fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }

    /// Opcodes 3 to 7 and 0xB to 0xF are reserved (§5.2).
    pub fn is_reserved(self) -> bool {
        !matches!(self.0, 0x0..=0x2 | 0x8..=0xA)
    }

    /// `"text"`, `"close"`, …; `"reserved-3"` for the others, in hexadecimal.
    pub const fn name(self) -> &'static str {
        const NAMES: [&str; 16] = [
            "continuation",
            "text",
            "binary",
            "reserved-3",
            "reserved-4",
            "reserved-5",
            "reserved-6",
            "reserved-7",
            "close",
            "ping",
            "pong",
            "reserved-b",
            "reserved-c",
            "reserved-d",
            "reserved-e",
            "reserved-f",
        ];
        NAMES[(self.0 & 0xF) as usize]
    }
}

impl Opcode {
    /// The opcode that a user means: a name in any letter case, or a number from 0 to 15, with `0x` for hexadecimal.
    pub fn named(text: &str) -> Option<Opcode> {
        let number = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(digits) => u8::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        let named = || (0..16).find(|&number| Opcode(number).name().eq_ignore_ascii_case(text));
        number.or_else(named).filter(|number| *number < 16).map(Opcode)
    }
}

impl fmt::Debug for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opcode({:#x} {})", self.0, self.name())
    }
}

/// How the payload length is spelled: 7 bits, or 7 bits that say 126 or 127 and 16 or 64 more (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LengthForm {
    /// In the second byte itself: 0 to 125.
    Bits7,
    /// 126, then 16 bits.
    Bits16,
    /// 127, then 64 bits.
    Bits64,
}

impl LengthForm {
    /// 7, 16 or 64.
    pub fn bits(self) -> u8 {
        match self {
            LengthForm::Bits7 => 7,
            LengthForm::Bits16 => 16,
            LengthForm::Bits64 => 64,
        }
    }

    /// The shortest form that can spell this length, which §5.2 demands.
    pub fn shortest(payload_length: u64) -> LengthForm {
        match payload_length {
            0..=125 => LengthForm::Bits7,
            126..=0xFFFF => LengthForm::Bits16,
            _ => LengthForm::Bits64,
        }
    }
}

impl FrameHeader {
    /// Parses a header from the front of `input`; nom's `Incomplete` says how many bytes are wanted at least.
    ///
    /// Never looks at the payload, so its length costs nothing.
    ///
    /// ```
    /// use wslens::websocket::{FrameHeader, Opcode};
    /// // The masked "Hello" of RFC 6455 §5.7.
    /// let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    /// let (payload, header) = FrameHeader::parse(&bytes).unwrap();
    /// assert_eq!(header.opcode, Opcode::TEXT);
    /// assert_eq!(header.masking_key, Some([0x37, 0xfa, 0x21, 0x3d]));
    /// assert_eq!(header.payload_length, payload.len() as u64);
    /// ```
    pub fn parse(input: &[u8]) -> IResult<&[u8], FrameHeader> {
        let ([first, second], rest) = front(input)?;
        let (length_form, payload_length, rest) = match second & 0x7F {
            126 => {
                let (length, rest) = front(rest)?;
                (LengthForm::Bits16, u16::from_be_bytes(*length).into(), rest)
            }
            127 => {
                let (length, rest) = front(rest)?;
                (LengthForm::Bits64, u64::from_be_bytes(*length), rest)
            }
            length => (LengthForm::Bits7, length.into(), rest),
        };
        let (masking_key, rest) = match second & 0x80 {
            0 => (None, rest),
            _ => front(rest).map(|(key, rest)| (Some(*key), rest))?,
        };
        let header = FrameHeader {
            fin: first & 0x80 != 0,
            rsv1: first & 0x40 != 0,
            rsv2: first & 0x20 != 0,
            rsv3: first & 0x10 != 0,
            opcode: Opcode(first & 0x0F),
            masking_key,
            length_form,
            payload_length,
        };
        Ok((rest, header))
    }

    /// What the first byte of a header says beside FIN: the reserved bits, as [`FrameHeader::rsv`] gives them, and the
    /// opcode.
    pub fn first_byte(byte: u8) -> (u8, Opcode) {
        (byte >> 4 & 0b111, Opcode(byte & 0x0F))
    }

    /// Length of this header on the wire, in bytes: 2 to 14.
    pub fn length(&self) -> usize {
        let extended = match self.length_form {
            LengthForm::Bits7 => 0,
            LengthForm::Bits16 => 2,
            LengthForm::Bits64 => 8,
        };
        2 + extended + if self.masking_key.is_some() { 4 } else { 0 }
    }

    /// The three reserved bits as a number, RSV1 the highest: 4, 2 and 1.
    pub fn rsv(&self) -> u8 {
        u8::from(self.rsv1) << 2 | u8::from(self.rsv2) << 1 | u8::from(self.rsv3)
    }

    /// The header's bytes; the inverse of [`FrameHeader::parse`]. A length that does not fit its form is cut to it.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.fin) << 7 | self.rsv() << 4 | self.opcode.0 & 0x0F);
        let mask = u8::from(self.masking_key.is_some()) << 7;
        match self.length_form {
            LengthForm::Bits7 => out.push(mask | self.payload_length as u8 & 0x7F),
            LengthForm::Bits16 => {
                out.push(mask | 126);
                out.extend((self.payload_length as u16).to_be_bytes());
            }
            LengthForm::Bits64 => {
                out.push(mask | 127);
                out.extend(self.payload_length.to_be_bytes());
            }
        }
        out.extend(self.masking_key.iter().flatten());
    }
}

/// Why nothing was read.
type Stop<'a> = nom::Err<nom::error::Error<&'a [u8]>>;

/// The first `N` bytes, and those behind them.
fn front<const N: usize>(input: &[u8]) -> Result<(&[u8; N], &[u8]), Stop<'_>> {
    input.split_first_chunk().ok_or_else(|| nom::Err::Incomplete(Needed::new(N - input.len())))
}
