"""Prints one TSV line per WebSocket frame that tshark finds.

tshark_frames.py CAPTURE [KEYLOG] [-- tshark options]
tshark_frames.py CAPTURE --websocket PORT FROM      where tshark sees no upgrade: from packet FROM on, as WebSocket
"""
import subprocess, sys, tempfile
import xml.etree.ElementTree as xml

COLUMNS = "packet source destination fin rsv opcode masked payload_length".split()


def tshark(*args):
    return subprocess.run(["tshark", *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def frames(capture, options, skipped=0):
    """Every <proto name="websocket"> of the packet details, so several frames in one packet stay apart."""
    pdml = tshark("-n", "-r", capture, *options, "-Y", "websocket", "-T", "pdml")
    for packet in xml.fromstring(pdml).iter("packet"):
        first = {}
        for field in packet.iter("field"):
            first.setdefault(field.get("name"), field.get("show"))
        ends = [f"[{first['ipv6.' + end]}]" if "ipv6.src" in first else first["ip." + end] for end in ("src", "dst")]
        ends = [f"{ip}:{first['tcp.' + end + 'port']}" for ip, end in zip(ends, ("src", "dst"))]
        for proto in packet.iter("proto"):
            if proto.get("name") != "websocket":
                continue
            f = {field.get("name"): field.get("show") for field in proto.iter("field")}
            if "websocket.opcode" not in f:
                continue
            length = f.get("websocket.payload_length_ext_64", f.get("websocket.payload_length_ext_16",
                           f.get("websocket.payload_length", "?")))
            yield [str(int(first["frame.number"]) + skipped), *ends, f["websocket.fin"], str(int(f["websocket.rsv"], 16)),
                   f["websocket.opcode"], f.get("websocket.mask", "?"), length]


def show(note, rows):
    print(f"# {tshark('--version').decode().splitlines()[0].rstrip('.')}{note}")
    for row in [COLUMNS, *rows]:
        print(*row, sep="\t")


def main(args):
    if "--websocket" in args:
        capture, _, port, start = args
        options, skipped = [f"-dtcp.port=={port},websocket"], int(start) - 1
        if not skipped:
            return show(f", options {options[0]}", frames(capture, options))
        with tempfile.NamedTemporaryFile() as rest:
            subprocess.run(["editcap", capture, rest.name, f"1-{skipped}"], check=True)
            return show(f", options {options[0]}, from packet {start} on", frames(rest.name, options, skipped))
    args, extra = (args[:args.index("--")], args[args.index("--") + 1:]) if "--" in args else (args, [])
    capture, keylog = args[0], args[1:]
    options = [f"-otls.keylog_file:{k}" for k in keylog]
    tries = [options + extra]
    if not extra and not keylog:  # a port whose first bytes do not look like HTTP must be named to tshark
        syns = tshark("-r", capture, "-Y", "tcp.flags.syn==1 && tcp.flags.ack==0", "-T", "fields", "-e", "tcp.dstport")
        tries.append([f"-dtcp.port=={port},http" for port in sorted(set(syns.decode().split()))])
    rows, used = max(((list(frames(capture, t)), t) for t in tries), key=lambda found: len(found[0]))
    shown = " ".join(o for o in used if not o.startswith("-otls.keylog_file"))
    show(f"{' with its key log' if keylog else ''}{', options ' + shown if shown else ''}", rows)


main(sys.argv[1:])
