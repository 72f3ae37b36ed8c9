//! Is this a WebSocket? Asked of TCP connections that were open before the capture began, where no handshake tells.
//!
//! Frames must stand in both directions, masked in one and unmasked in the other, with evidence that other traffic
//! does not give by chance: it must be unlikely enough that a capture full of other protocols yields none.

use crate::Role;
use crate::http::Held;
use crate::tcp::{Chunk, Side};
use crate::websocket::{Expected, Search};

/// Evidence asked of both directions together, in bits.
const ENOUGH_TOGETHER: u32 = 48;

/// Evidence asked of one direction where the other is silent or was not captured.
const ENOUGH_ALONE: u32 = 40;

/// Bytes and segments of one direction that are looked at together.
const WINDOW_BYTES: usize = 16 << 10;
const WINDOW_SEGMENTS: usize = 64;

/// Bytes of a connection after which the question is given up: a capture may begin within a large frame, but not
/// within one after the other.
const MAX_BYTES: u64 = 1 << 20;

/// Bytes of a connection that may be a WebSocket.
#[derive(Debug, Default)]
pub(super) struct MidStream {
    first: Search,
    second: Search,
    held: Vec<(Side, Held)>,
    passed: u64,
}

/// What is known after some bytes.
pub(super) enum Verdict {
    /// Not enough to say.
    Wait,
    /// A WebSocket; this side is the client.
    WebSocket(Side),
    /// Something else.
    Other,
}

impl MidStream {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, side: Side, chunk: Chunk<'_>) -> Verdict {
        self.passed += chunk.bytes.len() as u64;
        if self.passed > MAX_BYTES {
            return Verdict::Other;
        }
        let search = self.search(side);
        if search.held() + chunk.bytes.len() > WINDOW_BYTES || search.segments() == WINDOW_SEGMENTS {
            self.missing(side);
        }
        self.search_mut(side).collect(chunk);
        let Chunk { offset, bytes, packet, acknowledged } = chunk;
        // Who is the client is known only at the end; the role is set when the bytes are handed on.
        let held = Held { offset, bytes: bytes.to_vec(), packet, acknowledged, sender: Role::Client };
        self.held.push((side, held));
        self.verdict()
    }

    /// Bytes of one side are missing: what came before them says nothing about what follows.
    pub(super) fn missing(&mut self, side: Side) {
        self.search_mut(side).forget();
        self.held.retain(|(of, _)| *of != side);
    }

    /// What was held, in the order of arrival.
    pub(super) fn into_held(self) -> Vec<(Side, Held)> {
        self.held
    }

    fn verdict(&self) -> Verdict {
        let best = |side: Side, masked| {
            let found = self.search(side).best_edge(Expected { masked, rsv1: true });
            found.map_or(0, |found| found.score)
        };
        for client in [Side::First, Side::Second] {
            let (asks, answers) = (best(client, true), best(client.other(), false));
            let silent = |side| self.search(side).held() == 0;
            let enough = match (silent(client), silent(client.other())) {
                (false, false) => asks > 0 && answers > 0 && asks + answers >= ENOUGH_TOGETHER,
                (false, true) => asks >= ENOUGH_ALONE,
                (true, false) => answers >= ENOUGH_ALONE,
                (true, true) => false,
            };
            if enough {
                return Verdict::WebSocket(client);
            }
        }
        Verdict::Wait
    }

    fn search(&self, side: Side) -> &Search {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    fn search_mut(&mut self, side: Side) -> &mut Search {
        match side {
            Side::First => &mut self.first,
            Side::Second => &mut self.second,
        }
    }
}
