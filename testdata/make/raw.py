"""Helpers for hand-written WebSocket peers: frames, accept keys, one buffered socket, one conversation."""
import base64, hashlib, itertools, socket, struct, threading

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_masks = (bytes([0x5A ^ n & 255, 0xC3, n * 7 & 255, 0x11]) for n in itertools.count(1))


def accept(key, guid=GUID):
    return base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()


def head(*lines):
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frame(op, data=b"", fin=True, masked=False, mask=None, first=None):
    """One frame; `mask` gives the key, `first` overrides the whole first byte."""
    data = data.encode() if isinstance(data, str) else data
    if masked and mask is None:
        mask = next(_masks)
    n, bit = len(data), 0x80 if mask else 0
    out = bytes([first if first is not None else (0x80 if fin else 0) | op])
    if n < 126:
        out += bytes([bit | n])
    elif n < 65536:
        out += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        out += bytes([bit | 127]) + struct.pack(">Q", n)
    if mask:
        data = mask + bytes(b ^ mask[i & 3] for i, b in enumerate(data))
    return out + data


def close(code, reason="", **more):
    return frame(CLOSE, struct.pack(">H", code) + reason.encode(), **more)


class Wire:
    """A connected socket with exact reads; TCP_NODELAY, so each send is a segment of its own."""

    def __init__(self, sock):
        self.sock, self.buf = sock, b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *parts):
        self.sock.sendall(b"".join(parts))

    def exact(self, n):
        while len(self.buf) < n:
            got = self.sock.recv(65536)
            if not got:
                raise EOFError
            self.buf += got
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def head(self):
        out = b""
        while not out.endswith(b"\r\n\r\n"):
            out += self.exact(1)
        return out.decode("latin-1")

    def frame(self):
        """Reads one frame, gives (first byte, unmasked payload)."""
        first, second = self.exact(2)
        n = second & 127
        if n == 126:
            n, = struct.unpack(">H", self.exact(2))
        elif n == 127:
            n, = struct.unpack(">Q", self.exact(8))
        mask = self.exact(4) if second & 128 else bytes(4)
        return first, bytes(b ^ mask[i & 3] for i, b in enumerate(self.exact(n)))

    def eof(self):
        """Waits for the other side's FIN."""
        while self.sock.recv(65536):
            pass

    def end(self):
        self.sock.close()


def talk(port, server, client, host="127.0.0.1", times=1):
    """Runs server(Wire, n) and client(Wire, n) against each other on `times` connections."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        for n in range(times):
            def serve(n=n):
                wire = Wire(listener.accept()[0])
                server(wire, n)
                wire.end()
            thread = threading.Thread(target=serve)
            thread.start()
            sock = socket.socket(family)
            sock.connect((host, port))
            wire = Wire(sock)
            client(wire, n)
            wire.end()
            thread.join()
