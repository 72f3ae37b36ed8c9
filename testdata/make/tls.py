#!/usr/bin/env python3
"""Makes the captures of testdata/tls: OpenSSL's s_client and s_server talk on loopback while tcpdump listens.

Needs openssl 3, tcpdump, and the right to capture. Usage: tls.py OUTPUT_FOLDER [CASE ...]
"""

import pathlib
import struct
import subprocess
import sys
import tempfile
import time

FIRST_PORT = 15100
PAUSE = 0.15

# What is said: who says it, and the line. "K", "R" and the like are commands to s_client and s_server.
TALK = [
    ("client", "hello from the client"),
    ("server", "welcome from the server"),
    ("client", "client " + "0123456789" * 60),
    ("server", "server " + "abcdefghij" * 140),
    ("client", "that is all"),
]

TLS13 = ["-tls1_3"]
TLS12 = ["-tls1_2"]
# Both certificates are small; the suite says which is used.
EC, RSA = "ec", "rsa"


def suite13(name):
    return dict(client=TLS13 + ["-ciphersuites", name], server=TLS13 + ["-ciphersuites", name], key=EC)


def suite12(name, key=EC, etm=True, version="-tls1_2"):
    options = [version, "-cipher", name + ":@SECLEVEL=0"] + ([] if etm else ["-no_etm"])
    return dict(client=options, server=options, key=key)


def psk12(name):
    """A secret that both ends have already, in place of a certificate."""
    options = [*TLS12, "-cipher", name, "-psk", "00112233445566778899aabbccddeeff"]
    return dict(client=options, server=options, key=EC)


def commands(*extra):
    """The usual talk with commands between the lines."""
    talk = list(TALK)
    for at, who, command in extra:
        talk.insert(at, (who, command))
    return talk


CASES = {
    "tls13_aes128gcm": suite13("TLS_AES_128_GCM_SHA256"),
    "tls13_aes256gcm": suite13("TLS_AES_256_GCM_SHA384"),
    "tls13_chacha20": suite13("TLS_CHACHA20_POLY1305_SHA256"),
    "tls13_aes128ccm": suite13("TLS_AES_128_CCM_SHA256"),
    "tls13_aes128ccm8": suite13("TLS_AES_128_CCM_8_SHA256"),
    "tls13_padding": dict(client=TLS13 + ["-record_padding", "512"], server=TLS13 + ["-record_padding", "256"], key=EC),
    "tls13_no_middlebox": dict(client=TLS13 + ["-no_middlebox"], server=TLS13 + ["-no_middlebox"], key=EC),
    "tls13_retry": dict(client=TLS13 + ["-groups", "X25519:P-384"], server=TLS13 + ["-groups", "P-384"], key=EC),
    "tls13_resumed": dict(client=TLS13, server=TLS13, key=EC, resume=[]),
    "tls13_early": dict(client=TLS13, server=TLS13 + ["-early_data"], key=EC, resume=["-early_data"]),
    "tls13_early_rejected": dict(
        client=TLS13 + ["-groups", "P-384"],
        server=TLS13 + ["-early_data", "-groups", "P-384"],
        key=EC,
        resume=["-early_data", "-groups", "X25519:P-384"],
    ),
    "tls13_early_full_handshake": dict(
        client=TLS13, server=TLS13 + ["-early_data"], key=EC, resume=["-early_data"], restart=True
    ),
    "tls13_key_update": dict(
        client=TLS13,
        server=TLS13,
        key=EC,
        talk=commands((2, "client", "K"), (4, "server", "k"), (6, "client", "k")),
    ),
    "tls12_aes128gcm": suite12("ECDHE-ECDSA-AES128-GCM-SHA256"),
    "tls12_aes256gcm_rsa": suite12("AES256-GCM-SHA384", RSA),
    "tls12_chacha20": suite12("ECDHE-ECDSA-CHACHA20-POLY1305"),
    "tls12_aes128ccm": suite12("ECDHE-ECDSA-AES128-CCM"),
    "tls12_aes256ccm": suite12("ECDHE-ECDSA-AES256-CCM"),
    "tls12_aes128ccm8": suite12("ECDHE-ECDSA-AES128-CCM8"),
    "tls12_aes256ccm8_dhe": suite12("DHE-RSA-AES256-CCM8", RSA),
    "tls12_aes128sha_etm": suite12("ECDHE-ECDSA-AES128-SHA"),
    "tls12_aes128sha_mte": suite12("ECDHE-ECDSA-AES128-SHA", etm=False),
    "tls12_aes128sha256_etm": suite12("ECDHE-ECDSA-AES128-SHA256"),
    "tls12_aes256sha256_mte": suite12("AES256-SHA256", RSA, etm=False),
    "tls12_aes256sha384_etm": suite12("ECDHE-ECDSA-AES256-SHA384"),
    "tls12_aes256sha384_mte": suite12("ECDHE-ECDSA-AES256-SHA384", etm=False),
    "tls11_aes128sha_etm": suite12("ECDHE-ECDSA-AES128-SHA", version="-tls1_1"),
    "tls11_aes256sha_mte": suite12("ECDHE-ECDSA-AES256-SHA", version="-tls1_1", etm=False),
    "tls10_aes128sha_etm": suite12("ECDHE-ECDSA-AES128-SHA", version="-tls1"),
    "tls10_aes256sha_mte": suite12("ECDHE-ECDSA-AES256-SHA", version="-tls1", etm=False),
    "tls12_resumed_id": dict(client=TLS12, server=TLS12 + ["-no_ticket"], key=EC, resume=[]),
    "tls12_resumed_ticket": dict(client=TLS12, server=TLS12, key=EC, resume=[]),
    "tls12_renegotiated": dict(
        client=TLS12,
        server=TLS12 + ["-client_renegotiation"],
        key=EC,
        talk=commands((2, "client", "R"), (5, "server", "r")),
    ),
    # A suite that wslens names as not supported.
    "tls12_camellia": suite12("ECDHE-ECDSA-CAMELLIA128-SHA256"),
    "tls12_psk_aes256gcm": psk12("DHE-PSK-AES256-GCM-SHA384"),
    "tls12_psk_chacha20": psk12("ECDHE-PSK-CHACHA20-POLY1305"),
}
def certificates(folder):
    for key, options in ((EC, ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), (RSA, ["rsa:2048"])):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", *options, "-nodes", "-days", "3650", "-subj", "/CN=localhost"]
            + ["-keyout", f"{folder}/{key}.key", "-out", f"{folder}/{key}.pem"],
            check=True,
            capture_output=True,
        )


