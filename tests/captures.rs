//! Every capture in testdata says what testdata/README.md says of it: its connections, its frames, and who is to blame
//! for what. Nothing else that is more than a note may be found in it.

mod common;

use common::{Recorder, testdata};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use wslens::Role::{self, Client, Server};
use wslens::analysis::{Analyzer, Options};
use wslens::capture::{Reader, in_time_order};
use wslens::report::Detail;
use wslens::report::json::Json;
use wslens::rules::Severity::{self, Error, Warning};
use wslens::websocket::TcpEnd;

/// What is said of a capture: connections, frames, and the findings that are more than notes, each with the number of
/// times it is made.
struct Facts {
    name: &'static str,
    connections: usize,
    frames: usize,
    blames: &'static [(&'static str, Severity, Option<Role>, usize)],
}

const fn clean(name: &'static str, connections: usize, frames: usize) -> Facts {
    Facts { name, connections, frames, blames: &[] }
}

const fn blamed(
    name: &'static str,
    connections: usize,
    frames: usize,
    blames: &'static [(&'static str, Severity, Option<Role>, usize)],
) -> Facts {
    Facts { name, connections, frames, blames }
}

/// The hand-written peers and the gallery use keys that stand in a published text.
const PUBLISHED_KEY: (&str, Severity, Option<Role>, usize) = ("hs-req-key-sample", Warning, Some(Client), 1);

/// The hand-written client counts its masking keys up.
const COUNTED_KEYS: (&str, Severity, Option<Role>, usize) = ("mask-key-sequence", Warning, Some(Client), 1);

/// The gallery's clients go on where a conforming one would fail the connection.
const TOLERANT_CLIENT: (&str, Severity, Option<Role>, usize) = ("fail-tolerated", Error, Some(Client), 1);

/// A program that ends TCP by RST after the closing handshake, as the README says.
const RESET_BY_CLIENT: (&str, Severity, Option<Role>, usize) = ("close-tcp-rst", Warning, Some(Client), 1);

