"""hypercorn as server and h2 with wsproto's frames as client, in clear. Usage: h2_python.py prior|upgrade PORT

"prior": two WebSockets by prior knowledge, DATA frames padded and cut anywhere, one of the streams reset by the client.
"upgrade": the connection begins as HTTP/1.1 with `Upgrade: h2c`; a WebSocket on stream 3.
"""

import asyncio
import sys

import h2.config
import h2.connection
import h2.events
import hypercorn.asyncio
import hypercorn.config
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

MODE, PORT = sys.argv[1], int(sys.argv[2])


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
            if event["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"hello\n"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            await send({"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")})


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.events = []

    async def flush(self):
        self.writer.write(self.h2.data_to_send())
        await self.writer.drain()

    async def until(self, wanted):
        """Waits for an event; acknowledges data."""
        while True:
            for at, event in enumerate(self.events):
                if wanted(event):
                    return self.events.pop(at)
            data = await asyncio.wait_for(self.reader.read(65536), 5)
            assert data
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self.events.append(event)
            await self.flush()

    async def settled(self):
        await self.until(lambda event: isinstance(event, h2.events.RemoteSettingsChanged))

    async def open(self, stream):
        self.h2.send_headers(stream, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", f"/chat{stream}"),
            (":authority", f"127.0.0.1:{PORT}"), ("sec-websocket-version", "13"), ("user-agent", "h2"),
        ])
        await self.flush()
        await self.until(lambda e: isinstance(e, h2.events.ResponseReceived) and e.stream_id == stream)

    async def say(self, stream, bytes_, size, padding):
        for at in range(0, len(bytes_), size):
            self.h2.send_data(stream, bytes_[at:at + size], pad_length=padding)
            await self.flush()

    async def data(self, stream):
        return await self.until(lambda e: isinstance(e, h2.events.DataReceived) and e.stream_id == stream)

    async def ended(self, stream):
        return await self.until(lambda e: isinstance(e, h2.events.StreamEnded) and e.stream_id == stream)


async def talk(client, stream, size, padding):
    ws = Connection(ConnectionType.CLIENT)
    for event in [TextMessage("Grüße from " + str(stream)), BytesMessage(bytes(range(256))), Ping(b"there?")]:
        await client.say(stream, ws.send(event), size, padding)
        await client.data(stream)
    await client.say(stream, ws.send(CloseConnection(1000, "bye")), size, padding)
    await client.data(stream)


async def main():
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{PORT}"]
    config.loglevel = "ERROR"
    over = asyncio.Event()
    server = asyncio.create_task(hypercorn.asyncio.serve(app, config, shutdown_trigger=over.wait))
    await asyncio.sleep(0.5)
    client = Client(*await asyncio.open_connection("127.0.0.1", PORT))
    if MODE == "upgrade":
        settings = client.h2.initiate_upgrade_connection()
        client.writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                            b"HTTP2-Settings: %s\r\n\r\n" % (PORT, settings))
        await client.writer.drain()
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head, head
    else:
        client.h2.initiate_connection()
    await client.flush()
    await client.settled()
    if MODE == "upgrade":
        await client.ended(1)
        await client.open(3)
        await talk(client, 3, 1000, None)
        client.h2.end_stream(3)
    else:
        await client.open(1)
        await client.open(3)
        await talk(client, 1, 7, 5)
        ws = Connection(ConnectionType.CLIENT)
        await client.say(3, ws.send(TextMessage("and away")), 1000, None)
        await client.data(3)
        client.h2.reset_stream(3, 8)
        await client.flush()
        await asyncio.sleep(0.2)
        client.h2.end_stream(1)
    # hypercorn answers the end of a stream with that of the connection.
    await client.flush()
    await client.reader.read()
    client.writer.close()
    await asyncio.sleep(0.2)
    over.set()
    await server


asyncio.run(main())
