//! `wslens check`: findings and an exit code, for continuous integration.

use super::Exit;
use super::analyze::Payloads;
use super::captures::{Captures, Outcome, Verdict};
use super::judging::Judging;
use super::output::{Format, Output, Screen, Wish, complain, distinct};
use crate::analysis::Sink;
use crate::policy::Bar;
use crate::report::Detail;
use crate::rules::Severity;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  wslens check capture.pcap
  wslens check captures/*.pcap --fail-on warning --output json:findings.json
  wslens check capture.pcap --format github --output sarif:wslens.sarif
  wslens check capture.pcap --write-baseline known.json
  wslens check capture.pcap --baseline known.json

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
    #[command(flatten)]
    judging: Judging,
    /// The least severity that fails the check; error, where the settings say nothing else.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Let findings behind missing bytes fail the check too: they may come of the capture, not of the endpoints.
    #[arg(long)]
    fail_after_gap: bool,
    /// Pass captures without a WebSocket connection. Captures that cannot be decoded never pass.
    #[arg(long)]
    allow_empty: bool,
    /// What to write to standard output.
    #[arg(long, value_enum, help_heading = "Reports", default_value_t = Format::Text)]
    format: Format,
    /// Write a report to a file as well; may be given several times.
    #[arg(long, value_name = "FORMAT:PATH", help_heading = "Reports")]
    output: Vec<Output>,
    /// Frames and messages in JSON, too.
    #[arg(long, help_heading = "Reports")]
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
        let judge = self.judging.open()?;
        distinct(&self.output, judge.written(), &self.captures.paths)?;
        let opened = self.captures.open()?;
        let paths = opened.paths();
        let fail_on = self.fail_on.map(Severity::from).or(judge.fail_on()).unwrap_or(Severity::Error);
        // What fails the check is always shown.
        let least = screen.least().min(fail_on);
        let detail = if self.full { Detail::Full } else { Detail::Findings };
        let bar = Bar { least: fail_on, after_gap: self.fail_after_gap };
        let asked = judge.asked(bar, self.allow_empty);
        let wish = Wish { detail, least, paths: &paths, policy: judge.policy(), asked: &asked };
        let out = Box::new(Patient::new(self.format.stdout(screen)));
        let mut reports = vec![(self.format, self.format.sink(out, screen.width, &wish))];
        for output in &self.output {
            reports.push((output.format, output.format.in_file(&output.path, screen, &wish)?));
        }
        let mut verdict = Verdict { bar, failed: 0 };
        let options = self.payloads.options(&reports);
        let mut reports = self.payloads.shorten(reports);
        let sinks =
            reports.iter_mut().map(|(format, sink)| (format.counts(), sink.as_mut() as &mut dyn Sink)).collect();
        let outcome = judge.run(opened, options, &mut verdict, sinks)?;
        let exit = exit(&outcome, verdict.failed, self.allow_empty);
        if exit == Exit::Nothing {
            let pass = if is_blind(&outcome) { "" } else { "; --allow-empty lets this pass" };
            complain("warning", &format!("nothing was checked: {}{pass}", outcome.why_nothing()));
        }
        Ok(exit)
    }
}

/// The exit code. That the tool could not look everywhere weighs most: what it did not see may be worse.
fn exit(outcome: &Outcome, failed: u64, allow_empty: bool) -> Exit {
    if outcome.unopened + outcome.faulty > 0 {
        return Exit::Blind;
    }
    if failed > 0 {
        return Exit::Found;
    }
    if outcome.summary.connections > 0 {
        return Exit::Done;
    }
    if allow_empty && !is_blind(outcome) { Exit::Done } else { Exit::Nothing }
}

/// Whether there is what could not be decoded: it may have held anything.
fn is_blind(outcome: &Outcome) -> bool {
    outcome.unknown_links > 0 || outcome.undecryptable > 0
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

    #[test]
    fn exit_codes_are_a_contract() {
        assert_eq!(exit(&outcome(1), 0, false), Exit::Done);
        assert_eq!(exit(&outcome(1), 1, false), Exit::Found);
        assert_eq!(exit(&outcome(0), 0, false), Exit::Nothing);
        assert_eq!(exit(&outcome(0), 0, true), Exit::Done);
        assert_eq!(exit(&Outcome { faulty: 1, ..outcome(1) }, 1, true), Exit::Blind);
        assert_eq!(exit(&Outcome { unopened: 1, ..outcome(1) }, 0, true), Exit::Blind);
    }

    #[test]
    fn what_cannot_be_decoded_never_passes() {
        assert_eq!(exit(&Outcome { unknown_links: 1, ..outcome(0) }, 0, true), Exit::Nothing);
        assert_eq!(exit(&Outcome { undecryptable: 1, ..outcome(0) }, 0, true), Exit::Nothing);
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