const CAPTURES: &[Facts] = &[
    blamed("qt_qml.pcap", 1, 7, &[RESET_BY_CLIENT]),
    blamed("chromium_ws_deflate.pcap", 1, 13, &[RESET_BY_CLIENT]),
    clean("wss_tls13.pcap", 1, 48),
    clean("wss_tls13_secrets.pcapng", 1, 48),
    clean("wss_tls12_aes128gcm.pcap", 1, 48),
    clean("python_websockets.pcap", 2, 23),
    clean("python_websockets_nodeflate.pcap", 1, 38),
    // Connection 2: S sends FIN without any Close.
    blamed("node_ws.pcap", 2, 21, &[("close-abnormal", Warning, Some(Server), 1)]),
    // aiohttp's client closes TCP as soon as it has sent its Close (RFC 6455 §7.1.1: the server SHOULD be first).
    blamed("aiohttp.pcap", 1, 11, &[("close-client-fin-first", Warning, Some(Client), 1)]),
    clean("tornado.pcap", 1, 10),
    clean("chromium_plain.pcap", 1, 11),
    // A browser that conforms, and a server that ends each connection in another way.
    blamed(
        "close_events.pcap",
        12,
        25,
        &[
            ("close-abnormal", Warning, Some(Server), 2),
            ("close-not-answered", Warning, Some(Server), 2),
            ("close-not-answered", Error, Some(Server), 1),
            ("close-tcp-rst", Warning, Some(Server), 4),
            ("frame-rsv3-set", Error, Some(Server), 1),
        ],
    ),
    clean("through_nginx.pcap", 2, 20),
    clean("through_haproxy.pcap", 2, 20),
    clean("http_connect.pcap", 2, 20),
    clean("any_sll1.pcap", 1, 10),
    clean("any_sll2.pcap", 1, 10),
    clean("ipv6.pcap", 1, 10),
    clean("nano.pcap", 1, 10),
    clean("snaplen96.pcap", 1, 18),
    clean("midstream.pcap", 1, 22),
    clean("one_direction.pcap", 1, 9),
    clean("one_direction_server.pcap", 1, 9),
    clean("truncated.pcap", 1, 7),
    blamed("keepalive_then_upgrade.pcap", 1, 4, &[PUBLISHED_KEY]),
    blamed("first_frame_with_101.pcap", 1, 15, &[PUBLISHED_KEY]),
    blamed(
        "refused.pcap",
        5,
        0,
        // One key for five connections.
        &[("hs-req-key-reused", Warning, Some(Client), 4), ("hs-req-key-sample", Warning, Some(Client), 5)],
    ),
    blamed("large.pcap", 1, 22, &[PUBLISHED_KEY, COUNTED_KEYS]),
    blamed("lossy.pcap", 1, 22, &[PUBLISHED_KEY, COUNTED_KEYS]),
    blamed("lossy_both.pcap", 1, 22, &[PUBLISHED_KEY, COUNTED_KEYS]),
    blamed("lossy_header.pcap", 1, 21, &[PUBLISHED_KEY, COUNTED_KEYS]),
    blamed("lossy_frames.pcap", 1, 20, &[PUBLISHED_KEY, COUNTED_KEYS]),
    clean("midstream_partial.pcap", 1, 16),
    blamed("reordered.pcap", 1, 22, &[PUBLISHED_KEY, COUNTED_KEYS]),
    clean("hixie76.pcap", 1, 6),
    blamed(
        "gallery/qt_cpp_zero_byte.pcap",
        1,
        8,
        &[
            ("close-not-answered", Warning, Some(Server), 1),
            ("frag-continuation-without-start", Error, Some(Server), 4),
        ],
    ),
    blamed(
        "gallery/beetle.pcap",
        1,
        6,
        &[TOLERANT_CLIENT, PUBLISHED_KEY, ("hs-resp-accept-mismatch", Error, Some(Server), 1)],
    ),
    blamed("gallery/beetle_right_accept.pcap", 1, 6, &[PUBLISHED_KEY]),
    blamed(
        "gallery/qml_chat_sample.pcap",
        1,
        6,
        &[
            TOLERANT_CLIENT,
            ("hs-req-key-sample", Warning, Some(Client), 1),
            ("hs-req-method-not-get", Error, Some(Client), 1),
            ("hs-resp-101-to-invalid-request", Error, Some(Server), 1),
            ("hs-resp-accept-mismatch", Error, Some(Server), 1),
        ],
    ),
    blamed(
        "gallery/qml_chat_sample_right_accept.pcap",
        1,
        6,
        &[
            ("hs-req-key-sample", Warning, Some(Client), 1),
            ("hs-req-method-not-get", Error, Some(Client), 1),
            ("hs-resp-101-to-invalid-request", Error, Some(Server), 1),
        ],
    ),
    blamed("gallery/rfc_style_client.pcap", 2, 6, &[PUBLISHED_KEY]),
    blamed(
        "gallery/rfc_style_client_bad_guid.pcap",
        2,
        6,
        &[TOLERANT_CLIENT, PUBLISHED_KEY, ("hs-resp-accept-mismatch", Error, Some(Server), 1)],
    ),
    clean("gallery/php_draft17.pcap", 1, 4),
];

/// Captures that have tests of their own.
const ELSEWHERE: [&str; 6] = ["autobahn/", "pairs/", "tls/", "h2/", "h2_chromium", "tunnels/"];

/// The same packets in other clothes.
const COPIES_OF_NODE_WS: [&str; 3] = ["node_ws.pcapng.gz", "node_ws.pcap.zst", "node_ws.pcap.lz4"];

fn read(name: &str) -> Recorder {
    let path = testdata(name);
    let mut options = Options { digests: true, ..Options::default() };
    if let Ok(keys) = fs::read(path.with_extension("keys")) {
        options.key_log.add(&keys);
    }
    Recorder::run(Reader::open(&path).unwrap(), options)
}

fn blames(found: &Recorder) -> Vec<(&'static str, Severity, Option<Role>, usize)> {
    let mut count: BTreeMap<_, usize> = BTreeMap::new();
    for (_, finding) in found.findings.iter().filter(|(_, finding)| finding.severity > Severity::Note) {
        *count.entry((finding.rule.id, finding.severity, finding.blame)).or_default() += 1;
    }
    count.into_iter().map(|((rule, severity, blame), times)| (rule, severity, blame, times)).collect()
}

