//! From the bytes of an HTTP/2 connection to the WebSocket streams on it: frames, header fields, extended CONNECT
//! (RFC 9113, RFC 7541, RFC 8441).
//!
//! Each stream that a WebSocket was asked for on is told in the shape in which [`tcp`](crate::tcp) tells a connection.
//! Other streams pass without a trace. Knows nothing of WebSocket frames.

mod connection;
mod facts;
mod fields;
mod frame;
mod frames;
mod gate;
mod half;
mod hpack;
mod preface;
mod requests;
mod resync;
mod stream;
mod suspects;
#[cfg(test)]
mod tests;

pub use connection::{Bounds, Connection, Step};
pub use facts::{Cut, Opening, Permission, StreamEvent, StreamFact, error_code_name};
pub use frame::{FrameHeader, Kind, PREFACE};
pub use hpack::{Broken, Decoder, Field};
pub use preface::{Preface, Verdict, may_begin};
pub use resync::looks_like_http2;
