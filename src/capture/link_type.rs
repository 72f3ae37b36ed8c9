//! Link-layer types: the numbers of the tcpdump group's registry and the names it gives them.

use std::fmt;

/// A link-layer type as registered by the tcpdump group (`LINKTYPE_*`), without FCS bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u32);

impl LinkType {
    /// Reads the link-type field of a pcap header.
    ///
    /// Only the low 16 bits are the type; above them are reserved bits, the flag P and the length of a frame check
    /// sequence (draft-ietf-opsawg-pcap §4).
    pub(super) fn from_pcap_header(field: u32) -> LinkType {
        LinkType(field & 0xffff)
    }

    /// The registry's name in lower case, without `LINKTYPE_`; `None` for types that no capture of IP traffic has.
    ///
    /// Source: <https://www.tcpdump.org/linktypes.html>.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "null",
            1 => "ethernet",
            6 => "token-ring",
            8 => "slip",
            9 => "ppp",
            10 => "fddi",
            50 => "ppp-hdlc",
            51 => "ppp-ether",
            // OpenBSD and the other BSDs write their DLT_RAW as it is.
            12 | 14 | 101 => "raw",
            104 => "c-hdlc",
            105 => "ieee802-11",
            107 => "frelay",
            108 => "loop",
            113 => "linux-sll",
            117 => "pflog",
            119 => "ieee802-11-prism",
            127 => "ieee802-11-radiotap",
            163 => "ieee802-11-avs",
            166 => "ppp-pppd",
            189 => "usb-linux",
            192 => "ppi",
            195 => "ieee802-15-4",
            201 => "bluetooth-hci-h4-with-phdr",
            204 => "ppp-with-dir",
            219 => "mpls",
            220 => "usb-linux-mmapped",
            227 => "can-socketcan",
            228 => "ipv4",
            229 => "ipv6",
            239 => "nflog",
            242 => "ipoib",
            249 => "usbpcap",
            252 => "wireshark-upper-pdu",
            253 => "netlink",
            258 => "pktap",
            271 => "vsock",
            276 => "linux-sll2",
            _ => return None,
        })
    }
}

/// The registry's name, or `link type N` for a type that has none here.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("link type {}", self.0)),
        }
    }
}
