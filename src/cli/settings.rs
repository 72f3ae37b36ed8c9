//! `wslens.toml`: what a project asks of every check, so that its command lines stay short.

use super::table::Table;
use crate::policy::{Override, Pattern, Selection};
use crate::rules::{Line, Severity, Thresholds};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};

/// The file that is looked for.
const NAME: &str = "wslens.toml";

/// What the file says.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which rules are on.
    pub selection: Selection,
    /// Where rules draw their lines.
    pub thresholds: Thresholds,
    /// The least severity that fails a check.
    pub fail_on: Option<Severity>,
    /// A file with findings that are known; relative paths count from the file that names it.
    pub baseline: Option<PathBuf>,
    /// A file with expectations; likewise.
    pub expect: Option<PathBuf>,
}

impl Settings {
    /// The nearest file in this folder or those above it; what is usual where there is none.
    pub fn find(folder: &Path) -> Result<Settings> {
        match folder.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file()) {
            Some(path) => Settings::read(&path),
            None => Ok(Settings::default()),
        }
    }

    /// Reads this file.
    pub fn read(path: &Path) -> Result<Settings> {
        let folder = path.parent().unwrap_or(Path::new(""));
        Settings::from_table(Table::read(path)?, folder).with_context(|| path.display().to_string())
    }

    fn from_table(mut table: Table, folder: &Path) -> Result<Settings> {
        let mut settings = Settings {
            selection: Selection {
                select: table.texts::<Pattern>("select")?,
                ignore: table.texts::<Pattern>("ignore")?,
                severities: Vec::new(),
            },
            fail_on: table.text::<FailOn>("fail-on")?.map(|FailOn(severity)| severity),
            baseline: table.text::<PathBuf>("baseline")?.map(|path| folder.join(path)),
            expect: table.text::<PathBuf>("expect")?.map(|path| folder.join(path)),
            thresholds: Thresholds::default(),
        };
        let mut severities = table.table("severity")?.into_texts()?;
        // The broad ones first: of two that speak of a rule the later counts, and a table has no order.
        severities.sort_by_key(|(rules, _)| (!rules.ends_with('*'), rules.len()));
        for (rules, level) in severities {
            let named = |error: String| anyhow!("severity.{rules}: {error}");
            let level = level.parse().map_err(named)?;
            settings.selection.severities.push(Override { rules: rules.parse().map_err(named)?, level });
        }
        let mut lines = table.table("thresholds")?;
        for (name, line) in settings.thresholds.lines() {
            match line {
                Line::Time(time) => *time = lines.time(name)?.unwrap_or(*time),
                Line::Count(count) => *count = lines.number(name)?.unwrap_or(*count),
                Line::SmallCount(count) => {
                    let Some(number) = lines.number(name)? else { continue };
                    *count = u32::try_from(number).with_context(|| format!("thresholds.{name} is too large"))?;
                }
            }
        }
        lines.finish()?;
        table.finish()?;
        Ok(settings)
    }
}

struct FailOn(Severity);

impl std::str::FromStr for FailOn {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<FailOn> {
        match text {
            "error" => Ok(FailOn(Severity::Error)),
            "warning" => Ok(FailOn(Severity::Warning)),
            "note" => Ok(FailOn(Severity::Note)),
            _ => bail!("there is no severity {text}; there are error, warning and note"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Level;
    use std::time::Duration;

    fn settings(text: &str) -> Result<Settings> {
        Settings::from_table(Table::parse(text)?, Path::new("ci"))
    }

    #[test]
    fn everything_can_be_set() {
        let settings = settings(
            r#"
            select = ["default", "sec-*"]
            ignore = "frame-rsv2-set"
            fail-on = "warning"
            baseline = "known.json"
            expect = "expect.toml"
            [severity]
            "frame-length-nonminimal-16" = "note"
            "frame-*" = "warning"
            [thresholds]
            pong-slow = "250ms"
            close-fin-late = 3
            pings-per-second = 7
            frag-tiny-count = 99
            "#,
        )
        .unwrap();
        assert_eq!(settings.selection.select, [Pattern::Default, Pattern::Group("sec-".into())]);
        assert_eq!(settings.fail_on, Some(Severity::Warning));
        assert_eq!(settings.baseline, Some(Path::new("ci").join("known.json")));
        assert_eq!(settings.thresholds.pong_slow, Duration::from_millis(250));
        assert_eq!(settings.thresholds.close_fin_late, Duration::from_secs(3));
        assert_eq!((settings.thresholds.pings_per_second, settings.thresholds.frag_tiny_count), (7, 99));
        // The rule's own entry counts, wherever the group's stands.
        let rule = crate::rules::find("frame-length-nonminimal-16").unwrap();
        assert_eq!(settings.selection.judge(rule, Severity::Error), Some(Severity::Note));
        assert_eq!(settings.selection.severities[0].level, Level::Is(Severity::Warning));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, complaint) in [
            ("selct = []", "there is no key selct; did you mean select?"),
            ("[thresholds]\npong-slwo = 1", "there is no key pong-slwo in thresholds; did you mean pong-slow?"),
            (
                "[thresholds]\npong-slow = -1",
                "thresholds.pong-slow must be a time: \"5s\", \"500ms\", \"2min\", or a number of seconds",
            ),
            (
                "ignore = ['frame-server-maskd']",
                "ignore: there is no rule frame-server-maskd; did you mean frame-server-masked?",
            ),
            ("select = ['legacyy-*']", "select: no rule begins with legacyy-; did you mean legacy-*?"),
            (
                "[severity]\nframe-rsv2-set = 'fatal'",
                "severity.frame-rsv2-set: there is no severity fatal; there are error, warning, note and off",
            ),
            ("fail-on = 'never'", "fail-on: there is no severity never; there are error, warning and note"),
            ("thresholds = 1", "thresholds must be a table"),
        ] {
            assert_eq!(settings(text).unwrap_err().to_string(), complaint);
        }
    }
}
