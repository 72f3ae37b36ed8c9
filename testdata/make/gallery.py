"""Plays one of the five described systems (and their variants) on a port: gallery.py NAME PORT."""
import sys, time
from raw import *

name, port = sys.argv[1], int(sys.argv[2])
HELLO = ["Hello", "Grüße, 世界", "Third message"]


def say(wire, *parts):
    """One segment per call, in order, with a breath between."""
    wire.send(*parts)
    time.sleep(0.01)


def get(path, *lines):
    return head(f"GET {path} HTTP/1.1", f"Host: localhost:{port}", *lines)


def exchange(texts, answers, masks=None):
    """The usual rest of a conversation: each text answered, Close 1000 echoed, the server's FIN first."""
    def server(wire):
        for answer in answers:
            wire.frame()
            say(wire, frame(TEXT, answer))
        wire.frame()
        wire.send(close(1000))

    def client(wire):
        for n, text in enumerate(texts):
            say(wire, frame(TEXT, text, masked=True, mask=masks and masks[n]))
            wire.frame()
        say(wire, close(1000, masked=True))
        wire.frame()
        wire.eof()
    return server, client


def qt_cpp_zero_byte():
    """The server's frame writer sets the length bytes but never the first byte."""
    key = "cOzuI6gvhz3+Ul6bRxAIQQ=="
    sizes = [20, 300, 70000]

    def server(wire, _):
        wire.head()
        wire.send(head(
            "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {accept(key)}",
            f"Access-Control-Allow-Origin: http://localhost:{port}",
            "Access-Control-Allow-Credentials: true",
            "Access-Control-Allow-Headers: content-type, authorization, x-websocket-extensions, "
            "x-websocket-version, x-websocket-protocol"))
        for size in sizes:
            wire.frame()
            line = b"answer of %5d bytes. " % size
            say(wire, frame(0, (line * (size // len(line) + 1))[:size], first=0))
        wire.frame()
        wire.send(frame(0, b"\x03\xe8", first=0))  # meant as its Close
        wire.eof()

    def client(wire, _):
        wire.send(get("/", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
                      f"Origin: http://localhost:{port}", "Sec-WebSocket-Version: 13"))
        wire.head()
        for n, size in enumerate(sizes, 1):
            say(wire, frame(TEXT, f"message {n}: please send {size} bytes", masked=True))
            wire.frame()
        say(wire, close(1000, masked=True))
        wire.frame()
    return server, client


def beetle(answer="FCKgUr8c7OsDsLFeJTWrJw6WO8Q="):
    serve, rest = exchange(HELLO[:2], ["beetle: Hello", "beetle: Grüße, 世界"])

    def server(wire, _):
        wire.head()
        wire.send(head("HTTP/1.1 101 Switching Protocols", "Upgrade:WebSocket", "Connection:Upgrade",
                       f"Sec-WebSocket-Accept:{answer}"))
        serve(wire)

    def client(wire, _):
        wire.send(head(
            "GET /chat HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", f"Host: localhost:{port}",
            "Origin: http://localhost", "Pragma: no-cache", "Cache-Control: no-cache",
            "Sec-WebSocket-Key: puVOuWb7rel6z2AVZBKnfw==", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Extensions: x-webkit-deflate-frame",
            "User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_8_3) AppleWebKit/537.31 "
            "(KHTML, like Gecko) Chrome/26.0.1410.65 Safari/537.31"))
        wire.head()
        rest(wire)
    return server, client


def qml_chat_sample(answer="K7DJLdLooIwIG/MOpvWFB3y3FE8="):
    serve, rest = exchange(["Hello", "How are you?"], ["Hello", "Fine, and you?"])

    def server(wire, _):
        wire.head()
        wire.send(head("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                       f"Sec-WebSocket-Accept: {answer}"))
        serve(wire)

    def client(wire, _):
        wire.send(head("Get /chat HTTP/1.1", f"Host: localhost:{port}", "Upgrade: websocket",
                       "Connection: Upgrade", "Sec-Websocket-key: x3JJHMbDL1EzLkh9GBhXDw==",
                       "Sec-WebSocket-Version: 13"))
        wire.head()
        rest(wire)
    return server, client


def rfc_style_client(guid=GUID):
    first, second = "dGhlIHNhbXBsZSBub25jZQ==", "2mzaxLsKR++Hp0c5q2ufwg=="
    serve, rest = exchange(["Hello", "Zürich → Ελλάδα"], ["Hello yourself", "Zürich → Ελλάδα"])

    def ask(key, *more):
        return get("/chat?room=1", "User-Agent: rfc6455-client/1.0", "Accept: */*",
                   "Accept-Language: en-GB, de;q=0.7", "Pragma: no-cache", "Cache-Control: no-cache",
                   "Cookie: session=4711; theme=dark", *more, "Upgrade: websocket",
                   "Connection: keep-alive, Upgrade", f"Sec-WebSocket-Key: {key}",
                   "Origin: http://example.com", "Sec-WebSocket-Protocol: chat, superchat",
                   "Sec-WebSocket-Version: 13")

    def server(wire, _):
        wire.head()
        body = "<html><body>Who are you?</body></html>\n"
        wire.send(head("HTTP/1.1 401 Unauthorized", 'WWW-Authenticate: Basic realm="chat", charset="UTF-8"',
                       "Content-Type: text/html", f"Content-Length: {len(body)}", "Connection: keep-alive"),
                  body.encode())
        wire.head()
        wire.send(head("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                       f"Sec-WebSocket-Accept: {accept(second, guid)}", "Sec-WebSocket-Protocol: chat"))
        serve(wire)

    def client(wire, _):
        wire.send(ask(first))
        size = int(wire.head().split("Content-Length: ")[1].split()[0])
        wire.exact(size)
        wire.send(ask(second, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))
        wire.head()
        rest(wire)
    return server, client


def php_draft17():
    key = "JJ+5PGCsOydngWBY3axAEA=="
    serve, rest = exchange(["Hello"], ["hello, how are you?"], [bytes.fromhex("37fa213d")])

    def server(wire, _):
        wire.head()
        wire.send(head("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                       f"Sec-WebSocket-Accept: {accept(key)}"))
        serve(wire)

    def client(wire, _):
        wire.send(get("/demo", "Upgrade: websocket", "Connection: Upgrade",
                      "Sec-WebSocket-Origin: http://localhost", f"Sec-WebSocket-Key: {key}",
                      "Sec-WebSocket-Version: 8"))
        wire.head()
        rest(wire)
    return server, client


systems = {
    "qt_cpp_zero_byte": qt_cpp_zero_byte,
    "beetle": beetle,
    "beetle_right_accept": lambda: beetle(accept("puVOuWb7rel6z2AVZBKnfw==")),
    "qml_chat_sample": qml_chat_sample,
    "qml_chat_sample_right_accept": lambda: qml_chat_sample(accept("x3JJHMbDL1EzLkh9GBhXDw==")),
    "rfc_style_client": rfc_style_client,
    "rfc_style_client_bad_guid": lambda: rfc_style_client(GUID[:-1]),
    "php_draft17": php_draft17,
}
talk(port, *systems[name]())
