//! One direction of an HTTP/1 connection: message heads are read, bodies passed over, and after missing bytes the next
//! head is found again. Knows nothing of the other direction.

use super::body::{Body, Passed};
use super::head::{self, Head, RequestLine, StatusLine};
use super::opening::{Opening, classify, is_known_method};
use super::parse::{self, Place};
use super::plain;
use crate::tcp::Chunk;
use memchr::memchr;

/// Reads one direction, a chunk at a time.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    /// A message head was read from this direction.
    pub seen_head: bool,
    /// The next byte begins a message only if it begins a head; if not, the body without an end goes on.
    inside_body: bool,
}

#[derive(Debug)]
enum State {
    /// A message begins with the next byte.
    Start,
    /// In a head, which is not complete.
    Head(Box<Partial>),
    /// In a head that was given up at the limit; whether its current line is empty so far.
    HeadTail { empty: bool },
    /// In a body.
    Body(Body),
    /// In bytes that are kept: the unannounced body of a hixie-76 request, or the answer to it.
    Take { bytes: [u8; 16], have: usize, want: usize },
    /// It is not known where the next message begins.
    Lost { skipped: u64 },
}

/// The first part of a head.
#[derive(Debug)]
struct Partial {
    bytes: Vec<u8>,
    place: Place,
}

/// What reading gave. The chunk is moved past the bytes that were read.
#[derive(Debug)]
pub(super) enum Read {
    /// Nothing yet.
    More,
    /// A request head.
    Request(Box<Head<RequestLine>>),
    /// A response head.
    Response(Box<Head<StatusLine>>),
    /// The bytes that were asked for with [`Reader::take`].
    Taken([u8; 16]),
    /// What should be a head is none; nothing was read.
    Strange,
}

impl Reader {
    pub fn new() -> Reader {
        Reader { state: State::Start, seen_head: false, inside_body: false }
    }

    /// Whether the next byte begins a message.
    pub fn is_at_start(&self) -> bool {
        matches!(self.state, State::Start)
    }

