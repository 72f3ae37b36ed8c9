//! The findings as a JUnit report: a test case for each rule, which failed, passed, or was skipped because there was
//! nothing to test, and one for each capture.
//!
//! The form is what the schemas of Jenkins' xUnit plugin and of Ant's JUnit task have in common. No time of day is in
//! it, so that the same captures make the same report: the time stamp is that of the first packet.

use super::collected::{Collected, Diagnostic, Paths};
use super::exercised::Exercised;
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary, relay};
use crate::capture::Timestamp;
use crate::policy::{self, Bar, Selection};
use crate::rules::{Finding, Rule};
use crate::websocket::{Frame, Message};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What a check asks, as far as the report depends on it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What fails a rule.
    pub bar: Bar,
    /// Which rules are on.
    pub selection: Selection,
    /// The rules about expectations that were stated.
    pub expected: Vec<&'static Rule>,
    /// Captures without a connection pass.
    pub allow_empty: bool,
    /// Findings of a rule that are listed.
    pub most: u64,
}

/// Counts findings by rule and writes them at the end.
pub struct Junit<W: Write> {
    out: W,
    asked: Asked,
    exercised: Exercised,
    collected: Collected,
    counts: BTreeMap<&'static str, Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    failing: u64,
    others: u64,
    listed: u64,
}

/// What became of a test case, and what is said of it.
enum Outcome {
    Passed,
    Skipped(&'static str),
    Failed(String, String),
    Error(String),
}

impl<W: Write> Junit<W> {
    /// Writes to `out`, once all captures are read.
    pub fn new(out: W, paths: Paths, asked: Asked) -> Junit<W> {
        Junit { out, asked, exercised: Exercised::default(), collected: Collected::new(paths), counts: BTreeMap::new() }
    }

    fn outcome(&self, rule: &'static Rule) -> Outcome {
        let counts = self.counts.get(rule.id).copied().unwrap_or_default();
        if counts.failing > 0 {
            let mut text = self.list(rule, true);
            if counts.failing > counts.listed {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{} more", counts.failing - counts.listed);
            }
            let noun = if counts.failing == 1 { "finding" } else { "findings" };
            return Outcome::Failed(format!("{} {noun}: {}", counts.failing, rule.statement), text);
        }
        if !self.asked.selection.is_on(rule) {
            return Outcome::Skipped("the rule is off");
        }
        if policy::is_expectation(rule) && !self.asked.expected.contains(&rule) {
            return Outcome::Skipped("nothing of the kind was expected");
        }
        match self.exercised.had(rule) {
            true => Outcome::Passed,
            false => Outcome::Skipped("not exercised: what it speaks of is not in the captures"),
        }
    }

    /// The findings of a rule, a line each.
    fn list(&self, rule: &Rule, failing: bool) -> String {
        let bar = self.asked.bar;
        let wanted =
            |diagnostic: &&Diagnostic| diagnostic.finding.rule == rule && bar.fails(&diagnostic.finding) == failing;
        self.collected.diagnostics.iter().filter(wanted).map(line).collect()
    }

    fn capture_outcome(&self, capture: &CaptureSummary) -> Outcome {
        match (&capture.fault, capture.unknown_links.as_slice()) {
            (Some(fault), _) => Outcome::Error(format!("reading stopped: {fault}")),
            (None, []) => Outcome::Passed,
            (None, _) => Outcome::Error("packets of unknown link types were passed over".to_owned()),
        }
    }

