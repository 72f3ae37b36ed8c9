//! Policies put into force between an analysis and what it is told to.

use super::*;
use crate::Role;
use crate::analysis::{Analyzer, Connection, ConnectionEnd, Options, Sink, Summary, Transport};
use crate::capture::Reader;
use crate::scenario::{Scenario, close, frame, ping, pong, text};
use crate::websocket::{Frame, Handshake, Message, Opcode};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Remembers what it is told.
#[derive(Default)]
struct Told {
    findings: Vec<Finding>,
    summary: Summary,
    handshakes: Vec<Handshake>,
    payloads: Vec<Vec<u8>>,
    reasons: Vec<String>,
}

impl Sink for Told {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.handshakes.extend(connection.handshake.cloned());
        Ok(())
    }

    fn frame(&mut self, _: u64, frame: &Frame<'_>) -> io::Result<()> {
        self.payloads.push(frame.payload.to_vec());
        Ok(())
    }

    fn message(&mut self, _: u64, message: &Message<'_>) -> io::Result<()> {
        self.payloads.push(message.payload.to_vec());
        Ok(())
    }

    fn finding(&mut self, _: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.findings.push(finding.clone());
        Ok(())
    }

    fn connection_end(&mut self, _: u64, end: &ConnectionEnd) -> io::Result<()> {
        let frames = &end.closing.frames;
        self.reasons.extend(frames.client.iter().chain(frames.server.iter()).map(|frame| frame.reason.clone()));
        Ok(())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.summary = *summary;
        Ok(())
    }
}

fn run(scenario: &Scenario, sink: &mut dyn Sink) {
    let mut reader = Reader::from_read("memory", Box::new(io::Cursor::new(scenario.pcapng_bytes()))).unwrap();
    let mut analyzer = Analyzer::new(Options::default());
    analyzer.read(&mut reader, sink).unwrap();
    analyzer.finish(sink).unwrap();
}

fn enforced(policy: &Policy, scenario: &Scenario) -> Told {
    let mut told = Told::default();
    run(scenario, &mut Enforcer::new(policy, &mut told));
    told
}

fn fingerprints(scenario: &Scenario) -> Vec<String> {
    let told = enforced(&Policy::default(), scenario);
    told.findings.iter().map(|finding| finding.fingerprint.unwrap().to_string()).collect()
}

/// Two errors of the server and one of the client.
fn faulty() -> Scenario {
    Scenario::new()
        .handshake_with(|request| request, |response| response)
        .server(text("one").masked([1, 2, 3, 4]))
        .client(text("two").unmasked())
        .server(text("three").masked([9, 8, 7, 6]))
}

fn select(select: &[&str], ignore: &[&str], severities: &[&str]) -> Policy {
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let severities = severities.iter().map(|text| text.parse().unwrap()).collect();
    let selection = Selection { select: patterns(select), ignore: patterns(ignore), severities };
    Policy { selection, baseline: None }
}

#[test]
fn only_selected_rules_are_told_and_counted() {
    let errors = |policy: &Policy| {
        let told = enforced(policy, &faulty());
        let rules: Vec<_> =
            told.findings.iter().map(|finding| finding.rule.id).filter(|id| id.starts_with("frame-")).collect();
        (rules.len(), told.summary.errors, told.summary.warnings)
    };
    let all = errors(&select(&["frame-*"], &[], &[]));
    assert_eq!(all, (3, 3, 0));
    assert_eq!(errors(&select(&["frame-server-masked"], &[], &[])), (2, 2, 0));
    assert_eq!(errors(&select(&["frame-*"], &["frame-server-*"], &[])), (1, 1, 0));
    assert_eq!(errors(&select(&["frame-*"], &[], &["frame-server-masked=off"])), (1, 1, 0));
    assert_eq!(errors(&select(&["frame-*"], &[], &["frame-*=warning", "frame-client-unmasked=error"])), (3, 1, 2));
    assert_eq!(errors(&select(&["expect-*"], &[], &[])).0, 0);
}

