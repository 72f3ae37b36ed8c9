//! Questions about frames, with their answers and why they are right.

use super::compose::Draft;
use super::explain::{COLUMNS, Context, Mark};
use super::fields::{self, Entry};
use super::parts::Parts;
use super::payload;
use super::text::{FieldKind, Span, Style, Text};
use super::wrong::{breakable, breaker, spoil};
use crate::Role;
use crate::rules::{self, Severity};
use crate::scenario::Keys;
use crate::websocket::Opcode;

/// Bytes of a frame that a question shows.
const SHOWN: usize = 40;

/// A frame to be asked about.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its bytes, as far as they are kept: the whole header at least.
    pub bytes: Vec<u8>,
    /// Payload bytes that exist behind the header.
    pub captured_length: u64,
    /// Who sent it.
    pub sender: Role,
    /// permessage-deflate was agreed on.
    pub deflate: bool,
    /// A message of this sender was open before it; `None` where that is not known.
    pub inside_message: Option<bool>,
    /// Where it comes from, such as `frame 0:3`.
    pub origin: String,
    /// Why it is wrong, sentences with the section behind them; empty for a frame that is right. `None` where that
    /// cannot be told from the frame.
    pub faults: Option<Vec<String>>,
}

/// A question about a frame.
#[derive(Clone, Debug)]
pub struct Question {
    /// The frame's bytes in hexadecimal, and what must be known beside them.
    pub frame: Text,
    /// What is asked, in one line.
    pub prompt: String,
    /// Why the answer is what it is.
    pub why: Text,
    answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// A word, and others that are taken for it.
    Word(&'static str, &'static [&'static str]),
    Number(u64),
    Byte(u8),
}

impl Question {
    /// The answer, as one would give it.
    pub fn answer(&self) -> String {
        match &self.answer {
            Answer::Word(word, _) => (*word).to_owned(),
            Answer::Number(number) => number.to_string(),
            Answer::Byte(byte) => format!("{byte:02x}"),
        }
    }

    /// Whether an answer is right; letter case and white space do not count.
    pub fn is_right(&self, given: &str) -> bool {
        let given = given.trim().to_lowercase();
        match &self.answer {
            Answer::Word(word, others) => given == *word || others.contains(&given.as_str()),
            Answer::Number(number) => given.parse() == Ok(*number),
            Answer::Byte(byte) => u8::from_str_radix(given.trim_start_matches("0x"), 16) == Ok(*byte),
        }
    }
}

/// What is asked about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Opcode,
    Length,
    Fin,
    Sender,
    Legal,
    Unmask,
    Code,
}

/// Makes a question about a frame; which one follows from `dice`.
pub fn question(subject: &Subject, dice: &mut Dice) -> Question {
    let parts = Parts::new(&subject.bytes).with_known(subject.captured_length);
    let topics = topics(subject, &parts);
    // There is always one: every frame has an opcode.
    let topic = topics.get(dice.below(topics.len())).copied().unwrap_or(Topic::Opcode);
    let header = &parts.header;
    let context = Context { sender: Some(subject.sender), ..Context::default() };
    let entries = fields::header(&parts, &context);
    let of = |kind: FieldKind| move |entry: &&Entry| entry.kind == kind;
    let (prompt, answer, why) = match topic {
        Topic::Opcode => {
            let prompt = "What is it: continuation, text, binary, close, ping, pong or reserved?";
            let answer = match header.opcode {
                Opcode::CONTINUATION => Answer::Word("continuation", &["cont", "0"]),
                Opcode::TEXT => Answer::Word("text", &["1"]),
                Opcode::BINARY => Answer::Word("binary", &["2"]),
                Opcode::CLOSE => Answer::Word("close", &["8"]),
                Opcode::PING => Answer::Word("ping", &["9"]),
                Opcode::PONG => Answer::Word("pong", &["10", "a"]),
                _ => Answer::Word("reserved", &[]),
            };
            (prompt.to_owned(), answer, said(entries.iter().filter(of(FieldKind::Opcode))))
        }
        Topic::Length => {
            let prompt = "How many bytes of payload does it have?";
            let why = said(entries.iter().filter(of(FieldKind::Length)));
            (prompt.to_owned(), Answer::Number(header.payload_length), why)
        }
        Topic::Fin => {
            let prompt = "Does its message end with it: yes or no?";
            (prompt.to_owned(), yes_or_no(header.fin), said(entries.iter().filter(of(FieldKind::Fin))))
        }
        Topic::Sender => {
            let answer = match subject.sender {
                Role::Client => Answer::Word("client", &["c", "the client"]),
                Role::Server => Answer::Word("server", &["s", "the server"]),
            };
            let prompt = "It keeps the rules. Who sent it: client or server?";
            (prompt.to_owned(), answer, said(entries.iter().filter(of(FieldKind::Mask))))
        }
        Topic::Unmask => {
            let (masked, key) = (parts.payload.first().copied().unwrap_or(0), parts.key_byte(0).unwrap_or(0));
            let mut why = Text::default();
            let words = format!("{masked:02x} XOR {key:02x}, the first byte of the key, is {:02x}. §5.3", masked ^ key);
            why.flow(Vec::new(), 2, &[Span::plain(words)], COLUMNS);
            let prompt = "What is the first byte of its payload, unmasked, in hexadecimal?";
            (prompt.to_owned(), Answer::Byte(masked ^ key), why)
        }
        Topic::Code => {
            let body = parts.unmasked();
            let code = body.first_chunk::<2>().map_or(0, |code| u16::from_be_bytes(*code));
            let prompt = "Which status code does it carry?";
            (prompt.to_owned(), Answer::Number(code.into()), said(payload::close(&parts).iter().take(1)))
        }
        Topic::Legal => {
            let faults = subject.faults.as_deref().unwrap_or_default();
            let mut why = Text::default();
            for fault in faults {
                let words = crate::escape::printable(fault.as_bytes()).into_owned();
                why.flow(Vec::new(), 2, &[Span::plain(words)], COLUMNS);
            }
            if faults.is_empty() {
                why.flow(Vec::new(), 2, &[Span::plain("Nothing in it is against the RFC.")], COLUMNS);
            }
            ("Is it legal: yes or no?".to_owned(), yes_or_no(faults.is_empty()), why)
        }
    };
    Question { frame: frame(subject, &parts, topic), prompt, answer, why }
}

fn yes_or_no(yes: bool) -> Answer {
    if yes { Answer::Word("yes", &["y"]) } else { Answer::Word("no", &["n"]) }
}

/// What can be asked about a frame.
fn topics(subject: &Subject, parts: &Parts<'_>) -> Vec<Topic> {
    let header = &parts.header;
    let mut topics = vec![Topic::Opcode, Topic::Length];
    if !header.opcode.is_control() && !header.opcode.is_reserved() {
        topics.push(Topic::Fin);
    }
    if header.masking_key.is_some() && !parts.payload.is_empty() {
        topics.push(Topic::Unmask);
    }
    if header.opcode == Opcode::CLOSE && parts.payload.len() >= 2 {
        topics.push(Topic::Code);
    }
    match subject.faults.as_deref() {
        // The mask tells who it was.
        Some([]) => topics.extend([Topic::Sender, Topic::Legal]),
        // A fault is worth more than its length.
        Some(_) => topics = vec![Topic::Legal],
        None => {}
    }
    topics
}

fn said<'a>(entries: impl Iterator<Item = &'a Entry>) -> Text {
    let mut text = Text::default();
    for entry in entries {
        entry.push_to(&mut text);
    }
    text
}

