//! The front door: captures in, connections, frames, messages and findings out.
//!
//! [`Analyzer`] wires the layers into one pass over a capture and tells a [`Sink`] what it sees as it sees it.
//!
//! ```
//! use wslens::analysis::{Analyzer, Options, Sink};
//! use wslens::capture::Reader;
//! use wslens::rules::Finding;
//! use wslens::scenario::{Scenario, text};
//!
//! struct Print;
//! impl Sink for Print {
//!     fn finding(&mut self, _connection: Option<u64>, finding: &Finding) -> std::io::Result<()> {
//!         println!("{}: {}", finding.rule.id, finding.message);
//!         Ok(())
//!     }
//! }
//!
//! let capture = Scenario::new().handshake().client(text("Hello").unmasked()).pcapng_bytes();
//! let mut reader = Reader::from_read("example", Box::new(std::io::Cursor::new(capture)))?;
//! let mut analyzer = Analyzer::new(Options::default());
//! analyzer.read(&mut reader, &mut Print)?;
//! let summary = analyzer.finish(&mut Print)?;
//! assert_eq!(summary.errors, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod above;
mod analyzer;
mod bench;
mod closed_tls;
mod court;
mod first_keys;
mod flow;
mod flows;
mod hearing;
mod intake;
mod legs;
mod live;
mod mid_stream;
mod neighbours;
mod options;
mod places;
mod prelude;
mod reconnects;
mod related;
mod relay;
mod remembered;
mod said;
mod secured;
mod sink;
mod state;
mod streams;
mod table;
mod teller;
mod threads;
mod timeline;

pub use analyzer::Analyzer;
pub use options::Options;
pub(crate) use relay::relay;
pub use sink::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary, Transport};
pub use timeline::Timeline;

pub use crate::Limits;
