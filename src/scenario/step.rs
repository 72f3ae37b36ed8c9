//! What a scenario is made of: data to be read by the player, so that a scenario can be printed, cloned and replayed.

use super::frame::FrameSpec;
use super::handshake::{Request, Response};
use super::http2::Http2Frame;
use crate::Role;
use std::net::SocketAddr;
use std::time::Duration;

/// One step of a conversation.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One write to the stream.
    Send { from: Role, parts: Vec<Part> },
    /// These steps, where what one side writes without interruption is one write.
    Together(Vec<Step>),
    /// These steps, where neither side hears of what the other did before all are done.
    Crossing(Vec<Step>),
    /// These steps so many times.
    Repeat { times: u64, steps: Vec<Step> },
    /// A TLS handshake; what is written from here on goes into records.
    Tls { server_name: Option<String> },
    /// A FIN, unless this side already sent one.
    Fin(Role),
    /// A RST.
    Reset(Role),
    /// The last data segment once more; with these bytes where there are some.
    Retransmit(Option<Vec<u8>>),
    /// Data at this distance from the sender's next sequence number, which does not move.
    SegmentAt { from: Role, offset: i32, payload: Vec<u8> },
    /// A TCP keep-alive probe.
    KeepAlive(Role),
    /// The next data segment is missing from the capture.
    Lose,
    /// The capture begins here.
    BeginMidStream,
    /// This side offers this receive window from here on.
    Window(Role, u16),
    /// Time passes.
    After(Duration),
    /// The capture's clock is set back.
    SetBack(Duration),
    /// What follows happens on a connection that is yet to be opened.
    Connection { same_ports: bool },
    /// What follows happens on the connection opened as this one, counted from 0.
    Resume(usize),
    /// What follows happens under another circumstance.
    Set(Setting),
}

/// What one write consists of.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Frame(FrameSpec),
    Bytes(Vec<u8>),
    Request(Request),
    Response(Response),
    Http2(Http2Frame),
}

/// A circumstance that lasts until it is set again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Setting {
    Acks(bool),
    Captured(Option<Role>),
    Checksums(bool),
    ContextTakeover(Role, bool),
    /// Payload of a DATA frame.
    DataSize(usize),
    Endpoints {
        client: SocketAddr,
        server: SocketAddr,
    },
    InitialSequenceNumbers {
        client: u32,
        server: u32,
    },
    Ipv6,
    Seed(u64),
    SegmentSize(usize),
    Snaplen(u32),
    /// HTTP/2 is spoken, and steps speak of this stream.
    Stream(u32),
    Twice(bool),
    WindowBits(Role, u8),
}

/// How often the capture begins anew in these steps.
pub(super) fn beginnings(steps: &[Step]) -> u64 {
    steps.iter().fold(0, |sum: u64, step| {
        sum.saturating_add(match step {
            Step::BeginMidStream => 1,
            Step::Together(steps) | Step::Crossing(steps) => beginnings(steps),
            Step::Repeat { times, steps } => beginnings(steps).saturating_mul(*times),
            _ => 0,
        })
    })
}

/// Whether any of these steps speaks TLS.
pub(super) fn speaks_tls(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Tls { .. } => true,
        Step::Together(steps) | Step::Crossing(steps) | Step::Repeat { steps, .. } => speaks_tls(steps),
        _ => false,
    })
}
