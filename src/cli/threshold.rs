//! `--threshold NAME=VALUE`: a line that a rule draws, drawn elsewhere.

use super::table::duration;
use crate::policy::nearest;
use crate::rules::{Line, Thresholds};
use std::str::FromStr;
use std::time::Duration;

/// A line by its name, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    name: String,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Time(Duration),
    Count(u64),
    SmallCount(u32),
}

impl Threshold {
    /// Draws it.
    pub fn draw(&self, thresholds: &mut Thresholds) {
        for (name, line) in thresholds.lines() {
            if name != self.name {
                continue;
            }
            match (line, self.value) {
                (Line::Time(time), Value::Time(value)) => *time = value,
                (Line::Count(count), Value::Count(value)) => *count = value,
                (Line::SmallCount(count), Value::SmallCount(value)) => *count = value,
                // The value was read for this line.
                _ => {}
            }
        }
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Threshold, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE, as in pong-slow=250ms")?;
        let mut thresholds = Thresholds::default();
        let mut lines = thresholds.lines();
        let Some((_, line)) = lines.iter_mut().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = lines.iter().map(|(known, _)| *known).collect();
            return Err(match nearest(name, names.iter().copied()).first() {
                Some(meant) => format!("there is no threshold {name}; did you mean {meant}?"),
                None => format!("there is no threshold {name}; there are {}", names.join(", ")),
            });
        };
        let value = match line {
            Line::Time(_) => duration(value).map(Value::Time).ok_or("is a time: 5s, 500ms, 2min"),
            Line::Count(_) => value.parse().map(Value::Count).map_err(|_| "is a whole number that is not negative"),
            Line::SmallCount(_) => value.parse().map(Value::SmallCount).map_err(|_| "is a whole number below 2^32"),
        };
        Ok(Threshold { name: name.to_owned(), value: value.map_err(|what| format!("{name} {what}"))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn() {
        let mut thresholds = Thresholds::default();
        for text in ["pong-slow=250ms", "frag-tiny-count=99", "pings-per-second=7"] {
            text.parse::<Threshold>().unwrap().draw(&mut thresholds);
        }
        assert_eq!(thresholds.pong_slow, Duration::from_millis(250));
        assert_eq!((thresholds.frag_tiny_count, thresholds.pings_per_second), (99, 7));
        assert_eq!(thresholds.close_fin_late, Thresholds::default().close_fin_late);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, complaint) in [
            ("pong-slow", "write it as NAME=VALUE, as in pong-slow=250ms"),
            ("pong-slwo=1", "there is no threshold pong-slwo; did you mean pong-slow?"),
            ("pong-slow=soon", "pong-slow is a time: 5s, 500ms, 2min"),
            ("frag-tiny-count=-1", "frag-tiny-count is a whole number that is not negative"),
            ("pings-per-second=4294967296", "pings-per-second is a whole number below 2^32"),
        ] {
            assert_eq!(text.parse::<Threshold>().unwrap_err(), complaint);
        }
    }
}