/// The bytes, and what must be known beside them.
fn frame(subject: &Subject, parts: &Parts<'_>, topic: Topic) -> Text {
    let mut text = Text::default();
    let shown = parts.bytes.get(..SHOWN).unwrap_or(parts.bytes);
    for line in shown.chunks(20) {
        let hex = line.iter().map(|byte| format!(" {byte:02x}")).collect::<String>();
        text.push(vec![Span::new(format!("   {hex}"), Style::Strong)]);
    }
    let more = (parts.bytes.len() - shown.len()) as u64 + parts.withheld();
    // How many more would be the answer to a question.
    if more > 0 {
        text.push(vec![Span::new("    … and more", Style::Dim)]);
    }
    let mut facts = vec![subject.origin.clone()];
    if topic == Topic::Legal {
        facts.push(format!("from the {}", subject.sender));
        facts.push(if subject.deflate { "permessage-deflate agreed" } else { "no extension agreed" }.to_owned());
        if let Some(open) = subject.inside_message {
            facts.push(if open { "its sender's message is open" } else { "no message is open" }.to_owned());
        }
    }
    text.flow(Vec::new(), 4, &[Span::new(facts.join("; "), Style::Dim)], COLUMNS);
    text
}

/// Numbers that look random and follow from a seed.
#[derive(Debug)]
pub struct Dice(Keys);

impl Dice {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Dice {
        Dice(Keys::new(seed))
    }

