//! Packets built by hand, one header a function, each around the bytes of the next.

use crate::capture::{LinkType, Packet, PacketRef, Timestamp};

pub const PAYLOAD: &[u8] = b"GET / HTTP/1.1\r\n";
pub const SEQ: u32 = 0x0102_0304;
/// Of [`tcp`]: 20 bytes and 12 of options.
pub const TCP_HEADER: usize = 32;

pub const SOURCE_4: [u8; 4] = [10, 0, 0, 1];
pub const DESTINATION_4: [u8; 4] = [10, 0, 0, 2];
pub const SOURCE_6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
pub const DESTINATION_6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

pub fn packet(link: u32, data: &[u8]) -> Packet<'_> {
    cut_packet(link, data, data.len())
}

pub fn cut_packet(link: u32, data: &[u8], original_length: usize) -> Packet<'_> {
    let at = PacketRef::new(1, Some(Timestamp::new(0)), 40, 0);
    Packet { at, link: LinkType(link), data, original_length: original_length.try_into().unwrap() }
}

pub fn cat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn be(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap().to_be_bytes()
}

/// Port 49152 to 80, ACK and PSH, window 502, checksum 0xbeef, and a timestamp option.
pub fn tcp(payload: &[u8]) -> Vec<u8> {
    cat(&[
        &[0xc0, 0x00, 0x00, 0x50],
        &SEQ.to_be_bytes(),
        &[0x05, 0x06, 0x07, 0x08],
        &[0x80, 0x18, 0x01, 0xf6, 0xbe, 0xef, 0x00, 0x00],
        &[0x01, 0x01, 0x08, 0x0a, 0, 0, 0, 1, 0, 0, 0, 2],
        payload,
    ])
}

pub fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_fragment(protocol, 0x1234, 0, payload)
}

/// `flags_and_offset` as it stands in the header: 0x2000 is "more fragments", the rest counts 8 bytes.
pub fn ipv4_fragment(protocol: u8, id: u16, flags_and_offset: u16, payload: &[u8]) -> Vec<u8> {
    cat(&[
        &[0x45, 0x00],
        &be(20 + payload.len()),
        &id.to_be_bytes(),
        &flags_and_offset.to_be_bytes(),
        &[64, protocol, 0, 0],
        &SOURCE_4,
        &DESTINATION_4,
        payload,
    ])
}

pub fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    cat(&[&[0x60, 0, 0, 0], &be(payload.len()), &[next_header, 64], &SOURCE_6, &DESTINATION_6, payload])
}

/// `offset_and_more` as it stands in the header: bit 0 is "more fragments", the rest is the offset in bytes.
pub fn ipv6_fragment(next_header: u8, id: u32, offset_and_more: u16, payload: &[u8]) -> Vec<u8> {
    let header = cat(&[&[next_header, 0], &offset_and_more.to_be_bytes(), &id.to_be_bytes()]);
    ipv6(44, &cat(&[&header, payload]))
}

pub fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    cat(&[&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &ether_type.to_be_bytes(), payload])
}

pub fn vlan(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    cat(&[&[0x60, 0x2a], &ether_type.to_be_bytes(), payload])
}

pub fn snap(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    cat(&[&[0xaa, 0xaa, 3, 0, 0, 0], &ether_type.to_be_bytes(), payload])
}

pub fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    cat(&[&[0x30, 0x39], &port.to_be_bytes(), &be(8 + payload.len()), &[0, 0], payload])
}

pub fn vxlan(frame: &[u8]) -> Vec<u8> {
    udp(4789, &cat(&[&[8, 0, 0, 0, 0, 0, 42, 0], frame]))
}

pub fn pppoe(ppp: &[u8]) -> Vec<u8> {
    cat(&[&[0x11, 0, 0, 7], &be(ppp.len()), ppp])
}

