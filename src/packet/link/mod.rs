//! Link layers: what a capture's packets begin with. One file each, and one line each in the table.
//!
//! Numbers and layouts: <https://www.tcpdump.org/linktypes.html>.

pub(super) mod ethernet;
mod linux_cooked;
mod loopback;
mod nflog;
pub(super) mod ppp;
mod wlan;

use super::span::Span;
use super::walk::Step;
use super::{ip, tunnel};
use crate::capture::LinkType;

/// Reads a packet's first header.
pub(super) type Parser = for<'a> fn(Span<'a>) -> Step<'a>;

/// The table of link types. Adding one is a line here and a file beside this one.
pub(super) fn parser(link: LinkType) -> Option<Parser> {
    Some(match link.0 {
        0 | 108 => loopback::parse,             // NULL, LOOP
        1 => ethernet::parse,                   // ETHERNET
        9 => ppp::framed,                       // PPP
        12 | 14 | 101 | 228 | 229 => ip::parse, // RAW as some systems number it, RAW, IPV4, IPV6
        50 | 104 => ppp::serial,                // PPP_HDLC, C_HDLC
        51 => tunnel::pppoe::parse,             // PPP_ETHER
        105 => wlan::parse,                     // IEEE802_11
        113 => linux_cooked::parse_v1,          // LINUX_SLL
        127 => wlan::radiotap,                  // IEEE802_11_RADIOTAP
        239 => nflog::parse,                    // NFLOG
        276 => linux_cooked::parse_v2,          // LINUX_SLL2
        _ => return None,
    })
}
