//! Findings that are known: a file that lists them by fingerprint, so that only others fail a check.

use crate::analysis::{Sink, Summary};
use crate::rules::{Finding, Fingerprint};
use crate::{Role, rules::Severity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

/// Version of the file's form.
const VERSION: u32 = 1;

/// The fingerprints of the findings that are known.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: HashSet<Fingerprint>,
}

#[derive(Deserialize)]
struct File {
    version: u32,
    findings: Vec<Listed>,
}

/// Of a finding only the fingerprint is read; the rest of it is for people.
#[derive(Deserialize)]
struct Listed {
    fingerprint: String,
}

impl Baseline {
    /// Reads the text that a [`BaselineWriter`] wrote.
    ///
    /// # Errors
    /// In one line: what is wrong with the text.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let file: File = serde_json::from_str(text).map_err(|error| format!("it is no baseline: {error}"))?;
        if file.version != VERSION {
            return Err(format!("it is a baseline of version {}; this program reads {VERSION}", file.version));
        }
        let known = file.findings.iter().map(|listed| listed.fingerprint.parse()).collect::<Result<_, _>>()?;
        Ok(Baseline { known })
    }

    /// Whether the finding is known.
    pub fn knows(&self, fingerprint: Fingerprint) -> bool {
        self.known.contains(&fingerprint)
    }
}

/// Collects findings and writes them as a baseline, ordered by fingerprint so that two baselines can be compared.
#[derive(Debug)]
pub struct BaselineWriter<W: Write> {
    out: W,
    rows: BTreeMap<Fingerprint, Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    fingerprint: Fingerprint,
    rule: &'static str,
    severity: Severity,
    blame: Option<Role>,
    message: String,
}

impl<W: Write> BaselineWriter<W> {
    /// Writes to `out` once all captures are read.
    pub fn new(out: W) -> BaselineWriter<W> {
        BaselineWriter { out, rows: BTreeMap::new() }
    }
}

impl<W: Write> Sink for BaselineWriter<W> {
    fn finding(&mut self, _: Option<u64>, finding: &Finding) -> io::Result<()> {
        if let Some(fingerprint) = finding.fingerprint {
            let Finding { rule, severity, blame, ref message, .. } = *finding;
            let row = Row { fingerprint, rule: rule.id, severity, blame, message: message.clone() };
            self.rows.insert(fingerprint, row);
        }
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        #[derive(Serialize)]
        struct Written<'a> {
            version: u32,
            findings: Vec<&'a Row>,
        }
        let file = Written { version: VERSION, findings: self.rows.values().collect() };
        serde_json::to_writer_pretty(&mut self.out, &file).map_err(io::Error::from)?;
        writeln!(self.out)?;
        self.out.flush()
    }
}