/// One packet for each way to a TCP segment, as (name, link type, bytes). The segment is [`tcp`] of [`PAYLOAD`] and
/// stands at the end.
pub fn catalogue() -> Vec<(&'static str, u32, Vec<u8>)> {
    let tcp = tcp(PAYLOAD);
    let (v4, v6) = (ipv4(6, &tcp), ipv6(6, &tcp));
    let frame = ethernet(0x0800, &v4);
    let sll = |arphrd: [u8; 2], protocol: [u8; 2], rest: &[u8]| {
        cat(&[&[0, 4], &arphrd, &[0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &protocol, rest])
    };
    let options = |next: u8| [next, 0, 1, 4, 0, 0, 0, 0];
    let mut with_ip_options = cat(&[&v4[..20], &[1, 1, 1, 0], &tcp]);
    with_ip_options[0] = 0x46;
    with_ip_options[3] += 4;
    let authenticated = |next: u8| cat(&[&[next, 4, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1], &[0xcc; 12], &tcp]);
    let wlan_qos = cat(&[&[0x88, 0x01, 0, 0], &[2; 18], &[0, 0], &[0, 0], &snap(0x0800, &v4)]);
    let wlan_wds = cat(&[&[0x08, 0x03, 0, 0], &[2; 18], &[0, 0], &[2; 6], &snap(0x86dd, &v6)]);
    let nflog = |prefix: &[u8], length: [u8; 2], kind: [u8; 2]| cat(&[&[2, 0, 0, 5], prefix, &length, &kind, &v4]);
    let nflog_length = u16::try_from(v4.len() + 4).unwrap();

    vec![
        ("Ethernet, IPv4", 1, frame.clone()),
        ("Ethernet, IPv6", 1, ethernet(0x86dd, &v6)),
        ("Ethernet, SNAP", 1, ethernet(8 + u16::try_from(v4.len()).unwrap(), &snap(0x0800, &v4))),
        ("IPv4 options", 1, ethernet(0x0800, &with_ip_options)),
        ("VLAN", 1, ethernet(0x8100, &vlan(0x0800, &v4))),
        ("QinQ", 1, ethernet(0x88a8, &vlan(0x8100, &vlan(0x86dd, &v6)))),
        ("four VLAN tags", 1, ethernet(0x9100, &vlan(0x9100, &vlan(0x8100, &vlan(0x8100, &vlan(0x0800, &v4)))))),
        ("NULL, little endian", 0, cat(&[&[2, 0, 0, 0], &v4])),
        ("NULL, big endian", 0, cat(&[&[0, 0, 0, 2], &v4])),
        ("NULL, Linux", 0, cat(&[&[10, 0, 0, 0], &v6])),
        ("NULL, OpenBSD", 0, cat(&[&[24, 0, 0, 0], &v6])),
        ("NULL, FreeBSD", 0, cat(&[&[28, 0, 0, 0], &v6])),
        ("NULL, Darwin", 0, cat(&[&[30, 0, 0, 0], &v6])),
        ("LOOP", 108, cat(&[&[0, 0, 0, 24], &v6])),
        ("RAW 12", 12, v4.clone()),
        ("RAW 14", 14, v6.clone()),
        ("RAW", 101, v6.clone()),
        ("IPV4", 228, v4.clone()),
        ("IPV6", 229, v6.clone()),
        ("PPP", 9, cat(&[&[0x00, 0x21], &v4])),
        ("PPP, address and control", 9, cat(&[&[0xff, 0x03, 0x00, 0x57], &v6])),
        ("PPP, compressed protocol", 9, cat(&[&[0x21], &v4])),
        ("PPP, MPLS", 9, cat(&[&[0x02, 0x81, 0, 1, 0x01, 64], &v4])),
        ("PPP_HDLC", 50, cat(&[&[0xff, 0x03, 0x00, 0x21], &v4])),
        ("C_HDLC", 104, cat(&[&[0x0f, 0x00, 0x08, 0x00], &v4])),
        ("PPP_ETHER", 51, pppoe(&cat(&[&[0x00, 0x21], &v4]))),
        ("PPPoE", 1, ethernet(0x8864, &pppoe(&cat(&[&[0x57], &v6])))),
        ("SLL", 113, sll([0, 1], [0x08, 0x00], &v4)),
        ("SLL, VLAN", 113, sll([0, 1], [0x81, 0x00], &vlan(0x86dd, &v6))),
        ("SLL, LLC", 113, sll([0, 1], [0x00, 0x04], &snap(0x0800, &v4))),
        ("SLL2", 276, cat(&[&[0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6], &[2; 8], &v6])),
        ("802.11", 105, wlan_qos.clone()),
        ("802.11 between access points", 105, wlan_wds),
        ("radiotap", 127, cat(&[&[0, 0, 12, 0, 0, 0, 0, 0, 1, 2, 3, 4], &wlan_qos])),
        (
            "NFLOG, little endian",
            239,
            nflog(&[8, 0, 1, 0, 8, 0, 1, 0, 5, 0, 10, 0, 0, 0, 0, 0], nflog_length.to_le_bytes(), [9, 0]),
        ),
        ("NFLOG, big endian", 239, nflog(&[0, 8, 0, 1, 8, 0, 1, 0], nflog_length.to_be_bytes(), [0, 9])),
        ("MPLS, three labels", 1, ethernet(0x8847, &cat(&[&[0, 1, 0, 64, 0, 2, 0, 64, 0, 3, 1, 64], &v4]))),
        ("MPLS upstream, IPv6", 1, ethernet(0x8848, &cat(&[&[0, 3, 1, 64], &v6]))),
        ("MPLS pseudowire, control word", 1, ethernet(0x8847, &cat(&[&[0, 3, 1, 64], &[0, 0, 0, 0], &frame]))),
        ("MPLS pseudowire", 1, ethernet(0x8847, &cat(&[&[0, 3, 1, 64], &frame]))),
        ("MPLS in UDP", 101, ipv4(17, &udp(6635, &cat(&[&[0, 3, 1, 64], &v4])))),
        ("MPLS in IP", 101, ipv4(137, &cat(&[&[0, 3, 1, 64], &v4]))),
        ("GRE, IPv4", 101, ipv4(47, &cat(&[&[0, 0, 0x08, 0x00], &v4]))),
        ("GRE, checksum, key, sequence", 101, ipv6(47, &cat(&[&[0xb0, 0, 0x86, 0xdd], &[7; 12], &v6]))),
        ("GRE, Ethernet", 101, ipv4(47, &cat(&[&[0x20, 0, 0x65, 0x58], &[7; 4], &frame]))),
        ("GRE, MPLS", 101, ipv4(47, &cat(&[&[0, 0, 0x88, 0x47], &[0, 3, 1, 64], &v4]))),
        (
            "PPTP",
            101,
            ipv4(
                47,
                &cat(&[
                    &[0x30, 0x81, 0x88, 0x0b],
                    &u16::try_from(v4.len() + 4).unwrap().to_be_bytes(),
                    &[0; 10],
                    &[0xff, 0x03, 0x00, 0x21],
                    &v4,
                ]),
            ),
        ),
        ("ERSPAN I", 101, ipv4(47, &cat(&[&[0, 0, 0x88, 0xbe], &frame]))),
        ("ERSPAN II", 101, ipv4(47, &cat(&[&[0x10, 0, 0x88, 0xbe], &[0; 4], &[0x10; 8], &frame]))),
        ("ERSPAN III", 101, ipv4(47, &cat(&[&[0x10, 0, 0x22, 0xeb], &[0; 4], &[0x20; 11], &[1], &[0; 8], &frame]))),
        ("VXLAN", 1, ethernet(0x0800, &ipv4(17, &vxlan(&frame)))),
        ("VXLAN, Linux' port", 101, ipv6(17, &udp(8472, &cat(&[&[8, 0, 0, 0, 0, 0, 1, 0], &frame])))),
        ("Geneve, options", 101, ipv4(17, &udp(6081, &cat(&[&[2, 0, 0x65, 0x58, 0, 0, 1, 0], &[9; 8], &frame])))),
        ("Geneve, IPv6", 101, ipv4(17, &udp(6081, &cat(&[&[0, 0, 0x86, 0xdd, 0, 0, 1, 0], &v6])))),
        ("EtherIP", 101, ipv4(97, &cat(&[&[0x30, 0], &frame]))),
        ("IP in IP", 101, ipv4(4, &v4)),
        ("6in4", 101, ipv4(41, &v6)),
        ("4in6", 101, ipv6(4, &v4)),
        ("6in6", 101, ipv6(41, &v6)),
        ("AH, IPv4", 101, ipv4(51, &authenticated(6))),
        ("AH, IPv6", 101, ipv6(51, &authenticated(6))),
        (
            "IPv6 extension headers",
            101,
            ipv6(0, &cat(&[&options(60), &options(135), &options(139), &options(140), &options(6), &tcp])),
        ),
        ("IPv6 atomic fragment", 101, ipv6(44, &cat(&[&[6, 0, 0, 0, 0, 0, 0, 9], &tcp]))),
        (
            "VXLAN in a VLAN in GRE in SLL",
            113,
            sll(
                [0, 1],
                [0x08, 0x00],
                &ipv4(47, &cat(&[&[0, 0, 0x65, 0x58], &ethernet(0x8100, &vlan(0x0800, &ipv4(17, &vxlan(&frame))))])),
            ),
        ),
    ]
}
