//! What handshake messages do to a connection: who is the client, what was agreed on, and which keys come next.

use crate::capture::PacketRef;
use crate::tcp::{MissingCause, Side};

use super::cipher::{Opener, TLS13};
use super::direction::{Epoch, Guard, Protection, SkipEarly};
use super::facts::{EarlyData, Unopened, Version};
use super::hello::{ClientHello, EncryptedExtensions, ServerHello, message};
use super::input::{Record, Verdict};
use super::key_log::{KeyLog, Label, Secret};
use super::messages::Message;
use super::schedule::{Prf, key_block, next_traffic_secret, traffic_keys};
use super::session::{Context, Session, index};
use super::suite::{Protection as Algorithms, Suite};

/// The longest host name (RFC 1035 §2.3.4) and protocol name (RFC 7301 §3.1) in bytes.
const LONGEST_NAME: usize = 255;

/// So many offered protocols are told of.
const OFFERS_KEPT: usize = 16;

/// A handshake whose ClientHello was seen.
pub(super) struct Handshake {
    client_random: [u8; 32],
    /// What the server answered.
    pub server: Option<Choice>,
    /// The server asked for another ClientHello (RFC 8446 §4.1.4).
    pub retried: bool,
    /// Which directions already have the keys of TLS 1.2 and older that it made.
    pub used: [bool; 2],
}

/// What the ServerHello chose.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    pub version: u16,
    random: [u8; 32],
    algorithms: Algorithms,
    encrypt_then_mac: bool,
}

impl Session {
    /// The content of a handshake record.
    pub(super) fn take_handshake(&mut self, side: Side, content: &[u8], packet: PacketRef, context: &mut Context<'_>) {
        let mut messages = std::mem::take(&mut self.directions[index(side)].messages);
        let mut input = content;
        while let Some(message) = messages.next(&mut input) {
            if self.message(side, &message, packet, context) {
                // RFC 8446 §5.1: no message may span a change of keys, so nothing follows in this record.
                messages.restart();
                break;
            }
        }
        self.directions[index(side)].messages = messages;
    }

    /// Takes a message; `true` if the sender's next record has other keys.
    fn message(&mut self, side: Side, message: &Message<'_>, packet: PacketRef, context: &mut Context<'_>) -> bool {
        let is_client = self.facts.client == Some(side);
        let epoch = self.directions[index(side)].protection.epoch();
        match (message.kind, epoch) {
            (message::CLIENT_HELLO, None | Some(Epoch::Legacy)) => {
                if let Some(hello) = ClientHello::read(message.body) {
                    self.client_hello(side, &hello, packet);
                }
                false
            }
            (message::SERVER_HELLO, None | Some(Epoch::Legacy)) => {
                ServerHello::read(message.body).is_some_and(|hello| self.server_hello(side, &hello))
            }
            (message::ENCRYPTED_EXTENSIONS, Some(Epoch::Handshake)) if !is_client => {
                if let Some(found) = EncryptedExtensions::read(message.body) {
                    self.facts.alpn = found.alpn.map(name);
                    self.answer_early(if found.early_data { EarlyData::Accepted } else { EarlyData::Rejected });
                }
                false
            }
            // RFC 8446 §4.5: the client's next record has its handshake keys.
            (message::END_OF_EARLY_DATA, Some(Epoch::Early)) => {
                self.directions[index(side)].protection = Protection::Wanted(Epoch::Handshake);
                true
            }
            // RFC 8446 §4.4.4 and §7.3: after Finished its sender has its application keys.
            (message::FINISHED, Some(Epoch::Handshake)) => {
                self.directions[index(side)].protection = Protection::Wanted(Epoch::Application(0));
                true
            }
            // RFC 8446 §4.6.3.
            (message::KEY_UPDATE, Some(Epoch::Application(generation))) => {
                let Some(next) = generation.checked_add(1) else { return false };
                match self.guard(side, Epoch::Application(next), context.secrets) {
                    Ok(guard) => self.directions[index(side)].protection = Protection::Keyed(Box::new(guard)),
                    Err(why) => self.stop(side, why),
                }
                true
            }
            _ => false,
        }
    }

    fn client_hello(&mut self, side: Side, hello: &ClientHello<'_>, packet: PacketRef) {
        if *self.facts.client.get_or_insert(side) != side {
            return;
        }
        if self.facts.client_hello.is_none() {
            self.facts.client_hello = Some(packet);
            self.facts.server_name = hello.server_name.map(name);
            self.facts.alpn_offered = hello.alpn.iter().take(OFFERS_KEPT).map(|protocol| name(protocol)).collect();
            self.facts.early_data = hello.early_data.then_some(EarlyData::Offered);
        }
        self.facts.client_random = Some(hello.random);
        self.client_randoms.push(hello.random);
        // RFC 8446 §4.1.2: the second ClientHello of a handshake has the random of the first.
        let retried = self
            .handshake
            .as_ref()
            .is_some_and(|first| first.retried && first.server.is_none() && first.client_random == hello.random);
        self.handshake = Some(Handshake { client_random: hello.random, server: None, retried, used: [false; 2] });
    }

