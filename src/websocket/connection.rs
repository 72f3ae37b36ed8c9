//! A WebSocket connection: deliveries of both directions in, events out.

use super::closing::Closing;
use super::direction::Direction;
use super::event::{Ending, Event};
use super::handshake::{Family, Handshake};
use super::hixie::HixieDirection;
use super::shared::{Deflate, Scratch, Settings, Shared, Work};
use super::stats::Stats;
use crate::Role;
use crate::fetch::fetch;
use crate::tcp::{Chunk, Delivery, Fin, Missing};
use std::sync::Arc;

/// Decodes what follows the opening handshake.
#[derive(Debug)]
pub struct Connection {
    client: Decoder,
    server: Decoder,
    shared: Shared,
}

#[derive(Debug)]
enum Decoder {
    Frames(Direction),
    Hixie(Box<HixieDirection>),
}

impl Connection {
    /// A connection that begins with this handshake.
    pub fn new(handshake: &Handshake, settings: Arc<Settings>) -> Connection {
        let deflate = match (handshake.deflate, handshake.is_answer_known()) {
            (Some(_), _) => Deflate::Agreed,
            (None, true) => Deflate::No,
            (None, false) => Deflate::Unknown,
        };
        // Where a head was not captured, neither is it known where the frames behind it begin.
        let begins = |role| match role {
            Role::Client => handshake.attempt.request.is_some(),
            Role::Server => handshake.attempt.response.is_some(),
        };
        let mut shared = Shared::new(settings, deflate);
        for role in [Role::Client, Role::Server].into_iter().filter(|&role| !begins(role)) {
            shared.closing.outcomes.begins_unseen(role);
        }
        // Hixie's protocols have no codes.
        let has_codes = matches!(handshake.family, Family::Rfc6455 | Family::Hybi(7..));
        shared.closing.outcomes.established = handshake.attempt.switched && has_codes;
        let decoder = |role| match handshake.family {
            Family::Hixie75 | Family::Hixie76 => Decoder::Hixie(Box::new(HixieDirection::new(role))),
            Family::Rfc6455 | Family::Hybi(_) if begins(role) => Decoder::Frames(Direction::new(role)),
            Family::Rfc6455 | Family::Hybi(_) => Decoder::Frames(Direction::mid_stream(role)),
        };
        Connection { client: decoder(Role::Client), server: decoder(Role::Server), shared }
    }

    /// A connection that was open before the capture began.
    pub fn mid_stream(settings: Arc<Settings>) -> Connection {
        let mut shared = Shared::new(settings, Deflate::Unknown);
        shared.closing.outcomes.established = true;
        for role in [Role::Client, Role::Server] {
            shared.closing.outcomes.begins_unseen(role);
        }
        Connection {
            client: Decoder::Frames(Direction::mid_stream(Role::Client)),
            server: Decoder::Frames(Direction::mid_stream(Role::Server)),
            shared,
        }
    }

    /// Takes what a direction delivers and tells what it means. `scratch` is working memory that connections share.
    #[inline]
    pub fn deliver(
        &mut self,
        sender: Role,
        delivery: &Delivery<'_>,
        scratch: &mut Scratch,
        tell: &mut dyn FnMut(Event<'_>),
    ) {
        let decoder = match sender {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        };
        let Delivery::Data(chunk) = delivery else { return self.deliver_other(sender, delivery, scratch, tell) };
        decoder.data(chunk, &mut Work { shared: &mut self.shared, scratch, tell });
    }

    /// Takes what is not bytes.
    fn deliver_other(
        &mut self,
        sender: Role,
        delivery: &Delivery<'_>,
        scratch: &mut Scratch,
        tell: &mut dyn FnMut(Event<'_>),
    ) {
        match *delivery {
            Delivery::Data(_) => {}
            Delivery::Missing(missing) => {
                self.shared.closing.outcomes.lose(sender);
                tell(Event::Missing { sender, missing });
                let work = &mut Work { shared: &mut self.shared, scratch, tell };
                match sender {
                    Role::Client => self.client.missing(missing, work),
                    Role::Server => self.server.missing(missing, work),
                }
            }
            Delivery::Conflict { offset, packet } => tell(Event::Conflict { sender, offset, packet }),
            Delivery::Fin(Fin { packet, acknowledged }) => {
                self.shared.closing.outcomes.fin(sender, acknowledged);
                tell(Event::Fin { sender, packet, acknowledged });
            }
            Delivery::Reset(packet) => {
                self.shared.closing.outcomes.reset();
                tell(Event::Reset { sender, packet });
            }
        }
    }

    /// Fetches what it points at and [`finish`](Self::finish) will read.
    pub(crate) fn look(&self) {
        if let Some(ended) = &self.shared.closing.outcomes.ended {
            fetch(&**ended);
        }
    }

    /// Nothing more will come. `scratch` as for [`deliver`](Connection::deliver).
    pub fn finish(
        mut self,
        ending: &Ending,
        scratch: &mut Scratch,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> (Closing, Stats) {
        for (sender, decoder) in [(Role::Client, &mut self.client), (Role::Server, &mut self.server)] {
            let mut work = Work { shared: &mut self.shared, scratch, tell: &mut *tell };
            let undecoded = decoder.finish(&mut work);
            if undecoded > 0 {
                self.shared.closing.outcomes.lose(sender);
                tell(Event::Undecoded { sender, length: undecoded });
            }
        }
        tell(Event::End(ending));
        let pings = self.shared.pinged.take().map(|mut pinged| pinged.round_trips.finish()).unwrap_or_default();
        let stats = Stats { sent: self.shared.sent, pings };
        (self.shared.closing.finish(ending.tcp), stats)
    }
}

impl Decoder {
    #[inline]
    fn data(&mut self, chunk: &Chunk<'_>, work: &mut Work<'_>) {
        match self {
            Decoder::Frames(direction) => direction.data(chunk, work),
            Decoder::Hixie(direction) => direction.data(*chunk, work),
        }
    }

    fn missing(&mut self, missing: Missing, work: &mut Work<'_>) {
        match self {
            Decoder::Frames(direction) => direction.missing(missing, work),
            Decoder::Hixie(direction) => direction.missing(missing),
        }
    }

    /// Gives the number of bytes that could not be decoded.
    fn finish(&mut self, work: &mut Work<'_>) -> u64 {
        match self {
            Decoder::Frames(direction) => {
                direction.finish(work);
                direction.undecoded()
            }
            Decoder::Hixie(direction) => direction.finish(work),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Connection;

    /// Idle connections are what memory is spent on: what is needed while a frame goes by is lent.
    #[test]
    fn an_open_connection_needs_little() {
        assert!(size_of::<Connection>() <= 224, "{}", size_of::<Connection>());
    }
}
