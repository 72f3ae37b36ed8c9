"""Tornado client and server with compression: text, binary, ping from the server, close: tornado_peers.py PORT."""
import asyncio, sys
import tornado.web, tornado.websocket

port = int(sys.argv[1])


class Echo(tornado.websocket.WebSocketHandler):
    def open(self):
        self.ping(b"tornado")

    def get_compression_options(self):
        return {}

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def main():
    server = tornado.web.Application([("/echo", Echo)]).listen(port, "127.0.0.1")
    ws = await tornado.websocket.websocket_connect(f"ws://127.0.0.1:{port}/echo", compression_options={})
    for message in ("Hello tornado", "ünïcödé " * 30, bytes(300)):
        await ws.write_message(message, binary=isinstance(message, bytes))
        await ws.read_message()
    ws.close(1000, "over")
    await ws.read_message()
    await asyncio.sleep(0.1)
    server.stop()


asyncio.run(main())