    /// A number from 0 to `bound` - 1; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The remainder's bias does not matter to a quiz.
        usize::try_from(self.0.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// A frame that was never sent, right or wrong.
    pub fn frame(&mut self) -> Subject {
        const WORDS: [&str; 6] = ["Hello", "lunch?", "ok", "{\"id\": 7}", "Grüße", "are you there"];
        let word = WORDS[self.below(WORDS.len())];
        let sender = if self.below(2) == 0 { Role::Client } else { Role::Server };
        if self.below(3) == 0 {
            return self.wrong(word, sender);
        }
        let key = (sender == Role::Client).then(|| self.0.masking_key());
        let draft = |opcode, payload: Vec<u8>| Draft::new(opcode, payload, key);
        let (mut draft, mut inside) = match self.below(8) {
            0 => (draft(Opcode::BINARY, self.bytes(100..=2000)), false),
            1 => (draft(Opcode::BINARY, self.bytes(65_536..=70_000)), false),
            2 => (draft(Opcode::PING, word.into()), false),
            3 => (draft(Opcode::PONG, word.into()), false),
            4 => {
                const CODES: [u16; 6] = [1000, 1001, 1003, 1009, 1011, 4000];
                let code = CODES[self.below(CODES.len())];
                (draft(Opcode::CLOSE, [&code.to_be_bytes(), word.as_bytes()].concat()), false)
            }
            5 => (draft(Opcode::CONTINUATION, word.into()), true),
            _ => (draft(Opcode::TEXT, word.into()), false),
        };
        if !draft.header.opcode.is_control() && self.below(3) == 0 {
            draft.header.fin = false;
        }
        // Control frames may come between fragments.
        inside |= draft.header.opcode.is_control() && self.below(2) == 0;
        subject(&draft, sender, Some(inside), Vec::new())
    }

    fn wrong(&mut self, word: &str, sender: Role) -> Subject {
        // Two frames are one too many for a question, and what is a warning elsewhere is no clear no.
        let is_error = |rule: &&str| rules::find(rule).is_some_and(|rule| rule.severity == Severity::Error);
        let rules: Vec<&str> =
            breakable().filter(|rule| *rule != "frag-new-data-inside-message").filter(is_error).collect();
        let rule = rules.get(self.below(rules.len())).copied().unwrap_or("frame-rsv2-set");
        let sender = breaker(rule).unwrap_or(sender);
        let key = (sender == Role::Client).then(|| self.0.masking_key());
        let mut drafts = vec![Draft::new(Opcode::TEXT, word.into(), key)];
        // Neither the sender nor the length is in the way.
        let spoiled = spoil(&mut drafts, rule, sender).is_ok();
        let faults = rules::find(rule)
            .filter(|_| spoiled)
            .map(|rule| format!("{} {} ({})", rule.statement, rule.source, rule.id))
            .into_iter()
            .collect();
        let draft = drafts.pop().unwrap_or_else(|| Draft::new(Opcode::TEXT, word.into(), key));
        subject(&draft, sender, Some(false), faults)
    }

    fn bytes(&mut self, lengths: std::ops::RangeInclusive<usize>) -> Vec<u8> {
        let length = lengths.start() + self.below(lengths.end() - lengths.start() + 1);
        (0..length).map(|_| self.0.next() as u8).collect()
    }
}

fn subject(draft: &Draft, sender: Role, inside_message: Option<bool>, faults: Vec<String>) -> Subject {
    Subject {
        bytes: draft.bytes(),
        captured_length: draft.payload.len() as u64,
        sender,
        deflate: false,
        inside_message,
        origin: "made up".to_owned(),
        faults: Some(faults),
    }
}

impl Subject {
    /// Takes note of what the rules say of it. What cannot be seen in the frame itself makes its legality no question.
    pub fn blame(&mut self, mark: &Mark<'_>) {
        let parts = Parts::new(&self.bytes).with_known(self.captured_length);
        let plain = parts.header.opcode == Opcode::TEXT && parts.header.fin && !parts.header.rsv1;
        let all_shown = parts.bytes.len() <= SHOWN && parts.is_whole();
        let visible =
            breakable().any(|rule| rule == mark.rule) && (!mark.rule.starts_with("utf8-") || plain && all_shown);
        match (mark.severity, &mut self.faults) {
            (Severity::Error, Some(faults)) if visible => {
                faults.push(format!("{}. {} ({})", mark.message, mark.source, mark.rule));
            }
            (Severity::Error | Severity::Warning, faults) => *faults = None,
            (Severity::Note, _) => {}
        }
    }
}
