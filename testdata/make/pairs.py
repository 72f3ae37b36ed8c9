"""One side of a conversation with any other library: pairs.py server|client LIBRARY PORT plain|deflate [small].

LIBRARY is websockets, aiohttp, tornado or (client only) websocket_client. Connection 1 (/echo): texts, binaries of the
sizes where the length forms change, a fragmented message with a ping inside where the library can, pings, Close 1000
"bye" by the client. Connection 2 (/serverclose): two texts, then Close 1000 "server done" by the server.
Servers ping at once, echo everything, and choose the subprotocol chat.v1.
"""
import asyncio, sys

what, library, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
deflate, small = "deflate" in sys.argv[4:], "small" in sys.argv[4:]
OFFERED, CHOSEN = ["chat.v2", "chat.v1"], "chat.v1"
TEXTS = ["Hello", "Grüße, 你好, 👋🏽 κόσμε"]
SIZES = [0, 125, 126, 3000] if small else [0, 125, 126, 65535, 65536, 200000]
MESSAGES = TEXTS + [bytes(i * 31 & 255 for i in range(n)) for n in SIZES]
URL = f"ws://127.0.0.1:{port}"


async def websockets_server():
    from websockets.asyncio.server import serve
    from websockets.exceptions import ConnectionClosed

    async def handler(ws):
        await ws.ping(b"server ping")
        try:
            async for message in ws:
                if message == "close":
                    return await ws.close(1000, "server done")
                await ws.send(message)
        except ConnectionClosed:
            pass

    async with serve(handler, "127.0.0.1", port, subprotocols=[CHOSEN], compression="deflate" if deflate else None,
                     ping_interval=None, max_size=None):
        await asyncio.Future()


async def websockets_client():
    from websockets.asyncio.client import connect
    options = dict(subprotocols=OFFERED, compression="deflate" if deflate else None, ping_interval=None, max_size=None)
    async with connect(URL + "/echo", **options) as ws:
        for message in MESSAGES:
            await ws.send(message)
            assert await ws.recv() == message

        async def parts():
            for part in ("frag ", "men", "ted"):
                yield part
                await (await ws.ping(b"between"))
        await ws.send(parts())
        assert await ws.recv() == "frag mented"
        await ws.close(1000, "bye")
    async with connect(URL + "/serverclose", **options) as ws:
        for message in TEXTS:
            await ws.send(message)
            await ws.recv()
        await ws.send("close")
        await ws.wait_closed()


async def aiohttp_server():
    from aiohttp import WSMsgType, web

    async def handler(request):
        ws = web.WebSocketResponse(protocols=[CHOSEN], compress=deflate, max_msg_size=0)
        await ws.prepare(request)
        await ws.ping(b"server ping")
        async for message in ws:
            if message.type == WSMsgType.TEXT and message.data == "close":
                await ws.close(code=1000, message=b"server done")
            elif message.type == WSMsgType.TEXT:
                await ws.send_str(message.data)
            elif message.type == WSMsgType.BINARY:
                await ws.send_bytes(message.data)
        return ws

    app = web.Application()
    app.add_routes([web.get("/{any}", handler)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Future()


async def aiohttp_client():
    import aiohttp
    options = dict(protocols=OFFERED, compress=15 if deflate else 0, max_msg_size=0)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(URL + "/echo", **options) as ws:
            for message in MESSAGES:
                await (ws.send_str if isinstance(message, str) else ws.send_bytes)(message)
                assert (await ws.receive()).data == message
            await ws.ping(b"client ping")
            await ws.send_str("after the ping")
            await ws.receive()
            await ws.close(code=1000, message=b"bye")
        async with session.ws_connect(URL + "/serverclose", **options) as ws:
            for message in TEXTS:
                await ws.send_str(message)
                await ws.receive()
            await ws.send_str("close")
            await ws.receive()


async def tornado_server():
    import tornado.web, tornado.websocket

    class Echo(tornado.websocket.WebSocketHandler):
        def check_origin(self, origin):
            return True

        def select_subprotocol(self, offered):
            return CHOSEN if CHOSEN in offered else None

        def open(self):
            self.ping(b"server ping")

        def get_compression_options(self):
            return {} if deflate else None

        def on_message(self, message):
            if message == "close":
                return self.close(1000, "server done")
            self.write_message(message, binary=isinstance(message, bytes))

    tornado.web.Application([("/.*", Echo)]).listen(port, "127.0.0.1")
    await asyncio.Future()


async def tornado_client():
    from tornado.websocket import websocket_connect
    options = dict(subprotocols=OFFERED, compression_options={} if deflate else None)
    ws = await websocket_connect(URL + "/echo", **options)
    for message in MESSAGES:
        await ws.write_message(message, binary=isinstance(message, bytes))
        assert await ws.read_message() == message
    ws.ping(b"client ping")
    await ws.write_message("after the ping")
    await ws.read_message()
    ws.close(1000, "bye")
    await ws.read_message()
    ws = await websocket_connect(URL + "/serverclose", **options)
    for message in TEXTS:
        await ws.write_message(message)
        await ws.read_message()
    await ws.write_message("close")
    await ws.read_message()
    await asyncio.sleep(0.2)


async def websocket_client_client():
    import websocket
    from websocket import ABNF
    ws = websocket.create_connection(URL + "/echo", subprotocols=OFFERED)
    for message in MESSAGES:
        ws.send(message, ABNF.OPCODE_TEXT if isinstance(message, str) else ABNF.OPCODE_BINARY)
        assert ws.recv() == message
    for part, opcode, fin in (("frag ", ABNF.OPCODE_TEXT, 0), ("men", ABNF.OPCODE_CONT, 0), ("ted", ABNF.OPCODE_CONT, 1)):
        ws.send_frame(ABNF.create_frame(part, opcode, fin))
        if part == "men":
            ws.ping(b"between")
    assert ws.recv() == "frag mented"
    ws.close(1000, b"bye")
    ws = websocket.create_connection(URL + "/serverclose", subprotocols=OFFERED)
    for message in TEXTS:
        ws.send(message)
        ws.recv()
    ws.send("close")
    try:
        ws.recv()
    finally:
        ws.close()


asyncio.run(globals()[f"{library}_{what}"]())
