//! Puts the files of one rotated capture in order.

use std::path::{Path, PathBuf};

use super::{Error, Reader, Timestamp};

/// The paths in the order of the time of each file's first packet that has one; files without such a packet come last.
/// Files that begin at the same time stay in the order given.
///
/// Each file is opened and read up to that packet, so standard input and pipes are refused. Fails on the first path
/// that is no capture.
pub fn in_time_order(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push((first_time(path)?, path));
    }
    files.sort_by_key(|(time, _)| (time.is_none(), *time));
    Ok(files.into_iter().map(|(_, path)| path.clone()).collect())
}

fn first_time(path: &Path) -> Result<Option<Timestamp>, Error> {
    let name = || path.display().to_string();
    if path.as_os_str() == "-" {
        return Err(Error::NotAFile { name: "standard input".to_owned() });
    }
    let metadata = std::fs::metadata(path).map_err(|cause| Error::Open { name: name(), cause })?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { name: name() });
    }
    let mut reader = Reader::open(path)?;
    while let Some(packet) = reader.next_packet() {
        if packet.at.time.is_some() {
            return Ok(packet.at.time);
        }
    }
    Ok(None)
}
