//! The report page: that it says what the JSON report says, is bounded, and stays harmless whatever a capture holds.
//! `tests/browser.rs` opens it in a browser.

mod page;

use page::{analysed, hostile, long, wslens};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What stands between two marks.
#[track_caller]
fn between<'a>(text: &'a str, before: &str, behind: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    rest.split_once(behind).unwrap_or_else(|| panic!("no {behind}")).0
}

fn data(page: &str) -> Value {
    serde_json::from_str(between(page, r#"<script type="application/json" id="data">"#, "</script>")).unwrap()
}

/// The value of a column in a row: one value stands for a column of equal ones.
fn at(column: &Value, row: usize) -> &Value {
    column.as_array().map_or(column, |values| &values[row])
}

/// A number that may be spelled as a string.
fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn base64(text: &Value) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap()).unwrap()
}

/// Nanoseconds within the day.
fn nanos(time: &Value) -> i64 {
    let clock = time.as_str().unwrap().split_once('T').unwrap().1.trim_end_matches('Z');
    let parts: Vec<i64> = clock.split([':', '.']).map(|part| part.parse().unwrap()).collect();
    ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000_000_000 + parts[3]
}

/// Compares the columns of a connection's frames with the frames of the JSON report.
fn assert_same_frames(columns: &Value, began: &Value, frames: &[Value]) {
    assert_eq!(columns["count"], frames.len());
    let sender = columns["sender"].as_str().unwrap().as_bytes();
    let (mut index, mut packet, mut time, mut ends) = (u64::MAX, 0_u64, 0, [0_u64; 2]);
    for (row, frame) in frames.iter().enumerate() {
        let cell = |name: &str| at(&columns[name], row);
        let step = |name: &str| cell(name).as_i64().unwrap().cast_unsigned();
        index = index.wrapping_add(step("index"));
        packet = packet.wrapping_add(step("packet"));
        time += cell("time").as_i64().unwrap();
        let client = sender[row] == b'c';
        let key = cell("key");
        let length = whole(cell("length"));
        let form = match cell("form").as_u64().unwrap() {
            0 if length < 126 => 7,
            0 if length < 65_536 => 16,
            0 => 64,
            form => form,
        };
        let header =
            [2, 4, 10][[7, 16, 64].iter().position(|&bits| bits == form).unwrap()] + if key.is_null() { 0 } else { 4 };
        let offset = ends[usize::from(client)].wrapping_add(step("offset"));
        ends[usize::from(client)] = offset.wrapping_add(header).wrapping_add(length);
        let first = cell("first").as_u64().unwrap();
        assert_eq!(frame["index"], index);
        assert_eq!(frame["sender"], if client { "client" } else { "server" });
        assert_eq!(nanos(&frame["time"]) - nanos(began), time);
        assert_eq!(frame["packet"], packet);
        assert_eq!(frame["last_packet"], packet.wrapping_add(step("packets")));
        assert_eq!(frame["stream_offset"], offset);
        for (name, bit) in [("fin", 0x80), ("rsv1", 0x40), ("rsv2", 0x20), ("rsv3", 0x10)] {
            assert_eq!(frame[name], first & bit != 0);
        }
        assert_eq!(frame["opcode"], first & 0xF);
        assert_eq!(&frame["masking_key_hex"], key);
        assert_eq!((&frame["length_form"], &frame["header_length"]), (&form.into(), &header.into()));
        assert_eq!(frame["payload_length"], length);
        assert_eq!(frame["captured_length"], length - whole(cell("missing")));
        assert_eq!(&frame["message"], cell("message"));
        assert_same_payload(&base64(cell("payload")), &frame["payload"]);
    }
}

fn assert_same_payload(bytes: &[u8], payload: &Value) {
    if let Some(hex) = payload["hex"].as_str() {
        assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), hex);
        return;
    }
    let code = payload["close_code"].as_u64().map(|code| u16::try_from(code).unwrap().to_be_bytes().to_vec());
    let said = [code.unwrap_or_default(), payload["text"].as_str().unwrap().as_bytes().to_vec()].concat();
    // A text that is cut inside a character leaves the beginning of it out.
    assert!(bytes.starts_with(&said) && bytes.len() - said.len() < 4);
}

