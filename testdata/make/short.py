"""One short conversation, `websocket-client` with a `websockets` server: short.py PORT [HOST] [large]."""
import socket, sys, threading
import websocket
from websockets.sync.server import serve

port, host = int(sys.argv[1]), (sys.argv[2:] or ["127.0.0.1"])[0]


def handler(ws):
    for message in ws:
        ws.send(message)


family = socket.AF_INET6 if ":" in host else socket.AF_INET
with serve(handler, sock=socket.create_server((host, port), family=family), compression=None) as server:
    threading.Thread(target=server.serve_forever).start()
    ws = websocket.create_connection(f"ws://{f'[{host}]' if ':' in host else host}:{port}/short")
    messages = ["Hello", "Grüße", b"\x00\x01\x02\x03"]
    if "large" in sys.argv:
        messages += ["x" * 120, "long text " * 60, bytes(range(256)) * 8, "short again"]
    for message in messages:
        ws.send(message) if isinstance(message, str) else ws.send_binary(message)
        ws.recv()
    ws.ping("ping")
    ws.recv_frame()
    ws.close(1000, b"done")
    server.shutdown()
