//! The JSON Schema (draft 2020-12) of what [`json`](super::json) writes.
//!
//! Fields are only added within a version, so the schema says which must be there and not that there are no others;
//! the tests, which hold every report against it, do not allow others.

use super::SCHEMA_VERSION;
use super::encode::pretty;
use crate::analysis::Transport;
use crate::policy;
use crate::rules::{Did, Requirement};
use serde_json::{Map, Value, json};

/// The schema, over several lines.
pub fn text() -> String {
    // Nothing in it can fail to be written as JSON.
    pretty(&schema()).unwrap_or_default()
}

/// The schema.
pub fn schema() -> Value {
    let mut schema = object(&[
        ("schema_version", json!({ "const": SCHEMA_VERSION })),
        ("tool", object(&[("name", string()), ("version", string())])),
        ("summary", summary()),
        ("captures", list(reference("capture"))),
        ("unreadable", list(object(&[("path", string()), ("why", string())]))),
        ("connections", list(reference("connection"))),
        ("findings", list(reference("finding"))),
    ]);
    let rules: Vec<&str> = policy::catalogue().map(|rule| rule.id).collect();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "The JSON report of wslens".into();
    schema["$defs"] = json!({
        "capture": capture(),
        "connection": connection(),
        "endpoint": object(&[("ip", string()), ("port", json!({ "type": "integer", "minimum": 0, "maximum": 65535 }))]),
        "extension": object(&[("name", string()), ("params", json!({ "type": "object" }))]),
        "finding": finding(),
        "frame": frame(),
        "handshake": handshake(),
        "message": message(),
        "payload": optional(&[
            ("close_code", count()),
            ("text", string()),
            ("hex", hex()),
            ("cut", json!({ "const": true })),
        ]),
        "reaction": reaction(),
        "role": one_of(&["client", "server"]),
        "rule": { "enum": rules },
        "severity": one_of(&["error", "warning", "note"]),
        "time": { "type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z$" },
    });
    schema
}

fn summary() -> Value {
    let findings = ["error", "warning", "note", "known", "unlisted"].map(|name| (name, count()));
    object(&[
        ("connections", count()),
        ("frames", count()),
        ("messages", count()),
        ("payload_bytes", count()),
        ("findings", object(&findings)),
    ])
}

fn capture() -> Value {
    object(&[
        ("path", string()),
        ("format", string()),
        ("compression", nullable(string())),
        ("link_types", list(string())),
        ("packets", count()),
        ("bytes", count()),
        ("first_time", nullable(reference("time"))),
        ("last_time", nullable(reference("time"))),
        ("truncated", flag()),
        ("fault", nullable(string())),
        ("unknown_link_types", list(object(&[("link_type", count()), ("packets", count())]))),
        ("tcp_connections", count()),
    ])
}

fn connection() -> Value {
    let sent = || object(&[("frames", count()), ("messages", count()), ("bytes", count()), ("payload_bytes", count())]);
    let rtt = object(&[("count", count()), ("min", seconds()), ("median", seconds()), ("max", seconds())]);
    let outcome =
        || object(&[("code", nullable(count())), ("reason", nullable(string())), ("was_clean", nullable(flag()))]);
    let closing = object(&[
        ("by", nullable(one_of(&["client", "server", "both"]))),
        ("client_code", nullable(count())),
        ("client_reason", nullable(string())),
        ("server_code", nullable(count())),
        ("server_reason", nullable(string())),
        ("clean", flag()),
        ("tcp_end", one_of(&["fin", "rst", "open"])),
        ("client_outcome", nullable(outcome())),
        ("server_outcome", nullable(outcome())),
    ]);
    let tls = ["version", "cipher_suite", "server_name", "alpn"].map(|name| (name, nullable(string())));
    let tls = object(&tls);
    let mut connection = object(&[
        ("id", count()),
        ("capture", count()),
        ("transport", one_of(&Transport::ALL.map(Transport::name))),
        ("tls", nullable(tls)),
        ("client", reference("endpoint")),
        ("server", reference("endpoint")),
        ("first_packet", count()),
        ("last_packet", count()),
        ("first_time", nullable(reference("time"))),
        ("last_time", nullable(reference("time"))),
        ("handshake", nullable(reference("handshake"))),
        ("extensions", list(reference("extension"))),
        ("closing", closing),
        ("stats", object(&[("client", sent()), ("server", sent()), ("ping_rtt", rtt)])),
        ("findings", list(reference("finding"))),
    ]);
    // A check leaves these out unless it is asked for them.
    connection["properties"]["frames"] = list(reference("frame"));
    connection["properties"]["messages"] = list(reference("message"));
    connection
}