class Ends:
    """A server that lives for `connections` connections."""

    def __init__(self, folder, port, case, keys, connections):
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-naccept", str(connections)]
        command += ["-cert", f"{folder}/{case['key']}.pem", "-key", f"{folder}/{case['key']}.key"]
        command += ["-alpn", "http/1.1", *case["server"]]
        if keys:
            command += ["-keylogfile", keys]
        self.port = port
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        time.sleep(4 * PAUSE)

    def talk(self, options, talk):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", "wslens.test"]
        command += ["-alpn", "h2,http/1.1", *options]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        time.sleep(3 * PAUSE)
        for who, line in talk:
            pipe = client.stdin if who == "client" else self.server.stdin
            pipe.write(line.encode() + b"\n")
            pipe.flush()
            time.sleep(PAUSE * (3 if len(line) == 1 else 1))
        client.stdin.write(b"Q\n")
        client.stdin.flush()
        client.wait(timeout=10)
        time.sleep(PAUSE)

    def close(self):
        self.server.kill()
        self.server.wait()


def run(out, folder, name, case, port):
    keys = out / f"{name}.keys"
    capture = out / f"{name}.pcap"
    keys.unlink(missing_ok=True)
    talk = case.get("talk", TALK)
    session = folder / f"{name}.session"
    client = list(case["client"])
    resume = case.get("resume")
    first = Ends(folder, port, case, None if resume is not None else str(keys), 2)
    if resume is not None:
        first.talk(client + ["-sess_out", str(session)], TALK[:2])
        first.close()
        # A new server cannot open the tickets of the old one, so only the same server can resume. It logs keys of
        # both connections; the capture has the second only.
        first = Ends(folder, port + 1, case, str(keys), 2)
        if not case.get("restart"):
            first.talk(client + ["-sess_out", str(session)], TALK[:2])
        extra = list(resume)
        if "-early_data" in extra:
            early = folder / "early"
            early.write_text("early data from the client\n")
            extra.insert(extra.index("-early_data") + 1, str(early))
        if "-groups" in extra and "-groups" in client:
            at = client.index("-groups")
            del client[at : at + 2]
        client += ["-sess_in", str(session), *extra]
    dump = subprocess.Popen(
        ["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-w", str(capture), f"tcp port {first.port}"],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(4 * PAUSE)
    first.talk(client, talk)
    first.close()
    time.sleep(PAUSE)
    dump.terminate()
    dump.wait()
    print(name, capture.stat().st_size, keys.stat().st_size)


def packets(capture):
    """The file header, and the packets with their record headers."""
    data = capture.read_bytes()
    found, at = [], 24
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at : at + 16 + length])
        at += 16 + length
    return data[:24], found


def payload(packet):
    """The TCP payload of an IPv4 packet on Ethernet."""
    ip = packet[16 + 14 :]
    tcp = ip[(ip[0] & 15) * 4 : struct.unpack_from(">H", ip, 2)[0]]
    return tcp[(tcp[12] >> 4) * 4 :]


def cut(out):
    """A segment lost in the middle, and a capture that began late, made from a whole one."""
    header, whole = packets(out / "tls13_aes128gcm.pcap")
    # The client's longer line is the only segment of its length.
    line = len(TALK[2][1]) + 1 + 5 + 1 + 16
    at = next(index for index, packet in enumerate(whole) if len(payload(packet)) == line)
    (out / "tls13_lost_segment.pcap").write_bytes(header + b"".join(whole[:at] + whole[at + 1 :]))
    (out / "tls13_middle.pcap").write_bytes(header + b"".join(whole[at:]))


def main():
    out = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:] or list(CASES)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        certificates(folder)
        for number, case in enumerate(CASES):
            if case in wanted:
                run(out, folder, case, CASES[case], FIRST_PORT + 2 * number)
    cut(out)


main()
