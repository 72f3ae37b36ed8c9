//! Secrets and origins: what travels in clear, what ends up in logs, whom a server lets in. Judged only where it is
//! asked for: none of it breaks the protocol.

use super::docket::Docket;
use super::header_syntax::of_head;
use super::referee::{Context, Topic};
use super::{Blames, Finding, Requirement, Rule, Severity};
use crate::Role;
use crate::escape::printable_within;
use crate::scenario::{Scenario, text};
use crate::websocket::Handshake;
use std::net::{Ipv4Addr, SocketAddr};

/// The rules of this file.
pub const RULES: &[&Rule] = &[&CLEARTEXT, &TOKEN_IN_URL, &CREDENTIALS_HEADER, &CROSS_ORIGIN];

/// `sec-cleartext-ws`
pub static CLEARTEXT: Rule = Rule {
    id: "sec-cleartext-ws",
    severity: Severity::Warning,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.6",
    quote: "",
    statement: "A WebSocket between two hosts runs without TLS.",
    why: "Everyone on the way can read it and change it, and proxies that do not know WebSocket break it. Browsers \
          refuse ws:// from pages that came over https.",
    restraint: "Silent on loopback addresses. Behind a proxy that ends TLS this may be meant.",
    breaks: || Scenario::new().handshake().client(text("Hello")),
    keeps: || Scenario::new().tls(Some("server.example.com")).handshake().client(text("Hello")),
};

/// `sec-token-in-url`
pub static TOKEN_IN_URL: Rule = Rule {
    id: "sec-token-in-url",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 9110 §17.9",
    quote: "",
    statement: "The request target carries a credential.",
    why: "Targets are written to the logs of servers and proxies and kept in browsers' histories, TLS or not. Browsers \
          cannot set headers on a WebSocket, so this is where tokens are put; a cookie, a ticket that works once, or a \
          first message does without.",
    restraint: "Told from the names of parameters, such as token, access_token, api_key and password, and from the form \
                of a JSON Web Token. The value itself is not shown.",
    breaks: || Scenario::new().request(|r| r.target("/chat?access_token=2YotnFZFEjr1zCsicMWpAA")).response(|r| r),
    keeps: || Scenario::new().request(|r| r.target("/chat?room=2YotnFZFEjr1zCsicMWpAA")).response(|r| r),
};

/// `sec-credentials-header`
pub static CREDENTIALS_HEADER: Rule = Rule {
    id: "sec-credentials-header",
    severity: Severity::Note,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.6",
    quote: "",
    statement: "The upgrade request sends Cookie or Authorization in clear.",
    why: "Who reads it can send it again and is taken for the user.",
    restraint: "Silent inside TLS and on loopback addresses. The value is not shown.",
    breaks: || Scenario::new().handshake_with(|r| r.header("Cookie", "sid=31d4d96e407aad42"), |r| r),
    keeps: || {
        let host = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let local = Scenario::new().endpoints(host(50_000), host(80));
        local.handshake_with(|r| r.header("Cookie", "sid=31d4d96e407aad42"), |r| r)
    },
};

/// `sec-cross-origin-accepted`
pub static CROSS_ORIGIN: Rule = Rule {
    id: "sec-cross-origin-accepted",
    severity: Severity::Note,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.2",
    quote: "Servers that are not intended to process input from any web page but only for certain sites SHOULD verify \
            the |Origin| field is an origin they expect.",
    statement: "The server accepts a browser's request from a page of another host.",
    why: "Browsers put no same-origin policy on WebSockets. A server that trusts cookies and does not look at Origin can \
          be used by any page its users visit.",
    restraint: "The server may well expect this origin. Only host names are compared, and a proxy may have changed Host.",
    breaks: || Scenario::new().handshake_with(|r| r.header("Origin", "https://elsewhere.example.net"), |r| r),
    keeps: || Scenario::new().handshake_with(|r| r.header("Origin", "https://server.example.com"), |r| r),
};

/// Names of parameters that hold credentials; `-` and `_` do not count.
const CREDENTIALS: [&str; 16] = [
    "accesstoken",
    "apikey",
    "apitoken",
    "auth",
    "authorization",
    "authtoken",
    "clientsecret",
    "idtoken",
    "jwt",
    "passwd",
    "password",
    "pwd",
    "refreshtoken",
    "secret",
    "sessiontoken",
    "token",
];

/// Judges handshakes. Each is told once and whole, so nothing is remembered.
#[derive(Debug, Default)]
pub(super) struct SecurityRules;