    /// Whether it is not known what the next byte is.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost { .. })
    }

    /// Bytes that were passed over since it is not known what they are.
    pub fn skipped(&self) -> u64 {
        match self.state {
            State::Lost { skipped } => skipped,
            _ => 0,
        }
    }

    /// Goes on behind the head that was just read, into its body.
    pub fn enter(&mut self, body: Body) {
        if self.is_at_start() && body != Body::NONE {
            self.state = State::Body(body);
        }
    }

    /// Keeps the next `want` bytes, at most 16.
    pub fn take(&mut self, want: usize) {
        self.state = State::Take { bytes: [0; 16], have: 0, want: want.min(16) };
    }

    /// Whether bytes that were asked for are still to come.
    pub fn is_taking(&self) -> bool {
        matches!(self.state, State::Take { .. })
    }

    /// It is not known any more where the next message begins.
    pub fn lose(&mut self) {
        self.state = State::Lost { skipped: 0 };
        self.inside_body = false;
    }

    /// The other side asked for another message: a body that has no announced end may end now.
    pub fn expect_next(&mut self) {
        if matches!(self.state, State::Body(Body::UntilClose)) {
            self.state = State::Start;
            self.inside_body = true;
        }
    }

    /// The first bytes of an incomplete head.
    pub fn partial_head(&self) -> Option<&[u8]> {
        match &self.state {
            State::Head(partial) => Some(&partial.bytes),
            _ => None,
        }
    }

    /// Where an incomplete head begins.
    pub fn partial_head_offset(&self) -> Option<u64> {
        match &self.state {
            State::Head(partial) => Some(partial.place.offset),
            _ => None,
        }
    }

    /// Passes over bytes that are not in the capture; `false` where it is not known what they were.
    pub fn pass_missing(&mut self, length: u64) -> bool {
        if let State::Body(body) = &mut self.state
            && body.pass_missing(length)
        {
            return true;
        }
        self.lose();
        false
    }

    /// Gives up waiting for the rest of a head and reads what there is of it.
    pub fn give_up_head(&mut self) -> Read {
        let State::Head(partial) = std::mem::replace(&mut self.state, State::Start) else { return Read::More };
        self.lose();
        self.parse(&partial.bytes, partial.place, false)
    }

    /// Reads from the front of `chunk` up to the next thing to tell.
    pub fn read(&mut self, chunk: &mut Chunk<'_>, head_bytes: usize) -> Read {
        while !chunk.bytes.is_empty() {
            match &mut self.state {
                State::Start => {
                    // RFC 9112 §2.2: an empty line before a start line is passed over.
                    let blank = chunk.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                    advance(chunk, blank);
                    if chunk.bytes.is_empty() {
                        return Read::More;
                    }
                    return self.read_head(None, chunk, head_bytes);
                }
                State::Head(_) => {
                    let State::Head(partial) = std::mem::replace(&mut self.state, State::Start) else {
                        return Read::More;
                    };
                    return self.read_head(Some(partial), chunk, head_bytes);
                }
                State::HeadTail { empty } => {
                    let mut ended = None;
                    for (at, byte) in chunk.bytes.iter().enumerate() {
                        match byte {
                            b'\n' if *empty => {
                                ended = Some(at + 1);
                                break;
                            }
                            b'\n' => *empty = true,
                            b'\r' => {}
                            _ => *empty = false,
                        }
                    }
                    if ended.is_some() {
                        self.state = State::Start;
                    }
                    advance(chunk, ended.unwrap_or(chunk.bytes.len()));
                }
                State::Body(body) => match body.pass(chunk.bytes) {
                    Passed::All => advance(chunk, chunk.bytes.len()),
                    Passed::Ended(length) => {
                        advance(chunk, length);
                        self.state = State::Start;
                    }
                    Passed::Broken(_) => {
                        advance(chunk, chunk.bytes.len());
                        self.lose();
                    }
                },
                State::Take { bytes, have, want } => {
                    let taken = chunk.bytes.len().min(*want - *have);
                    bytes[*have..*have + taken].copy_from_slice(&chunk.bytes[..taken]);
                    *have += taken;
                    let whole = (*have == *want).then_some(*bytes);
                    advance(chunk, taken);
                    if let Some(bytes) = whole {
                        self.state = State::Start;
                        return Read::Taken(bytes);
                    }
                }
                State::Lost { skipped } => match classify(chunk.bytes) {
                    Opening::Request | Opening::Response => self.state = State::Start,
                    Opening::Undecided | Opening::Neither => {
                        *skipped = skipped.saturating_add(chunk.bytes.len() as u64);
                        advance(chunk, chunk.bytes.len());
                        return Read::Strange;
                    }
                },
            }
        }
        Read::More
    }

    /// Reads on in a head; the state is `Start` when this is called.
    fn read_head(&mut self, mut partial: Option<Box<Partial>>, chunk: &mut Chunk<'_>, head_bytes: usize) -> Read {
        let before = partial.as_ref().map_or(0, |partial| partial.bytes.len());
        let here = &chunk.bytes[..chunk.bytes.len().min(head_bytes.saturating_sub(before))];
        let mut place = match &partial {
            Some(partial) => partial.place,
            None => Place { offset: chunk.offset, packet: chunk.packet, last_packet: chunk.packet, segments: 1 },
        };
        if place.last_packet.number() != chunk.packet.number() {
            place.segments = place.segments.saturating_add(1);
        }
        place.last_packet = chunk.packet;
        // Most heads are whole in one chunk: those are read where they lie.
        let bytes = match &mut partial {
            Some(partial) => {
                partial.bytes.extend_from_slice(here);
                &partial.bytes
            }
            None => here,
        };
        let opening = classify(bytes);
        match opening {
            Opening::Neither if self.inside_body => {
                self.inside_body = false;
                self.state = State::Body(Body::UntilClose);
                return Read::More;
            }
            Opening::Neither => return Read::Strange,
            Opening::Undecided => {}
            Opening::Request | Opening::Response => self.inside_body = false,
        }
        if before == 0
            && let Some(read) = self.read_plain(opening, bytes, place, chunk)
        {
            return read;
        }
        // The empty line may have begun in the bytes before.
        let searched = before.saturating_sub(2);
        if let Some(end) = head::end(&bytes[searched..]) {
            let bytes = &bytes[..searched + end];
            let read = self.parse(bytes, place, true);
            if !matches!(read, Read::Strange) {
                advance(chunk, bytes.len().saturating_sub(before));
            }
            return read;
        }
        if bytes.len() >= head_bytes {
            let read = self.parse(bytes, place, false);
            self.state = State::HeadTail { empty: bytes.last() == Some(&b'\n') };
            advance(chunk, here.len());
            return read;
        }
        advance(chunk, here.len());
        self.state = State::Head(match partial {
            Some(mut partial) => {
                partial.place = place;
                partial
            }
            None => Box::new(Partial { bytes: here.to_vec(), place }),
        });
        Read::More
    }

    /// Reads a head that is [plain](super::plain) and whole in one chunk, as nearly all are.
    fn read_plain(&mut self, opening: Opening, bytes: &[u8], place: Place, chunk: &mut Chunk<'_>) -> Option<Read> {
        if !matches!(opening, Opening::Request | Opening::Response) {
            return None;
        }
        let plain = plain::read(bytes)?;
        let length = plain.length;
        let read = match opening {
            Opening::Request if is_request_line(bytes) => {
                Read::Request(Box::new(parse::plain_request(bytes, place, plain)))
            }
            Opening::Response => Read::Response(Box::new(parse::plain_response(bytes, place, plain))),
            _ => return None,
        };
        self.seen_head = true;
        advance(chunk, length);
        Some(read)
    }

    fn parse(&mut self, bytes: &[u8], place: Place, finished: bool) -> Read {
        match classify(bytes) {
            Opening::Request if is_request_line(bytes) => {
                self.seen_head = true;
                Read::Request(Box::new(parse::request(bytes, place, finished)))
            }
            Opening::Response => {
                self.seen_head = true;
                Read::Response(Box::new(parse::response(bytes, place, finished)))
            }
            _ => Read::Strange,
        }
    }
}

/// Whether the first line speaks of HTTP: by its version, or by a method that everybody knows.
fn is_request_line(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"GET ") {
        return true;
    }
    let line = &bytes[..memchr(b'\n', bytes).unwrap_or(bytes.len())];
    let method = line.split(|byte| matches!(byte, b' ' | b'\t')).next().unwrap_or_default();
    is_known_method(method) || line.windows(5).any(|window| window.eq_ignore_ascii_case(b"HTTP/"))
}

/// Moves `chunk` past its first `length` bytes.
fn advance(chunk: &mut Chunk<'_>, length: usize) {
    chunk.bytes = chunk.bytes.get(length..).unwrap_or_default();
    chunk.offset = chunk.offset.saturating_add(length as u64);
}
