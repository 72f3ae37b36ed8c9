//! `wslens compare`: what appeared and what went between two captures.

use super::Exit;
use super::captures::{Captures, Keys, Outcome, Verdict};
use super::judging::{Choosing, Judge};
use super::output::{Screen, complain};
use crate::analysis::Options;
use crate::policy::{Bar, Comparison, Picture};
use crate::report::compare::{Side, json, text};
use crate::rules::Severity;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  wslens compare before.pcap after.pcap
  wslens compare release-1.pcap release-2.pcap --fail-on difference
  wslens compare before.pcap after.pcap --format json | jq '.findings.appeared[].rule'

Findings are the same where their fingerprints are, which hold no port, time or
random key. Connections are compared with those that asked for the same: status,
subprotocol, extensions, close codes.

Exit codes:
  0  nothing at or above --fail-on appeared
  1  something did
  2  the tool could not look: a file is missing, no capture, or corrupt; wrong usage
  3  no WebSocket connection in one of the captures";

/// Show what changed between two captures: findings that appeared or went, and facts of connections.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    /// The capture from before.
    before: PathBuf,
    /// The capture from after.
    after: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// What must appear for exit code 1; error, where the settings say nothing else.
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// What to write to standard output.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    #[command(flatten)]
    choosing: Choosing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// An error.
    Error,
    /// An error or a warning.
    Warning,
    /// Whatever is found.
    Note,
    /// Any difference, of findings that went and of facts too.
    Difference,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A line for each change.
    Text,
    /// One JSON object.
    Json,
}

impl Compare {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let judge = self.choosing.open()?;
        let fail_on = match self.fail_on {
            Some(FailOn::Error) => Severity::Error,
            Some(FailOn::Warning) => Severity::Warning,
            Some(FailOn::Note | FailOn::Difference) => Severity::Note,
            None => judge.fail_on().unwrap_or(Severity::Error),
        };
        let (before, first) = look(&judge, &self.before, self.keys.clone())?;
        let (after, second) = look(&judge, &self.after, self.keys)?;
        let comparison = Comparison::new(&before, &after);
        let paths = [&self.before, &self.after].map(|path| path.display().to_string());
        let sides =
            (Side { path: &paths[0], summary: &before.summary }, Side { path: &paths[1], summary: &after.summary });
        match self.format {
            Form::Text => {
                let mut out = screen.styled();
                // What fails is always shown.
                text(&mut out, &comparison, sides, screen.least().min(fail_on))?;
                out.flush()?;
            }
            Form::Json => {
                let mut out = screen.plain();
                json(&mut out, &comparison, sides)?;
                out.flush()?;
            }
        }
        if first.faulty + second.faulty > 0 {
            complain("error", "a capture could be read in part only; what changed behind the damage is not known");
            return Ok(Exit::Blind);
        }
        let bar = Bar { least: fail_on, after_gap: false };
        let differs = self.fail_on == Some(FailOn::Difference) && !comparison.is_empty();
        if differs || comparison.appeared.iter().any(|(_, finding)| bar.fails(finding)) {
            return Ok(Exit::Found);
        }
        if before.summary.connections.min(after.summary.connections) == 0 {
            for (path, outcome) in [(&self.before, &first), (&self.after, &second)] {
                if outcome.summary.connections == 0 {
                    let what = format!("nothing was compared: {}: {}", path.display(), outcome.why_nothing());
                    complain("warning", &what);
                }
            }
            return Ok(Exit::Nothing);
        }
        Ok(Exit::Done)
    }
}

fn look(judge: &Judge, path: &Path, keys: Keys) -> Result<(Picture, Outcome)> {
    let opened = Captures::one(path.to_owned(), keys).open()?;
    let mut picture = Picture::default();
    let mut verdict = Verdict { bar: Bar { least: Severity::Error, after_gap: false }, failed: 0 };
    let outcome = judge.run(opened, Options::default(), &mut verdict, vec![(true, &mut picture)])?;
    Ok((picture, outcome))
}
