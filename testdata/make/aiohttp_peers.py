"""aiohttp client and server: text, JSON, binary, ping, close with a reason: aiohttp_peers.py PORT."""
import asyncio, sys
import aiohttp
from aiohttp import web

port = int(sys.argv[1])


async def handler(request):
    ws = web.WebSocketResponse(protocols=("chat", "echo"), compress=True)
    await ws.prepare(request)
    async for message in ws:
        if message.type == aiohttp.WSMsgType.TEXT and message.data == "bye":
            await ws.close(code=4000, message=b"server says bye")
        elif message.type == aiohttp.WSMsgType.TEXT:
            await ws.send_str("echo: " + message.data)
        elif message.type == aiohttp.WSMsgType.BINARY:
            await ws.send_bytes(message.data[::-1])
    return ws


async def main():
    app = web.Application()
    app.add_routes([web.get("/ws", handler)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"http://127.0.0.1:{port}/ws", protocols=("echo",), compress=15) as ws:
            await ws.send_str("Hello aiohttp")
            await ws.receive()
            await ws.send_json({"key": "value", "list": [1, 2, 3] * 20})
            await ws.receive()
            await ws.send_bytes(bytes(range(256)))
            await ws.receive()
            await ws.ping(b"aio")
            await ws.send_str("bye")
            await ws.receive()
    await runner.cleanup()


asyncio.run(main())