impl Topic for SecurityRules {
    fn handshake(&mut self, handshake: &Handshake, _: &Context, docket: &mut Docket) {
        let in_clear = handshake.tls.is_none() && !is_local(handshake);
        if in_clear && handshake.attempt.switched {
            cleartext(handshake, docket);
        }
        let Some(request) = &handshake.attempt.request else { return };
        if let Some(what) = credential(&request.line.target) {
            let text = format!("client's request target carries a credential: {what}");
            docket.file(of_head(&TOKEN_IN_URL, Role::Client, request, text));
        }
        for name in ["Authorization", "Cookie"].into_iter().filter(|name| in_clear && request.first(name).is_some()) {
            let text = format!("client sends {name} in clear");
            docket.file(of_head(&CREDENTIALS_HEADER, Role::Client, request, text));
        }
        cross_origin(handshake, docket);
    }
}

/// Whether the connection stays within a host; `true` where its ends are not known.
fn is_local(handshake: &Handshake) -> bool {
    let ends = handshake.endpoints.as_ref();
    ends.is_none_or(|ends| ends.client.ip.is_loopback() || ends.server.ip.is_loopback())
}

fn cleartext(handshake: &Handshake, docket: &mut Docket) {
    let attempt = &handshake.attempt;
    let packet = attempt.request.as_ref().map(|request| request.packet);
    let packet = packet.or(attempt.response.as_ref().map(|response| response.packet));
    let ends =
        handshake.endpoints.as_ref().map_or(String::new(), |ends| format!(" of {} and {}", ends.client, ends.server));
    let finding = Finding::new(&CLEARTEXT, None, format!("the WebSocket{ends} runs without TLS"));
    docket.file(Finding { packet, ..finding });
}

/// The credential in a request target, named but not shown.
fn credential(target: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    query.split(['&', ';', '#']).find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let bare: String = name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
        let shown = printable_within(name.as_bytes(), 40);
        match (value.is_empty(), CREDENTIALS.contains(&bare.as_str()), is_json_web_token(value), name) {
            (false, true, ..) => Some(format!("the parameter \"{shown}\"")),
            (_, _, true, "") => Some("a JSON Web Token".to_owned()),
            (_, _, true, _) => Some(format!("a JSON Web Token in the parameter \"{shown}\"")),
            _ => None,
        }
    })
}

/// RFC 7519 §3, RFC 7515 §7.1: three parts in base64url; the first is a JSON object, which begins with `{"`.
fn is_json_web_token(value: &str) -> bool {
    let is_base64url =
        |part: &str| part.len() >= 8 && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    value.starts_with("eyJ") && value.split('.').count() == 3 && value.split('.').all(is_base64url)
}

fn cross_origin(handshake: &Handshake, docket: &mut Docket) {
    let attempt = &handshake.attempt;
    let (Some(request), Some(response), true) = (&attempt.request, &attempt.response, attempt.switched) else { return };
    let (Some(origin), Some(host)) = (request.first("origin"), request.first("host")) else { return };
    let (origin, host) = (String::from_utf8_lossy(origin), String::from_utf8_lossy(host));
    // RFC 6454 §6.1: "null" for an origin that has no host.
    let Some((_, authority)) = origin.split_once("://") else { return };
    if name(authority).eq_ignore_ascii_case(name(&host)) {
        return;
    }
    let text = format!(
        "server accepts a page of \"{}\" for its host \"{}\"",
        printable_within(origin.as_bytes(), 80),
        printable_within(host.as_bytes(), 80)
    );
    docket.file(of_head(&CROSS_ORIGIN, Role::Server, response, text));
}

/// An authority without its port; the brackets around an IPv6 address stay.
fn name(authority: &str) -> &str {
    let authority = authority.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_from_names_and_from_the_form_of_a_token() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0xxxx.c2lnbmF0dXJl";
        for target in ["/?token=a", "/a?b=c&Access-Token=d", "/?api_key=1", &format!("/?x={jwt}"), &format!("/?{jwt}")]
        {
            assert!(credential(target).is_some(), "{target}");
        }
        for target in ["/token=a", "/?token=", "/?tokens=5", "/?key=1", "/?sid=abc", "/?x=eyJh.b.c", "/?author=me", "/"]
        {
            assert_eq!(credential(target), None, "{target}");
        }
        assert_eq!(credential("/?token=hush").unwrap(), "the parameter \"token\"");
    }

    #[test]
    fn names_of_hosts_have_no_port() {
        assert_eq!(name("a.example:8080"), "a.example");
        assert_eq!(name("[::1]:80"), "[::1]");
        assert_eq!(name("[::1]"), "[::1]");
        assert_eq!(name("a.example/"), "a.example");
    }
}
