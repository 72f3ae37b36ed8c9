//! Where a command writes: the terminal with its colours and width, files beside it, and complaints.

use super::Global;
use crate::analysis::Sink;
use crate::escape::printable;
use crate::policy::Policy;
use crate::report::Detail;
use crate::report::Paths;
use crate::report::diagnostics::Diagnostics;
use crate::report::github::Github;
use crate::report::gitlab::Gitlab;
use crate::report::har::Har;
use crate::report::html::Html;
use crate::report::json::Json;
use crate::report::jsonl::Jsonl;
use crate::report::junit::{Asked, Junit};
use crate::report::sarif::Sarif;
use crate::report::table::{Look, Table};
use crate::report::words::{Styled, severity_style};
use crate::rules::Severity;
use crate::teach::{self, FieldKind};
use anstream::{AutoStream, StripStream};
use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, bail};
use clap::{ColorChoice, ValueEnum};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Wide enough for the tables, narrow enough to paste.
const WIDTH_WITHOUT_TERMINAL: u16 = 100;

/// Standard output and how to write to it.
pub struct Screen {
    color: anstream::ColorChoice,
    /// Columns to write for.
    pub width: u16,
    /// Show notes too.
    pub notes: bool,
    /// As asked for; files have no terminal to ask.
    asked_width: Option<u16>,
}

impl Screen {
    pub(super) fn new(global: Global) -> Screen {
        let color = match global.color {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()),
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        // For the complaints, and for whatever else decides by itself.
        color.write_global();
        let terminal = || comfy_table::Table::new().width();
        let width = global.width.or_else(terminal).unwrap_or(WIDTH_WITHOUT_TERMINAL).max(40);
        Screen { color, width, notes: global.notes, asked_width: global.width }
    }

    /// Standard output, colours stripped where they are not wanted.
    pub fn styled(&self) -> Box<dyn Write> {
        Box::new(BufWriter::with_capacity(64 << 10, AutoStream::new(io::stdout(), self.color)))
    }

    /// Standard output as it is, for bytes and JSON.
    pub fn plain(&self) -> Box<dyn Write> {
        Box::new(BufWriter::with_capacity(64 << 10, io::stdout().lock()))
    }

    /// Whether colours are wanted.
    #[cfg(feature = "tui")]
    pub fn color(&self) -> bool {
        self.color != anstream::ColorChoice::Never
    }

    /// The least severity that is shown.
    pub fn least(&self) -> Severity {
        if self.notes { Severity::Note } else { Severity::Warning }
    }

    /// Writes a lesson in colours.
    pub fn teach(&self, text: &teach::Text) -> io::Result<()> {
        let mut out = self.styled();
        for line in &text.lines {
            for span in line {
                write!(out, "{}", Styled(lesson_style(span.style), &span.text))?;
            }
            writeln!(out)?;
        }
        out.flush()
    }
}

/// How a lesson's styles look on a terminal.
pub(super) fn lesson_style(style: teach::Style) -> Style {
    let field = |kind: FieldKind| match kind {
        FieldKind::Fin => AnsiColor::Green.on_default(),
        FieldKind::Rsv => AnsiColor::BrightBlack.on_default(),
        FieldKind::Opcode => AnsiColor::Yellow.on_default(),
        FieldKind::Mask => AnsiColor::Magenta.on_default(),
        FieldKind::Length => AnsiColor::Cyan.on_default(),
        FieldKind::Key => AnsiColor::BrightMagenta.on_default(),
        FieldKind::Payload => AnsiColor::BrightBlue.on_default(),
    };
    match style {
        teach::Style::Plain => Style::new(),
        teach::Style::Heading => Style::new().bold().underline(),
        teach::Style::Strong => Style::new().bold(),
        teach::Style::Dim => Style::new().dimmed(),
        teach::Style::Field(kind) => field(kind),
        teach::Style::Bits(kind) => field(kind).bold(),
        teach::Style::Good => AnsiColor::Green.on_default().bold(),
        teach::Style::Warning => severity_style(Severity::Warning),
        teach::Style::Fault => severity_style(Severity::Error),
    }
}

/// Writes `wslens: error: …` to standard error, in one line whatever the text holds.
pub fn complain(kind: &str, text: &str) {
    let style = severity_style(if kind == "error" { Severity::Error } else { Severity::Warning });
    let text = printable(text.as_bytes());
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "wslens: {}: {text}", Styled(style, kind));
}

/// The forms in which the result of an analysis can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables of connections and findings.
    Table,
    /// The findings, a line each.
    Text,
    /// One JSON object.
    Json,
    /// JSON objects, a line each, as they become known.
    Jsonl,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
    /// JUnit XML: a test case for each rule.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A Code Quality report of GitLab.
    Gitlab,
    /// A page to open in a browser; it needs no network.
    Html,
    /// HAR 1.2, for browsers' developer tools: handshakes and messages, no findings.
    Har,
}

