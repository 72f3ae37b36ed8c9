//! What changed between two captures, for readers and for programs.

use super::collected::place;
use super::encode::append;
use super::rows::{FindingRow, SummaryRow, TOOL};
use super::{SCHEMA_VERSION, words};
use crate::analysis::Summary;
use crate::escape::printable;
use crate::policy::{Change, Comparison, Known, Placed};
use crate::rules::Severity;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use words::{Styled, count, severity_style};

/// A capture that is compared.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its counts.
    pub summary: &'a Summary,
}

const APPEARED: Style = AnsiColor::Red.on_default();
const GONE: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();

/// Writes a line for each change: `+` for what appeared, `-` for what went, `~` for what is something else; findings of
/// severity `least` and above.
///
/// # Errors
/// `out` refuses bytes.
pub fn text(
    out: &mut dyn Write,
    comparison: &Comparison,
    (before, after): (Side<'_>, Side<'_>),
    least: Severity,
) -> io::Result<()> {
    let path = |side: Side<'_>| printable(side.path.as_bytes()).into_owned();
    writeln!(out, "{}", Styled(GONE, format_args!("--- {}", path(before))))?;
    writeln!(out, "{}", Styled(APPEARED, format_args!("+++ {}", path(after))))?;
    for (sign, style, known) in comparison
        .closed
        .iter()
        .map(|known| ('-', GONE, known))
        .chain(comparison.opened.iter().map(|known| ('+', APPEARED, known)))
    {
        let facts: Vec<String> =
            known.facts.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
        writeln!(out, "{} {}", Styled(style, sign), line(known, &facts.join(", ")))?;
    }
    for (known, _, changes) in &comparison.changed {
        let value = |value: &Option<String>| value.as_deref().unwrap_or("—").to_owned();
        let change = |change: &Change| format!("{} {} → {}", change.fact, value(&change.before), value(&change.after));
        let changes: Vec<String> = changes.iter().map(change).collect();
        writeln!(out, "{} {}", Styled(CHANGED, '~'), line(known, &changes.join(", ")))?;
    }
    let mut hidden = 0;
    for (sign, style, (id, finding)) in comparison
        .gone
        .iter()
        .map(|placed| ('-', GONE, placed))
        .chain(comparison.appeared.iter().map(|placed| ('+', APPEARED, placed)))
    {
        if finding.severity < least {
            hidden += 1;
            continue;
        }
        let severity = Styled(severity_style(finding.severity), finding.severity);
        let place = place(*id, finding);
        let packet = finding.packet.map_or(String::new(), |packet| format!(", packet {}", packet.number()));
        let known = if finding.known { " (known)" } else { "" };
        let message = printable(finding.message.as_bytes());
        writeln!(out, "{} {severity}[{}] {place}{packet}: {message}{known}", Styled(style, sign), finding.rule.id)?;
    }
    let Comparison { appeared, gone, same, opened, closed, changed } = comparison;
    let hidden = if hidden > 0 { format!(" ({hidden} not shown; --notes shows them)") } else { String::new() };
    writeln!(
        out,
        "findings: {} appeared, {} went, {same} in both{hidden}\nconnections: {} → {}; {} appeared, {} went, {} changed",
        appeared.len(),
        gone.len(),
        before.summary.connections,
        count(after.summary.connections, "connection"),
        opened.len(),
        closed.len(),
        changed.len(),
    )
}

/// `connection 3, GET host /path: what of it`
fn line(known: &Known, what: &str) -> String {
    let request = if known.request.is_empty() { "no request captured" } else { &known.request };
    let text = format!("connection {}, {request}: {what}", known.id);
    printable(text.as_bytes()).into_owned()
}

/// Writes one JSON object. Its findings have the fields of the report's.
///
/// # Errors
/// `out` refuses bytes.
pub fn json(out: &mut dyn Write, comparison: &Comparison, (before, after): (Side<'_>, Side<'_>)) -> io::Result<()> {
    let Comparison { appeared, gone, same, opened, closed, changed } = comparison;
    let report = Report {
        schema_version: SCHEMA_VERSION,
        tool: TOOL,
        before: Capture { path: before.path, summary: SummaryRow::new(before.summary) },
        after: Capture { path: after.path, summary: SummaryRow::new(after.summary) },
        findings: Findings {
            appeared: appeared.iter().map(Row::new).collect(),
            gone: gone.iter().map(Row::new).collect(),
            same: *same,
        },
        connections: Connections {
            appeared: opened.iter().map(ConnectionRow::new).collect(),
            gone: closed.iter().map(ConnectionRow::new).collect(),
            changed: changed.iter().map(ChangedRow::new).collect(),
        },
    };
    let mut text = Vec::new();
    append(&mut text, &report)?;
    text.push(b'\n');
    out.write_all(&text)
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: &'static str,
    tool: super::rows::Tool,
    before: Capture<'a>,
    after: Capture<'a>,
    findings: Findings<'a>,
    connections: Connections<'a>,
}

#[derive(Serialize)]
struct Capture<'a> {
    path: &'a str,
    summary: SummaryRow,
}

#[derive(Serialize)]
struct Findings<'a> {
    appeared: Vec<Row<'a>>,
    gone: Vec<Row<'a>>,
    /// How many both captures have.
    same: u64,
}

#[derive(Serialize)]
struct Row<'a> {
    connection: Option<u64>,
    #[serde(flatten)]
    finding: FindingRow<'a>,
}

impl<'a> Row<'a> {
    fn new((connection, finding): &'a Placed) -> Row<'a> {
        Row { connection: *connection, finding: FindingRow::new(finding) }
    }
}

#[derive(Serialize)]
struct Connections<'a> {
    appeared: Vec<ConnectionRow<'a>>,
    gone: Vec<ConnectionRow<'a>>,
    changed: Vec<ChangedRow<'a>>,
}

#[derive(Serialize)]
struct ConnectionRow<'a> {
    id: u64,
    request: Option<&'a str>,
    facts: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> ConnectionRow<'a> {
    fn new(known: &'a Known) -> ConnectionRow<'a> {
        let facts = known.facts.iter().map(|(name, value)| (*name, value.as_deref())).collect();
        ConnectionRow { id: known.id, request: request(known), facts }
    }
}

#[derive(Serialize)]
struct ChangedRow<'a> {
    /// Its number in the first capture.
    before_id: u64,
    /// Its number in the second.
    after_id: u64,
    request: Option<&'a str>,
    facts: Vec<ChangeRow<'a>>,
}

impl<'a> ChangedRow<'a> {
    fn new((known, before_id, changes): &'a (Known, u64, Vec<Change>)) -> ChangedRow<'a> {
        let fact = |change: &'a Change| ChangeRow {
            fact: change.fact,
            before: change.before.as_deref(),
            after: change.after.as_deref(),
        };
        let facts = changes.iter().map(fact).collect();
        ChangedRow { before_id: *before_id, after_id: known.id, request: request(known), facts }
    }
}

#[derive(Serialize)]
struct ChangeRow<'a> {
    fact: &'static str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

fn request(known: &Known) -> Option<&str> {
    Some(known.request.as_str()).filter(|request| !request.is_empty())
}
