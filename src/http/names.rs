//! The field names that rules and reports ask for again and again.
//!
//! Each has a place of its own among a few, so that where its line stands is found once, while the head is read, and
//! not by comparing texts whenever it is asked for. Any other name may share a place, and costs a comparison.

/// How many places there are.
pub(super) const PLACES: usize = 64;

/// The known names, in small letters and as they are mostly spelled.
const KNOWN: [[&str; 2]; 30] = [
    [":authority", ":authority"],
    ["accept", "Accept"],
    ["accept-encoding", "Accept-Encoding"],
    ["accept-language", "Accept-Language"],
    ["authorization", "Authorization"],
    ["cache-control", "Cache-Control"],
    ["connection", "Connection"],
    ["content-length", "Content-Length"],
    ["cookie", "Cookie"],
    ["date", "Date"],
    ["host", "Host"],
    ["origin", "Origin"],
    ["pragma", "Pragma"],
    ["sec-websocket-accept", "Sec-WebSocket-Accept"],
    ["sec-websocket-extensions", "Sec-WebSocket-Extensions"],
    ["sec-websocket-key", "Sec-WebSocket-Key"],
    ["sec-websocket-key1", "Sec-WebSocket-Key1"],
    ["sec-websocket-key2", "Sec-WebSocket-Key2"],
    ["sec-websocket-location", "Sec-WebSocket-Location"],
    ["sec-websocket-origin", "Sec-WebSocket-Origin"],
    ["sec-websocket-protocol", "Sec-WebSocket-Protocol"],
    ["sec-websocket-version", "Sec-WebSocket-Version"],
    ["server", "Server"],
    ["set-cookie", "Set-Cookie"],
    ["transfer-encoding", "Transfer-Encoding"],
    ["upgrade", "Upgrade"],
    ["user-agent", "User-Agent"],
    ["websocket-location", "WebSocket-Location"],
    ["websocket-origin", "WebSocket-Origin"],
    ["websocket-protocol", "WebSocket-Protocol"],
];

/// The known name of each place.
const BY_PLACE: [[&str; 2]; PLACES] = {
    let mut names = [["", ""]; PLACES];
    let mut at = 0;
    while at < KNOWN.len() {
        let [small, common] = KNOWN[at];
        let place = place(small.as_bytes());
        assert!(small.eq_ignore_ascii_case(common) && names[place][0].is_empty(), "one known name for each place");
        names[place] = KNOWN[at];
        at += 1;
    }
    names
};

/// The place of a name, the same for names that differ in letter case alone (RFC 9110 §5.1).
#[inline(always)]
pub(super) const fn place(name: &[u8]) -> usize {
    // Length, first and last byte tell the known names apart; the factor gives each of them another place.
    const FACTOR: u32 = 0x3586_fca7;
    let (first, last) = match name {
        [] => (0, 0),
        [first, ..] => (*first, name[name.len() - 1]),
    };
    let word = (name.len() as u32) ^ ((first | 0x20) as u32) << 8 ^ ((last | 0x20) as u32) << 16;
    (word.wrapping_mul(FACTOR) >> (u32::BITS - PLACES.trailing_zeros())) as usize
}

/// Whether this is the known name of its place, in whatever letter case.
#[inline]
pub(super) fn is_known(name: &[u8], place: usize) -> bool {
    let common = BY_PLACE[place][1].as_bytes();
    !name.is_empty() && (name == common || name.eq_ignore_ascii_case(common))
}

/// Whether this is the known name of its place in one of the two common spellings. The compiler knows the answer where
/// the name stands in the program.
#[inline(always)]
pub(super) fn is_spelled(name: &[u8], place: usize) -> bool {
    let [small, common] = BY_PLACE[place];
    name == small.as_bytes() || name == common.as_bytes()
}
