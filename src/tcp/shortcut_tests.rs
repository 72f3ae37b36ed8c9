//! The short way of an assembler against the long one: the same deliveries, and the same state behind them.

use super::assembler::Assembler;
use super::spare::Spare;
use crate::Limits;
use crate::capture::PacketRef;
use crate::packet::{Endpoint, Flags, Segment};
use proptest::prelude::*;
use std::net::Ipv4Addr;

/// Distance from the next byte expected, bytes, cut bytes, flags, an acknowledgment of this direction before it.
type Sent = (i32, Vec<u8>, u32, Flags, Option<u8>);

fn sent() -> impl Strategy<Value = Sent> {
    let distance = prop_oneof![8 => Just(0), 1 => 1..20i32, 1 => -20..0i32];
    let bytes = prop::collection::vec(0u8..3, 0..8);
    let flags = prop_oneof![
        30 => Just(Flags::default()),
        1 => Just(Flags { fin: true, ..Flags::default() }),
        1 => Just(Flags { rst: true, ..Flags::default() }),
        1 => Just(Flags { syn: true, ..Flags::default() }),
    ];
    let cut = prop_oneof![9 => Just(0), 1 => 0..5u32];
    (distance, bytes, cut, flags, prop::option::of(0..30u8))
}

proptest! {
    #[test]
    fn a_segment_next_in_line_is_taken_as_any_is(
        start: u32, sent in prop::collection::vec(sent(), 1..40), unacknowledged_bytes in 4..40usize,
    ) {
        let limits = Limits { unacknowledged_bytes, ..Limits::default() };
        let (mut short, mut long) = (Assembler::default(), Assembler::default());
        let (mut spare, mut other_spare) = (Spare::default(), Spare::default());
        let mut next = start;
        for (number, (distance, bytes, cut, flags, ack)) in (1..).zip(sent) {
            if let Some(back) = ack {
                let ack = next.wrapping_sub(u32::from(back)).wrapping_add(10);
                prop_assert_eq!(short.acknowledge(ack, &mut spare), long.acknowledge(ack, &mut other_spare));
            }
            let end = Endpoint { ip: Ipv4Addr::LOCALHOST.into(), port: 80 };
            let segment = Segment {
                source: end,
                destination: end,
                seq: next.wrapping_add_signed(distance),
                ack: None,
                flags,
                window: 0,
                payload: &bytes,
                cut,
                fingerprint: 0,
            };
            let packet = PacketRef::new(number, None, 0, 0);
            let acknowledged = Some(u64::from(bytes.len() as u8));
            let (mut told, mut told_long) = (Vec::new(), Vec::new());
            if !bytes.is_empty() {
                short.borrow_room(bytes.len(), &mut spare);
                long.borrow_room(bytes.len(), &mut other_spare);
            }
            short.push(&segment, packet, acknowledged, &limits, &mut |one| told.push(format!("{one:?}")));
            long.seen = true;
            long.push_any(&segment, packet, acknowledged, &limits, &mut |one| told_long.push(format!("{one:?}")));
            prop_assert_eq!(told, told_long);
            short.tick(packet, &limits, &mut |_| {});
            long.tick(packet, &limits, &mut |_| {});
            short.return_room(&mut spare);
            long.return_room(&mut other_spare);
            prop_assert_eq!(format!("{short:?}"), format!("{long:?}"));
            if distance == 0 {
                next = next.wrapping_add(bytes.len() as u32 + cut + u32::from(flags.syn));
            }
        }
    }
}
