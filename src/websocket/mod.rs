//! From the bytes after the upgrade to handshake facts, frames, messages and the state of the close.
//!
//! Knows nothing of what is allowed: any bytes can be represented here, and what is wrong with them is for
//! [`rules`](crate::rules) to say.

mod close_code;
mod closing;
mod connection;
mod deflate;
mod direction;
mod event;
mod handshake;
pub mod header;
mod hixie;
mod inflate;
pub mod mask;
mod message;
mod outcome;
mod pings;
mod resync;
mod shared;
mod stats;
mod utf8;
mod whole;

pub use close_code::close_code_name;
pub use closing::{CloseFrame, Closer, Closing};
pub use connection::Connection;
pub use deflate::{Block, BlockKind, Bounds, Walk, WalkEnd};
pub use event::{CaptureFact, Ending, Event, Frame, Inflated, Kind, Message, Pong, TcpEnd, Text, TextFault, Utf8Fault};
pub(crate) use handshake::window_bits;
pub use handshake::{
    Accept, AcceptCause, AcceptCheck, DecodedKey, Extension, ExtensionSyntax, Family, GUID, Handshake, HixieCheck,
    HixieKeyFault, KeyFault, Neighbourhood, PmdParams, SAMPLE_KEYS, WrongAccept, accept_key, check_accept, decode_key,
    hixie76_answer, parse_extensions,
};
pub use header::{FrameHeader, LengthForm, Opcode};
pub(crate) use inflate::{Failure, Inflater, Spare};
pub use outcome::Outcome;
pub use resync::{Boundary, Expected, Search};
pub(crate) use shared::reuse;
pub use shared::{Scratch, Settings};
pub use stats::{DirectionStats, PingTimes, Stats};
