//! The filter line: which frames are listed.
//!
//! Words separated by spaces, all of which must hold; a `-` before one turns it round:
//!
//! | word | frames |
//! |---|---|
//! | `from:client` | that this endpoint sent |
//! | `op:text,ping` | with one of these opcodes, by name or number |
//! | `rule:close-*` | that a finding of such a rule is about |
//! | `level:warning` | that a finding of this severity or a worse one is about |
//! | `size>1k` | whose payload is so long: `<`, `<=`, `=`, `>=`, `>`; k is 1000, M a million |
//! | `hex:8a00` | whose payload holds these bytes |
//! | `hello`, `"two words"` | whose payload holds this text; in lower case it means either case |
//!
//! Payloads are searched unmasked, and a message that was put together or inflated with its last frame.

use super::model::{FrameRecord, Model};
use crate::Role;
use crate::policy::Pattern;
use crate::rules::Severity;
use crate::websocket::Opcode;
use memchr::memmem;
use std::cmp::Ordering;
use std::ops::Range;

/// Which frames are listed; the default is all.
#[derive(Default)]
pub(super) struct Filter {
    terms: Vec<Term>,
}

struct Term {
    not: bool,
    test: Test,
}

enum Test {
    From(Role),
    Opcode(Vec<Opcode>),
    Rule(Pattern),
    Level(Severity),
    Size(Vec<Ordering>, u64),
    Holds(Needle),
}

/// Bytes to look for.
struct Needle {
    bytes: Vec<u8>,
    /// ASCII letters of either case are the same.
    any_case: bool,
}

/// Why a line is no filter, and which of its bytes say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) why: String,
}

impl Filter {
    /// Reads a filter line.
    pub(super) fn parse(line: &str) -> Result<Filter, Fault> {
        let mut terms = Vec::new();
        for word in words(line)? {
            let text = &line[word.clone()];
            let (not, body) = match text.strip_prefix('-') {
                Some(body) if !body.is_empty() => (true, body),
                _ => (false, text),
            };
            let test = test(body).map_err(|why| Fault { at: word, why })?;
            terms.push(Term { not, test });
        }
        // What needs the payload comes last: reading it costs most.
        terms.sort_by_key(|term| matches!(term.test, Test::Holds(_)));
        Ok(Filter { terms })
    }

    /// Whether it lets everything through.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a frame is listed. `id` is its place in the list of all frames.
    pub(super) fn admits(&self, model: &Model, id: u32, frame: &FrameRecord) -> bool {
        let mut payloads = None;
        self.terms.iter().all(|term| {
            let holds = match &term.test {
                Test::Holds(needle) => {
                    let payloads = payloads.get_or_insert_with(|| self::payloads(model, id));
                    payloads.iter().any(|payload| needle.is_in(payload))
                }
                test => test.quick(model, frame),
            };
            holds != term.not
        })
    }
}

/// What is searched for a frame: its payload, and the message that it completes.
fn payloads(model: &Model, id: u32) -> Vec<Vec<u8>> {
    let frame = model.read(id, usize::MAX).map(|stored| stored.frame().payload.to_vec());
    let index = model.frame(id).map(|frame| frame.index);
    let message = model.message_of(id).filter(|message| Some(message.last) == index);
    let message = message.map(|message| model.message_bytes(message, usize::MAX));
    frame.into_iter().chain(message).collect()
}

impl Test {
    fn quick(&self, model: &Model, frame: &FrameRecord) -> bool {
        let mut findings = model.findings_of(frame.connection, frame.index);
        match self {
            Test::From(role) => frame.sender() == *role,
            Test::Opcode(opcodes) => opcodes.contains(&frame.opcode()),
            Test::Rule(pattern) => findings.any(|finding| pattern.matches(finding.rule)),
            Test::Level(least) => findings.any(|finding| finding.severity >= *least),
            Test::Size(orders, size) => orders.contains(&frame.length.cmp(size)),
            Test::Holds(_) => true,
        }
    }
}

impl Needle {
    fn is_in(&self, payload: &[u8]) -> bool {
        match self.any_case {
            true => memmem::find(&payload.to_ascii_lowercase(), &self.bytes).is_some(),
            false => memmem::find(payload, &self.bytes).is_some(),
        }
    }
}

/// Where the words of a line are; spaces inside quotation marks separate nothing.
fn words(line: &str) -> Result<Vec<Range<usize>>, Fault> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (c, quote) {
            ('"', None) => {
                quote = Some(at);
                start.get_or_insert(at);
            }
            ('"', Some(_)) => quote = None,
            (' ', None) => words.extend(start.take().map(|start| start..at)),
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    if let Some(at) = quote {
        return Err(Fault { at: at..line.len(), why: "the closing quotation mark is missing".to_owned() });
    }
    words.extend(start.map(|start| start..line.len()));
    Ok(words)
}