    fn server_hello(&mut self, side: Side, hello: &ServerHello<'_>) -> bool {
        let suite = Suite(hello.suite);
        self.facts.version = Some(Version(hello.version));
        self.facts.suite = Some(suite);
        if let Some(protocol) = hello.alpn {
            self.facts.alpn = Some(name(protocol));
        }
        let Some(handshake) = &mut self.handshake else {
            self.facts.client = Some(side.other());
            self.give_up(Unopened::HandshakeNotSeen);
            return false;
        };
        if self.facts.client == Some(side) {
            return false;
        }
        if handshake.server.is_some() {
            // The ClientHello of this renegotiation was lost.
            self.handshake = None;
            return false;
        }
        self.moved = true;
        if hello.retry {
            handshake.retried = true;
            // RFC 8446 §4.2.10: a HelloRetryRequest rejects early data.
            self.answer_early(EarlyData::Rejected);
            return false;
        }
        let Some(algorithms) = suite.protection().filter(|_| suite.is_tls13() == (hello.version == TLS13)) else {
            self.give_up(Unopened::UnsupportedSuite(suite));
            return false;
        };
        if !(0x0301..=TLS13).contains(&hello.version) {
            self.give_up(Unopened::UnsupportedVersion(Version(hello.version)));
            return false;
        }
        if hello.compression != 0 {
            self.give_up(Unopened::Compressed(hello.compression));
            return false;
        }
        handshake.server = Some(Choice {
            version: hello.version,
            random: hello.random,
            algorithms,
            encrypt_then_mac: hello.encrypt_then_mac,
        });
        if hello.version != TLS13 {
            return false;
        }
        if !hello.pre_shared_key {
            // RFC 8446 §4.2.10: early data is bound to the first offered key, so without a key it is rejected.
            self.answer_early(EarlyData::Rejected);
        }
        let client = &mut self.directions[index(side.other())];
        if matches!(client.protection, Protection::Plain) {
            let early = self.facts.early_data.is_some_and(|answer| answer != EarlyData::Rejected);
            client.protection = Protection::Wanted(if early { Epoch::Early } else { Epoch::Handshake });
            if self.facts.early_data == Some(EarlyData::Rejected) && !self.retried() {
                self.directions[index(side.other())].skips_early = Some(SkipEarly::Rejected);
            }
        }
        self.directions[index(side.other())].messages.restart();
        self.directions[index(side)].protection = Protection::Wanted(Epoch::Handshake);
        true
    }

    fn retried(&self) -> bool {
        self.handshake.as_ref().is_some_and(|handshake| handshake.retried)
    }

    /// The server's answer to early data that was offered.
    pub(super) fn answer_early(&mut self, answer: EarlyData) {
        if self.facts.early_data == Some(EarlyData::Offered) {
            self.facts.early_data = Some(answer);
            self.moved = true;
        }
    }

    /// Finds or makes the keys that the next record needs. `Err` where it cannot be taken now, or not at all.
    pub(super) fn install(
        &mut self,
        side: Side,
        record: &Record<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), Verdict> {
        loop {
            let Protection::Wanted(epoch) = self.directions[index(side)].protection else { return Ok(()) };
            if epoch == Epoch::Early {
                match self.facts.early_data {
                    Some(EarlyData::Offered) => {
                        // Why the answer cannot be read yet is what the server's direction waits for.
                        let label = Label::ServerHandshake;
                        return Err(self.wait_for(Unopened::NoSecret(label)));
                    }
                    Some(EarlyData::Accepted | EarlyData::Unknown) => {}
                    Some(EarlyData::Rejected) | None => {
                        self.skip_early(side, SkipEarly::Rejected);
                        continue;
                    }
                }
            } else if epoch == Epoch::Legacy && self.handshake.as_ref().is_none_or(|last| last.used[index(side)]) {
                // A renegotiation whose hellos were lost: its keys cannot be known.
                self.stop(side, Unopened::HandshakeNotSeen);
                return Err(Verdict::Taken);
            } else if epoch == Epoch::Application(0) && self.facts.client != Some(side) {
                // The server is done with its handshake: an answer that was not seen by now is lost.
                self.answer_early(EarlyData::Unknown);
            }
            match self.guard(side, epoch, context.secrets) {
                Ok(mut guard) => {
                    let direction = &mut self.directions[index(side)];
                    guard.sequence = match &direction.hole {
                        Some(hole) if hole.epoch == Some(epoch) && !hole.uncounted => hole.records,
                        _ => 0,
                    };
                    direction.protection = Protection::Keyed(Box::new(guard));
                    self.mark_used(side);
                }
                Err(Unopened::NoSecret(label)) => {
                    // Key logs are written in the order of the handshake: if a later secret is there, this one will
                    // never be.
                    let later = |later| self.secret(side, later, context.secrets).is_ok();
                    match epoch {
                        Epoch::Early if later(Epoch::Handshake) => self.skip_early(side, SkipEarly::NoSecret),
                        Epoch::Handshake if later(Epoch::Application(0)) => {
                            let direction = &mut self.directions[index(side)];
                            direction.open_hole(record.offset, MissingCause::Unopened, record.packet).uncounted = true;
                            direction.protection = Protection::Wanted(Epoch::Application(0));
                        }
                        _ => return Err(self.wait_for(Unopened::NoSecret(label))),
                    }
                }
                Err(why) => {
                    self.stop(side, why);
                    return Err(Verdict::Taken);
                }
            }
        }
    }