#[test]
fn every_capture_says_what_its_readme_says() {
    let mut wrong = Vec::new();
    for facts in CAPTURES {
        let found = read(facts.name);
        let seen = (found.endpoints.len(), found.frames.len());
        if seen != (facts.connections, facts.frames) {
            wrong.push(format!(
                "{}: {seen:?} connections and frames, not {:?}",
                facts.name,
                (facts.connections, facts.frames)
            ));
        }
        let seen = blames(&found);
        if seen != facts.blames {
            wrong.push(format!("{}: {seen:?}, not {:?}", facts.name, facts.blames));
        }
        for (_, finding) in &found.findings {
            let shown = finding.message.chars().all(|c| !c.is_control());
            if !shown || finding.packet.is_none() {
                wrong.push(format!("{}: {:?}", facts.name, finding));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_capture_is_forgotten() {
    let mut files = BTreeSet::new();
    collect(&testdata(""), &mut files);
    for file in files {
        let name = file.strip_prefix(testdata("")).unwrap().to_str().unwrap();
        let known = CAPTURES.iter().any(|facts| facts.name == name)
            || COPIES_OF_NODE_WS.contains(&name)
            || ELSEWHERE.iter().any(|elsewhere| name.starts_with(elsewhere));
        assert!(known, "nothing is tested of {name}");
    }
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.to_str().unwrap().contains(".pcap") {
            files.insert(path);
        }
    }
}

#[test]
fn the_four_formats_of_one_capture_say_the_same() {
    let plain = read("node_ws.pcap");
    for name in COPIES_OF_NODE_WS {
        let copy = read(name);
        assert_eq!(copy.frames, plain.frames, "{name}");
        assert_eq!(copy.messages, plain.messages, "{name}");
        assert_eq!(copy.rules(), plain.rules(), "{name}");
    }
    let formats = |name| {
        let capture = read(name).captures[0].clone();
        (capture.format, capture.compression)
    };
    assert_eq!(formats("node_ws.pcap"), ("pcap", None));
    assert_eq!(formats("node_ws.pcapng.gz"), ("pcapng", Some("gzip")));
    assert_eq!(formats("node_ws.pcap.zst"), ("pcap", Some("zstd")));
    assert_eq!(formats("node_ws.pcap.lz4"), ("pcap", Some("lz4")));
}

#[test]
fn what_the_capture_lacks_is_said() {
    let said = |name, rule| read(name).of(rule).len();
    assert_eq!(said("lossy.pcap", "cap-gap"), 1);
    assert_eq!(said("lossy.pcap", "cap-resync"), 0, "the end of the frame with the hole is known");
    assert_eq!(said("lossy_both.pcap", "cap-gap"), 2);
    assert_eq!(said("lossy_header.pcap", "cap-gap"), 1);
    assert_eq!(said("lossy_header.pcap", "cap-resync"), 1);
    assert_eq!(said("lossy_frames.pcap", "cap-gap"), 2);
    assert_eq!(said("midstream.pcap", "cap-mid-stream"), 1);
    assert_eq!(said("midstream_partial.pcap", "cap-resync"), 1);
    assert_eq!(said("one_direction.pcap", "cap-one-direction"), 1);
    assert_eq!(said("reordered.pcap", "cap-duplicate-packets"), 1);
    assert!(said("snaplen96.pcap", "cap-snaplen-truncated") > 0);
    assert_eq!(said("large.pcap", "cap-gap"), 0);
}

#[test]
fn holes_stay_where_they_are() {
    // 1400 bytes are missing inside the server's binary of 12000; what is behind them is whole.
    for name in ["lossy.pcap", "lossy_both.pcap"] {
        let found = read(name);
        let whole = read("large.pcap");
        for sender in [Client, Server] {
            let of = |found: &'_ Recorder| {
                found.messages.iter().filter(|message| message.sender == sender).cloned().collect::<Vec<_>>()
            };
            for (with_hole, without) in of(&found).iter().zip(&of(&whole)) {
                assert_eq!(with_hole.length, without.length);
                assert!(without.sha256.is_some());
                assert_eq!(with_hole.sha256, without.sha256.filter(|_| with_hole.complete));
            }
        }
        let holes = found.messages.iter().filter(|message| !message.complete).count();
        assert_eq!(holes, if name == "lossy.pcap" { 1 } else { 2 });
    }
}

#[test]
fn closes_are_as_they_were_made() {
    let closing = |name, connection: u64| {
        let closing = read(name).ends[&connection].closing.clone();
        let code =
            |role: Role| closing.frames[role].as_ref().map(|close| (close.code.unwrap_or(0), close.reason.clone()));
        (code(Client), code(Server), closing.clean, closing.tcp_end)
    };
    let said = |code, reason: &str| Some((code, reason.to_owned()));
    let over = said(1000, "that was all");
    assert_eq!(closing("python_websockets.pcap", 0), (over.clone(), over, true, TcpEnd::Fin));
    let kicked = said(4001, "kicked, see you later");
    assert_eq!(closing("python_websockets.pcap", 1), (kicked.clone(), kicked, true, TcpEnd::Fin));
    assert_eq!(closing("aiohttp.pcap", 0), (said(1000, ""), said(4000, "server says bye"), true, TcpEnd::Fin));
    assert_eq!(closing("chromium_ws_deflate.pcap", 0), (said(1001, ""), None, false, TcpEnd::Reset));
    assert_eq!(closing("node_ws.pcap", 1), (None, None, false, TcpEnd::Fin));
    let bye = said(1001, "чао");
    assert_eq!(closing("python_websockets_nodeflate.pcap", 0), (bye.clone(), bye, true, TcpEnd::Fin));
}

#[test]
fn causes_of_a_wrong_accept_are_told() {
    let message = |name| read(name).of("hs-resp-accept-mismatch")[0].message.clone();
    assert!(message("gallery/rfc_style_client_bad_guid.pcap").contains("GUID"));
    assert!(message("gallery/beetle.pcap").contains("FCKgUr8c7OsDsLFeJTWrJw6WO8Q="));
    assert!(message("gallery/beetle.pcap").contains("lt1/FHuL6o2V8tma5G4mOcqYBFA="));
    assert!(message("gallery/qml_chat_sample.pcap").contains("HSmrc0sMlYUkAGmm5OPpG2HaGWk="));
}

#[test]
fn refusals_have_their_status() {
    let statuses: Vec<u16> = read("refused.pcap").statuses.into_iter().flatten().collect();
    assert_eq!(statuses, [403, 404, 426, 302, 503]);
    assert_eq!(read("gallery/rfc_style_client.pcap").statuses, [Some(401), Some(101)]);
}

#[test]
fn hixie_texts_are_read() {
    let texts: Vec<String> = read("hixie76.pcap")
        .messages
        .iter()
        .map(|message| String::from_utf8(message.payload.clone()).unwrap())
        .collect();
    assert_eq!(texts, ["Hello", "answer to Hello", "Grüße", "answer to Grüße"]);
}

#[test]
fn a_capture_that_is_cut_says_so_after_what_came_before() {
    let found = read("truncated.pcap");
    assert_eq!(found.captures[0].packets, 14);
    assert!(found.captures[0].truncated);
    assert_eq!(found.captures[0].fault, None);
}

#[test]
fn without_its_keys_tls_is_said_to_be_closed() {
    let found = Recorder::read(&testdata("wss_tls13.pcap"));
    assert_eq!(found.rules(), ["cap-tls-undecryptable"]);
    assert!(found.endpoints.is_empty());
}

/// What is said of each TLS connection of a capture with this key log; none of them is a WebSocket.
fn closed(capture: &str, key_log: &str) -> Vec<String> {
    let mut options = Options::default();
    options.key_log.add(key_log.as_bytes());
    let found = Recorder::run(Reader::open(&testdata(capture)).unwrap(), options);
    assert!(found.endpoints.is_empty(), "{capture}");
    found.of("cap-tls-undecryptable").iter().map(|finding| finding.message.clone()).collect()
}

/// What is known of each is what tshark shows of its hellos.
#[test]
fn what_stays_closed_is_listed_with_what_is_known_and_what_is_missing() {
    let python = "TLS 1.3, TLS_AES_256_GCM_SHA384, client random \
                  d9a81a5c6ace0248a69ed0e8113090c6b7bdcd9f5e224ff3c711379d4fe2e179";
    let says = |how: &str| [format!("TLS from 127.0.0.1:52690 to 127.0.0.1:9231 is {how} ({python})")];
    let capture = "wss_tls13.pcap";
    assert_eq!(closed(capture, ""), says("not opened, because there is no key log; --keylog FILE names one"));

    let others = fs::read_to_string(testdata("h2_chromium.keys")).unwrap();
    let missing = "not opened, because there is no SERVER_HANDSHAKE_TRAFFIC_SECRET for this client random";
    assert_eq!(closed(capture, &others), says(missing));

    // A secret of the right length that is another one.
    let own = fs::read_to_string(testdata("wss_tls13.keys")).unwrap();
    let wrong: String = own
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(front, secret)| format!("{front} {}\n", secret.chars().rev().collect::<String>()))
        .collect();
    let missing = "not opened, because a secret was found but the records do not authenticate with it";
    assert_eq!(closed(capture, &wrong), says(missing));

    let handshake: String =
        own.lines().filter(|line| line.contains("HANDSHAKE")).map(|line| format!("{line}\n")).collect();
    let missing = "opened only in part, because there is no CLIENT_TRAFFIC_SECRET_0 for this client random";
    assert_eq!(closed(capture, &handshake), says(missing));

    let camellia = "TLS from 127.0.0.1:47016 to 127.0.0.1:15166 is not opened, because cipher suite 0xC072 is not supported (TLS \
                    1.2, 0xC072, server name wslens.test, ALPN http/1.1, client random \
                    3a31d71d9ff3a987bac5a9899e2fa8cdcbfca3cb1c58b284ab5578b62dda0ec1)";
    for keys in ["", &fs::read_to_string(testdata("tls/tls12_camellia.keys")).unwrap()] {
        assert_eq!(closed("tls/tls12_camellia.pcap", keys), [camellia]);
    }
    assert_eq!(
        closed("tls/tls13_middle.pcap", &own),
        ["TLS between 127.0.0.1:56696 and 127.0.0.1:15100 is not opened, because the handshake is not in the capture"]
    );
    let chromium = closed("h2_chromium.pcap", "");
    assert_eq!(chromium.len(), 3);
    let mut json = Vec::new();
    let mut analyzer = Analyzer::new(Options::default());
    let mut sink = Json::new(&mut json, Detail::Full);
    analyzer.read(&mut Reader::open(&testdata("tls/tls12_camellia.pcap")).unwrap(), &mut sink).unwrap();
    analyzer.finish(&mut sink).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let expected = serde_json::json!({
        "client": { "ip": "127.0.0.1", "port": 47016 },
        "server": { "ip": "127.0.0.1", "port": 15166 },
        "version": "TLS 1.2",
        "cipher_suite": "0xC072",
        "server_name": "wslens.test",
        "alpn": "http/1.1",
        "alpn_offered": ["h2", "http/1.1"],
        "client_random_hex": "3a31d71d9ff3a987bac5a9899e2fa8cdcbfca3cb1c58b284ab5578b62dda0ec1",
        "missing": "cipher suite 0xC072 is not supported",
    });
    assert_eq!(report["findings"][0]["tls"], expected);
    for (said, port) in chromium.iter().zip([47364, 47366, 47368]) {
        assert!(
            said.starts_with(&format!("TLS from 127.0.0.1:{port} to 127.0.0.1:9302 is not opened, because ")),
            "{said}"
        );
        assert!(said.contains("(TLS 1.3, TLS_AES_256_GCM_SHA384, server name localhost, ALPN offered h2 http/1.1, "));
    }
}

/// `python_websockets.pcap` cut into three files, in the order in which they are given.
#[test]
fn rotated_files_are_one_capture_where_they_are_joined() {
    let bytes = fs::read(testdata("python_websockets.pcap")).unwrap();
    let (header, mut rest) = bytes.split_at(24);
    let mut parts = vec![header.to_vec(); 3];
    let mut number = 0;
    while rest.len() >= 16 {
        let length = 16 + u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (record, behind) = rest.split_at(length);
        parts[(number / 15).min(2)].extend_from_slice(record);
        number += 1;
        rest = behind;
    }
    assert!(number > 35, "each file holds a part");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let paths: Vec<PathBuf> = ["c.pcap", "a.pcap", "b.pcap"].map(|name| folder.join(name)).into();
    for (path, part) in paths.iter().zip(&parts) {
        fs::write(path, part).unwrap();
    }
    let given = [paths[1].clone(), paths[2].clone(), paths[0].clone()];
    let ordered = in_time_order(&given).unwrap();
    assert_eq!(ordered, paths);
    let mut joined = Recorder::default();
    let mut analyzer = Analyzer::new(Options { join: true, ..Options::default() });
    for path in &ordered {
        analyzer.read(&mut Reader::open(path).unwrap(), &mut joined).unwrap();
    }
    analyzer.finish(&mut joined).unwrap();
    let whole = Recorder::read(&testdata("python_websockets.pcap"));
    assert_eq!(joined.frames, whole.frames);
    assert_eq!(joined.messages, whole.messages);
    assert_eq!(joined.rules(), whole.rules());

    // Apart, the later files begin within a connection.
    let mut apart = Recorder::default();
    let mut analyzer = Analyzer::new(Options::default());
    for path in &ordered {
        analyzer.read(&mut Reader::open(path).unwrap(), &mut apart).unwrap();
    }
    analyzer.finish(&mut apart).unwrap();
    assert!(apart.rules().contains(&"cap-mid-stream"));
}

#[test]
fn a_stream_is_read_as_a_file_is() {
    let path = testdata("node_ws.pcapng.gz");
    let stream = Reader::from_read("-", Box::new(File::open(&path).unwrap())).unwrap();
    let found = Recorder::run(stream, Options { digests: true, ..Options::default() });
    assert_eq!(found.frames, read("node_ws.pcapng.gz").frames);
}
