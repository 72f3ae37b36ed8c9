//! Which rules are on, and with which severity.

use super::{catalogue, is_expectation, suggest};
use crate::rules::{Rule, Severity};
use std::collections::BTreeSet;
use std::str::FromStr;

/// One rule, or a group of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `default`: all but the rules that are off unless they are selected.
    Default,
    /// `close-*`: the rules whose ids begin so; `*` is all of them.
    Group(String),
    /// `close-not-answered`
    Rule(&'static Rule),
}

impl Pattern {
    /// Whether the rule is meant.
    pub fn matches(&self, rule: &Rule) -> bool {
        match self {
            Pattern::Default => !rule.is_opt_in(),
            Pattern::Group(prefix) => rule.id.starts_with(prefix.as_str()),
            Pattern::Rule(this) => *this == rule,
        }
    }
}

impl FromStr for Pattern {
    type Err = String;

    /// Reads an id, the beginning of ids with a `*` behind it, or `default`. Fails for what matches no rule.
    fn from_str(text: &str) -> Result<Pattern, String> {
        if text == "default" {
            return Ok(Pattern::Default);
        }
        let Some(prefix) = text.strip_suffix('*') else {
            let rule = super::find(text).map(Pattern::Rule);
            return rule.ok_or_else(|| match suggest::hint(text, ids()).as_str() {
                "" => format!("there is no rule {text}; `wslens rules list` lists them"),
                hint => format!("there is no rule {text}{hint}"),
            });
        };
        if ids().any(|id| id.starts_with(prefix)) {
            return Ok(Pattern::Group(prefix.to_owned()));
        }
        let groups: BTreeSet<String> = ids().filter_map(|id| Some(format!("{}-*", id.split_once('-')?.0))).collect();
        Err(format!("no rule begins with {prefix}{}", suggest::hint(text, groups.iter().map(String::as_str))))
    }
}

fn ids() -> impl Iterator<Item = &'static str> {
    catalogue().map(|rule| rule.id)
}

/// A severity, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The rule is off.
    Off,
    /// It has this severity.
    Is(Severity),
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        match text {
            "error" => Ok(Level::Is(Severity::Error)),
            "warning" => Ok(Level::Is(Severity::Warning)),
            "note" => Ok(Level::Is(Severity::Note)),
            "off" => Ok(Level::Off),
            _ => Err(format!("there is no severity {text}; there are error, warning, note and off")),
        }
    }
}

/// Rules that get another severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Which.
    pub rules: Pattern,
    /// What they get.
    pub level: Level,
}

impl FromStr for Override {
    type Err = String;

    /// Reads `close-abnormal=error`.
    fn from_str(text: &str) -> Result<Override, String> {
        let (rules, level) = text.split_once('=').ok_or("write it as RULE=LEVEL, as in close-abnormal=error")?;
        Ok(Override { rules: rules.parse()?, level: level.parse()? })
    }
}

/// The rules that are on.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// These are on; [`Pattern::Default`] where it is empty.
    pub select: Vec<Pattern>,
    /// But not these.
    pub ignore: Vec<Pattern>,
    /// Severities other than the rules' own; of two for one rule the later counts.
    pub severities: Vec<Override>,
}

impl Selection {
    /// Whether findings of the rule are told.
    pub fn is_on(&self, rule: &Rule) -> bool {
        let selected = match self.select.as_slice() {
            [] => Pattern::Default.matches(rule),
            // Who states expectations wants them judged, whatever else is selected.
            some => is_expectation(rule) || some.iter().any(|pattern| pattern.matches(rule)),
        };
        selected && !self.ignore.iter().any(|pattern| pattern.matches(rule)) && self.level(rule) != Some(Level::Off)
    }

    fn level(&self, rule: &Rule) -> Option<Level> {
        self.severities.iter().rev().find(|other| other.rules.matches(rule)).map(|other| other.level)
    }

    /// The severity of a finding, `None` where its rule is off.
    ///
    /// Another severity stands for the rule's own. A finding whose circumstances make it less than its rule is not
    /// raised by it: the rule was not sure there.
    pub fn judge(&self, rule: &Rule, severity: Severity) -> Option<Severity> {
        if !self.is_on(rule) {
            return None;
        }
        match self.level(rule) {
            Some(Level::Is(level)) if severity < rule.severity => Some(level.min(severity)),
            Some(Level::Is(level)) => Some(level),
            _ => Some(severity),
        }
    }
}
