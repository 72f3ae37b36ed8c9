//! Frame headers of which only a part is there, and bits that more than one extension may own.

mod common;

use common::Recorder;
use wslens::Role;
use wslens::rules::Severity;
use wslens::scenario::{Scenario, deflated_text, text};

fn found(scenario: &Scenario) -> Vec<(&'static str, Severity, Option<Role>)> {
    let found = Recorder::play(scenario);
    found.findings.iter().map(|(_, finding)| (finding.rule.id, finding.severity, finding.blame)).collect()
}

#[test]
fn the_first_byte_of_a_cut_header_is_judged() {
    let cut = |bytes: &[u8]| found(&Scenario::new().handshake().bytes(Role::Server, bytes).fin(Role::Server));
    let truncated = ("frame-truncated", Severity::Warning, Some(Role::Server));
    let abnormal = ("close-abnormal", Severity::Note, Some(Role::Server));
    // 0x85: FIN and opcode 5; 0xAF: FIN, RSV2 and opcode 15.
    let error = |rule| (rule, Severity::Error, Some(Role::Server));
    let rules = |bytes: &[u8]| cut(bytes).into_iter().filter(|found| found.0 != abnormal.0).collect::<Vec<_>>();
    assert_eq!(rules(b"\x85"), [error("frame-opcode-reserved-data"), truncated]);
    assert_eq!(rules(b"\xAF\x7E"), [error("frame-rsv2-set"), error("frame-opcode-reserved-control"), truncated]);
    assert_eq!(rules(b"\x81"), [truncated]);
    assert_eq!(rules(b"H"), [truncated], "it may be the first letter of an HTTP response");
}

#[test]
fn rsv1_belongs_to_permessage_deflate_where_it_is_agreed_beside_another_extension() {
    let extensions = "permessage-deflate, x-other";
    let open = || Scenario::new().handshake_with_extensions(extensions, extensions);
    let bits = |scenario: Scenario| {
        found(&scenario).into_iter().filter(|found| found.0.starts_with("frame-")).collect::<Vec<_>>()
    };
    assert_eq!(bits(open().client(deflated_text("Hello"))), []);
    let note = |rule| (rule, Severity::Note, Some(Role::Client));
    assert_eq!(bits(open().client(text("Hello").rsv(0b010))), [note("frame-rsv2-set")], "the other may own RSV2");
}
