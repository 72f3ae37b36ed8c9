//! The findings as workflow commands of GitHub Actions, which shows them as annotations.
//!
//! ```text
//! ::error file=a.pcap,title=frame-server-masked::server, connection 0, frame 3, packet 15: … (RFC 6455 §5.1)
//! ```

use super::collected::{Paths, Whereabouts, place};
use crate::analysis::{CaptureSummary, Connection, Sink, Summary};
use crate::escape::printable;
use crate::rules::{Finding, Severity};
use std::fmt;
use std::io::{self, Write};

/// Writes commands as findings become known.
pub struct Github<W: Write> {
    out: W,
    whereabouts: Whereabouts,
    least: Severity,
}

impl<W: Write> Github<W> {
    /// Writes findings of severity `least` and above to `out`; known ones make no annotation.
    pub fn new(out: W, paths: Paths, least: Severity) -> Github<W> {
        Github { out, whereabouts: Whereabouts::new(paths), least }
    }

    fn command(&mut self, kind: &str, file: Option<&str>, title: &str, message: &str) -> io::Result<()> {
        write!(self.out, "::{kind} ")?;
        if let Some(file) = file {
            write!(self.out, "file={},", Property(file))?;
        }
        writeln!(self.out, "title={}::{}", Property(title), Data(&printable(message.as_bytes())))
    }
}

/// The value of a property: `%`, line ends, and what separates properties are escaped.
struct Property<'a>(&'a str);

impl fmt::Display for Property<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Data(self.0).to_string();
        f.write_str(&text.replace(':', "%3A").replace(',', "%2C"))
    }
}

/// What stands behind the last `::`: `%` and line ends are escaped.
struct Data<'a>(&'a str);

impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
    }
}

impl<W: Write> Sink for Github<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.whereabouts.connection(connection);
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if finding.severity < self.least || finding.known {
            return Ok(());
        }
        let kind = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut whereabouts = place(id, finding);
        if let Some(packet) = finding.packet {
            let comma = if whereabouts.is_empty() { "" } else { ", " };
            whereabouts.push_str(&format!("{comma}packet {}", packet.number()));
        }
        let colon = if whereabouts.is_empty() { "" } else { ": " };
        let message = format!("{whereabouts}{colon}{} ({})", finding.message, finding.rule.source);
        let path = self.whereabouts.path(id);
        self.command(kind, Some(&path), finding.rule.id, &message)
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        let path = Some(capture.path.as_str());
        if let Some(fault) = &capture.fault {
            self.command("error", path, "wslens", &format!("reading stopped: {fault}"))?;
        }
        if capture.truncated {
            self.command("warning", path, "wslens", "the file ends inside a packet")?;
        }
        Ok(())
    }

    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        self.command("error", Some(path), "wslens", why)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.connections == 0 {
            self.command("error", None, "wslens", "no WebSocket connection was found: nothing was checked")?;
        }
        if summary.known > 0 {
            self.command("notice", None, "wslens", &format!("{} known findings do not count", summary.known))?;
        }
        if summary.unlisted > 0 {
            self.command("warning", None, "wslens", &format!("{} more findings are not listed", summary.unlisted))?;
        }
        self.out.flush()
    }
}
