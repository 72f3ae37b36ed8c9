//! The findings a line each, as compilers print them, for continuous integration.
//!
//! ```text
//! a.pcap:packet 15: error[frame-server-masked] server, connection 0, frame 3: … (RFC 6455 §5.1)
//! ```

use super::words::{BOLD, DIM, Styled, count, place, severity_style};
use crate::analysis::{CaptureSummary, Connection, Sink, Summary};
use crate::escape::printable;
use crate::rules::{Confidence, Finding, Severity};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;

/// Paths of the captures that were opened so far, in order. A capture's path reaches a sink only when the capture was
/// read to its end, and lines are written before that.
pub type Paths = Rc<RefCell<Vec<String>>>;

/// Writes findings as they become known.
pub struct Diagnostics<W: Write> {
    out: W,
    paths: Paths,
    least: Severity,
    /// Index of the capture each open connection began in.
    captures: BTreeMap<u64, usize>,
    hidden: u64,
}

impl<W: Write> Diagnostics<W> {
    /// Writes findings of severity `least` and above to `out`.
    pub fn new(out: W, paths: Paths, least: Severity) -> Diagnostics<W> {
        Diagnostics { out, paths, least, captures: BTreeMap::new(), hidden: 0 }
    }

    fn path(&self, connection: Option<u64>) -> String {
        let paths = self.paths.borrow();
        let index = connection.and_then(|id| self.captures.get(&id)).copied();
        let path = index.and_then(|index| paths.get(index)).or(paths.last());
        path.map_or(String::new(), |path| printable(path.as_bytes()).into_owned())
    }
}

impl<W: Write> Sink for Diagnostics<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.captures.insert(connection.id, connection.capture);
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if finding.severity < self.least {
            self.hidden += 1;
            return Ok(());
        }
        let path = self.path(id);
        let out = &mut self.out;
        write!(out, "{}:", Styled(BOLD, path))?;
        if let Some(packet) = finding.packet {
            write!(out, "packet {}:", packet.number)?;
        }
        let kind = format_args!("{}[{}]", finding.severity, finding.rule.id).to_string();
        write!(out, " {}", Styled(severity_style(finding.severity), kind))?;
        let blame = finding.blame.map(|role| role.name().to_owned());
        let connection = id.map(|id| format!("connection {id}"));
        let whereabouts: Vec<String> = [blame, connection, place(finding)].into_iter().flatten().collect();
        if !whereabouts.is_empty() {
            write!(out, " {}", whereabouts.join(", "))?;
        }
        write!(out, ": {}", printable(finding.message.as_bytes()))?;
        if finding.confidence == Confidence::AfterGap {
            write!(out, " [after missing bytes]")?;
        }
        match finding.rule.source {
            "" => writeln!(out),
            source => writeln!(out, " {}", Styled(DIM, format_args!("({source})"))),
        }
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        let path = printable(capture.path.as_bytes());
        let warning = Styled(severity_style(Severity::Warning), "warning");
        if capture.truncated {
            writeln!(self.out, "{}: {warning}: the file ends inside a packet", Styled(BOLD, &path))?;
        }
        if let Some(fault) = &capture.fault {
            let fault = printable(fault.as_bytes());
            writeln!(self.out, "{}: {warning}: reading stopped: {fault}", Styled(BOLD, &path))?;
        }
        Ok(())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let connections = count(summary.connections, "connection");
        let errors = Styled(severity_style(Severity::Error), count(summary.errors, "error"));
        let (warnings, notes) = (count(summary.warnings, "warning"), count(summary.notes, "note"));
        let hidden = match self.hidden {
            0 => String::new(),
            n => format!(" ({n} not shown; --notes shows them)"),
        };
        match (summary.errors, summary.warnings) {
            (0, _) => write!(self.out, "{}", count(0, "error"))?,
            _ => write!(self.out, "{errors}")?,
        }
        writeln!(self.out, ", {warnings}, {notes} in {connections}{hidden}")?;
        self.out.flush()
    }
}
