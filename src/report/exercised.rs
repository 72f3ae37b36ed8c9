//! Which rules had anything to look at. A rule that found nothing because what it speaks of never happened did not
//! pass: nothing was tested.

use crate::analysis::{Connection, ConnectionEnd, Sink, Transport};
use crate::rules::{Blames, Finding, Rule};
use crate::websocket::{Closer, Family, Frame, Handshake, Kind, Message, Opcode, TcpEnd};
use crate::{PerRole, Role};
use std::collections::BTreeSet;
use std::io;

/// Something that a rule needs to have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Always,
    Connection,
    Request,
    Response,
    Offer,
    Deflate,
    Legacy,
    Tls,
    Http2,
    Masked,
    Frame,
    Data,
    Control,
    Fragment,
    Ping,
    Pong,
    Close,
    Closed,
    Text,
    Compressed,
    Error,
    /// Nothing that can be seen here yet.
    Never,
}

/// What a rule speaks of, told from its id.
fn part(rule: &Rule) -> Part {
    let id = rule.id;
    let begins = |prefix: &str| id.starts_with(prefix);
    match id {
        "frag-control-fragmented" | "ctl-payload-too-long" | "control-after-close" => return Part::Control,
        "frag-continuation-without-start" | "data-after-close" => return Part::Data,
        "mask-server-key-needless" | "ping-app-level" => return Part::Frame,
        "frame-garbage-after-101" => return Part::Response,
        "hs-resp-missing" | "hs-pipelined-request" => return Part::Request,
        "pmd-rsv1-on-control" => return Part::Control,
        "pong-payload-mismatch" | "pong-unsolicited" | "pong-latest-only" | "pong-slow" => return Part::Pong,
        "pong-after-close-received" => return Part::Close,
        "close-not-answered" | "close-slow-reply" | "close-tcp-never" | "close-server-fin-late" => return Part::Close,
        "close-abnormal" | "close-tcp-rst" | "close-tcp-half-open-data" | "close-client-fin-first" => {
            return Part::Closed;
        }
        "frag-unfinished" => return Part::Data,
        "pmd-never-used" | "pmd-bits-8" => return Part::Deflate,
        "reconnect-no-backoff" => return Part::Closed,
        "hs-req-sni-missing" => return Part::Tls,
        _ => {}
    }
    const PARTS: [(&str, Part); 23] = [
        ("expect-", Part::Always),
        ("cap-", Part::Always),
        ("tcp-", Part::Connection),
        ("hs-req-", Part::Request),
        ("hs-resp-", Part::Response),
        ("pmd-offer-", Part::Offer),
        ("pmd-resp-", Part::Deflate),
        ("pmd-a", Part::Offer),
        ("pmd-", Part::Compressed),
        ("frame-", Part::Frame),
        ("mask-", Part::Masked),
        ("frag-", Part::Fragment),
        ("ping-", Part::Ping),
        ("close-", Part::Close),
        ("fail-", Part::Error),
        ("utf8-", Part::Text),
        ("sec-", Part::Request),
        ("perf-header-", Part::Frame),
        ("legacy-hixie-76-", Part::Legacy),
        // Which dialect is spoken is told from any handshake.
        ("legacy-", Part::Request),
        ("h2-", Part::Http2),
        ("h3-", Part::Never),
        ("", Part::Connection),
    ];
    PARTS.iter().find(|(prefix, _)| begins(prefix)).map_or(Part::Connection, |(_, part)| *part)
}

/// What was seen, by sender where that matters.
#[derive(Debug, Default)]
pub(super) struct Exercised {
    seen: PerRole<Vec<Part>>,
    broken: BTreeSet<&'static str>,
}

impl Exercised {
    /// Whether the rule had something to look at.
    pub(super) fn had(&self, rule: &Rule) -> bool {
        let part = part(rule);
        let by = |role: Role| self.seen[role].contains(&part);
        self.broken.contains(rule.id)
            || part == Part::Always
            || match (rule.blames, part) {
                // What the receiver is blamed for follows from what the sender did.
                (Blames::Client, Part::Frame | Part::Data | Part::Control | Part::Masked) => by(Role::Client),
                (Blames::Server, Part::Frame | Part::Data | Part::Control) => by(Role::Server),
                _ => by(Role::Client) || by(Role::Server),
            }
    }

