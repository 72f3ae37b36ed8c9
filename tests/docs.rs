//! The tables in docs/ are what the program says today. With `UPDATE_DOCS=1` in the environment they are written anew.

mod common;

use common::{Recorder, testdata};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wslens::Role;
use wslens::rules::{Finding, Severity};

#[track_caller]
fn check(name: &str, made: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/{name} is not up to date: UPDATE_DOCS=1 cargo test --test docs");
}

#[test]
fn the_table_of_rules_is_up_to_date() {
    let output = Command::new(env!("CARGO_BIN_EXE_wslens")).args(["rules", "list", "--format", "markdown"]).output();
    let made = String::from_utf8(output.unwrap().stdout).unwrap();
    for rule in wslens::policy::catalogue() {
        assert_eq!(made.matches(&format!("\n| `{}` | ", rule.id)).count(), 1, "{}", rule.id);
    }
    check("rules.md", &made);
}

/// A row of `cases.tsv`.
struct Case {
    capture: String,
    connection: u64,
    case: String,
    violation: String,
    by: Option<Role>,
    verdict: String,
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(testdata("autobahn/cases.tsv")).unwrap();
    let case = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        Case {
            capture: fields[0].to_owned(),
            connection: fields[1].parse().unwrap(),
            case: fields[2].to_owned(),
            violation: fields[4].to_owned(),
            by: match fields[5] {
                "client" => Some(Role::Client),
                "server" => Some(Role::Server),
                _ => None,
            },
            verdict: fields[7].to_owned(),
        }
    };
    text.lines().skip(1).map(case).collect()
}

/// What was said of each connection that counts: errors and warnings.
fn outcomes(capture: &str) -> BTreeMap<u64, Vec<Finding>> {
    let mut outcomes: BTreeMap<u64, Vec<Finding>> = BTreeMap::new();
    for (id, finding) in Recorder::read(&testdata(&format!("autobahn/{capture}"))).findings {
        if let Some(id) = id.filter(|_| finding.severity >= Severity::Warning) {
            outcomes.entry(id).or_default().push(finding);
        }
    }
    outcomes
}

/// `frame-rsv2-set, close-abnormal (warning)` for those that blame this side; a dash for none.
fn told(findings: &[Finding], blame: Role) -> String {
    let mut rules: Vec<String> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.blame == Some(blame)) {
        let weak = if finding.severity == Severity::Warning { " (warning)" } else { "" };
        let rule = format!("`{}`{weak}", finding.rule.id);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    if rules.is_empty() { "—".to_owned() } else { rules.join(", ") }
}

/// One line for neighbouring cases of which the same is said.
fn ranged(rows: Vec<(String, [String; 4])>) -> String {
    let mut out = String::new();
    for group in rows.chunk_by(|a, b| a.1 == b.1) {
        let (first, last) = (&group[0].0, &group[group.len() - 1].0);
        let cases = if first == last { first.clone() } else { format!("{first} to {last}") };
        let cells = group[0].1.join(" | ");
        out += &format!("| {cases} | {cells} |\n");
    }
    out
}

