//! The findings a line each, as compilers print them, for continuous integration.
//!
//! ```text
//! a.pcap:packet 15: error[frame-server-masked] server, connection 0, frame 3: … (RFC 6455 §5.1)
//!   reaction to frame-server-masked, connection 0: client sent Close 1002 after 0.4ms
//! ```

use super::collected::{Paths, Whereabouts, place};
use super::words::{BOLD, DIM, Styled, count, severity_style};
use crate::analysis::{CaptureSummary, Connection, Sink, Summary};
use crate::escape::printable;
use crate::rules::{Awaited, Confidence, Finding, Reaction, Severity};
use std::io::{self, Write};

/// Writes findings as they become known.
pub struct Diagnostics<W: Write> {
    out: W,
    whereabouts: Whereabouts,
    least: Severity,
    hidden: u64,
    awaited: Awaited,
}

impl<W: Write> Diagnostics<W> {
    /// Writes findings of severity `least` and above to `out`, but not those that are known.
    pub fn new(out: W, paths: Paths, least: Severity) -> Diagnostics<W> {
        Diagnostics { out, whereabouts: Whereabouts::new(paths), least, hidden: 0, awaited: Awaited::default() }
    }
}

impl<W: Write> Sink for Diagnostics<W> {
    fn pause(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.whereabouts.connection(connection);
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if finding.known {
            return Ok(());
        }
        if finding.severity < self.least {
            self.hidden += 1;
            return Ok(());
        }
        self.awaited.told(id, finding);
        let path = self.whereabouts.path(id);
        let out = &mut self.out;
        write!(out, "{}:", Styled(BOLD, printable(path.as_bytes())))?;
        if let Some(packet) = finding.packet {
            write!(out, "packet {}:", packet.number())?;
        }
        let kind = format_args!("{}[{}]", finding.severity, finding.rule.id).to_string();
        write!(out, " {}", Styled(severity_style(finding.severity), kind))?;
        let place = place(id, finding);
        if !place.is_empty() {
            write!(out, " {place}")?;
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

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        if !self.awaited.wants(id, reaction) {
            return Ok(());
        }
        let to = format_args!("reaction to {}, connection {id}:", reaction.rule.id).to_string();
        writeln!(self.out, "  {} {reaction}", Styled(DIM, to))
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
        let known = match summary.known {
            0 => String::new(),
            n => format!(", {n} known"),
        };
        writeln!(self.out, ", {warnings}, {notes}{known} in {connections}{hidden}")?;
        if summary.unlisted > 0 {
            let more = count(summary.unlisted, "more finding");
            writeln!(self.out, "{more} not listed; --max-findings lists more")?;
        }
        self.out.flush()
    }
}
