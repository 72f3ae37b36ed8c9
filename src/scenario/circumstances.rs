//! The circumstances steps happen under: what settings set, and where the next connection goes.

use super::deflate::DeflateOptions;
use super::step::Setting;
use super::tcp::MAX_SEGMENT;
use crate::{PerRole, Role};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What [`Setting`]s set.
#[derive(Debug)]
pub(super) struct Circumstances {
    pub(super) acks: bool,
    pub(super) captured: Option<Role>,
    pub(super) checksums: bool,
    pub(super) data_size: usize,
    pub(super) deflate: PerRole<DeflateOptions>,
    endpoints: PerRole<SocketAddr>,
    /// Whether a connection was opened between them.
    endpoints_used: bool,
    /// Of the next connection.
    initial_sequence_numbers: Option<PerRole<u32>>,
    pub(super) segment_size: usize,
    pub(super) snaplen: usize,
    pub(super) twice: bool,
}

impl Default for Circumstances {
    fn default() -> Self {
        Circumstances {
            acks: true,
            captured: None,
            checksums: true,
            data_size: 1 << 14,
            deflate: PerRole::default(),
            endpoints: PerRole {
                client: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 50_000)),
                server: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 2), 80)),
            },
            endpoints_used: false,
            initial_sequence_numbers: None,
            segment_size: 1460,
            snaplen: usize::MAX,
            twice: false,
        }
    }
}

impl Circumstances {
    /// Changes one circumstance. A seed is for the player to plant, and the stream is that of one connection.
    pub(super) fn set(&mut self, setting: Setting) {
        match setting {
            Setting::Acks(acks) => self.acks = acks,
            Setting::Captured(captured) => self.captured = captured,
            Setting::Checksums(checksums) => self.checksums = checksums,
            Setting::ContextTakeover(role, takeover) => self.deflate[role].context_takeover = takeover,
            Setting::WindowBits(role, bits) => self.deflate[role].window_bits = bits,
            Setting::Endpoints { client, server } => {
                self.endpoints = PerRole { client, server };
                self.endpoints_used = false;
            }
            Setting::InitialSequenceNumbers { client, server } => {
                self.initial_sequence_numbers = Some(PerRole { client, server });
            }
            Setting::Ipv6 => {
                self.endpoints.client.set_ip(IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1)));
                self.endpoints.server.set_ip(IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 2)));
            }
            Setting::DataSize(size) => self.data_size = size.clamp(1, (1 << 24) - 1),
            Setting::Seed(_) | Setting::Stream(_) => {}
            Setting::SegmentSize(size) => self.segment_size = size.clamp(1, MAX_SEGMENT),
            Setting::Snaplen(snaplen) => self.snaplen = usize::try_from(snaplen).unwrap_or(usize::MAX),
            Setting::Twice(twice) => self.twice = twice,
        }
    }

    /// Endpoints and initial sequence numbers of the connection opened as this one, counted from 0.
    pub(super) fn open(&mut self, index: usize) -> (PerRole<SocketAddr>, PerRole<u32>) {
        self.endpoints_used = true;
        let initial = self.initial_sequence_numbers.take().unwrap_or_else(|| {
            // Apart by 64 MiB, so that connections on the same ports do not overlap.
            let ordinal = (index as u32).wrapping_mul(1 << 26);
            PerRole { client: ordinal.wrapping_add(0x1000_0000), server: ordinal.wrapping_add(0x2000_0000) }
        });
        (self.endpoints, initial)
    }

    /// The next connection comes from the client's next port, where one was opened from this.
    pub(super) fn move_on(&mut self) {
        if std::mem::take(&mut self.endpoints_used) {
            self.endpoints.client = next_client(self.endpoints.client);
        }
    }
}

/// The next port; after the last one port 1024 of an address further on.
fn next_client(mut client: SocketAddr) -> SocketAddr {
    // Not the next address, which is the server's; and 15 of these steps stay within 192.0.2.0/24.
    const STEP: u32 = 16;
    match client.port().checked_add(1) {
        Some(port) => client.set_port(port),
        None => {
            client.set_port(1024);
            client.set_ip(match client.ip() {
                IpAddr::V4(ip) => IpAddr::V4(ip.to_bits().wrapping_add(STEP).into()),
                IpAddr::V6(ip) => IpAddr::V6(ip.to_bits().wrapping_add(STEP.into()).into()),
            });
        }
    }
    client
}
