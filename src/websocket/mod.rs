//! From the bytes after the upgrade to handshake facts, frames, messages and the state of the close.
//!
//! Knows nothing of what is allowed: any bytes can be represented here, and what is wrong with them is for
//! [`rules`](crate::rules) to say.

mod closing;
mod event;
mod handshake;
pub mod header;
mod stats;

pub use closing::{CloseFrame, Closer, Closing};
pub use event::{Ending, Event, Frame, Inflated, Kind, Message, TcpEnd, Text, TextFault, Utf8Fault};
pub use handshake::{
    AcceptCause, AcceptCheck, DecodedKey, Extension, ExtensionSyntax, Family, GUID, Handshake, HixieCheck,
    HixieKeyFault, KeyFault, PmdParams, SAMPLE_KEYS, accept_key, check_accept, decode_key, hixie76_answer,
    parse_extensions,
};
pub use header::{FrameHeader, LengthForm, Opcode};
pub use stats::{DirectionStats, PingTimes, Stats};
