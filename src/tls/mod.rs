//! From the encrypted streams of a TLS connection and the secrets of a key log to plaintext streams of the same
//! shape: TLS 1.0 to 1.3, as a witness that sends nothing.
//!
//! | file | job |
//! |---|---|
//! | `key_log` | secrets by client random |
//! | `excerpt` | the lines of a key log that belong to certain connections |
//! | `record`, `input` | records out of a stream, and found again after a hole |
//! | `messages`, `hello` | handshake messages and the fields of the hellos |
//! | `suite`, `schedule`, `cipher` | what a suite asks for, its keys, and opening a record with them |
//! | `direction`, `session` | the state of a connection |
//! | `held` | what waits for a secret or for the other direction |
//! | `negotiation` | what handshake messages do to it |
//! | `resync` | which record number and which keys open the first record after a hole |
//! | `facts` | what is told of a connection |
//!
//! Knows nothing of what the plaintext means.

mod cipher;
mod direction;
mod excerpt;
mod facts;
mod held;
mod hello;
mod input;
mod key_log;
mod messages;
mod negotiation;
mod record;
mod resync;
mod schedule;
mod session;
mod suite;
#[cfg(test)]
mod tests;

pub use excerpt::excerpt;
pub use facts::{EarlyData, Facts, Unopened, Version};
pub use key_log::{KeyLog, Label, Loaded, Secret};
pub use record::{is_client_hello, looks_like_tls};
pub use session::Session;
pub use suite::Suite;
