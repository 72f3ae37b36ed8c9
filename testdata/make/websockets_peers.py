"""Python `websockets` client and server on a port: websockets_peers.py deflate|plain|midstream PORT."""
import asyncio, sys
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

what, port = sys.argv[1], int(sys.argv[2])
LANGUAGES = ["Hello, world", "Grüße aus Köln", "Привет, мир", "שלום עולם", "مرحبا بالعالم", "你好，世界",
             "こんにちは世界", "안녕하세요 세계", "नमस्ते दुनिया", "👋🏽🌍 emoji outside the BMP", ""]


def pattern(n):
    return bytes(i * 31 & 255 for i in range(n))


async def deflate():
    """Echo with the defaults (permessage-deflate); a second connection the server closes with 4001."""
    async def handler(ws):
        if ws.request.path == "/kick":
            await ws.recv()
            return await ws.close(4001, "kicked, see you later")
        try:
            async for message in ws:
                await ws.send(message)
        except ConnectionClosed:
            pass

    async with serve(handler, "127.0.0.1", port, ping_interval=None):
        async with connect(f"ws://127.0.0.1:{port}/echo", ping_interval=None, close_timeout=2) as ws:
            for message in ("Hello", "Hello", '{"json": [1, 2, 3], "text": "' + "abc " * 100 + '"}', pattern(1000)):
                await ws.send(message)
                await ws.recv()
            await ws.send(["a message ", "sent in ", "", "four pieces"])
            await ws.recv()
            await (await ws.ping(b"are you there?"))
            await (await ws.ping())
            await ws.close(1000, "that was all")
        async with connect(f"ws://127.0.0.1:{port}/kick", ping_interval=None) as ws:
            await ws.send("let me in")
            try:
                await ws.recv()
            except ConnectionClosed:
                pass


async def plain():
    """Echo without compression: many languages, empty messages and every length form's limits."""
    async def handler(ws):
        async for message in ws:
            if isinstance(message, str) or len(message) < 1000:
                await ws.send(message)
            else:
                await ws.send(f"{len(message)} bytes")

    async with serve(handler, "127.0.0.1", port, ping_interval=None, compression=None):
        async with connect(f"ws://127.0.0.1:{port}/", ping_interval=None, compression=None) as ws:
            for message in LANGUAGES + [b"", b"\0", pattern(125), pattern(126), pattern(127), pattern(65535), pattern(65536)]:
                await ws.send(message)
                await ws.recv()
            await ws.close(1001, "чао")


async def midstream():
    """Ten messages each way, once the line on standard input says the capture runs."""
    async def handler(ws):
        async for message in ws:
            await ws.send(message)

    async with serve(handler, "127.0.0.1", port, ping_interval=None, compression=None):
        async with connect(f"ws://127.0.0.1:{port}/", ping_interval=None, compression=None) as ws:
            await ws.send("before the capture")
            await ws.recv()
            print("ready", flush=True)
            await asyncio.get_event_loop().run_in_executor(None, sys.stdin.readline)
            for n in range(1, 10):
                await ws.send(f"message {n} " + "x" * (n * n * 3))
                await ws.recv()
            await ws.send(pattern(700))
            await ws.recv()
            await ws.close(1000, "bye")


asyncio.run(globals()[what]())
