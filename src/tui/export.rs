//! What is selected, into a file.

use super::follow;
use super::model::Model;
use crate::report::words::count;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Export {
    /// The bytes of a view, and how many there would be.
    Bytes { name: String, bytes: Vec<u8>, total: Option<u64> },
    /// A connection as a conversation.
    Transcript(u32),
}

impl Export {
    /// What it is called.
    pub(super) fn name(&self) -> String {
        match self {
            Export::Bytes { name, .. } => name.clone(),
            Export::Transcript(connection) => format!("the conversation of connection {connection}"),
        }
    }

    /// Writes it into a new file; a file that exists is left alone. Gives what happened, or why nothing did.
    pub(super) fn write(&self, model: &Model, path: &str) -> Result<String, String> {
        if path.trim().is_empty() {
            return Err("a path is missing".to_owned());
        }
        let path = Path::new(path);
        let cannot = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => "this file exists; give another path".to_owned(),
            _ => format!("cannot write it: {error}"),
        };
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(cannot)?;
        let mut out = BufWriter::new(file);
        let cut = match self {
            Export::Bytes { bytes, total, .. } => {
                out.write_all(bytes).and_then(|()| out.flush()).map_err(cannot)?;
                total.is_none_or(|total| total > bytes.len() as u64)
            }
            Export::Transcript(connection) => {
                follow::write(model, *connection, &mut out).map_err(cannot)?;
                false
            }
        };
        let length = out.get_ref().metadata().map_or(0, |metadata| metadata.len());
        let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let cut = if cut { "; more was not kept or not captured" } else { "" };
        Ok(format!("wrote {} to {}{cut}", count(length, "byte"), place.display()))
    }
}
