//! Protocols that carry whole frames or packets inside others. One file each; [`walk`](super::walk) knows which
//! number leads here.

pub(super) mod etherip;
pub(super) mod gre;
pub(super) mod mpls;
pub(super) mod pppoe;
pub(super) mod udp;
