"""WebSockets behind other beginnings: tunnels.py KIND PORT FOLDER, which holds key.pem, cert.pem and both.pem.

PORT is what the client talks to, and PORT + 1 what comes behind it, if anything does. Keys go to SSLKEYLOGFILE.
"""

import asyncio
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import threading

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.server import ServerProtocol
from websockets.sync.client import connect as connect_sync

KIND, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), sys.argv[3]
NEXT, BEHIND = PORT + 1, PORT + 2

server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
server_tls.load_cert_chain(f"{FOLDER}/both.pem")
# The clients' context writes SSLKEYLOGFILE.
client_tls = ssl.create_default_context(cafile=f"{FOLDER}/cert.pem")

TINYPROXY = "Port {port}\nListen 127.0.0.1\nTimeout 10\nMaxClients 10\nLogLevel Error\nLogFile \"{folder}/log\"\nPidFile \"{folder}/pid\"\n"
# An HTTPS proxy: TLS ends here, the requests go on to tinyproxy.
HAPROXY_TLS = """defaults
  mode tcp
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend f
  bind 127.0.0.1:{port} ssl crt {folder}/both.pem
  default_backend b
backend b
  server s 127.0.0.1:{behind}
"""
HAPROXY_SEND = """defaults
  mode tcp
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{next} {send}
"""
NGINX = """daemon off; worker_processes 1; pid nginx.pid; error_log error.log; user root;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {{
    listen 127.0.0.1:{next} {listen} proxy_protocol;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location / {{
      proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Host $host;
    }}
  }}
}}
"""


def run(name, config, *command):
    """Starts a program with this configuration."""
    text = config.format(port=PORT, next=NEXT, behind=BEHIND, folder=FOLDER, send=SEND, listen=LISTEN)
    path = f"{FOLDER}/{name}.conf"
    with open(path, "w") as file:
        file.write(text)
    return subprocess.Popen([part.replace("CONF", path) for part in command], stderr=subprocess.DEVNULL)


SEND = "send-proxy-v2" if "v2" in KIND else "send-proxy"
LISTEN = "ssl" if KIND.endswith("wss") else ""


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def talk(url, **options):
    async with connect(url, ping_interval=None, **options) as ws:
        for message in ("Hello by " + KIND, bytes(range(256)) * 12):
            await ws.send(message)
            assert await ws.recv() == message
        await (await ws.ping(b"through?"))
        await ws.close(1000, "thanks")


async def proxied():
    programs = []
    proxy = None
    tls = KIND.endswith("wss")
    server_port = NEXT
    options = {"ssl": client_tls} if tls else {}
    if KIND == "connect_wss":
        programs.append(run("tinyproxy", TINYPROXY, "tinyproxy", "-d", "-c", "CONF"))
        proxy = f"http://127.0.0.1:{PORT}"
    elif KIND == "https_proxy_wss":
        programs.append(run("tinyproxy", TINYPROXY.replace("{port}", "{behind}"), "tinyproxy", "-d", "-c", "CONF"))
        programs.append(run("haproxy", HAPROXY_TLS, "haproxy", "-db", "-f", "CONF"))
        proxy = f"https://localhost:{PORT}"
        options["proxy_ssl"] = client_tls
    elif KIND.startswith("socks5"):
        login = ["-u", "user", "-P", "word"] if tls else []
        programs.append(subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", str(PORT), *login], stderr=subprocess.DEVNULL))
        proxy = f"socks5h://{'user:word@' if tls else ''}127.0.0.1:{PORT}"
    else:
        programs.append(run("haproxy", HAPROXY_SEND, "haproxy", "-db", "-f", "CONF"))
        programs.append(run("nginx", NGINX, "nginx", "-p", FOLDER, "-c", "CONF"))
        server_port = BEHIND
    await asyncio.sleep(1)
    ends_tls = tls and server_port == NEXT
    async with serve(echo, "127.0.0.1", server_port, ssl=server_tls if ends_tls else None, ping_interval=None):
        target = NEXT if proxy else PORT
        await talk(f"{'wss' if tls else 'ws'}://localhost:{target}/app", proxy=proxy, **options)
        await asyncio.sleep(0.3)
    for program in programs:
        program.terminate()
        program.wait()


def protocol_server(listener, greet):
    """Takes one connection, agrees to TLS in plain text, then echoes as a WebSocket server."""
    plain, _ = listener.accept()
    greet(plain)
    tls = server_tls.wrap_socket(plain, server_side=True)
    protocol = ServerProtocol()
    while True:
        data = tls.recv(65536)
        protocol.receive_data(data) if data else protocol.receive_eof()
        for event in protocol.events_received():
            if hasattr(event, "headers"):
                protocol.send_response(protocol.accept(event))
            elif event.opcode == 1:
                protocol.send_text(event.data)
            elif event.opcode == 2:
                protocol.send_binary(event.data)
        for piece in protocol.data_to_send():
            if piece:
                tls.sendall(piece)
        if not data or protocol.close_expected():
            tls.close()
            return


def smtp(plain):
    lines = plain.makefile("rwb")

    def say(*answers):
        for answer in answers:
            lines.write(answer.encode() + b"\r\n")
        lines.flush()

    say("220 localhost ESMTP")
    assert lines.readline().startswith(b"ehlo")
    say("250-localhost", "250-8BITMIME", "250 STARTTLS")
    assert lines.readline() == b"STARTTLS\r\n"
    say("220 2.0.0 Ready to start TLS")


def upgrade(plain):
    """RFC 2817."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += plain.recv(65536)
    plain.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n")


def turned():
    listener = socket.create_server(("127.0.0.1", PORT))
    greet = smtp if KIND == "starttls_smtp" else upgrade
    server = threading.Thread(target=protocol_server, args=(listener, greet))
    server.start()
    if KIND == "starttls_smtp":
        client = smtplib.SMTP("localhost", PORT, local_hostname="localhost")
        client.starttls(context=client_tls)
        tls = client.sock
    else:
        plain = socket.create_connection(("127.0.0.1", PORT))
        plain.sendall(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n")
        assert plain.recv(65536).startswith(b"HTTP/1.1 101 ")
        tls = client_tls.wrap_socket(plain, server_hostname="localhost")
    # `websockets` opens TLS by itself for wss only, and this is open.
    with connect_sync(f"ws://localhost:{PORT}/app", sock=tls, proxy=None, ping_interval=None) as ws:
        for message in ("Hello by " + KIND, bytes(range(256)) * 12):
            ws.send(message)
            assert ws.recv() == message
        ws.ping(b"through?").wait()
        ws.close(1000, "thanks")
    server.join()


assert os.environ["SSLKEYLOGFILE"]
turned() if KIND in ("starttls_smtp", "upgrade_tls") else asyncio.run(proxied())
