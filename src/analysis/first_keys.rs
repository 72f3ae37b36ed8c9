//! Whether two connections begin with the same masking keys.

use super::remembered::Remembered;
use crate::Role;
use crate::packet::Endpoint;
use crate::websocket::{Frame, Handshake};
use std::net::IpAddr;

/// Connections that are remembered.
const REMEMBERED: usize = 65_536;

/// The masking keys of a client's first two frames.
type FirstKeys = [[u8; 4]; 2];

/// Remembers with which keys connections began, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Beginnings {
    by_keys: Remembered<FirstKeys, Party, REMEMBERED>,
}

/// Whose keys they are.
#[derive(Clone, Copy, Debug)]
struct Party {
    id: u64,
    client: IpAddr,
    server: Endpoint,
    /// A hash of Sec-WebSocket-Key, which the legs of a proxied connection have in common.
    nonce: u64,
}

/// The beginning of one connection, let go once its client's second key is known.
#[derive(Debug)]
pub(super) struct Beginning {
    party: Party,
    first: Option<[u8; 4]>,
}

/// How a connection began.
pub(super) struct Begun {
    keys: FirstKeys,
    party: Party,
}

impl Beginnings {
    /// The beginning of this connection. `None` where the request was not seen, so that legs of one connection could
    /// not be told from two connections, and for drafts with another masking.
    pub(super) fn of(&self, handshake: &Handshake, id: u64, client: IpAddr, server: Endpoint) -> Option<Beginning> {
        let request = handshake.attempt.request.as_ref()?;
        let nonce = self.by_keys.hash_one(request.first("sec-websocket-key")?);
        handshake
            .family
            .has_current_frames()
            .then_some(Beginning { party: Party { id, client, server, nonce }, first: None })
    }

    /// Takes the connection's next frame. Gives how the connection began, once that is known, and fetches where it is to be
    /// looked up; `beginning` becomes `None` when there is nothing more to learn.
    #[inline]
    pub(super) fn frame(&self, beginning: &mut Option<Box<Beginning>>, frame: &Frame<'_>) -> Option<Begun> {
        let open = beginning.as_mut()?;
        if frame.sender != Role::Client {
            return None;
        }
        let begun = match (frame.header.masking_key.filter(|_| !frame.after_gap), open.first) {
            (Some(key), None) => {
                open.first = Some(key);
                return None;
            }
            // Keys that are always the same say nothing of a sequence.
            (Some(second), Some(first)) if first != second => Some(Begun { keys: [first, second], party: open.party }),
            _ => None,
        };
        *beginning = None;
        if let Some(begun) = &begun {
            self.by_keys.expect(&begun.keys);
        }
        begun
    }

    /// Remembers how a connection began. Gives the earlier one with the same two keys.
    pub(super) fn remember(&mut self, begun: Begun) -> Option<u64> {
        let Begun { keys, party } = begun;
        let other = self.by_keys.get_or_insert(keys, party)?;
        (!party.may_be_leg_of(other)).then_some(other.id)
    }
}

impl Party {
    /// Whether both may show one connection: two legs of a proxied one, or packets captured before and after their
    /// addresses were translated.
    fn may_be_leg_of(&self, other: &Party) -> bool {
        if self.server == other.server {
            return self.client != other.client && self.nonce == other.nonce;
        }
        // A relay may greet with a key of its own and hand frames on as they are. It is the server of the one leg and
        // the client of the other.
        let relayed = self.client == other.server.ip || other.client == self.server.ip;
        self.nonce == other.nonce || relayed || self.client != other.client
    }
}
