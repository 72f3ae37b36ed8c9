//! The walk from header to header: which protocol reads the next bytes.

use etherparse::{EtherType, IpNumber, ether_type, ip_number};

use super::ip::{self, IpPayload};
use super::ipv6;
use super::link::{ethernet, ppp};
use super::malformed::{Fault, Malformed};
use super::span::Span;
use super::tunnel::{etherip, gre, mpls, pppoe, udp};

/// Headers that one packet may nest, extension headers and labels included. A loop is not possible, every step
/// consumes bytes; but a jumbo packet of nothing but MPLS labels must not cost more than any other.
const MAX_HEADERS: usize = 32;

/// Transparent Ethernet Bridging: a whole Ethernet frame (RFC 1701, RFC 7637 §3.2.2).
const TRANSPARENT_ETHERNET: EtherType = EtherType(0x6558);
/// A PPPoE session (RFC 2516 §4).
pub(super) const PPPOE_SESSION: EtherType = EtherType(0x8864);
/// MPLS, downstream-assigned label (RFC 5332 §3).
pub(super) const MPLS: EtherType = EtherType(0x8847);
/// MPLS, upstream-assigned label (RFC 5332 §3).
const MPLS_UPSTREAM: EtherType = EtherType(0x8848);

/// What the next bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layer {
    /// An Ethernet frame, from its destination address on.
    Ethernet,
    /// What an EtherType names.
    EtherType(EtherType),
    /// A PPP packet, from its protocol field on.
    Ppp,
    /// An IP packet of the version in its first nibble.
    Ip,
    /// What an IP header carries.
    IpPayload(IpPayload),
    /// A part of what an IP header carries.
    Fragment(Fragment),
}

/// A fragment of an IP datagram (RFC 791 §3.2, RFC 8200 §4.5), without its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    /// The IP header, its protocol that of the reassembled payload. In IPv6 only the first fragment's protocol counts.
    pub(super) ip: IpPayload,
    /// Tells the datagrams of one source, destination and protocol apart.
    pub(super) identification: u32,
    /// Where the fragment stands in the datagram, in bytes.
    pub(super) offset: usize,
    /// Whether another fragment comes behind this one.
    pub(super) more: bool,
}

/// The layer that comes next and where it stands.
pub(super) type Step<'a> = Result<(Layer, Span<'a>), Stop>;

/// Why no layer comes next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// The packet holds something other than TCP, or hides it (encryption, compression).
    NotTcp,
    /// The packet cannot be read further.
    Malformed(Malformed),
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Stop::Malformed(malformed)
    }
}

/// Where the walk of a packet ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End<'a> {
    /// At a TCP header.
    Tcp(IpPayload, Span<'a>),
    /// At a part of a datagram.
    Fragment(Fragment, Span<'a>),
}

/// Goes from header to header until TCP or a fragment is reached.
pub(super) fn walk<'a>(mut layer: Layer, mut rest: Span<'a>) -> Result<End<'a>, Stop> {
    for _ in 0..MAX_HEADERS {
        (layer, rest) = match layer {
            Layer::Ethernet => ethernet::parse(rest)?,
            Layer::EtherType(ether_type) => by_ether_type(ether_type, rest)?,
            Layer::Ppp => ppp::parse(rest)?,
            Layer::Ip => ip::parse(rest)?,
            Layer::IpPayload(ip) if ip.protocol == ip_number::TCP => return Ok(End::Tcp(ip, rest)),
            Layer::IpPayload(ip) => by_ip_number(ip, rest)?,
            Layer::Fragment(fragment) => return Ok(End::Fragment(fragment, rest)),
        };
    }
    Err(Malformed { header: "innermost", fault: Fault::TooDeep }.into())
}

fn by_ether_type(ether_type: EtherType, rest: Span<'_>) -> Step<'_> {
    match ether_type {
        ether_type::IPV4 | ether_type::IPV6 => ip::parse(rest),
        ether_type::VLAN_TAGGED_FRAME | ether_type::PROVIDER_BRIDGING | ether_type::VLAN_DOUBLE_TAGGED_FRAME => {
            ethernet::vlan(rest)
        }
        PPPOE_SESSION => pppoe::parse(rest),
        MPLS | MPLS_UPSTREAM => mpls::parse(rest),
        TRANSPARENT_ETHERNET => ethernet::parse(rest),
        _ => Err(Stop::NotTcp),
    }
}

fn by_ip_number(ip: IpPayload, rest: Span<'_>) -> Step<'_> {
    match ip.protocol {
        ip_number::UDP => udp::parse(rest),
        ip_number::IPV4 | ip_number::IPV6 => ip::parse(rest),
        ip_number::GRE => gre::parse(rest),
        ip_number::MPLS_IN_IP => mpls::parse(rest),
        ip_number::ETHER_IP => etherip::parse(rest),
        ip_number::AUTH => ip::authentication_header(ip, rest),
        // Extension headers are numbered like protocols, but mean nothing behind an IPv4 header (RFC 8200 §4.1).
        protocol if ip.source.is_ipv6() => by_extension_header(protocol, ip, rest),
        _ => Err(Stop::NotTcp),
    }
}

fn by_extension_header(protocol: IpNumber, ip: IpPayload, rest: Span<'_>) -> Step<'_> {
    match protocol {
        ip_number::IPV6_FRAG => ipv6::fragment_header(ip, rest),
        ip_number::IPV6_ROUTE => ipv6::routing_header(ip, rest),
        ip_number::IPV6_HOP_BY_HOP
        | ip_number::IPV6_DEST_OPTIONS
        | ip_number::MOBILITY
        | ip_number::HIP
        | ip_number::SHIM6 => ipv6::extension_header(ip, rest),
        _ => Err(Stop::NotTcp),
    }
}
