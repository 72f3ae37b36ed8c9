"""A client behind a real proxy in front of a Python backend: proxied.py nginx|haproxy|connect PROXY_PORT BACKEND_PORT."""
import asyncio, subprocess, sys, tempfile
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

kind, front, back = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
NGINX = f"""daemon off; worker_processes 1; pid nginx.pid; error_log error.log; user root;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {{
    listen 127.0.0.1:{front};
    location / {{
      proxy_pass http://127.0.0.1:{back}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""
HAPROXY = f"""defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  timeout tunnel 10s
frontend f
  bind 127.0.0.1:{front}
  option forwardfor
  default_backend b
backend b
  server s 127.0.0.1:{back}
"""


async def tunnel(reader, writer):
    """A tiny HTTP CONNECT proxy."""
    request = (await reader.readuntil(b"\r\n\r\n")).split()
    host, port = request[1].decode().rsplit(":", 1)
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\nProxy-Agent: tiny\r\n\r\n")

    async def copy(source, sink):
        while data := await source.read(65536):
            sink.write(data)
        sink.close()
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer), return_exceptions=True)


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def main():
    with tempfile.TemporaryDirectory() as place:
        program = None
        if kind == "connect":
            await asyncio.start_server(tunnel, "127.0.0.1", front)
        else:
            with open(f"{place}/conf", "w") as conf:
                conf.write(NGINX if kind == "nginx" else HAPROXY)
            program = subprocess.Popen(["nginx", "-p", place, "-c", f"{place}/conf"] if kind == "nginx"
                                       else ["haproxy", "-db", "-f", f"{place}/conf"], stderr=subprocess.DEVNULL)
            await asyncio.sleep(1)
        async with serve(echo, "127.0.0.1", back, ping_interval=None):
            there, proxy = (back, f"http://127.0.0.1:{front}") if kind == "connect" else (front, None)
            async with connect(f"ws://127.0.0.1:{there}/app?room=7", proxy=proxy, ping_interval=None) as ws:
                for message in ("Hello through " + kind, "Hello through " + kind, bytes(range(256)) * 12):
                    await ws.send(message)
                    await ws.recv()
                await (await ws.ping(b"through?"))
                await ws.close(1000, "thanks")
            await asyncio.sleep(0.2)
        if program:
            program.terminate()
            program.wait()


asyncio.run(main())