fn test(word: &str) -> Result<Test, String> {
    if let Some(rest) = word.strip_prefix("size")
        && rest.starts_with(['<', '>', '='])
    {
        return size(rest);
    }
    let Some((key, value)) = word.split_once(':').filter(|(key, _)| !key.contains('"')) else {
        return text(word);
    };
    if value.is_empty() {
        return Err(format!("something is missing behind {key}:"));
    }
    match key {
        "from" => match value {
            "client" | "c" => Ok(Test::From(Role::Client)),
            "server" | "s" => Ok(Test::From(Role::Server)),
            _ => Err("from: takes client or server".to_owned()),
        },
        "op" | "opcode" => value.split(',').map(opcode).collect::<Result<_, _>>().map(Test::Opcode),
        "rule" => value.parse().map(Test::Rule),
        "level" => match value {
            "error" => Ok(Test::Level(Severity::Error)),
            "warning" => Ok(Test::Level(Severity::Warning)),
            "note" => Ok(Test::Level(Severity::Note)),
            _ => Err("level: takes error, warning or note".to_owned()),
        },
        "hex" => hex(value),
        "size" => Err("write size>100, size<=125 or size=0".to_owned()),
        "text" => text(value),
        _ => Err(format!("there is no {key}:; text with a colon goes into quotation marks")),
    }
}

fn opcode(name: &str) -> Result<Opcode, String> {
    let named = || Opcode::named(name);
    let short = || (name == "cont").then_some(Opcode::CONTINUATION);
    named()
        .or_else(short)
        .ok_or_else(|| format!("no opcode {name}: there are text, binary, continuation, close, ping, pong and 0 to 15"))
}

fn size(text: &str) -> Result<Test, String> {
    use Ordering::{Equal, Greater, Less};
    let (orders, number) = [
        (">=", vec![Greater, Equal]),
        ("<=", vec![Less, Equal]),
        (">", vec![Greater]),
        ("<", vec![Less]),
        ("=", vec![Equal]),
    ]
    .into_iter()
    .find_map(|(sign, orders)| Some((orders, text.strip_prefix(sign)?)))
    .ok_or("write size>100, size<=125 or size=0")?;
    let digits = number.trim_end_matches(['k', 'K', 'M']);
    let factor: u64 = match &number[digits.len()..] {
        "" => 1,
        "k" | "K" => 1000,
        "M" => 1_000_000,
        _ => return Err(format!("{number} is no size")),
    };
    let size = digits.parse::<u64>().ok().and_then(|size| size.checked_mul(factor));
    size.map(|size| Test::Size(orders, size)).ok_or_else(|| format!("{number} is no size"))
}

fn hex(digits: &str) -> Result<Test, String> {
    let bytes = crate::teach::parse_hex(digits.trim_matches('"')).map_err(|error| error.to_string())?;
    match bytes.is_empty() {
        true => Err("bytes are missing behind hex:".to_owned()),
        false => Ok(Test::Holds(Needle { bytes, any_case: false })),
    }
}

fn text(word: &str) -> Result<Test, String> {
    let text = word.replace('"', "");
    if text.is_empty() {
        return Err("nothing stands between the quotation marks".to_owned());
    }
    let any_case = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    Ok(Test::Holds(Needle { bytes: text.into_bytes(), any_case }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(line: &str) -> (Range<usize>, String) {
        let Fault { at, why } = Filter::parse(line).err().unwrap();
        (at, why)
    }

    #[test]
    fn lines_are_read() {
        for line in [
            "",
            "  ",
            "from:client op:text,0x9 size>=1k -size=0",
            "rule:close-* level:error hex:81ff hello \"a: b\" text:\"x y\"",
            "-",
            "-op:cont",
        ] {
            assert!(Filter::parse(line).is_ok(), "{line}");
        }
        assert!(Filter::parse(" ").unwrap().is_empty());
    }

    #[test]
    fn faults_say_where_they_are() {
        assert_eq!(fault("hello from:me").0, 6..13);
        assert_eq!(fault("\"open").0, 0..5);
        assert!(fault("op:pung").1.starts_with("no opcode pung"));
        assert!(fault("rule:close-not-anserwed").1.contains("close-not-answered"));
        assert_eq!(fault("size>9999999999999999999M").1, "9999999999999999999M is no size");
        assert_eq!(fault("http://x").1, "there is no http:; text with a colon goes into quotation marks");
        assert_eq!(fault("hex:xy").0, 0..6);
    }

    #[test]
    fn lower_case_means_either() {
        let needle = |word| match test(word) {
            Ok(Test::Holds(needle)) => needle,
            _ => panic!("{word}"),
        };
        assert!(needle("hello").is_in(b"He said HELLO"));
        assert!(!needle("Hello").is_in(b"He said HELLO"));
        assert!(needle("\"said h\"").is_in(b"He said HELLO"));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line: String) {
            if let Err(Fault { at, .. }) = Filter::parse(&line) {
                prop_assert!(line.get(at).is_some());
            }
        }
    }
}