    /// The keys of the latest handshake are in force.
    pub(super) fn mark_used(&mut self, side: Side) {
        if let Some(handshake) = &mut self.handshake {
            handshake.used[index(side)] = true;
        }
    }

    fn skip_early(&mut self, side: Side, why: SkipEarly) {
        let direction = &mut self.directions[index(side)];
        direction.skips_early = Some(why);
        direction.protection = Protection::Wanted(Epoch::Handshake);
    }

    /// The keys of an epoch, for its record 0.
    pub(super) fn guard(&self, side: Side, epoch: Epoch, secrets: &KeyLog) -> Result<Guard, Unopened> {
        let (handshake, choice) = self
            .handshake
            .as_ref()
            .and_then(|handshake| Some((handshake, handshake.server?)))
            .ok_or(Unopened::HandshakeNotSeen)?;
        let secret = self.secret(side, epoch, secrets)?;
        let keys = if epoch == Epoch::Legacy {
            let prf = if choice.version < 0x0303 { Prf::Md5Sha1 } else { Prf::Hash(choice.algorithms.hash) };
            let cipher = choice.algorithms.cipher;
            key_block(prf, cipher, &secret, &handshake.client_random, &choice.random)
                .map(|(client, server)| if self.facts.client == Some(side) { client } else { server })
        } else {
            traffic_keys(choice.algorithms, &secret)
        };
        // A traffic secret of another length than the suite's hash belongs to another connection.
        let keys = keys.ok_or(Unopened::TagMismatch)?;
        let opener = Opener::new(&keys, choice.version, choice.encrypt_then_mac)
            .ok_or_else(|| self.facts.suite.map_or(Unopened::HandshakeNotSeen, Unopened::UnsupportedSuite))?;
        Ok(Guard { epoch, opener, sequence: 0, secret: (epoch != Epoch::Legacy).then_some(secret) })
    }

    /// The secret of an epoch: from the key log, or made from the one before it.
    fn secret(&self, side: Side, epoch: Epoch, secrets: &KeyLog) -> Result<Secret, Unopened> {
        let handshake = self.handshake.as_ref().ok_or(Unopened::HandshakeNotSeen)?;
        let choice = handshake.server.ok_or(Unopened::HandshakeNotSeen)?;
        let label = label(self.facts.client == Some(side), epoch);
        if let Some(secret) = secrets.get(&handshake.client_random, label) {
            return Ok(*secret);
        }
        let Epoch::Application(generation) = epoch else { return Err(Unopened::NoSecret(label)) };
        // RFC 8446 §7.2: from the newest secret at hand, which is never more than two KeyUpdates away.
        let (mut reached, mut secret) = match &self.directions[index(side)].protection {
            Protection::Keyed(guard) => match (guard.epoch, guard.secret) {
                (Epoch::Application(reached), Some(secret)) => (reached, secret),
                _ => self.first_secret(side, secrets).ok_or(Unopened::NoSecret(label))?,
            },
            _ => self.first_secret(side, secrets).ok_or(Unopened::NoSecret(label))?,
        };
        if generation.checked_sub(reached).is_none_or(|steps| steps > 2) {
            return Err(Unopened::NoSecret(label));
        }
        while reached < generation {
            secret = next_traffic_secret(choice.algorithms.hash, &secret).ok_or(Unopened::TagMismatch)?;
            reached += 1;
        }
        Ok(secret)
    }

    fn first_secret(&self, side: Side, secrets: &KeyLog) -> Option<(u32, Secret)> {
        let random = &self.handshake.as_ref()?.client_random;
        let first = label(self.facts.client == Some(side), Epoch::Application(0));
        Some((0, *secrets.get(random, first)?))
    }
}

/// The key log's label of an epoch's secret.
fn label(is_client: bool, epoch: Epoch) -> Label {
    match (epoch, is_client) {
        (Epoch::Legacy, _) => Label::ClientRandom,
        (Epoch::Early, _) => Label::ClientEarly,
        (Epoch::Handshake, true) => Label::ClientHandshake,
        (Epoch::Handshake, false) => Label::ServerHandshake,
        (Epoch::Application(generation), true) => Label::ClientTraffic(generation),
        (Epoch::Application(generation), false) => Label::ServerTraffic(generation),
    }
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_NAME)]).into_owned()
}
