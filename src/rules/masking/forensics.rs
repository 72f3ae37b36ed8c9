//! Shows each key to the tests of many keys, each of which speaks once.

use super::super::docket::Docket;
use super::super::{Confidence, Finding, Severity};
use super::forensic_rules::{KEY_LOW_ENTROPY, KEY_PREDICTABLE, KEY_REPEATED, KEY_SEQUENCE};
use super::generators::{Order, predict};
use super::history::History;
use super::statistics::{Steps, repeats_too_often, weakness};
use crate::websocket::Frame;

/// A key space of so many bits is hardly worse than 32: `rand` and its like leave out a bit or two.
const NEARLY_ALL_BITS: u32 = 30;

/// What is remembered of a client's keys.
#[derive(Debug, Default)]
pub(super) struct Forensics {
    /// `None` once every test that needs it is done.
    history: Listening,
    steps: [Steps; 2],
    repeats: u32,
    told: Told,
}

#[derive(Debug)]
enum Listening {
    To(History),
    Done,
}

impl Default for Listening {
    fn default() -> Self {
        Listening::To(History::default())
    }
}

/// What was said already.
#[derive(Debug, Default)]
struct Told {
    repeated: bool,
    sequence: bool,
    weak: bool,
    predicted: bool,
}

impl Forensics {
    /// Keys of frames that are missing may stand between the last key and the next.
    pub(super) fn interrupt(&mut self) {
        if let Listening::To(history) = &mut self.history {
            history.interrupt();
        }
    }

    /// Takes the next key, which is neither zero nor the one before.
    pub(super) fn key(&mut self, key: u32, frame: &Frame<'_>, docket: &mut Docket) {
        if !self.told.sequence {
            self.sequence(key, frame, docket);
        }
        if let Listening::To(history) = &mut self.history {
            history.push(key);
            let full = history.is_full();
            self.first_keys(frame, docket);
            if full {
                self.history = Listening::Done;
            }
        }
    }

    fn sequence(&mut self, key: u32, frame: &Frame<'_>, docket: &mut Docket) {
        for (order, steps) in Order::BOTH.into_iter().zip(&mut self.steps) {
            if let Some(sequence) = steps.push(order.read(key))
                && !self.told.sequence
            {
                self.told.sequence = true;
                let text =
                    format!("client's frame {} has the key {key:08x}: {}", frame.index, sequence.describe(order));
                docket.file(statistical(Finding::of_frame(&KEY_SEQUENCE, frame, text)));
            }
        }
    }

    fn first_keys(&mut self, frame: &Frame<'_>, docket: &mut Docket) {
        let Listening::To(history) = &self.history else { return };
        let (keys, consecutive) = (history.keys(), history.consecutive());
        let Some(&key) = keys.last() else { return };
        let index = frame.index;
        if repeats_too_often(keys, &mut self.repeats) && !self.told.repeated {
            self.told.repeated = true;
            let text = format!(
                "client's frame {index} has a key again that an earlier frame had, {key:08x}; among {} keys that \
                 happened {} times",
                keys.len(),
                self.repeats
            );
            docket.file(statistical(Finding::of_frame(&KEY_REPEATED, frame, text)));
        }
        if !self.told.predicted
            && let Some(prediction) = predict(consecutive, keys.len())
        {
            self.told.predicted = true;
            let text = format!(
                "client's frame {index} has the masking key {key:08x}, as {} makes it: {} keys tell its state, and the \
                 next {} came as predicted",
                prediction.generator, prediction.from, prediction.predicted
            );
            docket.file(Finding::of_frame(&KEY_PREDICTABLE, frame, text));
        }
        let said_more = self.told.predicted || self.told.sequence || self.told.weak;
        if !said_more && let Some(weakness) = weakness(keys) {
            self.told.weak = true;
            let finding =
                Finding::of_frame(&KEY_LOW_ENTROPY, frame, format!("client's keys up to frame {index}: {weakness}"));
            let slight = weakness.bits_left() >= NEARLY_ALL_BITS;
            docket.file(statistical(if slight { finding.with_severity(Severity::Note) } else { finding }));
        }
    }
}

fn statistical(mut finding: Finding) -> Finding {
    finding.confidence = finding.confidence.max(Confidence::Statistical);
    finding
}