fn handshake() -> Value {
    let header = json!({ "type": "array", "items": string(), "minItems": 2, "maxItems": 2 });
    let request = object(&[
        ("packet", count()),
        ("method", string()),
        ("target", string()),
        ("version", string()),
        ("headers", list(header.clone())),
        ("key", nullable(string())),
        ("websocket_version", nullable(string())),
        ("protocols", list(string())),
        ("extensions", nullable(string())),
    ]);
    let response = object(&[
        ("packet", count()),
        ("status", nullable(count())),
        ("reason", string()),
        ("headers", list(header)),
        ("accept", nullable(string())),
        ("protocol", nullable(string())),
        ("extensions", nullable(string())),
    ]);
    let accept =
        object(&[("received", string()), ("expected", string()), ("valid", flag()), ("cause", nullable(string()))]);
    let family = json!({ "type": "string", "pattern": r"^(rfc6455|hybi-\d{2}|hixie-7[56])$" });
    object(&[
        ("request", nullable(request)),
        ("response", nullable(response)),
        ("accept", nullable(accept)),
        ("protocol_family", family),
        ("duration", seconds()),
        ("tunnel", nullable(string())),
    ])
}

fn frame() -> Value {
    object(&[
        ("index", count()),
        ("sender", reference("role")),
        ("time", nullable(reference("time"))),
        ("packet", count()),
        ("last_packet", count()),
        ("stream_offset", count()),
        ("fin", flag()),
        ("rsv1", flag()),
        ("rsv2", flag()),
        ("rsv3", flag()),
        ("opcode", json!({ "type": "integer", "minimum": 0, "maximum": 15 })),
        ("opcode_name", string()),
        ("masked", flag()),
        ("masking_key_hex", nullable(json!({ "type": "string", "pattern": "^[0-9a-f]{8}$" }))),
        ("length_form", json!({ "enum": [7, 16, 64] })),
        ("header_length", json!({ "type": "integer", "minimum": 2, "maximum": 14 })),
        ("payload_length", count()),
        ("captured_length", count()),
        ("message", nullable(count())),
        ("payload", reference("payload")),
    ])
}

fn message() -> Value {
    object(&[
        ("index", count()),
        ("sender", reference("role")),
        ("kind", one_of(&["text", "binary"])),
        ("first_frame", count()),
        ("frames", count()),
        ("compressed", flag()),
        ("wire_length", count()),
        ("length", nullable(count())),
        ("complete", flag()),
        ("sha256_hex", nullable(json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }))),
        ("payload", reference("payload")),
    ])
}

fn finding() -> Value {
    let requires =
        object(&[("action", one_of(&Requirement::ACTIONS)), ("code", nullable(count())), ("source", string())]);
    let mut finding = object(&[
        ("index", nullable(count())),
        ("requires", nullable(requires)),
        ("rule", reference("rule")),
        ("severity", reference("severity")),
        ("blame", nullable(reference("role"))),
        ("confidence", one_of(&["certain", "after-gap", "role-inferred", "statistical"])),
        ("message", string()),
        ("rfc", nullable(string())),
        ("frame", nullable(count())),
        ("message_index", nullable(count())),
        ("packet", nullable(count())),
        ("stream_offset", nullable(count())),
        ("evidence_hex", hex()),
        ("fingerprint", nullable(json!({ "type": "string", "pattern": r"^[0-9a-f]{32}:\d+$" }))),
        ("known", flag()),
    ]);
    // What belongs to a capture has none.
    finding["properties"]["reaction"] = nullable(reference("reaction"));
    // Only of a TLS connection that stays closed.
    finding["properties"]["tls"] = object(&[
        ("client", nullable(reference("endpoint"))),
        ("server", nullable(reference("endpoint"))),
        ("version", nullable(string())),
        ("cipher_suite", nullable(string())),
        ("server_name", nullable(string())),
        ("alpn", nullable(string())),
        ("alpn_offered", list(string())),
        ("client_random_hex", nullable(hex())),
        ("missing", string()),
    ]);
    finding
}

fn reaction() -> Value {
    object(&[
        ("by", reference("role")),
        ("did", one_of(&Did::NAMES)),
        ("code", nullable(count())),
        ("after", seconds()),
        ("frames", count()),
        ("proved", flag()),
        ("packet", nullable(count())),
    ])
}

/// An object that has all of these fields.
fn object(fields: &[(&str, Value)]) -> Value {
    let mut object = optional(fields);
    object["required"] = fields.iter().map(|(name, _)| Value::from(*name)).collect();
    object
}

/// An object that may have these fields.
fn optional(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    json!({ "type": "object", "properties": properties })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn one_of(values: &[&str]) -> Value {
    json!({ "enum": values })
}

fn string() -> Value {
    json!({ "type": "string" })
}

fn hex() -> Value {
    json!({ "type": "string", "pattern": "^([0-9a-f]{2})*$" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn seconds() -> Value {
    json!({ "type": ["number", "null"], "minimum": 0 })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}
