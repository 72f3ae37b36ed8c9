//! The four parameters of permessage-deflate, and in which ways an element of the negotiation misuses them
//! (RFC 7692 §7.1).

use crate::rules::header_syntax::quoted;
use crate::websocket::{Extension, window_bits};
use std::collections::HashMap;

pub(super) const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
pub(super) const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
pub(super) const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
pub(super) const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// A misuse of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// It is not defined.
    Unknown(&'a str),
    /// Its value is not one that it can have; `None` where it lacks one.
    Value(&'a str, Option<&'a str>),
    /// It appears more than once.
    Duplicate(&'a str),
}

impl Fault<'_> {
    /// The fault as a clause: `"server_max_window_bits" has the value "7"`.
    pub(super) fn describe(&self) -> String {
        match self {
            Fault::Unknown(name) => format!("{} is not defined", quoted(name.as_bytes())),
            Fault::Value(name, None) => format!("{} has no value", quoted(name.as_bytes())),
            Fault::Value(name, Some(value)) => {
                let wanted = match name.to_ascii_lowercase().ends_with("_max_window_bits") {
                    true => "must be a number from 8 to 15 without leading zeros",
                    false => "must not have one",
                };
                format!("{} has the value {} but {wanted}", quoted(name.as_bytes()), quoted(value.as_bytes()))
            }
            Fault::Duplicate(name) => format!("{} appears more than once", quoted(name.as_bytes())),
        }
    }
}

/// The faults of an element of an offer or an answer, in the order in which they stand there.
///
/// That `client_max_window_bits` may lack a value in an offer only is left to the caller.
pub(super) fn faults(extension: &Extension) -> Vec<Fault<'_>> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    let mut faults = Vec::new();
    for (name, value) in &extension.params {
        let key = name.to_ascii_lowercase();
        let value = value.as_deref();
        let is_wrong = match key.as_str() {
            SERVER_NO_CONTEXT_TAKEOVER | CLIENT_NO_CONTEXT_TAKEOVER => Some(value.is_some()),
            SERVER_MAX_WINDOW_BITS => Some(value.and_then(window_bits).is_none()),
            CLIENT_MAX_WINDOW_BITS => Some(value.is_some_and(|value| window_bits(value).is_none())),
            _ => None,
        };
        let count = counts.entry(key).or_default();
        *count += 1;
        match is_wrong {
            None if *count == 1 => faults.push(Fault::Unknown(name)),
            Some(true) => faults.push(Fault::Value(name, value)),
            _ => {}
        }
        if *count == 2 {
            faults.push(Fault::Duplicate(name));
        }
    }
    faults
}

/// A window size in an element of the negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits {
    /// The parameter is not there.
    Absent,
    /// It has no value, or none that is valid.
    Unsaid,
    /// 8 to 15.
    Said(u8),
}

/// The four parameters of an element, the first of each name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Bits,
    pub(super) client_max_window_bits: Bits,
}

impl Params {
    pub(super) fn of(extension: &Extension) -> Params {
        let bits = |name| match extension.param(name) {
            None => Bits::Absent,
            Some(value) => value.and_then(window_bits).map_or(Bits::Unsaid, Bits::Said),
        };
        Params {
            server_no_context_takeover: extension.param(SERVER_NO_CONTEXT_TAKEOVER).is_some(),
            client_no_context_takeover: extension.param(CLIENT_NO_CONTEXT_TAKEOVER).is_some(),
            server_max_window_bits: bits(SERVER_MAX_WINDOW_BITS),
            client_max_window_bits: bits(CLIENT_MAX_WINDOW_BITS),
        }
    }
    /// The parameters as they would stand in a header, or `no parameters`.
    pub(super) fn describe(&self) -> String {
        let flag = |is_set: bool, name: &str| is_set.then(|| name.to_owned());
        let bits = |bits: Bits, name: &str| match bits {
            Bits::Absent => None,
            Bits::Unsaid => Some(name.to_owned()),
            Bits::Said(bits) => Some(format!("{name}={bits}")),
        };
        let said: Vec<String> = [
            flag(self.server_no_context_takeover, SERVER_NO_CONTEXT_TAKEOVER),
            flag(self.client_no_context_takeover, CLIENT_NO_CONTEXT_TAKEOVER),
            bits(self.server_max_window_bits, SERVER_MAX_WINDOW_BITS),
            bits(self.client_max_window_bits, CLIENT_MAX_WINDOW_BITS),
        ]
        .into_iter()
        .flatten()
        .collect();
        if said.is_empty() { "no parameters".to_owned() } else { said.join("; ") }
    }
}