#[test]
fn the_page_holds_the_facts_of_the_json_report() {
    for capture in [
        "gallery/qt_cpp_zero_byte.pcap",
        "gallery/rfc_style_client_bad_guid.pcap",
        "node_ws.pcap",
        "large.pcap",
        "lossy_both.pcap",
        "midstream.pcap",
        "wss_tls13_secrets.pcapng",
        "autobahn/fuzzingserver.pcap.gz",
    ] {
        let page = data(&wslens(&["analyze", capture, "--no-config", "--digests", "--format", "html"]));
        let json: Value =
            serde_json::from_str(&wslens(&["analyze", capture, "--no-config", "--digests", "--format", "json"]))
                .unwrap();
        for name in ["schema_version", "tool", "summary", "captures", "unreadable"] {
            assert_eq!(page[name], json[name], "{capture}: {name}");
        }
        assert_eq!(page["cut"], serde_json::json!({ "connections": 0, "frames": 0, "findings": 0 }));
        let mut findings = json["findings"].as_array().unwrap().clone();
        let (pages, jsons) = (page["connections"].as_array().unwrap(), json["connections"].as_array().unwrap());
        assert_eq!(pages.len(), jsons.len());
        for (page, json) in pages.iter().zip(jsons) {
            let mut json = json.clone();
            let parts = json.as_object_mut().unwrap();
            let (frames, messages) = (parts.remove("frames").unwrap(), parts.remove("messages").unwrap());
            findings.extend(parts.remove("findings").unwrap().as_array().unwrap().iter().cloned());
            for (name, value) in parts {
                assert_eq!(&page[name], value, "{capture}: {name}");
            }
            assert_same_frames(&page["frames"], &page["first_time"], frames.as_array().unwrap());
            assert_eq!(page["messages"]["count"], messages.as_array().unwrap().len());
            // The page has them in the order in which they were complete; so has the report.
            for (row, message) in messages.as_array().unwrap().iter().enumerate() {
                for name in ["index", "first_frame", "frames", "compressed", "length", "wire_length", "complete"] {
                    assert_eq!(at(&page["messages"][name], row), &message[name], "{capture}: {name}");
                }
                assert_eq!(at(&page["messages"]["sha256"], row), &message["sha256_hex"]);
            }
        }
        let mut told = page["findings"].as_array().unwrap().clone();
        for finding in &mut told {
            finding.as_object_mut().unwrap().remove("connection");
        }
        let sorted = |mut list: Vec<Value>| {
            list.sort_by_key(Value::to_string);
            list
        };
        assert_eq!(sorted(told), sorted(findings), "{capture}");
    }
}

#[test]
fn the_page_is_one_file_that_may_do_nothing_but_show_itself() {
    let page = wslens(&["analyze", "gallery/qt_cpp_zero_byte.pcap", "--no-config", "--format", "html"]);
    let policy = between(&page, r#"http-equiv="Content-Security-Policy" content=""#, "\"");
    let digest = |text: &str| {
        use base64::Engine as _;
        format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text)))
    };
    let script = between(&page, "<script>", "</script>");
    let style = between(&page, "<style>", "</style>");
    let directives: Vec<&str> = policy.split("; ").collect();
    for wanted in [
        "default-src 'none'",
        "connect-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        &format!("script-src {}", digest(script)),
        &format!("style-src {}", digest(style)),
        "require-trusted-types-for 'script'",
    ] {
        assert!(directives.contains(&wanted), "{wanted} is not in {policy}");
    }
    // The policy stands before whatever it is about.
    assert!(page.find("Content-Security-Policy") < page.find("<style>"));
    assert!(!page.contains(" src=") && !page.contains("@import") && !page.contains("url("));
    // No markup from strings, no code from strings.
    for door in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch(", "XMLHttp"]
    {
        assert!(!script.contains(door), "{door}");
    }
    for landmark in ["<main>", "<nav aria-label", "<html lang=\"en\">", "<noscript>", "<h1>", "class=\"skip\""] {
        assert!(page.contains(landmark), "{landmark}");
    }
    assert_eq!(page.matches("<script").count(), 2);
}

