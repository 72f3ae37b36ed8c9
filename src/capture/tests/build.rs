//! Captures, byte by byte.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Big,
    Little,
}

impl Order {
    pub fn u16(self, value: u16) -> [u8; 2] {
        if self == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub fn u32(self, value: u32) -> [u8; 4] {
        if self == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub fn i64(self, value: i64) -> [u8; 8] {
        if self == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

pub const MICROSECONDS: u32 = 0xa1b2c3d4;
pub const NANOSECONDS: u32 = 0xa1b23c4d;
pub const MODIFIED: u32 = 0xa1b2cd34;

/// A pcap file.
#[derive(Clone, Debug)]
pub struct Pcap {
    pub order: Order,
    pub bytes: Vec<u8>,
    modified: bool,
}

impl Pcap {
    pub fn new(order: Order, magic: u32, snaplen: u32, link: u32) -> Pcap {
        let mut bytes = Vec::new();
        bytes.extend(order.u32(magic));
        bytes.extend(order.u16(2));
        bytes.extend(order.u16(4));
        bytes.extend([0; 8]);
        bytes.extend(order.u32(snaplen));
        bytes.extend(order.u32(link));
        Pcap { order, bytes, modified: magic == MODIFIED }
    }

    /// A little-endian Ethernet capture of `count` packets; packet `i` comes at `i` seconds and is `i` bytes of value `i`.
    pub fn counting(count: u8) -> Pcap {
        let mut pcap = Pcap::new(Order::Little, MICROSECONDS, 65535, 1);
        for i in 0..count {
            pcap = pcap.packet(i.into(), 0, i.into(), &vec![i; i.into()]);
        }
        pcap
    }

    pub fn packet(mut self, seconds: u32, fraction: u32, original: u32, data: &[u8]) -> Pcap {
        self.bytes.extend([seconds, fraction, data.len() as u32, original].map(|field| self.order.u32(field)).concat());
        if self.modified {
            // Interface index, protocol, packet type, padding.
            self.bytes.extend([1, 0, 0, 0, 8, 0, 4, 0]);
        }
        self.bytes.extend(data);
        self
    }
}

/// A pcapng file.
#[derive(Clone, Debug)]
pub struct PcapNg {
    pub order: Order,
    pub bytes: Vec<u8>,
    /// Where each block ends, and whether it holds a packet.
    pub ends: Vec<(usize, bool)>,
}

impl PcapNg {
    pub fn new(order: Order) -> PcapNg {
        PcapNg { order, bytes: Vec::new(), ends: Vec::new() }.section(order, -1)
    }

    pub fn section(mut self, order: Order, length: i64) -> PcapNg {
        self.order = order;
        let mut body = Vec::new();
        body.extend(order.u32(0x1a2b3c4d));
        body.extend(order.u16(1));
        body.extend(order.u16(0));
        body.extend(order.i64(length));
        self.block(0x0a0d0d0a, &body)
    }

    pub fn block(mut self, kind: u32, body: &[u8]) -> PcapNg {
        let length = body.len().next_multiple_of(4) as u32 + 12;
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(self.order.u32(length));
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend(self.order.u32(length));
        self.ends.push((self.bytes.len(), matches!(kind, 2 | 3 | 6)));
        self
    }

    /// Options are given as code and value; `opt_endofopt` is the caller's.
    pub fn interface(self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) -> PcapNg {
        let order = self.order;
        let mut body = Vec::new();
        body.extend(order.u16(link));
        body.extend(order.u16(0));
        body.extend(order.u32(snaplen));
        for (code, value) in options {
            body.extend(order.u16(*code));
            body.extend(order.u16(value.len() as u16));
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body)
    }

    pub fn enhanced(self, interface: u32, ticks: u64, original: u32, data: &[u8]) -> PcapNg {
        let body = [&self.order.u32(interface)[..], &self.timed(ticks, original, data)].concat();
        self.block(6, &body)
    }

    pub fn obsolete(self, interface: u16, ticks: u64, original: u32, data: &[u8]) -> PcapNg {
        let head = [self.order.u16(interface), self.order.u16(7)].concat();
        let body = [head, self.timed(ticks, original, data)].concat();
        self.block(2, &body)
    }

    pub fn simple(self, original: u32, data: &[u8]) -> PcapNg {
        let body = [&self.order.u32(original)[..], data].concat();
        self.block(3, &body)
    }

    pub fn secrets(self, kind: u32, data: &[u8]) -> PcapNg {
        let body = [&self.order.u32(kind)[..], &self.order.u32(data.len() as u32), data].concat();
        self.block(10, &body)
    }

    fn timed(&self, ticks: u64, original: u32, data: &[u8]) -> Vec<u8> {
        let fields = [(ticks >> 32) as u32, ticks as u32, data.len() as u32, original];
        [&fields.map(|field| self.order.u32(field)).concat()[..], data].concat()
    }
}

/// Every kind of block, two sections of different byte order.
pub fn every_block() -> PcapNg {
    PcapNg::new(Order::Little)
        .interface(1, 65535, &[(2, b"lo"), (9, &[9]), (0, b"")])
        .secrets(0x544c_534b, b"CLIENT_RANDOM 00 11\n")
        .enhanced(0, 1_700_000_000_000_000_001, 5, b"first")
        .block(4, &[0; 8])
        .block(5, &[0; 12])
        .section(Order::Big, 1234)
        .interface(113, 4, &[])
        .interface(101, 0, &[(9, &[0x8a])])
        .simple(9, b"seco")
        .obsolete(1, 1024, 3, b"3rd")
        .block(0x0bad, b"custom!")
        .enhanced(0, 2_000_000, 100, b"4th")
}