#[test]
fn the_outcome_of_every_autobahn_case_is_up_to_date() {
    let cases = cases();
    let mut page = "# What wslens says of the Autobahn Testsuite\n\n\
        <!-- Written by `UPDATE_DOCS=1 cargo test --test docs`; do not edit. -->\n\n\
        Autobahn Testsuite 0.8.2, cases 1 to 7, 10, 12 and 13, against conforming peers, captured once from each side \
        ([how](../testdata/README.md#autobahn-testsuite)). In a fuzzing run the fuzzer breaks the rules on purpose and the \
        peer does not. The table says which rules fire and whom they blame; neighbouring cases of which the same is said \
        share a line. Notes are left out. `none; odd` is what no sentence of RFC 6455 forbids.\n"
        .to_owned();
    for (capture, fuzzer, intro) in [
        ("fuzzingclient.pcap.gz", Role::Client, "The fuzzing client against the server of Python `websockets`"),
        ("fuzzingserver.pcap.gz", Role::Server, "The fuzzing server against the client of node `ws`"),
    ] {
        let outcomes = outcomes(capture);
        let (mut broken, mut seen, mut kept, mut silent) = (0, 0, 0, 0);
        let mut rows = Vec::new();
        for case in cases.iter().filter(|case| case.capture == capture) {
            // Connections are counted from 1 there.
            let findings = outcomes.get(&(case.connection - 1)).map_or(&[][..], Vec::as_slice);
            let errors = |role| findings.iter().any(|f| f.blame == Some(role) && f.severity == Severity::Error);
            match case.by {
                Some(by) => {
                    broken += 1;
                    seen += u32::from(errors(by));
                }
                None => {
                    kept += 1;
                    silent += u32::from(!errors(fuzzer));
                }
            }
            assert!(!errors(fuzzer.peer()), "the peer conforms in case {}", case.case);
            let cells = [
                case.violation.replace('|', "\\|"),
                told(findings, fuzzer),
                told(findings, fuzzer.peer()),
                case.verdict.clone(),
            ];
            let name =
                if case.case == "-" { "none: the count of cases, the report".to_owned() } else { case.case.clone() };
            rows.push((name, cells));
        }
        assert_eq!((seen, silent), (broken, kept));
        page += &format!(
            "\n## {intro}\n\n`testdata/autobahn/{capture}`: {broken} cases in which the fuzzer breaks a rule, {seen} of them with \
            an error that blames it; {kept} cases in which it breaks none, {silent} of them without an error.\n\n\
            | case | what the fuzzer does wrong | said of the fuzzer | said of the peer | Autobahn's verdict on the peer |\n\
            |---|---|---|---|---|\n{}",
            ranged(rows)
        );
    }
    check("autobahn.md", &page);
}

#[test]
fn silence_on_conforming_pairs_is_up_to_date() {
    let mut captures: Vec<PathBuf> =
        fs::read_dir(testdata("pairs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    captures.sort();
    let mut rows = String::new();
    let mut totals = [0; 4];
    for capture in &captures {
        let name = capture.file_name().unwrap().to_str().unwrap();
        let seen = Recorder::read(capture);
        let of = |severity| seen.findings.iter().filter(|(_, finding)| finding.severity == severity).count();
        let mut rules: Vec<String> = Vec::new();
        for (_, finding) in seen.findings.iter().filter(|(_, finding)| finding.severity > Severity::Note) {
            assert!(finding.rule.id.starts_with("close-"), "{name}: {}", finding.rule.id);
            let blame = finding.blame.map_or("nobody", Role::name);
            let rule = format!("`{}` ({blame})", finding.rule.id);
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        let counts = [seen.endpoints.len(), seen.frames.len(), of(Severity::Error), of(Severity::Warning)];
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
        let [connections, frames, errors, warnings] = counts;
        let rules = if rules.is_empty() { "—".to_owned() } else { rules.join(", ") };
        rows += &format!("| `{name}` | {connections} | {frames} | {errors} | {warnings} | {rules} |\n");
    }
    let [connections, frames, errors, warnings] = totals;
    assert_eq!(errors, 0);
    let page = format!(
        "# Silence on peers that conform\n\n\
        <!-- Written by `UPDATE_DOCS=1 cargo test --test docs`; do not edit. -->\n\n\
        A referee that blames the innocent is worse than none. So programs that are known to conform were set against each \
        other on loopback, with and without compression, directly and through nginx and HAProxy \
        ([how](../testdata/README.md)), and what wslens says of them is counted here.\n\n\
        {} captures with {connections} connections and {frames} frames: {errors} errors, {warnings} warnings. All warnings are \
        about how connections end, where programs do what RFC 6455 §7 would rather have otherwise: clients that finish TCP \
        before the server, Closes that are not answered before TCP ends. Notes are not counted: they tell of what is legal.\n\n\
        | capture (client, server) | connections | frames | errors | warnings | which |\n|---|---|---|---|---|---|\n{rows}\n\
        The first measurement was broader: 94 captures of such pairs, which are not all in the repository. In none of them \
        was there an error or a warning about handshakes, negotiation, framing, masking, UTF-8 or deflate. It was made once, \
        with the rules of its time; the test behind this page repeats the one above with those of today.\n",
        captures.len(),
    );
    check("silence.md", &page);
}
