//! Shows each key to the tests of many keys, each of which speaks once.

use super::super::docket::Docket;
use super::super::{Confidence, Finding, Severity};
use super::forensic_rules::{KEY_LOW_ENTROPY, KEY_PREDICTABLE, KEY_REPEATED, KEY_SEQUENCE};
use super::generators::{Order, Prediction, predict};
use super::history::History;
use super::statistics::{Sequence, Steps, Weakness, repeats_too_often, weakness};
use crate::websocket::Frame;

/// A key space of so many bits is hardly worse than 32: `rand` and its like leave out a bit or two.
const NEARLY_ALL_BITS: u32 = 30;

/// What is remembered of a client's keys.
#[derive(Debug, Default)]
pub(super) struct Forensics {
    history: History,
    steps: Steps,
    repeats: u32,
    told: Told,
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
        self.history.interrupt();
    }

    /// Takes the next key, which is neither zero nor the one before.
    pub(super) fn key(&mut self, key: u32, frame: &Frame<'_>, docket: &mut Docket) {
        if let Some((order, sequence)) = self.steps.push(key) {
            self.sequence(key, order, sequence, frame, docket);
        }
        if !self.history.push(key) {
            return;
        }
        let (keys, consecutive) = self.history.keys();
        let repeated = repeats_too_often(keys, &mut self.repeats);
        let prediction = predict(consecutive, keys.len());
        let weakness = weakness(keys);
        if repeated {
            self.repeated(key, frame, docket);
        }
        if let Some(prediction) = prediction {
            self.predicted(key, prediction, frame, docket);
        }
        if let Some(weakness) = weakness {
            self.weak(weakness, frame, docket);
        }
    }

    #[cold]
    fn sequence(&mut self, key: u32, order: Order, sequence: Sequence, frame: &Frame<'_>, docket: &mut Docket) {
        if !std::mem::replace(&mut self.told.sequence, true) {
            let text = format!("client's frame {} has the key {key:08x}: {}", frame.index, sequence.describe(order));
            docket.file(statistical(Finding::of_frame(&KEY_SEQUENCE, frame, text)));
        }
    }

    #[cold]
    fn repeated(&mut self, key: u32, frame: &Frame<'_>, docket: &mut Docket) {
        if !std::mem::replace(&mut self.told.repeated, true) {
            let text = format!(
                "client's frame {} has a key again that an earlier frame had, {key:08x}; among {} keys that happened {} \
                 times",
                frame.index,
                self.history.keys().0.len(),
                self.repeats
            );
            docket.file(statistical(Finding::of_frame(&KEY_REPEATED, frame, text)));
        }
    }

    #[cold]
    fn predicted(&mut self, key: u32, prediction: Prediction, frame: &Frame<'_>, docket: &mut Docket) {
        if !std::mem::replace(&mut self.told.predicted, true) {
            let text = format!(
                "client's frame {} has the masking key {key:08x}, as {} makes it: {} keys tell its state, and the next \
                 {} came as predicted",
                frame.index, prediction.generator, prediction.from, prediction.predicted
            );
            docket.file(Finding::of_frame(&KEY_PREDICTABLE, frame, text));
        }
    }

    #[cold]
    fn weak(&mut self, weakness: Weakness, frame: &Frame<'_>, docket: &mut Docket) {
        if self.told.predicted || self.told.sequence || self.told.weak {
            return;
        }
        self.told.weak = true;
        let text = format!("client's keys up to frame {}: {weakness}", frame.index);
        let finding = Finding::of_frame(&KEY_LOW_ENTROPY, frame, text);
        let slight = weakness.bits_left() >= NEARLY_ALL_BITS;
        docket.file(statistical(if slight { finding.with_severity(Severity::Note) } else { finding }));
    }
}

fn statistical(mut finding: Finding) -> Finding {
    finding.confidence = finding.confidence.max(Confidence::Statistical);
    finding
}
