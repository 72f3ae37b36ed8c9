//! `wslens check`: findings and an exit code, for continuous integration.

use super::Exit;
use super::analyze::Payloads;
use super::captures::{Captures, Outcome, Verdict};
use super::output::{Format, Output, Screen, Wish, complain, distinct};
use crate::analysis::Sink;
use crate::report::{Detail, Fanout};
use crate::rules::Severity;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  wslens check capture.pcap
  wslens check captures/*.pcap --fail-on warning --output json:findings.json

Exit codes:
  0  no finding at or above --fail-on
  1  some
  2  the tool could not look: a file is missing, no capture, or corrupt; wrong usage
  3  no WebSocket connection in the captures, unless --allow-empty";

/// Print findings a line each and fail if there are any, for continuous integration.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    #[command(flatten)]
    captures: Captures,
    /// The least severity that fails the check.
    #[arg(long, value_enum, default_value_t = FailOn::Error, value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Let findings behind missing bytes fail the check too: they may come of the capture, not of the endpoints.
    #[arg(long)]
    fail_after_gap: bool,
    /// Pass captures without a WebSocket connection. Captures that cannot be decoded never pass.
    #[arg(long)]
    allow_empty: bool,
    /// What to write to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write a report to a file as well; may be given several times.
    #[arg(long, value_name = "FORMAT:PATH")]
    output: Vec<Output>,
    /// Frames and messages in JSON, too.
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    payloads: Payloads,
}

/// A severity, as `--fail-on` takes it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    /// Errors only.
    Error,
    /// Errors and warnings.
    Warning,
    /// Whatever is found.
    Note,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Severity {
        match fail_on {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Note => Severity::Note,
        }
    }
}

impl Check {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        distinct(&self.output, &self.captures.paths)?;
        let opened = self.captures.open()?;
        let paths = opened.paths();
        let fail_on = Severity::from(self.fail_on);
        // What fails the check is always shown.
        let least = screen.least().min(fail_on);
        let detail = if self.full { Detail::Full } else { Detail::Findings };
        let wish = Wish { detail, least, paths: &paths };
        let out = match self.format {
            Format::Table | Format::Text => screen.styled(),
            Format::Json | Format::Jsonl => screen.plain(),
        };
        let mut sinks = vec![self.format.sink(Box::new(Patient::new(out)), screen.width, &wish)];
        for output in &self.output {
            sinks.push(output.format.in_file(&output.path, screen, &wish)?);
        }
        let mut verdict = Verdict { fail_on, after_gap: self.fail_after_gap, failed: 0, undecryptable: 0 };
        let mut all: Vec<&mut dyn Sink> = sinks.iter_mut().map(|sink| &mut **sink as &mut dyn Sink).collect();
        all.push(&mut verdict);
        let outcome = opened.run(self.payloads.options(), &mut Fanout(all))?;
        let exit = judge(&outcome, &verdict, self.allow_empty);
        if exit == Exit::Nothing {
            complain("warning", nothing(&outcome, &verdict));
        }
        Ok(exit)
    }
}

/// The exit code. That the tool could not look everywhere weighs most: what it did not see may be worse.
fn judge(outcome: &Outcome, verdict: &Verdict, allow_empty: bool) -> Exit {
    if outcome.unopened + outcome.faulty > 0 {
        return Exit::Blind;
    }
    if verdict.failed > 0 {
        return Exit::Found;
    }
    if outcome.summary.connections > 0 {
        return Exit::Done;
    }
    // What could not be decoded may have held anything.
    let blind = outcome.unknown_links > 0 || verdict.undecryptable > 0;
    if allow_empty && !blind { Exit::Done } else { Exit::Nothing }
}

/// Why no WebSocket connection was seen.
fn nothing(outcome: &Outcome, verdict: &Verdict) -> &'static str {
    if outcome.unknown_links > 0 {
        "nothing was checked: packets of unknown link types were passed over; convert the capture, or capture again"
    } else if verdict.undecryptable > 0 {
        "nothing was checked: there is TLS that could not be decrypted; capture with the session's secrets"
    } else {
        "nothing was checked: no WebSocket connection was found; --allow-empty lets this pass"
    }
}

/// A writer whose closed pipe is no reason to stop: the verdict is wanted even where the lines are not
/// (`wslens check a.pcap | head -1`).
struct Patient {
    out: Box<dyn Write>,
    closed: bool,
}

impl Patient {
    fn new(out: Box<dyn Write>) -> Patient {
        Patient { out, closed: false }
    }

    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            result => result,
        }
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.out.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.out.flush();
        self.forgive(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Summary;

    fn outcome(connections: u64) -> Outcome {
        Outcome { summary: Summary { connections, ..Summary::default() }, ..Outcome::default() }
    }

    fn verdict(failed: u64) -> Verdict {
        Verdict { fail_on: Severity::Error, after_gap: false, failed, undecryptable: 0 }
    }

    #[test]
    fn exit_codes_are_a_contract() {
        assert_eq!(judge(&outcome(1), &verdict(0), false), Exit::Done);
        assert_eq!(judge(&outcome(1), &verdict(1), false), Exit::Found);
        assert_eq!(judge(&outcome(0), &verdict(0), false), Exit::Nothing);
        assert_eq!(judge(&outcome(0), &verdict(0), true), Exit::Done);
        assert_eq!(judge(&Outcome { faulty: 1, ..outcome(1) }, &verdict(1), true), Exit::Blind);
        assert_eq!(judge(&Outcome { unopened: 1, ..outcome(1) }, &verdict(0), true), Exit::Blind);
    }

    #[test]
    fn what_cannot_be_decoded_never_passes() {
        assert_eq!(judge(&Outcome { unknown_links: 1, ..outcome(0) }, &verdict(0), true), Exit::Nothing);
        assert_eq!(judge(&outcome(0), &Verdict { undecryptable: 1, ..verdict(0) }, true), Exit::Nothing);
    }

    #[test]
    fn a_closed_pipe_does_not_stop_a_check() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let mut out = Patient::new(Box::new(Closed));
        out.write_all(b"line\n").unwrap();
        out.write_all(b"line\n").unwrap();
        out.flush().unwrap();
    }
}
