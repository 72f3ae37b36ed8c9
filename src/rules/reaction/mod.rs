//! What the receiver of bytes that break a rule did about them: it failed the connection, it carried on, nothing.
//!
//! A finding is told when its bytes are seen; what came of it is known later, and told as a [`Reaction`] that names the
//! finding by its index. Only the first few findings of a connection are followed.

pub(super) mod offence;
pub(super) mod tracker;

pub(super) use tracker::Reactions;

use super::{Finding, Requirement, Rule};
use crate::Role;
use crate::capture::PacketRef;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// What an endpoint did after the other one broke a rule. Told once for each [`Finding`](super::Finding) that announces
/// it, after the finding and before the end of the connection.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// [`Finding::index`](super::Finding::index) of the finding.
    pub finding: u64,
    /// The rule that was broken.
    pub rule: &'static Rule,
    /// Who received the bytes.
    pub by: Role,
    /// What it did.
    pub did: Did,
    /// The code of its Close frame, or the status of its answer to the upgrade request.
    pub code: Option<u16>,
    /// From the packet that shows the fault to what it did; of a receiver that carried on, to its first frame.
    pub after: Option<Duration>,
    /// Frames other than a Close that it sent having received the bytes, as far as acknowledgments show.
    pub frames: u64,
    /// Whether it is proved that it had read the bytes and carried on; `false` where what it sent may have been on its
    /// way.
    pub proved: bool,
    /// The packet that shows what it did.
    pub packet: Option<PacketRef>,
}

/// See [`Reaction::did`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Did {
    /// Granted the upgrade.
    Accepted,
    /// Refused the upgrade, or declined the offer.
    Refused,
    /// Sent a Close frame.
    Closed,
    /// Finished TCP and sent no Close frame.
    Finished,
    /// Reset TCP and sent no Close frame.
    Reset,
    /// Sent other frames.
    CarriedOn,
    /// The closing handshake had begun before: nothing more is asked of it.
    WasClosing,
    /// Sent nothing before the other endpoint or the capture ended.
    Nothing,
}

impl Did {
    /// All of them, as reports spell them.
    pub const NAMES: [&'static str; 8] =
        ["accepted", "refused", "closed", "finished", "reset", "carried-on", "was-closing", "nothing"];

    /// `"carried-on"`
    pub fn name(self) -> &'static str {
        Did::NAMES[self as usize]
    }
}

/// `server sent Close 1002 after 400.0µs`
impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.by)?;
        let declines = matches!(self.rule.requires, Requirement::Decline { .. });
        match (self.did, self.code) {
            (Did::Accepted, _) if declines => f.write_str("accepted the offer")?,
            (Did::Refused, _) if declines => f.write_str("declined the offer")?,
            (Did::Accepted, _) => f.write_str("granted the upgrade")?,
            (Did::Refused, Some(status)) => write!(f, "refused with {status}")?,
            (Did::Refused, None) => f.write_str("refused")?,
            (Did::Closed, Some(code)) => write!(f, "sent Close {code}")?,
            (Did::Closed, None) => f.write_str("sent a Close without a code")?,
            (Did::Finished, _) => f.write_str("finished TCP without a Close")?,
            (Did::Reset, _) => f.write_str("reset TCP without a Close")?,
            (Did::CarriedOn, _) => f.write_str("carried on")?,
            (Did::WasClosing, _) => return f.write_str("need not care: the closing handshake had begun"),
            (Did::Nothing, _) => return f.write_str("sent nothing more"),
        }
        if let Some(after) = self.after {
            write!(f, " after {after:.1?}")?;
        }
        let s = if self.frames == 1 { "" } else { "s" };
        match self.did {
            Did::CarriedOn if self.frames > 0 => {
                write!(f, " with {} frame{s}", self.frames)?;
                if !self.proved {
                    f.write_str(", which may have been on their way")?;
                }
                self.code.map_or(Ok(()), |code| write!(f, ", then sent Close {code}"))
            }
            Did::CarriedOn => self.code.map_or(Ok(()), |code| write!(f, " and sent Close {code} in answer")),
            _ if self.frames > 0 => write!(f, " and {} frame{s}", self.frames),
            _ => Ok(()),
        }
    }
}

/// The findings that were told and whose reactions are yet to come, for who does not tell all findings.
#[derive(Debug, Default)]
pub(crate) struct Awaited(BTreeSet<(u64, u64)>);

impl Awaited {
    /// The finding is told.
    pub(crate) fn told(&mut self, connection: Option<u64>, finding: &Finding) {
        if finding.reaction_follows {
            self.0.extend(connection.zip(finding.index));
        }
    }

    /// Whether the finding to which this is the reaction was told.
    pub(crate) fn wants(&mut self, connection: u64, reaction: &Reaction) -> bool {
        self.0.remove(&(connection, reaction.finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_serialised() {
        for did in [
            Did::Accepted,
            Did::Refused,
            Did::Closed,
            Did::Finished,
            Did::Reset,
            Did::CarriedOn,
            Did::WasClosing,
            Did::Nothing,
        ] {
            assert_eq!(serde_json::to_value(did).unwrap(), did.name());
        }
    }
}
