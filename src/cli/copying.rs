//! Copies of captures: where they go, that they never overwrite what they are made from, and what is said when one is
//! not whole.

use super::Exit;
use super::output::{Screen, complain, real};
use crate::capture::{Changes, Copied, Info, Reader, copy};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Refuses to write over one of the files that are read. `None` and `-` are standard output.
pub fn refuse_overwriting(output: Option<&Path>, read: &[&Path]) -> Result<()> {
    let Some(output) = to_file(output) else { return Ok(()) };
    match read.iter().find(|path| real(path) == real(output)) {
        Some(path) => bail!("--output would overwrite {}; give another path", path.display()),
        None => Ok(()),
    }
}

/// Writes the copy of a capture that was just opened. `None` and `-` are standard output.
pub fn write(reader: Reader, changes: Changes<'_>, output: Option<&Path>, screen: &Screen) -> Result<Copied> {
    match to_file(output) {
        Some(path) => {
            let cannot = || format!("cannot write {}", path.display());
            let mut out = BufWriter::with_capacity(64 << 10, File::create(path).with_context(cannot)?);
            copy(reader, changes, &mut out).with_context(cannot)
        }
        None => Ok(copy(reader, changes, &mut screen.plain())?),
    }
}

/// Says in a line what the file has now; nothing where the copy itself went to standard output.
pub fn tell(output: Option<&Path>, what: &str, screen: &Screen) -> Result<()> {
    if let Some(path) = to_file(output) {
        let path = crate::escape::printable(path.as_os_str().as_encoded_bytes());
        writeln!(screen.plain(), "{path}: {what}")?;
    }
    Ok(())
}

/// Complains where the copy is not whole.
pub fn ended(info: &Info) -> Exit {
    if info.truncated {
        complain("warning", "the capture ends inside a packet or block; the copy ends before it");
    }
    match &info.fault {
        Some(fault) => {
            complain("error", &format!("the copy ends where reading stopped: {fault}"));
            Exit::Blind
        }
        None => Exit::Done,
    }
}

fn to_file(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| path.as_os_str() != "-")
}