/// A report that is being written.
pub type Report = (Format, Box<dyn Sink>);

/// What the formats want to know.
pub struct Wish<'a> {
    /// How much JSON tells.
    pub detail: Detail,
    /// The least severity that text shows.
    pub least: Severity,
    /// Paths of the captures as they are opened.
    pub paths: &'a Paths,
    /// Which findings count.
    pub policy: &'a Policy,
    /// What a check asks.
    pub asked: &'a Asked,
}

impl Format {
    /// A sink that writes this form to standard output.
    pub fn on_screen(self, screen: &Screen, wish: &Wish<'_>) -> Box<dyn Sink> {
        self.sink(self.stdout(screen), screen.width, wish)
    }

    /// Standard output as this form needs it.
    pub fn stdout(self, screen: &Screen) -> Box<dyn Write> {
        if self.is_styled() { screen.styled() } else { screen.plain() }
    }

    /// Whether it has colours.
    fn is_styled(self) -> bool {
        matches!(self, Format::Table | Format::Text)
    }

    /// Whether it counts findings instead of listing each, so that it must be told all of them.
    pub fn counts(self) -> bool {
        matches!(self, Format::Table | Format::Junit)
    }

    /// Payload bytes of a frame or message that it tells where the user asks for no number: an archive is for what was
    /// said, and reports are for what was wrong with it.
    pub fn payload_bytes(self) -> usize {
        if self == Format::Har { 16 << 20 } else { 64 }
    }

    /// A sink that writes this form to a file, which is created or emptied now.
    pub fn in_file(self, path: &Path, screen: &Screen, wish: &Wish<'_>) -> Result<Box<dyn Sink>> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let out: Box<dyn Write> = Box::new(BufWriter::with_capacity(64 << 10, file));
        let width = screen.asked_width.unwrap_or(WIDTH_WITHOUT_TERMINAL);
        let out = if self.is_styled() { Box::new(StripStream::new(out)) } else { out };
        Ok(self.sink(out, width, wish))
    }

    /// A sink that writes this form to `out`.
    pub fn sink(self, out: Box<dyn Write>, width: u16, wish: &Wish<'_>) -> Box<dyn Sink> {
        let paths = wish.paths.clone();
        match self {
            Format::Table => Box::new(Table::new(out, Look { width, notes: wish.least == Severity::Note })),
            Format::Text => Box::new(Diagnostics::new(out, paths, wish.least)),
            Format::Json => Box::new(Json::new(out, wish.detail)),
            Format::Jsonl => Box::new(Jsonl::new(out, wish.detail)),
            Format::Sarif => {
                let Policy { selection, baseline } = wish.policy;
                Box::new(Sarif::new(out, paths, selection.clone(), baseline.is_some()))
            }
            Format::Junit => Box::new(Junit::new(out, paths, wish.asked.clone())),
            Format::Github => Box::new(Github::new(out, paths, wish.least)),
            Format::Gitlab => Box::new(Gitlab::new(out, paths, wish.least)),
            Format::Html => Box::new(Html::new(out, paths)),
            Format::Har => Box::new(Har::new(out)),
        }
    }
}

/// `FORMAT:PATH`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What to write.
    pub format: Format,
    /// Where.
    pub path: PathBuf,
}

impl std::str::FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Output, String> {
        let (format, path) = text.split_once(':').ok_or("write it as FORMAT:PATH, as in json:report.json")?;
        let format = Format::from_str(format, false)
            .map_err(|_| format!("there is no format {format}; there are {}", names()))?;
        match path {
            "" => Err("the path behind the colon is missing".to_owned()),
            "-" => Err("standard output takes one report: choose it with --format".to_owned()),
            _ => Ok(Output { format, path: path.into() }),
        }
    }
}

/// The names of the formats.
fn names() -> String {
    let names: Vec<_> = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
    names.iter().map(|name| name.get_name()).collect::<Vec<_>>().join(", ")
}

/// The path without links and dots; as it is where there is no such file.
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Refuses outputs that would overwrite a capture or each other; `baseline` is the file of findings that is written.
pub fn distinct(outputs: &[Output], baseline: Option<&Path>, captures: &[PathBuf]) -> Result<()> {
    let mut taken = Vec::new();
    let outputs = outputs.iter().map(|output| ("--output", output.path.as_path()));
    for (option, path) in outputs.chain(baseline.map(|path| ("--write-baseline", path))) {
        if captures.iter().any(|capture| real(capture) == real(path)) {
            bail!("{option} would overwrite the capture {}; give another path", path.display());
        }
        if taken.contains(&real(path)) {
            bail!("{} would be written twice; give each output its own path", path.display());
        }
        taken.push(real(path));
    }
    Ok(())
}
