//! Every form of report over the same three captures: one of a server that ends messages with an empty fragment too
//! many, one with a wrong accept value and a refusal, one of a conforming pair. Each is compared with its snapshot and
//! held against the published schema of its form.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CAPTURES: [&str; 3] = ["gallery/qt_cpp_zero_byte.pcap", "gallery/rfc_style_client_bad_guid.pcap", "node_ws.pcap"];

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Runs the program where the captures are, so that their paths are relative.
fn wslens(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wslens"));
    command.current_dir(testdata()).env("NO_COLOR", "1").args(arguments).output().unwrap()
}

fn report(form: &str, capture: &str, more: &[&str]) -> String {
    let arguments = [&["check", "--no-config", "--format", form, capture], more].concat();
    String::from_utf8(wslens(&arguments).stdout).unwrap()
}

fn json(form: &str, capture: &str, more: &[&str]) -> Value {
    serde_json::from_str(&report(form, capture, more)).unwrap()
}

fn name(capture: &str) -> String {
    Path::new(capture).file_stem().unwrap().to_str().unwrap().to_owned()
}

fn schema(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(testdata().join("schema").join(file)).unwrap()).unwrap()
}

#[track_caller]
fn assert_valid(schema: &Value, document: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// The same schema with no room for fields that it does not name.
fn strict(schema: &Value) -> Value {
    let mut schema = schema.clone();
    fn close(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if fields.contains_key("properties") {
                    fields.insert("additionalProperties".into(), false.into());
                }
                fields.values_mut().for_each(close);
            }
            Value::Array(values) => values.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

#[test]
fn reports_look_as_they_did() {
    for capture in CAPTURES {
        for form in ["table", "text", "github", "json", "jsonl", "gitlab"] {
            insta::assert_snapshot!(format!("{form}-{}", name(capture)), report(form, capture, &["--notes"]));
        }
        // All rules are in these; the snapshot is of what the capture made of them.
        let mut sarif = json("sarif", capture, &[]);
        let driver = &mut sarif["runs"][0]["tool"]["driver"];
        driver["rules"].as_array_mut().unwrap().retain(|rule| rule["id"] == "close-not-answered");
        for result in sarif["runs"][0]["results"].as_array_mut().unwrap() {
            assert!(result.as_object_mut().unwrap().remove("ruleIndex").is_some_and(|index| index.is_u64()));
        }
        insta::assert_snapshot!(format!("sarif-{}", name(capture)), serde_json::to_string_pretty(&sarif).unwrap());
        let junit = report("junit", capture, &[]);
        let told = |line: &&str| !line.contains("wslens.rules") || !line.ends_with("/>") && !line.contains("<skipped");
        let lines = junit.lines().filter(|line| !line.contains("<testsuite name")).filter(told);
        insta::assert_snapshot!(format!("junit-{}", name(capture)), lines.collect::<Vec<_>>().join("\n"));
        insta::assert_snapshot!(format!("har-{}", name(capture)), report("har", capture, &[]));
    }
}

#[test]
fn json_is_what_its_schema_says() {
    let schema = schema("report.schema.json");
    let strict = strict(&schema);
    for capture in CAPTURES.into_iter().chain([
        "midstream.pcap",
        "lossy_both.pcap",
        "hixie76.pcap",
        "refused.pcap",
        "wss_tls13_secrets.pcapng",
    ]) {
        let (short, full) = (json("json", capture, &[]), json("json", capture, &["--full", "--digests"]));
        for report in [&short, &full] {
            assert_valid(&schema, report);
            assert_valid(&strict, report);
        }
        assert!(short["connections"][0].get("frames").is_none() && full["connections"][0].get("frames").is_some());
    }
}

#[test]
fn the_schema_in_testdata_is_the_one_that_is_printed() {
    let printed = String::from_utf8(wslens(&["schema"]).stdout).unwrap();
    let pinned = std::fs::read_to_string(testdata().join("schema/report.schema.json")).unwrap();
    assert!(printed == pinned, "run: cargo run -- schema > testdata/schema/report.schema.json");
}

#[test]
fn a_schema_that_allows_anything_would_be_noticed() {
    let mut report = json("json", CAPTURES[0], &[]);
    report["connections"][0]["findings"][0]["rule"] = "no-such-rule".into();
    assert!(!jsonschema::is_valid(&schema("report.schema.json"), &report));
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = schema("sarif-schema-2.1.0.json");
    for capture in CAPTURES {
        let log = json("sarif", capture, &["--max-findings", "1"]);
        assert_valid(&schema, &log);
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let region = &result["locations"][0]["physicalLocation"]["region"];
            let place = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap();
            assert_eq!(place("startLine"), 1);
            // The bytes are those of a packet in the file: Ethernet, IPv4.
            let bytes = std::fs::read(testdata().join(capture)).unwrap();
            let packet = &bytes[place("byteOffset")..place("byteOffset") + place("byteLength")];
            assert_eq!(packet[12..15], [0x08, 0x00, 0x45]);
        }
        for rule in rules {
            let source = rule["properties"]["source"].as_str().unwrap();
            assert_eq!(rule.get("helpUri").is_some(), ["RFC", "draft", "WHATWG"].iter().any(|s| source.starts_with(s)));
            assert!(rule["help"]["markdown"].as_str().is_some_and(|text| text.len() > 40));
        }
    }
}

/// har-schema's files name each other by their names.
#[test]
fn har_is_what_its_schema_says() {
    let registry = std::fs::read_dir(testdata().join("schema/har")).unwrap().map(|file| file.unwrap().path());
    let registry = registry.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let resources = registry.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut part = schema(&format!("har/{name}"));
        part["$id"] = format!("json-schema:///{name}").into();
        (format!("json-schema:///{name}"), jsonschema::Resource::from_contents(part))
    });
    let har =
        serde_json::json!({ "$schema": "http://json-schema.org/draft-06/schema#", "$ref": "json-schema:///har.json" });
    let resources: Vec<_> = resources.collect();
    assert_eq!(resources.len(), 18);
    let registry = jsonschema::Registry::new().extend(resources).unwrap().prepare().unwrap();
    let validator = jsonschema::options().with_registry(&registry).should_validate_formats(true).build(&har).unwrap();
    let errors = |document: &Value| -> Vec<String> {
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
    };
    for capture in CAPTURES.into_iter().chain([
        "midstream.pcap",
        "one_direction.pcap",
        "one_direction_server.pcap",
        "hixie76.pcap",
        "refused.pcap",
        "ipv6.pcap",
        "wss_tls13_secrets.pcapng",
        "h2_chromium.pcap",
    ]) {
        assert_eq!(errors(&json("har", capture, &[])), [""; 0], "{capture}");
        assert_eq!(errors(&json("har", capture, &["--redact"])), [""; 0], "{capture}");
    }
    let mut wrong = json("har", CAPTURES[0], &[]);
    wrong["log"]["entries"][0]["response"]["status"] = "101".into();
    assert_eq!(errors(&wrong).len(), 1);
}

