"""An echo peer for Autobahn's fuzzers, Python `websockets`: autobahn_testee.py server|client PORT."""
import asyncio, json, sys
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake

what, port = sys.argv[1], int(sys.argv[2])
OPTIONS = dict(max_size=None, ping_interval=None, close_timeout=3)


async def echo(ws):
    try:
        async for message in ws:
            await ws.send(message)
    except ConnectionClosed:
        pass


async def client():
    url = f"ws://127.0.0.1:{port}"
    async with connect(url + "/getCaseCount", **OPTIONS) as ws:
        count = json.loads(await ws.recv())
    for case in range(1, count + 1):
        async with connect(f"{url}/runCase?case={case}&agent=websockets", **OPTIONS) as ws:
            await echo(ws)
    async with connect(url + "/updateReports?agent=websockets", **OPTIONS) as ws:
        await ws.wait_closed()


async def server():
    async with serve(echo, "127.0.0.1", port, **OPTIONS):
        await asyncio.Future()


asyncio.run(globals()[what]())
