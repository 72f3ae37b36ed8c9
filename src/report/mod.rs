//! From connections, frames, messages and findings to one file for each output format.
//!
//! Every format is a [`Sink`](crate::analysis::Sink). [`json`] and [`jsonl`] are the machine's view: both write the same
//! [`rows`], so a field is declared once; [`schema`] describes them. [`sarif`], [`junit`], [`github`] and [`gitlab`] are
//! for continuous integration and are made from the same collected findings. [`har`] is what browsers' tools read. The
//! others are the reader's view and need the `cli` feature: [`table`] is the overview, [`frames`] the list of frames,
//! [`transcript`] a conversation, [`diagnostics`] the findings a line each, [`html`] all of it as a page.
//!
//! Text that came from the wire or the file system reaches a terminal only through [`escape`](crate::escape).

pub mod catalogue;
mod collected;
pub mod comments;
mod connection;
mod encode;
mod exercised;
pub mod extract;
mod fanout;
pub mod github;
pub mod gitlab;
mod handshake;
pub mod har;
pub mod json;
pub mod jsonl;
pub mod junit;
mod lines;
mod links;
mod payload;
pub mod raw;
mod room;
pub mod rows;
pub mod sarif;
pub mod schema;
mod serializer;
mod shortened;

#[cfg(feature = "cli")]
pub mod compare;
#[cfg(feature = "cli")]
pub mod diagnostics;
#[cfg(feature = "cli")]
pub mod frames;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod ladder;
#[cfg(feature = "cli")]
pub(crate) mod overview;
#[cfg(feature = "cli")]
pub mod table;
#[cfg(feature = "cli")]
pub mod transcript;
#[cfg(feature = "cli")]
pub mod words;

#[cfg(all(test, feature = "cli"))]
mod samples;
#[cfg(all(test, feature = "cli"))]
mod tests;

pub use collected::Paths;
pub use fanout::Fanout;
pub use shortened::Shortened;

/// Version of the JSON report; within one major version fields are only added.
pub const SCHEMA_VERSION: &str = "1.0";

/// How much of a connection the JSON formats tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Frames and messages too.
    Full,
    /// Connections and findings, for a check.
    Findings,
}
