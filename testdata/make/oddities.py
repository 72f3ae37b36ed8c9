"""Hand-written peers for HTTP around the handshake and odd segment cuts: oddities.py NAME PORT."""
import sys, time
from raw import *

name, port = sys.argv[1], int(sys.argv[2])
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def upgrade(path="/ws", *more):
    return head(f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", *more)


def switching(*more):
    return head("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                f"Sec-WebSocket-Accept: {accept(KEY)}", *more)


def bytewise(wire, data, pause=0.001):
    for byte in data:
        wire.send(bytes([byte]))
        time.sleep(pause)


def first_frame_with_101():
    """101 and the first frame in one send(); the request byte by byte; frames cut at every header byte."""
    long = "long enough for the sixteen bit length. " * 5

    def server(wire, _):
        wire.head()
        wire.send(switching(), frame(TEXT, "first, with the 101"), frame(TEXT, "se"))
        for _ in range(3):
            wire.frame()
        for data in (frame(TEXT, "Hello back"), frame(TEXT, long)):
            bytewise(wire, data[:4])
            wire.send(data[4:])
            time.sleep(0.005)
        big = frame(BINARY, bytes(range(256)) * 256)
        bytewise(wire, big[:10])
        wire.send(big[10:])
        wire.frame()
        wire.send(frame(TEXT, "three frames"), frame(PING, "in one"), frame(TEXT, "segment"))
        wire.frame()
        wire.frame()
        wire.send(close(1000, "end"))

    def client(wire, _):
        bytewise(wire, upgrade("/first"))
        wire.head()
        wire.frame()
        wire.frame()
        for data, header in ((frame(TEXT, "Hello", masked=True), 6), (frame(TEXT, long, masked=True), 8),
                             (frame(BINARY, bytes(70000), masked=True), 14)):
            bytewise(wire, data[:header])
            wire.send(data[header:])
            time.sleep(0.005)
        for _ in range(3):
            wire.frame()
        wire.send(frame(TEXT, "go on", masked=True))
        for _ in range(3):
            wire.frame()
        wire.send(frame(PONG, "in one", masked=True), close(1000, "end", masked=True))
        wire.frame()
        wire.eof()
    return server, client, 1


def refused():
    """Each answer that is not 101 on a connection of its own."""
    def body(status, text, *more):
        return head(f"HTTP/1.1 {status}", "Content-Type: text/plain", f"Content-Length: {len(text)}",
                    "Connection: close", *more) + text.encode()

    answers = [body("403 Forbidden", "Not from this origin.\n"), body("404 Not Found", "No such resource.\n"),
               body("426 Upgrade Required", "Version 13 only.\n", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
               head("HTTP/1.1 302 Found", f"Location: ws://127.0.0.1:{port}/elsewhere", "Content-Length: 0",
                    "Connection: close"),
               body("503 Service Unavailable", "Come back later.\n", "Retry-After: 120")]

    def server(wire, n):
        wire.head()
        wire.send(answers[n])

    def client(wire, n):
        request = upgrade(f"/try{n + 1}", "Origin: http://example.org")
        wire.send(request.replace(b"Version: 13", b"Version: 14") if n == 2 else request)
        wire.eof()
    return server, client, len(answers)


def keepalive_then_upgrade():
    """Six ordinary exchanges (bodies by length and chunked, HEAD, 204, POST, 304), then the upgrade."""
    page = b"<html><body>" + b"All work and no play. " * 20 + b"</body></html>"
    chunks = [b"first chunk, ", b"a second chunk with \r\n inside, ", b"last"]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\nX-Trailer: yes\r\n\r\n"
    ok = ["HTTP/1.1 200 OK", "Content-Type: text/html"]
    exchanges = [
        (head("GET /page HTTP/1.1", "Host: localhost"), head(*ok, f"Content-Length: {len(page)}") + page),
        (head("GET /stream HTTP/1.1", "Host: localhost"), head(*ok, "Transfer-Encoding: chunked") + chunked),
        (head("HEAD /page HTTP/1.1", "Host: localhost"), head(*ok, f"Content-Length: {len(page)}")),
        (head("POST /form HTTP/1.1", "Host: localhost", "Content-Length: 11") + b"a=1&b=2&c=3",
         head("HTTP/1.1 204 No Content")),
        (head("POST /upload HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked") + b"5\r\nabcde\r\n0\r\n\r\n",
         head(*ok, "Content-Length: 3") + b"yes"),
        (head("GET /page HTTP/1.1", "Host: localhost", 'If-None-Match: "v1"'),
         head("HTTP/1.1 304 Not Modified", 'ETag: "v1"', f"Content-Length: {len(page)}"))]

    def server(wire, _):
        for request, response in exchanges:
            wire.exact(len(request))
            wire.send(response)
        wire.head()
        wire.send(switching())
        wire.send(frame(TEXT, "you said " + wire.frame()[1].decode()))
        wire.frame()
        wire.send(close(1000))

    def client(wire, _):
        for request, response in exchanges:
            wire.send(request)
            wire.exact(len(response))
            time.sleep(0.01)
        wire.send(upgrade("/after"))
        wire.head()
        wire.send(frame(TEXT, "Hello", masked=True))
        wire.frame()
        wire.send(close(1000, masked=True))
        wire.frame()
        wire.eof()
    return server, client, 1


def large():
    """A binary message each way in segments of 1400 bytes, with small texts before and after."""
    def pieces(wire, data):
        for at in range(0, len(data), 1400):
            wire.send(data[at:at + 1400])
            time.sleep(0.002)

    def pattern(n):
        return bytes(i * 31 & 255 for i in range(n))

    def server(wire, _):
        wire.head()
        wire.send(switching())
        while True:
            first, data = wire.frame()
            if first & 15 == CLOSE:
                return wire.send(frame(CLOSE, data))
            pieces(wire, frame(TEXT, data) if first & 15 == TEXT else frame(BINARY, pattern(12000)))

    def client(wire, _):
        wire.send(upgrade("/large"))
        wire.head()
        for message in ["before 1", "before 2", pattern(8000)] + [f"after {n}" for n in range(1, 8)]:
            op = TEXT if isinstance(message, str) else BINARY
            pieces(wire, frame(op, message, masked=True))
            wire.frame()
        wire.send(close(1000, "complete", masked=True))
        wire.frame()
        wire.eof()
    return server, client, 1


def hixie76():
    """The draft's own example: two keys and eight bytes answered with an MD5, frames 00 ... FF, close FF 00."""
    import hashlib
    keys, body = ("4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00"), b"^n:ds[4U"

    def number(key):
        return (int("".join(c for c in key if c.isdigit())) // key.count(" ")).to_bytes(4, "big")

    answer = hashlib.md5(number(keys[0]) + number(keys[1]) + body).digest()
    assert answer == b"8jKS'y:G*Co,Wxa-"

    def server(wire, _):
        wire.head()
        wire.exact(8)
        wire.send(head("HTTP/1.1 101 WebSocket Protocol Handshake", "Upgrade: WebSocket", "Connection: Upgrade",
                       "Sec-WebSocket-Origin: http://example.com",
                       f"Sec-WebSocket-Location: ws://127.0.0.1:{port}/demo", "Sec-WebSocket-Protocol: sample"), answer)
        for _ in range(2):
            wire.send(b"\0answer to ", text(wire), b"\xff")
        wire.exact(2)
        wire.send(b"\xff\0")

    def text(wire):
        data = wire.exact(1)
        while data[-1:] != b"\xff":
            data += wire.exact(1)
        return data[1:-1]

    def client(wire, _):
        wire.send(head("GET /demo HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: Upgrade",
                       f"Sec-WebSocket-Key2: {keys[1]}", "Sec-WebSocket-Protocol: sample", "Upgrade: WebSocket",
                       f"Sec-WebSocket-Key1: {keys[0]}", "Origin: http://example.com"), body)
        wire.head()
        wire.exact(16)
        for message in ("Hello", "Grüße"):
            wire.send(b"\0", message.encode(), b"\xff")
            text(wire)
            time.sleep(0.01)
        wire.send(b"\xff\0")
        wire.exact(2)
        wire.eof()
    return server, client, 1


server, client, times = globals()[name]()
talk(port, server, client, times=times)
