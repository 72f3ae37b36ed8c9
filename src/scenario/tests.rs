//! Scenarios seen from outside: bytes worked out by hand, packets parsed by etherparse, files read by pcap-file.

use super::*;

/// The nonce and its answer in RFC 6455 §1.3.
#[test]
fn the_answer_fits_the_key() {
    let scenario = Scenario::new()
        .request(|request| request.replace("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))
        .response(|response| response);
    assert_eq!(
        String::from_utf8_lossy(&scenario.streams()[0].server),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}
