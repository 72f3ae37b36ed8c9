//! Why a packet could not be read down to its TCP segment.

use std::fmt;

/// The header at which reading ended, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The header's protocol, as in `IPv4`.
    pub header: &'static str,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The snapshot length cut it. The packet itself may be sound.
    Cut,
    /// The packet, or the header around it, ends before it does.
    Short,
    /// A field has a value that its specification forbids, such as a header length below the minimum.
    Invalid,
    /// It is nested deeper than any network nests headers.
    TooDeep,
}

/// `the IPv4 header is cut by the snapshot length`.
impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.fault {
            Fault::Cut => "is cut by the snapshot length",
            Fault::Short => "is longer than the packet",
            Fault::Invalid => "has a field with a forbidden value",
            Fault::TooDeep => "is nested too deep",
        };
        write!(f, "the {} header {what}", self.header)
    }
}
