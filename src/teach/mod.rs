//! Frames and rules made visible: bit rulers, unmasking tables, rule pages.

mod hex;

pub use hex::{HexError, parse_hex};
