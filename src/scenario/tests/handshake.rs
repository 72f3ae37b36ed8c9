//! Requests and answers.

use super::*;

/// The nonce and its answer in RFC 6455 §1.3.
#[test]
fn the_answer_fits_the_key() {
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let asked = Scenario::new().request(|request| request.replace("sec-websocket-key", KEY));
    assert_eq!(String::from_utf8_lossy(&asked.response(|response| response).streams()[0].server), answer);
    let by_hand = Scenario::new().bytes(Role::Client, format!("GET / HTTP/1.1\nSEC-WEBSOCKET-KEY :{KEY} \n\n"));
    assert_eq!(String::from_utf8_lossy(&by_hand.response(|response| response).streams()[0].server), answer);
}

#[test]
fn heads_are_what_they_are_told_to_be() {
    let scenario = Scenario::new().handshake_with(
        |request| {
            request
                .method("POST")
                .target("/x")
                .version("HTTP/1.0")
                .without("HOST")
                .replace("sec-websocket-key", "k")
                .replace("Origin", "http://example.com")
                .header("Upgrade", "again")
                .line(" folded")
                .line_end("\n")
                .body("body")
        },
        |response| response.version("HTTP/2").status(404, "No").without("Sec-WebSocket-Accept"),
    );
    let streams = scenario.streams();
    assert_eq!(
        String::from_utf8_lossy(&streams[0].client),
        "POST /x HTTP/1.0\nUpgrade: websocket\nConnection: Upgrade\nsec-websocket-key: k\nSec-WebSocket-Version: 13\n\
         Origin: http://example.com\nUpgrade: again\n folded\n\nbody"
    );
    assert_eq!(
        String::from_utf8_lossy(&streams[0].server),
        "HTTP/2 404 No\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    );
}

#[test]
fn each_handshake_has_a_key_of_its_own() {
    let streams = Scenario::new().handshake().connection().handshake().streams();
    assert_ne!(streams[0].client, streams[1].client);
    assert_ne!(streams[0].server, streams[1].server);
}
