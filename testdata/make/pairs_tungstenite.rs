// As pairs.py, for tungstenite 0.30 (a crate with this as src/main.rs): server|client tungstenite PORT MODE [small].
use std::net::{TcpListener, TcpStream};
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::{accept_hdr, client, Message};

#[allow(clippy::result_large_err)]
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let port: u16 = a[3].parse().unwrap();
    if a[1] == "server" {
        for s in TcpListener::bind(("127.0.0.1", port)).unwrap().incoming() {
            let s = s.unwrap();
            std::thread::spawn(move || serve(s));
        }
    } else {
        for path in ["/echo", "/serverclose"] {
            let mut req = format!("ws://127.0.0.1:{port}{path}").into_client_request().unwrap();
            req.headers_mut().insert("Sec-WebSocket-Protocol", "chat.v2, chat.v1".parse().unwrap());
            let s = TcpStream::connect(("127.0.0.1", port)).unwrap();
            s.set_nodelay(true).unwrap();
            let (mut ws, _) = client(req, s).unwrap();
            let mut msgs: Vec<Message> = vec!["Hello".into(), "Grüße, 你好, 👋🏽 κόσμε".into()];
            let small = a.iter().any(|x| x == "small");
            for n in if small { vec![0usize, 125, 126, 3000] } else { vec![0usize, 125, 126, 65535, 65536, 200000] } {
                msgs.push(pattern(n).into());
            }
            if path == "/serverclose" {
                msgs.truncate(2);
            }
            for m in msgs {
                ws.send(m.clone()).unwrap();
                loop {
                    let r = ws.read().unwrap();
                    if r.is_ping() || r.is_pong() { continue; }
                    assert_eq!(r, m);
                    break;
                }
            }
            if path == "/echo" {
                for (i, part) in ["frag ", "men", "ted"].iter().enumerate() {
                    let op = if i == 0 { Data::Text } else { Data::Continue };
                    ws.send(Message::Frame(Frame::message(part.as_bytes().to_vec(), OpCode::Data(op), i == 2))).unwrap();
                    if i == 1 { ws.send(Message::Ping(b"between".to_vec().into())).unwrap(); }
                }
                loop { if ws.read().unwrap().is_text() { break; } }
                ws.close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })).unwrap();
            } else {
                ws.send("close".into()).unwrap();
            }
            while ws.read().is_ok() {}
        }
    }
}

fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 31 & 255) as u8).collect()
}

#[allow(clippy::result_large_err)]
fn serve(s: TcpStream) {
    s.set_nodelay(true).unwrap();
    let mut ws = match accept_hdr(s, |q: &Request, mut r: Response| {
        if q.headers().get("Sec-WebSocket-Protocol").is_some_and(|p| p.to_str().unwrap().contains("chat.v1")) {
            r.headers_mut().insert("Sec-WebSocket-Protocol", "chat.v1".parse().unwrap());
        }
        Ok(r)
    }) { Ok(w) => w, Err(_) => return };
    ws.send(Message::Ping(b"server ping".to_vec().into())).ok();
    loop {
        match ws.read() {
            Ok(m) if m.is_text() && m.to_text().unwrap() == "close" => {
                ws.close(Some(CloseFrame { code: CloseCode::Normal, reason: "server done".into() })).ok();
            }
            Ok(m) if m.is_text() || m.is_binary() => { ws.send(m).ok(); }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
