//! Frames and rules made visible: bit rulers, unmasking tables, rule pages.
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
mod explain;
mod fields;
mod hex;
mod inflate;
mod parts;
mod payload;
mod rule_page;
mod ruler;
mod text;

pub use accept::accept_walk;
pub use explain::{Context, Mark, decode, diagram, explain, wire_bytes};
pub use hex::{HexError, parse_hex};
pub use parts::frames;
pub use rule_page::{rule_example, rule_page};
pub use ruler::ruler;
pub use text::{FieldKind, Line, Span, Style, Text};

#[cfg(test)]
mod tests;
