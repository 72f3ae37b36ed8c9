//! `wslens rules`: the catalogue.

use super::output::Screen;
use super::show::{Pick, Picked, Place};
use super::{Exit, suggest};
use crate::analysis::{Analyzer, Options, Sink};
use crate::capture::Reader;
use crate::policy;
use crate::report::catalogue;
use crate::rules::{Finding, RequirementRow, Rule, Severity, thresholds_of};
use crate::teach::{self, Mark};
use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, TableStyle};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens rules
  wslens rules show frame-server-masked
  wslens rules example frame-server-masked -o masked.pcapng";

/// List and explain the rules, and write captures that break them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Rules {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Example(Example),
}

/// List all rules.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wslens rules list --format json | jq '.[] | select(.severity == \"error\") | .id'")]
struct List {
    /// What to write.
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A line each: id, severity, whom it blames, and the rule in a sentence.
    Table,
    /// A JSON array.
    Json,
    /// A page in Markdown, as docs/rules.md.
    Markdown,
}

/// Explain a rule: what the RFC says, why it matters, when it stays silent.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wslens rules show frame-server-masked")]
struct Show {
    /// The rule.
    id: String,
}

/// Write a capture that breaks a rule.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wslens rules example frame-server-masked -o masked.pcapng")]
struct Example {
    /// The rule.
    id: String,
    /// Where to write the pcapng file; standard output without it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the counter-example, which comes close but keeps the rule.
    #[arg(long)]
    kept: bool,
}

/// A rule, as `rules list --format json` shows it.
#[derive(Serialize)]
struct RuleRow {
    id: &'static str,
    severity: Severity,
    blames: &'static str,
    /// What the receiver of the bytes has to do.
    requires: Option<RequirementRow>,
    /// It is off unless it is selected.
    opt_in: bool,
    source: &'static str,
    quote: &'static str,
    statement: &'static str,
    why: &'static str,
    restraint: &'static str,
    thresholds: Vec<String>,
}

impl RuleRow {
    fn new(rule: &'static Rule) -> RuleRow {
        let &Rule { id, severity, blames, requires, source, quote, statement, why, restraint, .. } = rule;
        let (blames, requires, opt_in) = (blames.name(), requires.row(), rule.is_opt_in());
        let thresholds = thresholds_of(id);
        RuleRow { id, severity, blames, requires, opt_in, source, quote, statement, why, restraint, thresholds }
    }
}

impl Rules {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(screen),
            Command::Show(show) => show.run(screen),
            Command::Example(example) => example.run(screen),
        }
    }
}

impl List {
    fn run(self, screen: &Screen) -> Result<Exit> {
        match self.format {
            Form::Json => {
                let mut out = screen.plain();
                let rows: Vec<RuleRow> = policy::catalogue().map(RuleRow::new).collect();
                serde_json::to_writer_pretty(&mut out, &rows).map_err(io::Error::from)?;
                writeln!(out)?;
                out.flush()?;
            }
            Form::Markdown => {
                let mut out = screen.plain();
                out.write_all(catalogue::markdown().as_bytes())?;
                out.flush()?;
            }
            Form::Table => {
                let mut out = screen.styled();
                for line in table(screen.width).lines() {
                    writeln!(out, "{}", line.trim_end())?;
                }
                out.flush()?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Show {
    fn run(self, screen: &Screen) -> Result<Exit> {
        let rule = suggest::rule(&self.id)?;
        let columns = usize::from(screen.width.min(100));
        // An expectation is broken only where somebody expects something.
        let Some((connection, finding)) = first_finding(rule)? else {
            screen.teach(&teach::rule_page(rule, columns))?;
            return Ok(Exit::Done);
        };
        let picked = connection.zip(finding.frame).map(|(connection, frame)| pick(rule, Place { connection, frame }));
        let picked = picked.transpose()?.flatten();
        let marks = [Mark::from(&finding)];
        let context = picked.as_ref().map(|picked| picked.context(&marks));
        let frame = picked.as_ref().zip(context.as_ref()).map(|(picked, context)| (&picked.bytes[..], context));
        let mut page = teach::rule_page(rule, columns);
        page.append(teach::rule_example(&finding, frame, columns));
        screen.teach(&page)?;
        Ok(Exit::Done)
    }
}

/// What the rule says of its example first.
fn first_finding(rule: &'static Rule) -> Result<Option<(Option<u64>, Finding)>> {
    struct First(&'static Rule, Option<(Option<u64>, Finding)>);
    impl Sink for First {
        fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
            if finding.rule == self.0 {
                self.1.get_or_insert_with(|| (id, finding.clone()));
            }
            Ok(())
        }
    }
    let mut first = First(rule, None);
    analyze_example(rule, &mut first)?;
    Ok(first.1)
}

/// The frame at this place of the example.
fn pick(rule: &'static Rule, place: Place) -> Result<Option<Picked>> {
    let mut pick = Pick::new(place);
    analyze_example(rule, &mut pick)?;
    Ok(pick.found)
}

fn analyze_example(rule: &'static Rule, sink: &mut dyn Sink) -> Result<()> {
    let capture = io::Cursor::new((rule.breaks)().pcapng_bytes());
    let mut reader = Reader::from_read("example", Box::new(capture))?;
    let mut analyzer = Analyzer::new(Options { opt_in: rule.is_opt_in(), ..Options::default() });
    analyzer.read(&mut reader, sink)?;
    analyzer.finish(sink)?;
    Ok(())
}

fn table(width: u16) -> comfy_table::Table {
    let style = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = comfy_table::Table::new();
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic).set_width(width).enforce_styling();
    table.style_text_only();
    table.set_header(["rule", "severity", "blames", "statement"]);
    for rule in policy::catalogue() {
        let severity = Cell::new(rule.severity).fg(match rule.severity {
            Severity::Error => Color::Red,
            Severity::Warning => Color::Yellow,
            Severity::Note => Color::Blue,
        });
        table.add_row([Cell::new(rule.id), severity, Cell::new(rule.blames.name()), Cell::new(rule.statement)]);
    }
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if n < 3 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

impl Example {
    fn run(self, screen: &Screen) -> Result<Exit> {
        let rule = suggest::rule(&self.id)?;
        let scenario = if self.kept { (rule.keeps)() } else { (rule.breaks)() };
        match &self.output {
            Some(path) => {
                let cannot = || format!("cannot write {}", path.display());
                let mut out = BufWriter::new(File::create(path).with_context(cannot)?);
                scenario.write_pcapng(&mut out).and_then(|()| out.flush()).with_context(cannot)?;
            }
            None => {
                let mut out = screen.plain();
                scenario.write_pcapng(&mut out)?;
                out.flush()?;
            }
        }
        Ok(Exit::Done)
    }
}
