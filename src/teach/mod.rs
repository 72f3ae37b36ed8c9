//! Frames, handshakes and rules made visible: bit rulers, decoding step by step, frames written by hand, rule pages, and
//! questions to find out who understood.
//!
//! Everything here takes bytes or declarations and gives a [`Text`]: lines of spans whose styles say what they are. How
//! they look is for the front end to choose. Nothing here knows of captures, and nothing from the wire gets into a text
//! but through [`escape`](crate::escape).
//!
//! ```
//! // The masked "Hello" of RFC 6455 §5.7.
//! let bytes = wslens::teach::parse_hex("81 85 37 fa 21 3d 7f 9f 4d 51 58").unwrap();
//! let text = wslens::teach::decode(&bytes).to_plain();
//! assert!(text.contains("7f^37=48 'H'"));
//! ```

mod accept;
mod blocks;
mod compose;
mod explain;
mod fields;
mod handshake;
mod hex;
mod inflate;
mod parts;
mod payload;
mod quiz;
mod rule_page;
mod ruler;
mod spots;
mod steps;
mod text;
mod wrong;

pub use accept::accept_walk;
pub use compose::{Draft, annotate};
pub use explain::{Context, Inflation, Mark, decode, decode_with, diagram, explain, wire_bytes};
pub use handshake::handshake;
pub use hex::{HexError, parse_hex};
pub use parts::frames;
pub use quiz::{Dice, Question, Subject, question};
pub use rule_page::{rule_example, rule_page};
pub use ruler::ruler;
pub use steps::steps;
pub use text::{FieldKind, Line, Span, Style, Text};
pub use wrong::{WrongError, breakable, breaker, spoil};

#[cfg(test)]
mod tests;
