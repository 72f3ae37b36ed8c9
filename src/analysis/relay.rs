//! The calls of a sink that are passed on as they are.

/// Writes methods of [`Sink`](crate::analysis::Sink) that pass the call on to the sink in a field.
macro_rules! relay {
    ($field:ident: $($call:ident),+) => { $($crate::analysis::relay!(@ $field $call);)+ };
    (@ $field:ident connection) => {
        fn connection(&mut self, connection: &crate::analysis::Connection<'_>) -> std::io::Result<()> {
            self.$field.connection(connection)
        }
    };
    (@ $field:ident frame) => {
        fn frame(&mut self, id: u64, frame: &crate::websocket::Frame<'_>) -> std::io::Result<()> {
            self.$field.frame(id, frame)
        }
    };
    (@ $field:ident message_bytes) => {
        fn message_bytes(&mut self, id: u64, sender: crate::Role, bytes: &[u8]) -> std::io::Result<()> {
            self.$field.message_bytes(id, sender, bytes)
        }
    };
    (@ $field:ident message) => {
        fn message(&mut self, id: u64, message: &crate::websocket::Message<'_>) -> std::io::Result<()> {
            self.$field.message(id, message)
        }
    };
    (@ $field:ident finding) => {
        fn finding(&mut self, id: Option<u64>, finding: &crate::rules::Finding) -> std::io::Result<()> {
            self.$field.finding(id, finding)
        }
    };
    (@ $field:ident timeline) => {
        fn timeline(&mut self, id: u64, timeline: &crate::analysis::Timeline) -> std::io::Result<()> {
            self.$field.timeline(id, timeline)
        }
    };
    (@ $field:ident reaction) => {
        fn reaction(&mut self, id: u64, reaction: &crate::rules::Reaction) -> std::io::Result<()> {
            self.$field.reaction(id, reaction)
        }
    };
    (@ $field:ident pause) => {
        fn pause(&mut self) -> std::io::Result<()> {
            self.$field.pause()
        }
    };
    (@ $field:ident connection_end) => {
        fn connection_end(&mut self, id: u64, end: &crate::analysis::ConnectionEnd) -> std::io::Result<()> {
            self.$field.connection_end(id, end)
        }
    };
    (@ $field:ident client_random) => {
        fn client_random(&mut self, random: &[u8; 32]) -> std::io::Result<()> {
            self.$field.client_random(random)
        }
    };
    (@ $field:ident capture) => {
        fn capture(&mut self, capture: &crate::analysis::CaptureSummary) -> std::io::Result<()> {
            self.$field.capture(capture)
        }
    };
    (@ $field:ident unreadable) => {
        fn unreadable(&mut self, path: &str, why: &str) -> std::io::Result<()> {
            self.$field.unreadable(path, why)
        }
    };
    (@ $field:ident summary) => {
        fn summary(&mut self, summary: &crate::analysis::Summary) -> std::io::Result<()> {
            self.$field.summary(summary)
        }
    };
}

pub(crate) use relay;
