//! `wslens rules`: the catalogue.

use super::output::Screen;
use super::{Exit, suggest};
use crate::rules::{RequirementRow, Rule, Severity};
use crate::{policy, teach};
use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, TableStyle};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens rules
  wslens rules show frame-server-masked
  wslens rules example frame-server-masked -o masked.pcapng && wslens analyze masked.pcapng";

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
}

impl RuleRow {
    fn new(rule: &'static Rule) -> RuleRow {
        let &Rule { id, severity, blames, requires, source, quote, statement, why, restraint, .. } = rule;
        let (blames, requires, opt_in) = (blames.name(), requires.row(), rule.is_opt_in());
        RuleRow { id, severity, blames, requires, opt_in, source, quote, statement, why, restraint }
    }
}

impl Rules {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(screen),
            Command::Show(show) => {
                screen.teach(&teach::rule_page(suggest::rule(&show.id)?, usize::from(screen.width.min(100))))?;
                Ok(Exit::Done)
            }
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
                serde_json::to_writer_pretty(&mut out, &rows).map_err(std::io::Error::from)?;
                writeln!(out)?;
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
