//! The front door: captures in, connections, frames, messages and findings out.
//!
//! [`Analyzer`] wires the layers into one pass over a capture and tells a [`Sink`] what it sees as it sees it.

mod options;
mod sink;

pub use options::Options;

pub use crate::Limits;
pub use sink::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary, Transport};
