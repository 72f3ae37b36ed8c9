//! The challenge of `draft-hixie-thewebsocketprotocol-76` (hybi-00), §1.3 and §5.2: two keys and eight bytes in, the
//! MD5 of them out.

use crate::http::Attempt;
use md5::{Digest, Md5};

/// The answer to a hixie-76 challenge held against the challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HixieCheck {
    /// The answer that the challenge asks for; `None` where the challenge is faulty or was not seen whole.
    pub expected: Option<[u8; 16]>,
    /// The sixteen bytes behind the 101; `None` where they were not seen.
    pub received: Option<[u8; 16]>,
    /// Whether they are the same; `None` where either is not known.
    pub valid: Option<bool>,
    /// What is wrong with the keys.
    pub fault: Option<HixieKeyFault>,
}

/// What is wrong with a hixie-76 key (§4.1 steps 18 to 21): the number that its digits spell must be a multiple of
/// the number of its spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HixieKeyFault {
    /// The key has no space.
    NoSpaces {
        /// 1 for `Sec-WebSocket-Key1`, 2 for `Sec-WebSocket-Key2`.
        key: u8,
    },
    /// Its digits spell no number of 32 bits.
    NoNumber {
        /// Which key.
        key: u8,
    },
    /// The number is not divisible by the number of spaces.
    NotDivisible {
        /// Which key.
        key: u8,
        /// The number that the digits spell.
        number: u32,
        /// The spaces in the key.
        spaces: u32,
    },
}

/// The sixteen bytes with which a server answers `Sec-WebSocket-Key1`, `Sec-WebSocket-Key2` and the eight bytes behind
/// the request head.
///
/// # Errors
/// The first fault of a key, for which §5.2 asks the server to abort.
///
/// ```
/// use wslens::websocket::hixie76_answer;
/// // The example of the draft's §1.3.
/// let answer = hixie76_answer(b"4 @1  46546xW%0l 1 5", b"12998 5 Y3 1  .P00", b"^n:ds[4U");
/// assert_eq!(answer.as_ref().map(|answer| &answer[..]), Ok(&b"8jKS'y:G*Co,Wxa-"[..]));
/// ```
pub fn hixie76_answer(key1: &[u8], key2: &[u8], body: &[u8; 8]) -> Result<[u8; 16], HixieKeyFault> {
    let mut md5 = Md5::new();
    md5.update(part(key1, 1)?.to_be_bytes());
    md5.update(part(key2, 2)?.to_be_bytes());
    md5.update(body);
    Ok(md5.finalize().into())
}

/// The digits of a key as a number, divided by its spaces.
fn part(bytes: &[u8], key: u8) -> Result<u32, HixieKeyFault> {
    let digits: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_digit).collect();
    let number: u32 = std::str::from_utf8(&digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(HixieKeyFault::NoNumber { key })?;
    let spaces = bytes.iter().filter(|&&byte| byte == b' ').count() as u32;
    if spaces == 0 {
        return Err(HixieKeyFault::NoSpaces { key });
    }
    match number % spaces {
        0 => Ok(number / spaces),
        _ => Err(HixieKeyFault::NotDivisible { key, number, spaces }),
    }
}

/// Checks the challenge of an attempt; `None` where the request has not both keys.
pub(super) fn check(attempt: &Attempt) -> Option<HixieCheck> {
    let request = attempt.request.as_ref()?;
    let (key1, key2) = (request.first("sec-websocket-key1")?, request.first("sec-websocket-key2")?);
    // The keys are judged even where the eight bytes were not seen.
    let fault = part(key1, 1).and(part(key2, 2)).err();
    let expected = attempt.hixie_body.and_then(|body| hixie76_answer(key1, key2, &body).ok());
    let received = attempt.hixie_answer;
    let valid = expected.zip(received).map(|(expected, received)| expected == received);
    Some(HixieCheck { expected, received, valid, fault })
}