#[test]
fn another_severity_raises_no_finding_that_was_lowered() {
    // Opcode 3 is an error, but only a note where an extension that is not known may define it.
    let scenario = Scenario::new().handshake_with_extensions("x-own", "x-own").client(frame(Opcode(3), b"x"));
    let severity = |severities: &[&str]| {
        let told = enforced(&select(&["frame-opcode-*"], &[], severities), &scenario);
        told.findings[0].severity
    };
    assert_eq!(severity(&[]), Severity::Note);
    assert_eq!(severity(&["frame-opcode-reserved-data=error"]), Severity::Note);
}

#[test]
fn groups_that_are_opted_into_are_off_by_default() {
    let rule = |id| rules::find(id).unwrap();
    let (clear, idle, masked) = (rule("sec-cleartext-ws"), rule("idle-no-keepalive"), rule("frame-server-masked"));
    let on = |texts: &[&str], rule| select(texts, &[], &[]).selection.is_on(rule);
    assert!(!on(&[], clear) && !on(&[], idle) && on(&[], masked));
    assert!(on(&["sec-*"], clear) && !on(&["sec-*"], idle) && !on(&["sec-*"], masked));
    assert!(on(&["default", "sec-*"], clear) && on(&["default", "sec-*"], masked));
    assert!(on(&["*"], clear) && on(&["*"], masked));
}

#[test]
fn patterns_that_match_nothing_are_mistakes() {
    assert!("frame-server-maskd".parse::<Pattern>().unwrap_err().ends_with("did you mean frame-server-masked?"));
    assert!("frmae-*".parse::<Pattern>().unwrap_err().contains("frame-*"));
    assert!("frame-server-masked=fatal".parse::<Override>().is_err());
    assert!("frame-server-masked".parse::<Override>().is_err());
}

#[test]
fn the_same_conversation_has_the_same_fingerprints() {
    let client: SocketAddr = "192.0.2.7:61234".parse().unwrap();
    let server: SocketAddr = "192.0.2.9:8080".parse().unwrap();
    let later = Scenario::new().seed(7).after(Duration::from_secs(3600)).endpoints(client, server).then(faulty());
    assert_eq!(fingerprints(&faulty()), fingerprints(&later));
    // The order in which the frames of the two sides were captured says nothing either.
    let crossing = Scenario::new()
        .handshake()
        .client(text("two").unmasked())
        .server(text("one").masked([1, 2, 3, 4]))
        .server(text("three").masked([1, 2, 3, 4]));
    let sorted = |scenario: &Scenario| {
        let mut fingerprints = fingerprints(scenario);
        fingerprints.sort();
        fingerprints
    };
    let (one, other) = (sorted(&faulty()), sorted(&crossing));
    assert!(one.iter().all(|fingerprint| other.contains(fingerprint)), "{one:?} {other:?}");
}

#[test]
fn different_faults_have_different_fingerprints() {
    let of = |scenario: Scenario| {
        let told = enforced(&select(&["frame-*"], &[], &[]), &scenario);
        told.findings[0].fingerprint.unwrap()
    };
    let handshake = || Scenario::new().handshake();
    let to = |target: &'static str| Scenario::new().handshake_with(move |request| request.target(target), |r| r);
    let masked = of(handshake().server(text("a").masked([1; 4])));
    assert_eq!(masked, of(handshake().server(text("bbb").masked([2; 4]))));
    assert_eq!(of(to("/a?id=1").server(text("a").masked([1; 4]))), of(to("/a?id=2").server(text("a").masked([1; 4]))));
    assert_ne!(masked, of(to("/other").server(text("a").masked([1; 4]))));
    assert_ne!(masked, of(handshake().server(ping(b"a").masked([1; 4]))));
    assert_ne!(masked, of(handshake().client(text("a").unmasked())));
    assert_ne!(of(handshake().client(frame(Opcode(3), b""))), of(handshake().client(frame(Opcode(4), b""))));
}

