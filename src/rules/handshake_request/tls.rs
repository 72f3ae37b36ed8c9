//! The TLS handshake before the opening handshake (RFC 6455 §4.1 step 5).

use super::Case;
use crate::Role;
use crate::rules::{Blames, Finding, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use std::net::IpAddr;

/// The rules of this file.
pub const RULES: &[&Rule] = &[&SNI_MISSING];

/// `hs-req-sni-missing`
pub static SNI_MISSING: Rule = Rule {
    id: "hs-req-sni-missing",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "Clients MUST use the Server Name Indication extension in the TLS handshake",
    statement: "A client's TLS handshake does not name the server that its request is for.",
    why: "A server or a proxy that serves several names from one address answers with the certificate of another one, or \
          cannot tell which server the connection is for.",
    restraint: "Silent where the Host is an address, which the extension cannot carry, where the connection went through a \
                CONNECT tunnel, and where the ClientHello was not captured. It needs the session's secrets, for without \
                them nobody knows that there is a WebSocket inside.",
    breaks: || Scenario::new().tls(None).handshake(),
    keeps: || Scenario::new().tls(Some("server.example.com")).handshake(),
};

/// Holds the ClientHello against the Host.
pub(super) fn judge(case: &mut Case<'_>) {
    let Some(tls) = &case.handshake.tls else { return };
    let (Some(hello), None, None) = (tls.client_hello, &tls.server_name, &case.handshake.attempt.tunnel) else {
        return;
    };
    let Some(host) = case.request.host().filter(|host| !is_address(host)) else { return };
    let host = crate::escape::printable(host);
    let text = format!("client asks for {host} and its TLS handshake names no server");
    let finding = Finding::new(&SNI_MISSING, Some(Role::Client), text).at(hello);
    case.docket.file(finding);
}

/// Whether a Host is an IPv4 address or an IPv6 address in brackets, with or without a port (RFC 9110 §7.2).
fn is_address(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().is_some_and(|address| address.parse::<IpAddr>().is_ok());
    }
    host.split(':').next().is_some_and(|address| address.parse::<IpAddr>().is_ok())
}