    fn write(&mut self, summary: &Summary) -> io::Result<()> {
        let mut cases: Vec<(&str, String, Outcome)> = Vec::new();
        for (path, why) in &self.collected.unreadable {
            cases.push(("wslens.captures", path.clone(), Outcome::Error(why.clone())));
        }
        for capture in &self.collected.captures {
            cases.push(("wslens.captures", capture.path.clone(), self.capture_outcome(capture)));
        }
        let nothing = "no WebSocket connection was found: nothing was checked".to_owned();
        cases.push((
            "wslens.captures",
            "connections".to_owned(),
            match summary.connections {
                0 if !self.asked.allow_empty => Outcome::Failed(nothing, String::new()),
                _ => Outcome::Passed,
            },
        ));
        for rule in policy::catalogue() {
            cases.push(("wslens.rules", rule.id.to_owned(), self.outcome(rule)));
        }
        let count = |wanted: fn(&Outcome) -> bool| cases.iter().filter(|(_, _, outcome)| wanted(outcome)).count();
        let (failures, errors, skipped) = (
            count(|outcome| matches!(outcome, Outcome::Failed(..))),
            count(|outcome| matches!(outcome, Outcome::Error(_))),
            count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        );
        let first = self.collected.captures.iter().filter_map(|capture| capture.first_time).min();
        let time = first.unwrap_or(Timestamp::new(0)).to_string();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  <testsuite name=\"wslens\" package=\"wslens\" id=\"0\" hostname=\"localhost\" timestamp=\"{}\" \
             tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\">",
            time.get(..19).unwrap_or("1970-01-01T00:00:00"),
            cases.len(),
        );
        let version = env!("CARGO_PKG_VERSION");
        let _ = writeln!(out, "    <properties>\n      <property name=\"version\" value=\"{version}\"/>");
        let _ = writeln!(out, "      <property name=\"known\" value=\"{}\"/>\n    </properties>", summary.known);
        for (class, name, outcome) in &cases {
            case(&mut out, class, name, outcome);
        }
        let others: String = policy::catalogue().map(|rule| self.others(rule)).collect();
        let _ = writeln!(out, "    <system-out>{}</system-out>\n    <system-err></system-err>", Xml(&others));
        out.push_str("  </testsuite>\n</testsuites>\n");
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }

    /// The findings that fail no rule.
    fn others(&self, rule: &Rule) -> String {
        let counts = self.counts.get(rule.id).copied().unwrap_or_default();
        match counts.others {
            0 => String::new(),
            // One line is enough for what does not fail.
            n => {
                let lines = self.list(rule, false);
                let first = lines.lines().next().unwrap_or_default();
                let more = if n > 1 { format!(" [and {} more]", n - 1) } else { String::new() };
                format!("{first}{more}\n")
            }
        }
    }
}

/// `a.pcap:packet 15: error[frame-server-masked] server, connection 0, frame 3: … (RFC 6455 §5.1)`
fn line(diagnostic: &Diagnostic) -> String {
    let Finding { rule, severity, packet, message, .. } = &diagnostic.finding;
    let packet = packet.map_or(String::new(), |packet| format!("packet {}:", packet.number()));
    let place = diagnostic.place();
    let reaction = diagnostic.reaction.as_ref().map_or(String::new(), |reaction| format!("; {reaction}"));
    format!("{}:{packet} {severity}[{}] {place}: {message} ({}){reaction}\n", diagnostic.path, rule.id, rule.source)
}

fn case(out: &mut String, class: &str, name: &str, outcome: &Outcome) {
    // Writing to a String cannot fail.
    let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{}\" time=\"0\"", Xml(name));
    let _ = match outcome {
        Outcome::Passed => writeln!(out, "/>"),
        Outcome::Skipped(why) => writeln!(out, "><skipped message=\"{}\"/></testcase>", Xml(why)),
        Outcome::Failed(message, text) => writeln!(
            out,
            ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
            Xml(name),
            Xml(message),
            Xml(text)
        ),
        Outcome::Error(message) => {
            writeln!(out, ">\n      <error type=\"capture\" message=\"{}\"></error>\n    </testcase>", Xml(message))
        }
    };
}

/// Text for XML 1.0: markup is escaped, and characters that no document may hold (§2.2) are replaced.
struct Xml<'a>(&'a str);

impl std::fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\n' => f.write_char('\n')?,
                '\u{FFFE}' | '\u{FFFF}' => f.write_char(char::REPLACEMENT_CHARACTER)?,
                character if crate::escape::is_unsafe(character) => f.write_char(char::REPLACEMENT_CHARACTER)?,
                character => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

impl<W: Write> Sink for Junit<W> {
    relay!(collected: reaction, capture, unreadable);

    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.exercised.connection(connection)?;
        self.collected.connection(connection)
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        self.exercised.frame(id, frame)
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        self.exercised.message(id, message)
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.exercised.finding(id, finding)?;
        let counts = self.counts.entry(finding.rule.id).or_default();
        if self.asked.bar.fails(finding) {
            counts.failing += 1;
            if counts.listed == self.asked.most {
                return Ok(());
            }
            counts.listed += 1;
        } else {
            counts.others += 1;
            if counts.others > 1 {
                return Ok(());
            }
        }
        self.collected.finding(id, finding)
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.exercised.connection_end(id, end)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.write(summary)
    }
}
