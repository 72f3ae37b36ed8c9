//! Every rule fires on the example that breaks it and is silent on the one that keeps it, through the whole pipeline.

mod common;

use common::Recorder;
use std::collections::BTreeSet;
use wslens::Role;
use wslens::rules::{self, Blames};

#[test]
fn every_rule_fires_on_its_example() {
    for rule in rules::all() {
        let found = Recorder::play_all(&(rule.breaks)());
        let own = found.of(rule.id);
        assert!(!own.is_empty(), "{} is silent on its example; found {:?}", rule.id, found.rules());
        for finding in own {
            let fits = match (rule.blames, finding.blame) {
                (Blames::Client, blame) => blame == Some(Role::Client),
                (Blames::Server, blame) => blame == Some(Role::Server),
                (Blames::Either, blame) => blame.is_some(),
                (Blames::Nobody, blame) => blame.is_none(),
            };
            assert!(fits, "{} blames {:?}", rule.id, finding.blame);
            assert!(finding.packet.is_some(), "{} points at no packet", rule.id);
            assert!(!finding.message.is_empty() && !finding.message.contains(char::is_control), "{}", finding.message);
        }
    }
}

#[test]
fn no_rule_fires_on_its_counter_example() {
    for rule in rules::all() {
        let found = Recorder::play_all(&(rule.keeps)());
        assert!(found.of(rule.id).is_empty(), "{} fires on its counter-example", rule.id);
    }
}

#[test]
fn every_rule_is_said_completely_and_once() {
    let mut ids = BTreeSet::new();
    for rule in rules::all() {
        assert!(ids.insert(rule.id), "{} is declared twice", rule.id);
        assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", rule.id);
        for (what, text) in [("source", rule.source), ("statement", rule.statement), ("why", rule.why)] {
            assert!(!text.trim().is_empty(), "{} has no {what}", rule.id);
        }
        assert!(rule.statement.ends_with('.'), "{}: {}", rule.id, rule.statement);
    }
}
