//! From the bytes after the upgrade to handshake facts, frames, messages and the state of the close.
//!
//! Knows nothing of what is allowed: any bytes can be represented here, and what is wrong with them is for
//! [`rules`](crate::rules) to say.

mod close_code;
mod closing;
mod event;
mod handshake;
pub mod header;
mod stats;

pub use close_code::close_code_name;
pub use closing::{CloseFrame, Closer, Closing};
pub use event::{Ending, Event, Frame, Inflated, Kind, Message, TcpEnd, Text, TextFault, Utf8Fault};
pub use handshake::{AcceptCause, AcceptCheck, Extension, Family, Handshake, PmdParams};
pub use header::{FrameHeader, LengthForm, Opcode};
pub use stats::{DirectionStats, PingTimes, Stats};
