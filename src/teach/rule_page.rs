//! A rule's declaration as a page.

use super::explain::{Context, diagram};
use super::text::{Span, Style, Text};
use crate::escape::printable;
use crate::rules::{Finding, Requirement, Rule, Severity, thresholds_of};

/// Where the words stand.
const INDENT: usize = 2;

/// The page of a rule: what it says, where that stands, why it matters, what it does not guess, and how to see it.
/// No line is wider than `columns`, as long as that is at least 20.
pub fn rule_page(rule: &Rule, columns: usize) -> Text {
    let columns = columns.max(20);
    let mut text = Text::default();
    let style = match rule.severity {
        Severity::Error => Style::Fault,
        Severity::Warning => Style::Warning,
        Severity::Note => Style::Plain,
    };
    text.flow(Vec::new(), 0, &[Span::new(rule.id, Style::Strong)], columns);
    text.flow(Vec::new(), 0, &[Span::plain(rule.statement)], columns);
    text.blank();
    for (name, value, style) in [
        ("severity", rule.severity.name(), style),
        ("blames", rule.blames.name(), Style::Plain),
        ("source", rule.source, Style::Plain),
    ] {
        let lead = vec![Span::new(format!("{name:<10}"), Style::Dim)];
        text.flow(lead, 11, &[Span::new(value, style)], columns);
    }
    if rule.requires != Requirement::Nothing {
        let lead = vec![Span::new(format!("{:<10}", "receiver"), Style::Dim)];
        text.flow(lead, 11, &[Span::plain(rule.requires.to_string())], columns);
    }
    if rule.is_opt_in() {
        let lead = vec![Span::new(format!("{:<10}", "off"), Style::Dim)];
        let words = format!("unless it is selected: --select default,{}", rule.id);
        text.flow(lead, 11, &[Span::plain(words)], columns);
    }
    let quote = if rule.quote.is_empty() { String::new() } else { format!("\"{}\"", rule.quote) };
    for (title, words) in [
        ("What the text says", quote.as_str()),
        ("Why it matters", rule.why),
        ("What it does not guess", rule.restraint),
    ] {
        if !words.is_empty() {
            text.heading(title);
            // A declaration may be written over several lines.
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            text.flow(Vec::new(), INDENT, &[Span::plain(printable(words.as_bytes()).into_owned())], columns);
        }
    }
    let lines = thresholds_of(rule.id);
    if !lines.is_empty() {
        text.heading("Where it draws the line");
        for line in lines {
            text.flow(Vec::new(), INDENT, &[Span::new(format!("--threshold {line}"), Style::Strong)], columns);
        }
    }
    text.heading("See it");
    let command = format!("wslens rules example {} -o example.pcapng", rule.id);
    text.flow(Vec::new(), INDENT, &[Span::new(command, Style::Strong)], columns);
    text
}

/// What the rule says of its own example, and the frame that it says it of, where it speaks of one: its wire bytes and
/// what is known of it.
pub fn rule_example(finding: &Finding, frame: Option<(&[u8], &Context<'_>)>, columns: usize) -> Text {
    let columns = columns.max(20);
    let mut text = Text::default();
    // It stands below the page.
    text.push(Vec::new());
    text.heading("What it says of its example");
    let packet = finding.packet.map_or(String::new(), |packet| format!("packet {}: ", packet.number()));
    let message = printable(finding.message.as_bytes()).into_owned();
    text.flow(Vec::new(), INDENT, &[Span::new(packet, Style::Dim), Span::plain(message)], columns);
    if let Some((bytes, context)) = frame {
        text.blank();
        text.append(diagram(bytes, context));
    }
    text
}
