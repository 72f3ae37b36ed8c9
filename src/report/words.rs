//! What the text formats share: colours, numbers for people, and the words for what came of a handshake.

use crate::Role;
use crate::escape::printable_within;
use crate::http::{RequestLine, StatusLine};
use crate::rules::Severity;
use crate::websocket::Handshake;
use anstyle::{AnsiColor, Style};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What stands out little: units, arrows, hints.
pub const DIM: Style = Style::new().dimmed();
/// What stands out: headings and names.
pub const BOLD: Style = Style::new().bold();
/// What is right.
pub const GOOD: Style = AnsiColor::Green.on_default();

/// A value in a style. The sequences are always written; who writes to something other than a terminal strips them
/// (`anstream`).
pub struct Styled<T>(pub Style, pub T);

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        self.1.fmt(f)?;
        write!(f, "{:#}", self.0)
    }
}

/// The style of a severity's name.
pub fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => AnsiColor::Blue.on_default(),
    }
}

/// The style of what belongs to an endpoint.
pub fn role_style(role: Role) -> Style {
    match role {
        Role::Client => AnsiColor::Cyan.on_default(),
        Role::Server => AnsiColor::Magenta.on_default(),
    }
}

/// `C→S` for what the client sent, `S→C` for what the server did.
pub fn arrow(sender: Role) -> &'static str {
    match sender {
        Role::Client => "C→S",
        Role::Server => "S→C",
    }
}

/// Bytes from the wire, made harmless for a terminal and cut to `columns`.
pub fn shown(bytes: &[u8], columns: usize) -> String {
    printable_within(bytes, columns)
}

/// `1 error`, `2 errors`.
pub fn count(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// `75 B`, `91.3 kB`, `1.2 GB`: decimal units, as network rates are counted in.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would be rounded to 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `850 µs`, `1.2 ms`, `12.3 s`, `2 min 03 s`, `1 h 02 min`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = duration.as_secs();
    match seconds {
        _ if duration.is_zero() => "0 s".to_owned(),
        _ if seconds < 0.001 => format!("{:.0} µs", seconds * 1e6),
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 60.0 => format!("{seconds:.1} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// What came of an opening handshake: `101`, `401`, `no answer`, `not captured`, or `mid-stream` without one.
pub fn outcome(handshake: Option<&Handshake>) -> Cow<'static, str> {
    match handshake.map(|handshake| (&handshake.attempt.response, handshake.attempt.switched)) {
        None => "mid-stream".into(),
        Some((Some(response), _)) => match &response.line {
            StatusLine { status: 0, .. } => "no HTTP answer".into(),
            StatusLine { status, .. } => status.to_string().into(),
        },
        Some((None, true)) => "answer not captured".into(),
        Some((None, false)) => "no answer".into(),
    }
}

/// `GET /chat`, in at most `columns` columns.
pub fn request_line(handshake: &Handshake, columns: usize) -> Option<String> {
    let RequestLine { method, target, .. } = &handshake.attempt.request.as_ref()?.line;
    Some(shown(format!("{method} {target}").as_bytes(), columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_of_fraction() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1000), "1.0 kB");
        assert_eq!(size(91_268), "91.3 kB");
        assert_eq!(size(999_949), "999.9 kB");
        assert_eq!(size(999_950), "1.0 MB");
        assert_eq!(size(u64::MAX), "18.4 EB");
    }

    #[test]
    fn durations_keep_to_two_units() {
        assert_eq!(duration(Duration::ZERO), "0 s");
        assert_eq!(duration(Duration::from_nanos(1200)), "1 µs");
        assert_eq!(duration(Duration::from_micros(1_250)), "1.2 ms");
        assert_eq!(duration(Duration::from_millis(12_300)), "12.3 s");
        assert_eq!(duration(Duration::from_secs(123)), "2 min 03 s");
        assert_eq!(duration(Duration::from_secs(3_725)), "1 h 02 min");
    }

    #[test]
    fn nouns_agree_with_their_number() {
        assert_eq!(count(0, "error"), "0 errors");
        assert_eq!(count(1, "error"), "1 error");
        assert_eq!(count(2, "error"), "2 errors");
    }
}
