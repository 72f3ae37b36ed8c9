//! What is told of connections, held against the same put together from its parts.

use super::super::encode::Lossy;
use super::super::samples;
use super::*;
use crate::PerRole;
use crate::analysis::Transport;
use crate::http::Headers;
use crate::websocket::{Handshake, TcpEnd};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parsed(append: impl FnOnce(&mut Vec<u8>, &mut TimeWriter) -> io::Result<()>, before: &str) -> Value {
    let mut out = before.as_bytes().to_vec();
    append(&mut out, &mut TimeWriter::default()).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn of_both<T>([client, server]: [T; 2]) -> PerRole<T> {
    PerRole { client, server }
}

fn lossy(bytes: &[u8]) -> String {
    Lossy(bytes).to_string()
}

/// Bytes that need no escape mostly.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof!["[ -~]{0,40}".prop_map(String::into_bytes), any::<Vec<u8>>()]
}

fn lines() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop::sample::select(vec![
        "Host",
        "sec-websocket-key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Accept",
        "X-\u{e9}\u{1b}",
    ]);
    prop::collection::vec((name.prop_map(str::to_owned), bytes()), 0..6)
}

/// The values of the lines with this name.
fn field(lines: &[(String, Vec<u8>)], name: &str) -> Vec<String> {
    lines.iter().filter(|(this, _)| this.eq_ignore_ascii_case(name)).map(|(_, value)| lossy(value)).collect()
}

fn pairs(lines: &[(String, Vec<u8>)]) -> Value {
    lines.iter().map(|(name, value)| json!([name, lossy(value)])).collect()
}

