//! wslens reads packet captures and tells the truth about the WebSocket traffic in them: what was said, by whom,
//! and which rule of which RFC it broke.
//!
//! The folders are the way of the data, and no folder knows one to its right:
//!
//! ```text
//!  file ─ capture ─ packet ─ tcp ─ tls ─ http ─ http2 ─ websocket ─┬─ rules ─┐
//!                                                                  └─────────┴─ report ─ tui ─ cli
//! ```
//!
//! | module | takes | gives |
//! |---|---|---|
//! | [`capture`] | a path or standard input | packets, numbered and timed |
//! | [`packet`] | a packet | the TCP segment in it |
//! | [`tcp`] | segments | per direction: bytes in order, gaps, FIN, RST, and the packet that carried each byte |
//! | [`tls`] | stream bytes and secrets | plaintext bytes, in the shape that [`tcp`] gives |
//! | [`http`] | stream bytes | upgrade requests and their answers, tunnels opened by CONNECT |
//! | [`http2`] | stream bytes | requests by extended CONNECT, and the streams they were made on |
//! | [`websocket`] | the bytes after the upgrade | frames, messages, close state |
//! | [`rules`] | what the layers before it saw | findings |
//! | [`policy`] | findings | those that count, and how much |
//! | [`report`] | connections, frames, messages, findings | one file for each output format |
//! | [`teach`] | a frame, a handshake, a rule | bit rulers, frames written by hand, questions, rule pages |
//! | `tui` | connections, frames, messages, findings | the terminal browser |
//! | [`scenario`] | a conversation in a few lines of Rust | a capture file |
//!
//! [`analysis`] wires these into a pipeline and is the front door.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod analysis;
pub mod capture;
mod decimal;
pub mod escape;
mod fetch;
pub mod http;
pub mod http2;
mod limits;
pub mod packet;
mod plain;
pub mod policy;
pub mod report;
mod role;
pub mod rules;
pub mod scenario;
pub mod tcp;
pub mod teach;
pub mod tls;
pub mod websocket;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "tui")]
pub mod tui;

pub use limits::Limits;
pub use role::{PerRole, Role};