/// Connections interleave where both legs of a proxied one were captured.
#[test]
fn har_holds_every_message_of_every_connection() {
    for capture in
        ["through_nginx.pcap", "through_haproxy.pcap", "pairs/chromium_ws_deflate_haproxy.pcap", "node_ws.pcap"]
    {
        let report = json("json", capture, &["--full", "--payload-bytes", "1000000"]);
        let har = json("har", capture, &[]);
        let entries = har["log"]["entries"].as_array().unwrap();
        let connections = report["connections"].as_array().unwrap();
        assert_eq!(entries.len(), connections.len(), "{capture}");
        for (entry, connection) in entries.iter().zip(connections) {
            assert_eq!(entry["response"]["status"], connection["handshake"]["response"]["status"]);
            let ours = entry["_webSocketMessages"].as_array().unwrap();
            let theirs = connection["messages"].as_array().unwrap();
            assert_eq!(ours.len(), theirs.len(), "{capture}");
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert_eq!(ours["type"] == "send", theirs["sender"] == "client");
                match ours["opcode"].as_u64() {
                    Some(1) => assert_eq!(ours["data"], theirs["payload"]["text"]),
                    // Four characters for three bytes.
                    opcode => {
                        let length = usize::try_from(theirs["length"].as_u64().unwrap()).unwrap();
                        assert_eq!((opcode, ours["data"].as_str().unwrap().len()), (Some(2), length.div_ceil(3) * 4));
                    }
                }
            }
        }
    }
}

#[test]
fn an_archive_beside_it_does_not_change_a_report() {
    let file = std::env::temp_dir().join(format!("wslens-beside-{}.har", std::process::id()));
    let capture = CAPTURES[2];
    for form in ["json", "jsonl", "text"] {
        let alone = report(form, capture, &["--full", "--notes"]);
        let beside = report(form, capture, &["--full", "--notes", "--output", &format!("har:{}", file.display())]);
        assert!(alone == beside, "{form}");
    }
    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(written == report("har", capture, &[]));
}

#[test]
fn gitlab_is_what_its_documentation_says() {
    let schema = schema("gitlab-code-quality.schema.json");
    for capture in CAPTURES {
        let issues = json("gitlab", capture, &["--notes"]);
        assert_valid(&schema, &issues);
        let mut fingerprints: Vec<&str> =
            issues.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        let all = fingerprints.len();
        fingerprints.sort();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), all);
    }
}