proptest! {
    #[test]
    fn a_connection_is_told_as_it_began(
        asked in lines(),
        answered in lines(),
        [has_request, has_response] in any::<[bool; 2]>(),
        target in ".{0,20}",
        status in prop_oneof![Just(0u16), 100..600u16],
        reason in ".{0,20}",
        tunnel: Option<String>,
        ip: std::net::IpAddr,
        id: u64,
            packet in 0u64..1 << 37,
        transport in prop::sample::select(Transport::ALL.to_vec()),
    ) {
        let mut sample = samples::handshake(&target, status, &reason);
        let headers = |lines: &[(String, Vec<u8>)]| lines.iter().map(|(name, value)| (name, value)).collect::<Headers>();
        let attempt = &mut sample.attempt;
        attempt.tunnel = tunnel.clone();
        attempt.request = attempt.request.take().filter(|_| has_request);
        attempt.response = attempt.response.take().filter(|_| has_response);
        attempt.request.iter_mut().for_each(|head| head.headers = headers(&asked));
        attempt.response.iter_mut().for_each(|head| head.headers = headers(&answered));
        let handshake = Handshake::from_attempt(attempt.clone());
        let mut connection = samples::connection(id, Some(&handshake));
        connection.transport = transport;
        connection.client.ip = ip;
        connection.first_packet = PacketRef::new(packet, None, 0, 0);

        let row = parsed(|out, times| append_begin(out, &connection, times), "");
        let expected = json!([id, transport.name(), null, {"ip": ip, "port": 36876}, packet, null]);
        let fields = ["id", "transport", "tls", "client", "first_packet", "first_time"];
        prop_assert_eq!(fields.iter().map(|name| &row[name]).collect::<Vec<_>>(), expected.as_array().unwrap().iter().collect::<Vec<_>>());
        let joined = |lines: &[(String, Vec<u8>)]| {
            let values = field(lines, "sec-websocket-extensions");
            (!values.is_empty()).then(|| values.join(", "))
        };
        let first = |lines, name| field(lines, name).into_iter().next();
        let elements = |value: String| -> Vec<String> { value.split(',').map(|it| it.trim_ascii().to_owned()).filter(|it| !it.is_empty()).collect() };
        let request = has_request.then(|| json!({
            "packet": 4, "method": "GET", "target": target, "version": "HTTP/1.1", "headers": pairs(&asked),
            "key": first(&asked, "sec-websocket-key"), "websocket_version": first(&asked, "sec-websocket-version"),
            "protocols": field(&asked, "sec-websocket-protocol").into_iter().flat_map(elements).collect::<Vec<_>>(),
            "extensions": joined(&asked),
        }));
        let response = has_response.then(|| json!({
            "packet": 6, "status": Some(status).filter(|status| *status != 0), "reason": reason,
            "headers": pairs(&answered), "accept": first(&answered, "sec-websocket-accept"),
            "protocol": first(&answered, "sec-websocket-protocol"), "extensions": joined(&answered),
        }));
        let accept = handshake.accept.as_ref().map(|check| json!({
            "received": check.received(), "expected": check.expected.as_str(), "valid": check.is_valid(),
            "cause": check.cause().map(|cause| cause.name()),
        }));
        prop_assert_eq!(&row["handshake"], &json!({
            "request": request, "response": response, "accept": accept, "protocol_family": handshake.family.name(),
            "duration": (has_request && has_response).then_some(0.002), "tunnel": tunnel,
        }));
        let names = handshake.extensions.iter().map(|extension| json!(extension.name)).collect::<Vec<_>>();
        let told = row["extensions"].as_array().unwrap().iter().map(|extension| extension["name"].clone()).collect::<Vec<_>>();
        prop_assert_eq!(told, names);
    }

    #[test]
    fn a_connection_is_told_as_it_was_left(
        by in prop::sample::select(vec![None, Some(Closer::Client), Some(Closer::Server), Some(Closer::Both)]),
        closes: [Option<(Option<u16>, String)>; 2],
        told: [Option<(Option<u16>, Option<String>, Option<bool>)>; 2],
        clean: bool,
        tcp_end in prop::sample::select(vec![TcpEnd::Fin, TcpEnd::Reset, TcpEnd::Open]),
        counts: [[u64; 4]; 2],
        pings in prop::option::of((1..u64::MAX, any::<[Option<u32>; 3]>())),
        packet in 0u64..1 << 37,
    ) {
        let frames = closes.clone().map(|close| close.map(|(code, reason)| CloseFrame { frame: 0, code, reason }));
        let outcomes = told.clone().map(|told| told.map(|(code, reason, was_clean)| Outcome { code, reason, was_clean }));
        let sent = counts.map(|[frames, messages, bytes, payload_bytes]| DirectionStats { frames, messages, bytes, payload_bytes });
        let (count, times) = pings.unwrap_or_default();
        let [min, median, max] = times.map(|time| time.map(|micros| Duration::from_micros(micros.into())));
        let end = ConnectionEnd {
            last_packet: PacketRef::new(packet, None, 0, 0),
            closing: Closing { by, frames: of_both(frames), clean, tcp_end, outcomes: of_both(outcomes) },
            stats: Stats { sent: PerRole { client: sent[0], server: sent[1] }, pings: PingTimes { count, min, median, max } },
        };
        let row = parsed(|out, times| append_end(out, &end, times), "{\"x\":0");
        let name = by.map(|by| format!("{by:?}").to_lowercase());
        let code = |close: &Option<(Option<u16>, String)>| close.as_ref().and_then(|close| close.0);
        let reason = |close: &Option<(Option<u16>, String)>| close.as_ref().map(|close| close.1.clone());
        let outcome = |told: &Option<(Option<u16>, Option<String>, Option<bool>)>| {
            told.as_ref().map(|(code, reason, was_clean)| json!({"code": code, "reason": reason, "was_clean": was_clean}))
        };
        let direction = |[frames, messages, bytes, payload_bytes]: [u64; 4]| {
            json!({"frames": frames, "messages": messages, "bytes": bytes, "payload_bytes": payload_bytes})
        };
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        prop_assert_eq!(row, json!({
            "x": 0, "last_packet": packet, "last_time": null,
            "closing": {
                "by": name, "client_code": code(&closes[0]), "client_reason": reason(&closes[0]),
                "server_code": code(&closes[1]), "server_reason": reason(&closes[1]), "clean": clean,
                "tcp_end": tcp_end.name(), "client_outcome": outcome(&told[0]), "server_outcome": outcome(&told[1]),
            },
            "stats": {
                "client": direction(counts[0]), "server": direction(counts[1]),
                "ping_rtt": {"count": count, "min": seconds(min), "median": seconds(median), "max": seconds(max)},
            },
        }));
    }
}