#[test]
fn what_a_baseline_lists_is_known_and_does_not_count() {
    let mut file = Vec::new();
    let policy = select(&["frame-*"], &[], &[]);
    let mut writer = BaselineWriter::new(&mut file);
    run(&faulty(), &mut Enforcer::new(&policy, &mut writer));
    let baseline = Baseline::parse(std::str::from_utf8(&file).unwrap()).unwrap();
    let policy = Policy { baseline: Some(baseline), ..policy };
    let told = enforced(&policy, &faulty());
    assert_eq!((told.summary.errors, told.summary.known), (0, 3));
    let bar = Bar { least: Severity::Note, after_gap: true };
    assert!(told.findings.iter().all(|finding| finding.known && !bar.fails(finding)));
    // One more of the same is new.
    let told = enforced(&policy, &faulty().server(text("four").masked([5, 5, 5, 5])));
    assert_eq!((told.summary.errors, told.summary.known), (1, 3));
}

#[test]
fn what_is_no_baseline_is_refused() {
    for text in ["", "[]", "{}", r#"{"version":2,"findings":[]}"#, r#"{"version":1,"findings":[{"fingerprint":"x"}]}"#]
    {
        assert!(Baseline::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_limit_hides_findings_but_not_their_number() {
    let mut told = Told::default();
    run(&faulty(), &mut Enforcer::new(&select(&["frame-*"], &[], &[]), &mut Limit::new(&mut told, 1)));
    assert_eq!((told.findings.len(), told.summary.errors, told.summary.unlisted), (1, 3, 2));
}

#[test]
fn no_secret_gets_past_the_redactor() {
    const SECRET: &str = "s3cr3t";
    let scenario = Scenario::new()
        .handshake_with(
            |request| {
                request
                    .target("/chat?token=s3cr3t")
                    .header("Authorization", "Bearer s3cr3t")
                    .header("cookie", "id=s3cr3t")
                    .header("Referer", "http://me:s3cr3t@host/?t=s3cr3t")
            },
            |response| response.header("Set-Cookie", "id=s3cr3t"),
        )
        .client(text(SECRET).unmasked())
        .server(frame(Opcode(3), SECRET.as_bytes()))
        .server(ping(SECRET.as_bytes()))
        .server(close(1000, SECRET))
        .client(close(1000, SECRET));
    let mut told = Told::default();
    run(&scenario, &mut Redactor::new(&mut told));
    let all = format!("{:?} {:?}", told.findings, told.reasons);
    assert!(!all.contains(SECRET), "{all}");
    let Handshake { attempt, .. } = &told.handshakes[0];
    let (request, response) = (attempt.request.as_ref().unwrap(), attempt.response.as_ref().unwrap());
    assert_eq!(request.line.target, "/chat?token=[redacted]");
    assert_eq!(request.first("authorization"), Some(&b"[redacted]"[..]));
    assert_eq!(request.first("referer"), Some(&b"http://[redacted]@host/?t=[redacted]"[..]));
    assert!(request.first("sec-websocket-key").is_some_and(|key| key.len() == 24));
    assert_eq!(response.first("set-cookie"), Some(&b"[redacted]"[..]));
    // The status code of a Close is not a secret.
    let kept: Vec<_> = told.payloads.iter().filter(|payload| !payload.is_empty()).collect();
    assert_eq!(kept, [&1000u16.to_be_bytes().to_vec(), &1000u16.to_be_bytes().to_vec()]);
    // Neither is the header of a frame.
    let unmasked = told.findings.iter().find(|finding| finding.rule.id == "frame-client-unmasked").unwrap();
    assert_eq!(unmasked.evidence, [0x81, 0x06]);
}

fn unmet(expected: &Expectations, scenario: &Scenario) -> Vec<&'static str> {
    let mut told = Told::default();
    run(scenario, &mut Expecting::new(expected, &mut told));
    let expectations = told.findings.iter().filter(|finding| is_expectation(finding.rule));
    expectations.inspect(|finding| assert!(finding.packet.is_some())).map(|finding| finding.rule.id).collect()
}

#[test]
fn every_expectation_fires_on_its_example_and_on_no_other() {
    let none = Expectations::default;
    let expectations = [
        ("expect-connections", Expectations { at_least: Some(2), ..none() }),
        ("expect-not-refused", Expectations { at_least: Some(0), not_refused: true, ..none() }),
        ("expect-extension", Expectations { extensions: vec!["permessage-deflate".into()], ..none() }),
        ("expect-subprotocol", Expectations { subprotocol: Some("chat".into()), ..none() }),
        (
            "expect-close",
            Expectations { close: Some(ExpectedClose { code: Some(1000), by: Some(Role::Server) }), ..none() },
        ),
        ("expect-ping-answered", Expectations { ping_answered: Some(Duration::from_secs(5)), ..none() }),
    ];
    for (id, expected) in &expectations {
        let rule = find(id).unwrap();
        assert_eq!(unmet(expected, &(rule.breaks)()), [*id]);
        assert_eq!(unmet(expected, &(rule.keeps)()), [""; 0], "{id}");
        assert!(expected.rules().contains(&rule));
    }
    // A scenario has no TLS.
    let clear = find("expect-transport").unwrap();
    let over = |transport| Expectations { transport: Some(transport), ..none() };
    assert_eq!(unmet(&over(Transport::Tls), &(clear.breaks)()), ["expect-transport"]);
    assert_eq!(unmet(&over(Transport::Tcp), &(clear.keeps)()), [""; 0]);
    let tested: Vec<_> = expectations.iter().map(|(id, _)| *id).chain(["expect-transport"]).collect();
    assert!(expectations::RULES.iter().all(|rule| tested.contains(&rule.id)));
}

#[test]
fn an_expectation_that_cannot_be_checked_is_not_met() {
    let deflate = Expectations { extensions: vec!["permessage-deflate".into()], ..Expectations::default() };
    let mid_stream =
        Scenario::new().handshake().begin_mid_stream().repeat(8, |s| s.client(text("Hello")).server(text("Hi")));
    assert_eq!(unmet(&deflate, &mid_stream), ["expect-extension"]);
    let refused = Scenario::new().request(|request| request).response(|response| response.status(403, "Forbidden"));
    assert_eq!(unmet(&deflate, &refused), ["expect-connections"]);
}

#[test]
fn a_ping_that_nobody_can_answer_any_more_is_not_expected_to_be() {
    let within = Expectations { ping_answered: Some(Duration::from_secs(5)), ..Expectations::default() };
    let asked = || Scenario::new().handshake().server(ping(b"a"));
    let late = Duration::from_secs(9);
    assert_eq!(unmet(&within, &asked().after(late).client(text("still here"))), ["expect-ping-answered"]);
    assert_eq!(unmet(&within, &asked().client(close(1000, "")).after(late).server(close(1000, ""))), [""; 0]);
    assert_eq!(unmet(&within, &asked()), [""; 0]);
    // The Pong to a later Ping answers this one as well (RFC 6455 §5.5.3), but late.
    let both = asked().after(late).server(ping(b"b")).client(pong(b"b"));
    assert_eq!(unmet(&within, &both), ["expect-ping-answered"]);
}

#[test]
fn closes_are_told_as_applications_see_them() {
    let expect = |code, by| Expectations { close: Some(ExpectedClose { code, by }), ..Expectations::default() };
    let cut = Scenario::new().handshake().rst(Role::Server);
    assert_eq!(unmet(&expect(Some(1006), None), &cut), [""; 0]);
    assert_eq!(unmet(&expect(Some(1000), None), &cut), ["expect-close"]);
    let open = Scenario::new().handshake();
    assert_eq!(unmet(&expect(Some(1006), None), &open), ["expect-close"]);
    let client = Scenario::new().handshake().client(crate::scenario::close_empty()).server(close(1000, ""));
    assert_eq!(unmet(&expect(Some(1005), Some(Role::Client)), &client), [""; 0]);
    assert_eq!(unmet(&expect(None, Some(Role::Server)), &client), ["expect-close"]);
}