/// What `junit-10.xsd` says and what readers rely on: the elements, their order and the counts.
#[test]
fn junit_is_what_its_schema_says() {
    for capture in CAPTURES {
        let text = report("junit", capture, &[]);
        let count = |what: &str| text.matches(what).count();
        let attribute = |name: &str| {
            let at = text.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
            text[at..].split('"').next().unwrap().to_owned()
        };
        assert_eq!(attribute("tests"), count("<testcase ").to_string());
        assert_eq!(attribute("failures"), count("<failure ").to_string());
        assert_eq!(attribute("skipped"), count("<skipped ").to_string());
        assert_eq!(attribute("errors"), count("<error ").to_string());
        assert_eq!(count("</failure>"), count("<failure "));
        let order = ["<testsuites>", "<testsuite ", "<properties>", "<testcase ", "<system-out>", "<system-err>"];
        let places: Vec<usize> = order.iter().map(|element| text.find(element).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }
}

/// The same by a validator, where libxml2's is installed.
#[test]
fn junit_is_valid() {
    for capture in CAPTURES {
        let dir = std::env::temp_dir().join(format!("wslens-junit-{}-{}", std::process::id(), name(capture)));
        std::fs::write(&dir, report("junit", capture, &[])).unwrap();
        let schema = testdata().join("schema/junit-10.xsd");
        let result = Command::new("xmllint").arg("--noout").arg("--schema").arg(schema).arg(&dir).output();
        std::fs::remove_file(&dir).unwrap();
        match result {
            Ok(result) => assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr)),
            Err(_) => eprintln!("skipped: xmllint is not installed"),
        }
    }
}

#[test]
fn exit_codes_do_not_depend_on_the_form() {
    let exits = |capture: &str, more: &[&str]| -> Vec<Option<i32>> {
        ["table", "text", "json", "jsonl", "sarif", "junit", "github", "gitlab", "har"]
            .map(|form| {
                let arguments = [&["check", "--no-config", "--format", form, capture], more].concat();
                wslens(&arguments).status.code()
            })
            .to_vec()
    };
    assert_eq!(exits(CAPTURES[0], &[]), [Some(1); 9]);
    assert_eq!(exits(CAPTURES[0], &["--max-findings", "0"]), [Some(1); 9]);
    assert_eq!(exits(CAPTURES[0], &["--redact"]), [Some(1); 9]);
    assert_eq!(exits(CAPTURES[2], &[]), [Some(0); 9]);
    assert_eq!(exits(CAPTURES[2], &["--fail-on", "warning"]), [Some(1); 9]);
    assert_eq!(exits("h2_chromium.pcap", &[]), [Some(3); 9]);
    assert_eq!(exits("no-such.pcap", &[]), [Some(2); 9]);
}

#[test]
fn what_was_not_looked_at_does_not_pass() {
    for form in ["sarif", "junit", "github", "gitlab", "json"] {
        // Nothing is left to complain of but that there is a file missing and nothing in the other.
        let arguments = ["check", "--no-config", "--format", form, "h2_chromium.pcap", "no-such.pcap", "--ignore", "*"];
        let output = wslens(&arguments);
        assert_eq!(output.status.code(), Some(2), "{form}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("no-such.pcap"), "{form}: {text}");
        match form {
            "junit" => assert!(text.contains("<error ") && text.contains("<failure ")),
            "sarif" => assert!(text.contains("\"executionSuccessful\": false")),
            _ => {}
        }
    }
}

#[test]
fn every_form_says_how_many_findings_are_not_listed() {
    // Four errors of one rule; one of them is listed.
    for (form, said) in [
        ("text", "3 more findings not listed"),
        ("json", "\"unlisted\":3"),
        ("sarif", "3 more findings are not listed"),
        ("github", "::3 more findings are not listed"),
        ("gitlab", "3 more findings are not listed"),
        ("junit", "3 more"),
    ] {
        let text = report(form, CAPTURES[0], &["--max-findings", "1"]);
        assert!(text.contains(said), "{form}: {text}");
    }
}

#[test]
fn a_baseline_makes_findings_known() {
    let file = std::env::temp_dir().join(format!("wslens-baseline-{}.json", std::process::id()));
    let path = file.to_str().unwrap();
    report("text", CAPTURES[0], &["--write-baseline", path]);
    let arguments = ["check", "--no-config", CAPTURES[0], "--baseline", path];
    let text = wslens(&arguments);
    let sarif = json("sarif", CAPTURES[0], &["--baseline", path]);
    let other = wslens(&["check", "--no-config", CAPTURES[1], "--baseline", path]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(text.status.code(), Some(0));
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.starts_with("0 errors, 0 warnings, 0 notes, 6 known in 1 connection"), "{text}");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() == 6 && results.iter().all(|result| result["baselineState"] == "unchanged"));
    assert_valid(&schema("sarif-schema-2.1.0.json"), &sarif);
    assert_eq!(other.status.code(), Some(1));
}

#[test]
fn nothing_secret_is_in_any_redacted_report() {
    const SECRETS: [&str; 4] = ["between the parts", "please cut", "room=1", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"];
    let both = |form, more: &[&str]| report(form, CAPTURES[2], more) + &report(form, CAPTURES[1], more);
    for form in ["text", "json", "jsonl", "sarif", "junit", "github", "gitlab", "table", "har"] {
        let text = both(form, &["--redact", "--notes", "--full", "--payload-bytes", "9999", "--digests"]);
        for secret in SECRETS {
            assert!(!text.contains(secret), "{form} tells {secret}");
        }
    }
    // They are there without it.
    let text = both("json", &["--full"]);
    assert!(SECRETS.iter().all(|secret| text.contains(secret)));
}