    fn saw(&mut self, role: Role, part: Part) {
        if !self.seen[role].contains(&part) {
            self.seen[role].push(part);
        }
    }

    fn saw_handshake(&mut self, handshake: &Handshake) {
        if handshake.attempt.request.is_some() {
            self.saw(Role::Client, Part::Request);
        }
        if handshake.attempt.response.is_some() {
            self.saw(Role::Server, Part::Response);
        }
        if handshake.offers.iter().any(|offer| offer.is_permessage_deflate()) {
            self.saw(Role::Client, Part::Offer);
        }
        if handshake.deflate.is_some() {
            self.saw(Role::Server, Part::Deflate);
        }
        if handshake.family != Family::Rfc6455 {
            self.saw(Role::Client, Part::Legacy);
        }
    }
}

impl Sink for Exercised {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.saw(Role::Client, Part::Connection);
        if connection.tls.is_some() {
            self.saw(Role::Client, Part::Tls);
        }
        if matches!(connection.transport, Transport::H2 | Transport::H2c) {
            self.saw(Role::Client, Part::Http2);
        }
        connection.handshake.into_iter().for_each(|handshake| self.saw_handshake(handshake));
        Ok(())
    }

    fn frame(&mut self, _: u64, frame: &Frame<'_>) -> io::Result<()> {
        let opcode = frame.header.opcode;
        self.saw(frame.sender, Part::Frame);
        if frame.header.masking_key.is_some() {
            self.saw(frame.sender, Part::Masked);
        }
        self.saw(frame.sender, if opcode.is_control() { Part::Control } else { Part::Data });
        match opcode {
            Opcode::PING => self.saw(frame.sender, Part::Ping),
            Opcode::PONG => self.saw(frame.sender, Part::Pong),
            Opcode::CLOSE => self.saw(frame.sender, Part::Close),
            _ if !frame.header.fin || opcode == Opcode::CONTINUATION => self.saw(frame.sender, Part::Fragment),
            _ => {}
        }
        Ok(())
    }

    fn message(&mut self, _: u64, message: &Message<'_>) -> io::Result<()> {
        if message.kind == Kind::Text {
            self.saw(message.sender, Part::Text);
        }
        if message.compressed {
            self.saw(message.sender, Part::Compressed);
        }
        Ok(())
    }

    fn finding(&mut self, _: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.broken.insert(finding.rule.id);
        if let Some(blame) = finding.blame {
            self.saw(blame, Part::Error);
        }
        Ok(())
    }

    fn connection_end(&mut self, _: u64, end: &ConnectionEnd) -> io::Result<()> {
        if end.closing.tcp_end != TcpEnd::Open {
            let by = if end.closing.by == Some(Closer::Server) { Role::Server } else { Role::Client };
            self.saw(by, Part::Closed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analyzer, Options};
    use crate::capture::Reader;
    use crate::rules;
    use crate::scenario::{Scenario, text};

    fn seen(scenario: &Scenario) -> Exercised {
        let mut reader = Reader::from_read("memory", Box::new(io::Cursor::new(scenario.pcapng_bytes()))).unwrap();
        let (mut analyzer, mut exercised) = (Analyzer::new(Options::default()), Exercised::default());
        analyzer.read(&mut reader, &mut exercised).unwrap();
        analyzer.finish(&mut exercised).unwrap();
        exercised
    }

    /// A counter-example comes close to breaking its rule: there is something to look at.
    #[test]
    fn counter_examples_exercise_their_rules() {
        let idle: Vec<&str> =
            rules::all().filter(|rule| !seen(&(rule.keeps)()).had(rule)).map(|rule| rule.id).collect();
        assert!(idle.is_empty(), "{idle:?}");
    }

    #[test]
    fn what_did_not_happen_is_not_exercised() {
        let had = |scenario: Scenario, id: &str| seen(&scenario).had(rules::find(id).unwrap());
        let client = || Scenario::new().handshake().client(text("Hello"));
        assert!(had(client(), "frame-client-unmasked") && had(client(), "utf8-invalid"));
        for id in ["frame-server-masked", "ping-unanswered", "pmd-inflate-error", "frag-tiny", "legacy-hixie-76-key"] {
            assert!(!had(client(), id), "{id}");
        }
    }
}
