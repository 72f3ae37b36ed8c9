//! All rules as a page in Markdown: `docs/rules.md`.

use super::links::address;
use crate::policy;
use crate::rules::{Requirement, Rule, Severity, thresholds_of};
use std::fmt::Write;

/// The page. It depends on the declarations alone.
pub fn markdown() -> String {
    let rules: Vec<&Rule> = policy::catalogue().collect();
    let of = |severity| rules.iter().filter(|rule| rule.severity == severity).count();
    let mut page = format!(
        "# The rules\n\n\
        <!-- Written by `wslens rules list --format markdown`; do not edit. -->\n\n\
        {} rules: {} errors, {} warnings, {} notes. An error is a MUST that bytes in the capture prove broken; a warning is a \
        broken SHOULD, or a MUST broken by inference; a note is legal but worth saying. `wslens rules show RULE` tells more of \
        each: the text's own sentence, why it matters, what it does not guess, and what it says of its example. \
        `wslens rules example RULE -o a.pcapng` writes that example.\n",
        rules.len(),
        of(Severity::Error),
        of(Severity::Warning),
        of(Severity::Note),
    );
    let mut groups: Vec<&str> = Vec::new();
    for rule in &rules {
        if !groups.contains(&group(rule)) {
            groups.push(group(rule));
        }
    }
    for name in groups {
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## {name}-*\n\n| rule | severity | blames | source | what it says | the receiver | thresholds |\n|---|---|---|---|---|---|---|\n",
        );
        for rule in rules.iter().filter(|rule| group(rule) == name) {
            let source = match address(rule.source) {
                Some(address) => format!("[{}]({address})", cell(rule.source)),
                None => cell(rule.source),
            };
            let lines: Vec<String> = thresholds_of(rule.id).iter().map(|line| format!("`{line}`")).collect();
            let (id, severity, blames) = (rule.id, rule.severity, rule.blames.name());
            let statement = cell(rule.statement);
            let requires = match rule.requires {
                Requirement::Nothing => String::new(),
                requires => cell(&requires.to_string()),
            };
            let _ = writeln!(
                page,
                "| `{id}` | {severity} | {blames} | {source} | {statement} | {requires} | {} |",
                lines.join(", ")
            );
        }
    }
    page
}

/// `frame` of `frame-client-unmasked`: what selects the rule with others of its kind.
fn group(rule: &Rule) -> &'static str {
    rule.id.split('-').next().unwrap_or_default()
}

/// Text in a cell: no bar may end it, no line may break it, and nothing in it is markup.
fn cell(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(words.len());
    for character in words.chars() {
        if matches!(character, '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
