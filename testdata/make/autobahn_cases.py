"""Writes autobahn/cases.tsv: autobahn_cases.py CASES CAPTURE REPORTS/index.json [CAPTURE REPORTS/index.json]...

CASES is what `autobahn_fuzz.py list 0` printed. Run it in testdata/.
"""
import html, json, os, re, subprocess, sys
from urllib.parse import parse_qs, urlsplit

WRONG = {  # what the fuzzer does wrong, by case
    "2.5": "Ping with a payload of 126 bytes", "3.1": "RSV3 set", "3.2": "RSV2 set in the second frame",
    "3.3": "RSV2 and RSV3 set in the second frame", "3.4": "RSV1 set in the second frame without an extension",
    "3.5": "RSV1 and RSV3 set", "3.6": "RSV1 and RSV2 set in a Ping", "3.7": "RSV1, RSV2 and RSV3 set in a Close",
    **{f"4.1.{i}": f"reserved opcode {i + 2}" for i in range(1, 6)},
    **{f"4.2.{i}": f"reserved opcode {i + 10}" for i in range(1, 6)},
    "5.1": "Ping with FIN 0; then a continuation with nothing to continue",
    "5.2": "Pong with FIN 0; then a continuation with nothing to continue",
    **{f"5.{i}": "continuation (FIN 1) with nothing to continue, the first frame" for i in (9, 10, 11)},
    **{f"5.{i}": "continuation (FIN 0) with nothing to continue, the first frame" for i in (12, 13, 14)},
    "5.15": "continuation (FIN 0) with nothing to continue, the third frame",
    "5.16": "continuation (FIN 0) with nothing to continue, the first and the fourth frame",
    "5.17": "continuation (FIN 1) with nothing to continue, the first and the fourth frame",
    "5.18": "a new text before the fragmented one has ended, the second frame",
    "6.3.1": "text is not UTF-8", "6.3.2": "text is not UTF-8, in fragments of 1 byte",
    "6.4.1": "text is not UTF-8 from the second of three fragments on",
    "6.4.2": "text is not UTF-8, known with the 1 byte of the second of three fragments",
    "6.4.3": "text is not UTF-8 from the second of three pieces of its one frame on",
    "6.4.4": "text is not UTF-8, known with the second of three pieces of its one frame",
    "7.1.4": "text after its Close",
    "7.1.5": "continuation after its Close (which came before the end of a fragmented text)",
    "7.3.2": "Close with a payload of 1 byte",
    "7.3.6": "Close with a payload of 126 bytes", "7.5.1": "Close whose reason is not UTF-8",
    **{f"7.9.{i}": f"Close with the invalid code {c}" for i, c in
       enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1)},
}
ODD = {  # what no sentence of RFC 6455 forbids
    "7.1.2": "a second Close", "7.1.3": "a Ping after its Close", "7.1.6": "a Ping after its Close",
    "7.13.1": "Close with the code 5000, which is in no range of 7.4.2",
    "7.13.2": "Close with the code 65535, which is in no range of 7.4.2",
    "7.7.8": "Close with 1010 and no reason, which should list extensions (7.4.1)",
}


def plain(text):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text))).strip()


def connections(capture):
    """(client port, URI) of each upgraded connection, by first packet."""
    fields = ["tcp.stream", "tcp.srcport", "http.request.uri", "http.response.code"]
    out = subprocess.run(["tshark", "-n", "-r", capture, "-Y", "http.request or http.response.code==101", "-T", "fields",
                          *(a for f in fields for a in ("-e", f))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=True).stdout
    asked, answered = {}, set()
    for line in out.splitlines():
        stream, source, uri, code = line.split("\t")
        if uri:
            asked[int(stream)] = source, uri
        elif code == "101":
            answered.add(int(stream))
    return [asked[stream] for stream in sorted(answered)]


cases = {row[0]: row for row in map(json.loads, open(sys.argv[1]))}
with open("autobahn/cases.tsv", "w") as out:
    print(*"capture connection case title violation by expected autobahn_verdict client_port".split(), sep="\t", file=out)
    for capture, report in zip(sys.argv[2::2], sys.argv[3::2]):
        (results,) = json.load(open(report)).values()
        runs, fuzzer = list(cases), "server" if "server" in capture else "client"
        found = connections(capture)
        if len(found) != len(runs) + (2 if fuzzer == "server" else 0):
            raise SystemExit(f"{capture}: tshark shows {len(found)} upgraded connections; record it again")
        for n, (port, uri) in enumerate(found, 1):
            path, query = urlsplit(uri).path, parse_qs(urlsplit(uri).query)
            if fuzzer == "client":
                case = runs[n - 1]
            elif path == "/runCase":
                case = runs[int(query["case"][0]) - 1]
            else:
                row = ["-", path.strip("/"), "none", "-", "-", "-"]
                print(os.path.basename(capture), n, *row, port, sep="\t", file=out)
                continue
            wrong = WRONG.get(case, f"none; odd: {ODD[case]}" if case in ODD else "none")
            if "not valid UTF-8 in one" in cases[case][3]:
                wrong = "text is not UTF-8"
            elif "payload which is not valid" in cases[case][3]:
                raise SystemExit(case)
            result = results[case]
            print(os.path.basename(capture), n, case, plain(cases[case][3]), wrong, "-" if wrong.startswith("none") else fuzzer,
                  plain(cases[case][4]), f"{result['behavior']}, close {result['behaviorClose']}", port, sep="\t", file=out)
