//! Messages as files, one each. What is in a file comes from the wire; its name never does.

use crate::analysis::{ConnectionEnd, Sink};
use crate::websocket::{Kind, Message};
use crate::{PerRole, Role};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A message longer than this goes to its file while it comes in.
const BUFFER: usize = 64 << 10;

/// Writes each message to a file such as `c0-m3-client.txt`: connection, message, sender, and `txt` or `bin`. A message
/// of which something is missing, or that could not be inflated, gets `.part` behind it: what is before the fault.
///
/// Needs [`Options::message_bytes`](crate::analysis::Options::message_bytes).
#[derive(Debug)]
pub struct Extract {
    folder: PathBuf,
    connection: Option<u64>,
    sender: Option<Role>,
    /// Messages that are open on each connection.
    open: BTreeMap<u64, PerRole<Open>>,
    /// Messages written.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// How many of them are not whole.
    pub parts: u64,
}

/// The bytes of a message so far.
#[derive(Debug, Default)]
struct Open {
    buffer: Vec<u8>,
    /// Bytes before those, in the file of the open message.
    spilled: u64,
}

impl Extract {
    /// Writes into `folder`, which must exist and hold nothing, what `sender` (or both) said on `connection` (or all).
    pub fn new(folder: PathBuf, connection: Option<u64>, sender: Option<Role>) -> Extract {
        Extract { folder, connection, sender, open: BTreeMap::new(), messages: 0, bytes: 0, parts: 0 }
    }

    fn wants(&self, id: u64, sender: Role) -> bool {
        self.connection.is_none_or(|wanted| wanted == id) && self.sender.is_none_or(|wanted| wanted == sender)
    }

    /// Where a long message is while it is not known yet which one it is and whether it is whole.
    fn unfinished(&self, id: u64, sender: Role) -> PathBuf {
        self.folder.join(format!("c{id}-{sender}.unfinished"))
    }
}

/// What was asked for failed at this file.
fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

/// Creates the file, or goes on with the one this program has begun, and leaves no file open: there may be as many
/// messages in the making as there are connections.
fn append(path: &Path, begun: bool, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = if begun { options.append(true) } else { options.write(true).create_new(true) };
    options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(|error| at(path, error))
}

impl Sink for Extract {
    fn message_bytes(&mut self, id: u64, sender: Role, bytes: &[u8]) -> io::Result<()> {
        if !self.wants(id, sender) {
            return Ok(());
        }
        let path = self.unfinished(id, sender);
        let open = &mut self.open.entry(id).or_default()[sender];
        open.buffer.extend_from_slice(bytes);
        if open.buffer.len() > BUFFER {
            append(&path, open.spilled > 0, &open.buffer)?;
            open.spilled += open.buffer.len() as u64;
            open.buffer.clear();
        }
        Ok(())
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        let sender = message.sender;
        if !self.wants(id, sender) {
            return Ok(());
        }
        let whole = message.complete && message.length.is_some();
        let kind = match message.kind {
            Kind::Text => "txt",
            Kind::Binary => "bin",
        };
        let part = if whole { "" } else { ".part" };
        let path = self.folder.join(format!("c{id}-m{}-{sender}.{kind}{part}", message.index));
        let unfinished = self.unfinished(id, sender);
        let Open { buffer, spilled } = std::mem::take(&mut self.open.entry(id).or_default()[sender]);
        if spilled > 0 {
            append(&unfinished, true, &buffer)?;
            fs::rename(&unfinished, &path).map_err(|error| at(&path, error))?;
        } else {
            append(&path, false, &buffer)?;
        }
        self.messages += 1;
        self.bytes += spilled + buffer.len() as u64;
        self.parts += u64::from(!whole);
        Ok(())
    }

    fn connection_end(&mut self, id: u64, _: &ConnectionEnd) -> io::Result<()> {
        self.open.remove(&id);
        Ok(())
    }
}