#[test]
fn the_verdict_comes_first() {
    let verdict = |capture: &str| {
        let page = wslens(&["analyze", capture, "--no-config", "--format", "html"]);
        (between(&page, "<h1>", "</h1>").to_owned(), between(&page, "<p class=\"reason\">", "</p>").to_owned())
    };
    let (headline, reason) = verdict("gallery/qt_cpp_zero_byte.pcap");
    assert_eq!(headline, "The server 127.0.0.1:9400 is to blame.");
    assert!(
        reason.starts_with("4 errors and 1 warning on the only connection.") && reason.contains("RFC 6455 §5.4"),
        "{reason}"
    );
    let (headline, _) = verdict("node_ws.pcap");
    assert!(headline.starts_with("Nothing is proven wrong, but the server"), "{headline}");
    let (headline, reason) = verdict("tornado.pcap");
    assert_eq!(headline, "Nothing wrong was found.");
    assert!(reason.contains("keep to the rules"), "{reason}");
    // Not seeing is not the same as finding nothing.
    let (headline, _) = verdict("h2_chromium.pcap");
    assert_eq!(headline, "Nothing was checked.");
}

#[test]
fn hostile_text_stays_text() {
    let page = analysed(&hostile());
    // Two scripts open and two close, as on any other page.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
    assert!(!page.contains("<img") && !page.contains("<!--") && !page.contains("<svg"));
    let block = between(&page, r#"id="data">"#, "</script>");
    assert!(!block.contains('<'));
    let data = data(&page);
    let target = data["connections"][0]["handshake"]["request"]["target"].as_str().unwrap();
    assert!(target.contains("<img"), "{target}");
    assert!(between(&page, "<title>", "</title>").contains("&lt;img"));
}

#[test]
fn a_redacted_page_holds_no_payload() {
    let capture = "gallery/qt_cpp_zero_byte.pcap";
    let page = data(&wslens(&["analyze", capture, "--no-config", "--redact", "--format", "html"]));
    let frames = &page["connections"][0]["frames"];
    for row in 0..8 {
        // The status code of a Close stays.
        let kept = if row == 6 { &[0x03, 0xE8][..] } else { &[] };
        assert_eq!(base64(at(&frames["payload"], row)), kept);
    }
    let messages = &page["connections"][0]["messages"];
    assert!((0..3).all(|row| at(&messages["payload"], row).is_null()));
}

#[test]
fn a_long_capture_makes_a_short_page() {
    let frames = 600_000;
    let page = long(frames, 64);
    assert!(page.len() < 20_000_000, "{} bytes", page.len());
    assert!(page.len() > 5_000_000, "{} bytes: there was room for more", page.len());
    let data = data(&page);
    let columns = &data["connections"][0]["frames"];
    let count = columns["count"].as_u64().unwrap();
    assert_eq!(data["cut"]["frames"].as_u64().unwrap(), frames - count);
    let mut index = u64::MAX;
    let steps = columns["index"].as_array().unwrap().iter();
    let kept: Vec<u64> = steps
        .map(|step| {
            index = index.wrapping_add(step.as_i64().unwrap().cast_unsigned());
            index
        })
        .collect();
    assert_eq!((kept[0], kept[1], *kept.last().unwrap()), (0, 1, frames - 1));
    // One in the middle, which a finding is about.
    assert!(kept.binary_search(&(frames / 2)).is_ok());
    assert!(kept.binary_search(&(frames / 2 + 1)).is_err());
    // What is not shown is counted all the same.
    let activity = data["activity"]["bins"].as_array().unwrap();
    let counted: u64 = activity.iter().map(|bin| bin[1].as_u64().unwrap() + bin[3].as_u64().unwrap()).sum();
    assert_eq!(counted, frames);
    assert!(activity.len() <= 480);
}
