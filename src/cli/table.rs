//! TOML with nothing left over: a table whose keys are taken one by one, so that a key nobody takes is a mistake and
//! is said to be one.

use crate::policy::nearest;
use anyhow::{Context, Result, anyhow, bail};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use toml::Value;

/// A table of a TOML file.
pub struct Table {
    /// Where it stands, for complaints: `[thresholds]`; empty at the top.
    name: String,
    entries: toml::Table,
    /// The keys that were asked for.
    asked: Vec<&'static str>,
}

impl Table {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Table> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Table::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads a text.
    pub fn parse(text: &str) -> Result<Table> {
        // The parser's complaint spans lines with a picture of the place.
        let entries = text.parse::<toml::Table>().map_err(|error| anyhow!("{}", place(text, &error)))?;
        Ok(Table { name: String::new(), entries, asked: Vec::new() })
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.entries.remove(key)
    }

    fn at(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// A table in this one; empty where there is none.
    pub fn table(&mut self, key: &'static str) -> Result<Table> {
        let name = self.at(key);
        match self.take(key) {
            None => Ok(Table { name, entries: toml::Table::new(), asked: Vec::new() }),
            Some(Value::Table(entries)) => Ok(Table { name, entries, asked: Vec::new() }),
            Some(_) => bail!("{name} must be a table"),
        }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A text, read as `T`.
    pub fn text<T: FromStr<Err: std::fmt::Display>>(&mut self, key: &'static str) -> Result<Option<T>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => parsed(&self.at(key), &text).map(Some),
            Some(_) => bail!("{} must be a text", self.at(key)),
        }
    }

    /// A list of texts, or one alone, each read as `T`; empty where there is none.
    pub fn texts<T: FromStr<Err: std::fmt::Display>>(&mut self, key: &'static str) -> Result<Vec<T>> {
        let name = self.at(key);
        let wrong = || anyhow!("{name} must be a list of texts");
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![parsed(&name, &text)?]),
            Some(Value::Array(values)) => {
                values.iter().map(|value| parsed(&name, value.as_str().ok_or_else(wrong)?)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A whole number, zero or above.
    pub fn number(&mut self, key: &'static str) -> Result<Option<u64>> {
        let name = self.at(key);
        let value = self.take(key);
        value
            .map(|value| value.as_integer().and_then(|number| u64::try_from(number).ok()))
            .map(|number| number.ok_or_else(|| anyhow!("{name} must be a whole number that is not negative")))
            .transpose()
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Result<bool> {
        let name = self.at(key);
        let value = self.take(key).map_or(Some(false), |value| value.as_bool());
        value.ok_or_else(|| anyhow!("{name} must be true or false"))
    }

    /// A time: `"5s"`, `"500ms"`, or a number of seconds.
    pub fn time(&mut self, key: &'static str) -> Result<Option<Duration>> {
        let name = self.at(key);
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
        let time = match self.take(key) {
            None => return Ok(None),
            Some(Value::String(text)) => duration(&text),
            Some(Value::Integer(number)) => u64::try_from(number).ok().map(Duration::from_secs),
            Some(Value::Float(number)) => seconds(number),
            Some(_) => None,
        };
        match time {
            Some(time) => Ok(Some(time)),
            None => bail!("{name} must be a time: \"5s\", \"500ms\", \"2min\", or a number of seconds"),
        }
    }

    /// All entries whose values are texts.
    pub fn into_texts(self) -> Result<Vec<(String, String)>> {
        let name = self.name;
        let text = |(key, value)| match value {
            Value::String(text) => Ok((key, text)),
            _ => bail!("{name}.{key} must be a text"),
        };
        self.entries.into_iter().map(text).collect()
    }

    /// Fails where keys are left that nobody asked for.
    pub fn finish(self) -> Result<()> {
        let Some(key) = self.entries.keys().next() else { return Ok(()) };
        let place = if self.name.is_empty() { String::new() } else { format!(" in {}", self.name) };
        match nearest(key, self.asked.iter().copied()).first() {
            Some(meant) => bail!("there is no key {key}{place}; did you mean {meant}?"),
            None => bail!("there is no key {key}{place}; there are {}", self.asked.join(", ")),
        }
    }
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T> {
    text.parse().map_err(|error| anyhow!("{name}: {error}"))
}

fn place(text: &str, error: &toml::de::Error) -> String {
    let line =
        error.span().map(|span| text.as_bytes()[..span.start.min(text.len())].iter().filter(|&&b| b == b'\n').count());
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    line.map_or(message.clone(), |line| format!("line {}: {message}", line + 1))
}

/// `5s`, `500ms`, `1.5min`; a number alone counts seconds.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim_start() {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" => 1e-6,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * factor).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("5s"), Some(Duration::from_secs(5)));
        assert_eq!(duration("500 ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("1.5min"), Some(Duration::from_secs(90)));
        assert_eq!(duration("7"), Some(Duration::from_secs(7)));
        for wrong in ["", "s", "-5s", "5 parsecs", "1.2.3s", "9e99s", "99999999999999999999999h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_that_nobody_takes_is_a_mistake() {
        let mut table = Table::parse("ignroe = []").unwrap();
        assert!(table.texts::<String>("ignore").unwrap().is_empty());
        assert_eq!(table.finish().unwrap_err().to_string(), "there is no key ignroe; did you mean ignore?");
        assert!(Table::parse("a =").err().unwrap().to_string().starts_with("line 1: "));
    }
}
