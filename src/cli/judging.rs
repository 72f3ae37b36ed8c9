//! What `check` and `analyze` let the user say about findings: options, `wslens.toml`, baselines and expectations,
//! put between the analysis and the reports.

use super::captures::{Opened, Outcome};
use super::expect_file;
use super::settings::Settings;
use super::threshold::Threshold;
use crate::analysis::{Options, Sink, relay};
use crate::policy::{
    Bar, Baseline, BaselineWriter, Enforcer, Expectations, Expecting, Limit, Override, Pattern, Policy, Redactor,
};
use crate::report::Fanout;
use crate::report::junit::Asked;
use crate::rules::{self, Finding, Severity};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Which findings count, and how much.
#[derive(Debug, Args)]
#[command(next_help_heading = "Findings")]
pub struct Choosing {
    /// Only these rules: ids, beginnings such as close-*, or default for all but sec-*, perf-* and idle-*.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    select: Vec<Pattern>,
    /// Not these rules.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    ignore: Vec<Pattern>,
    /// Give a rule another severity: error, warning, note or off.
    #[arg(long, value_name = "RULE=LEVEL", value_delimiter = ',')]
    severity: Vec<Override>,
    /// Draw a line elsewhere, as in pong-slow=250ms; `wslens rules show` names the lines of a rule.
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    threshold: Vec<Threshold>,
    /// Read these settings; without it the wslens.toml of the working directory or the nearest above it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read no settings.
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
    /// Tell no payload, no credentials in headers, no values in URLs.
    #[arg(long)]
    redact: bool,
}

/// The options.
#[derive(Debug, Args)]
#[command(next_help_heading = "Findings")]
pub struct Judging {
    #[command(flatten)]
    choosing: Choosing,
    /// Findings that this file lists are known and do not count.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings to a file that --baseline takes.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Find fault where the captures do not show what this file expects.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// List at most this many findings of each severity, and say how many more there are.
    #[arg(long, value_name = "N")]
    max_findings: Option<u64>,
}

/// The options with the files they name.
pub struct Judge {
    policy: Policy,
    expected: Option<Expectations>,
    settings: Settings,
    redact: bool,
    most: u64,
    write_baseline: Option<PathBuf>,
}

impl Choosing {
    /// Reads the settings, and the files they name.
    pub fn open(self) -> Result<Judge> {
        let settings = self.settings()?;
        self.with(settings)
    }

    fn settings(&self) -> Result<Settings> {
        match (&self.config, self.no_config) {
            (Some(path), _) => Settings::read(path),
            (None, true) => Ok(Settings::default()),
            (None, false) => Settings::find(&std::env::current_dir().unwrap_or_default()),
        }
    }

    fn with(self, mut settings: Settings) -> Result<Judge> {
        let mut selection = std::mem::take(&mut settings.selection);
        if !self.select.is_empty() {
            selection.select = self.select;
        }
        selection.ignore.extend(self.ignore);
        selection.severities.extend(self.severity);
        for threshold in &self.threshold {
            threshold.draw(&mut settings.thresholds);
        }
        let baseline = settings.baseline.take().map(|path| read_baseline(&path)).transpose()?;
        let expected = settings.expect.take().map(|path| expect_file::read(&path)).transpose()?;
        Ok(Judge {
            policy: Policy { selection, baseline },
            expected,
            settings,
            redact: self.redact,
            most: u64::MAX,
            write_baseline: None,
        })
    }
}

impl Judging {
    /// Reads the files that are named.
    pub fn open(self) -> Result<Judge> {
        let mut settings = self.choosing.settings()?;
        settings.baseline = self.baseline.or(settings.baseline);
        settings.expect = self.expect.or(settings.expect);
        let judge = self.choosing.with(settings)?;
        Ok(Judge { most: self.max_findings.unwrap_or(u64::MAX), write_baseline: self.write_baseline, ..judge })
    }
}

fn read_baseline(path: &Path) -> Result<Baseline> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Baseline::parse(&text).map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// Tells of findings to what counts for the exit code first, and of all there is to the reports.
struct Counting<'a> {
    verdict: &'a mut dyn Sink,
    shown: &'a mut dyn Sink,
}

impl Sink for Counting<'_> {
    relay!(shown: pause, connection, frame, message, reaction, timeline, connection_end, capture, unreadable, summary);

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.verdict.finding(id, finding)?;
        self.shown.finding(id, finding)
    }
}

impl Judge {
    /// The least severity that fails a check, as the settings have it.
    pub fn fail_on(&self) -> Option<Severity> {
        self.settings.fail_on
    }

    /// What the report on rules depends on.
    pub fn asked(&self, bar: Bar, allow_empty: bool) -> Asked {
        let expected = self.expected.as_ref().map(Expectations::rules).unwrap_or_default();
        Asked { bar, selection: self.policy.selection.clone(), expected, allow_empty, most: self.most }
    }

    /// Which rules are on.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The file that is written beside the reports.
    pub fn written(&self) -> Option<&Path> {
        self.write_baseline.as_deref()
    }

    /// Analyses the captures and tells `reports`, those with `true` whatever the limit on findings is, and `verdict`
    /// before all.
    pub fn run(
        &self,
        opened: Opened,
        options: Options,
        verdict: &mut dyn Sink,
        reports: Vec<(bool, &mut dyn Sink)>,
    ) -> Result<Outcome> {
        let opt_in = rules::all().any(|rule| rule.is_opt_in() && self.policy.selection.is_on(rule));
        let options = Options { thresholds: self.settings.thresholds.clone(), opt_in, ..options };
        let mut writer = match &self.write_baseline {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                Some(BaselineWriter::new(BufWriter::new(file)))
            }
            None => None,
        };
        let (counting, listing): (Vec<_>, Vec<_>) = reports.into_iter().partition(|(counts, _)| *counts);
        let mut limited = Fanout(Vec::new());
        let mut limit;
        let mut told = Fanout(Vec::new());
        let listed = if self.most == u64::MAX { &mut told.0 } else { &mut limited.0 };
        for (_, sink) in listing {
            listed.push(sink);
        }
        if self.most < u64::MAX {
            limit = Limit::new(&mut limited, self.most);
            told.0.push(&mut limit);
        }
        for (_, sink) in counting {
            told.0.push(sink);
        }
        if let Some(writer) = &mut writer {
            told.0.push(writer);
        }
        let mut redactor = Redactor::new(told.narrowed());
        let shown: &mut dyn Sink = if self.redact { &mut redactor } else { redactor.into_inner() };
        let mut counting = Counting { verdict, shown };
        let mut enforcer = Enforcer::new(&self.policy, &mut counting);
        match &self.expected {
            Some(expected) => opened.run(options, &mut Expecting::new(expected, &mut enforcer)),
            None => opened.run(options, &mut enforcer),
        }
    }
}
