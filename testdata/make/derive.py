"""Edits a pcap's packet list: derive.py IN OUT EDIT...; EDIT is drop:N or drop:N-M, swap:N,M (times stay) or dup:N."""
import re, struct, sys

with open(sys.argv[1], "rb") as f:
    header, data = f.read(24), f.read()
packets, at = [], 0
while at < len(data):
    size = struct.unpack_from("<I", data, at + 8)[0]
    packets.append((data[at:at + 8], data[at + 8:at + 16 + size]))
    at += 16 + size
order = {n: [packet] for n, packet in enumerate(packets, 1)}  # packet numbers of IN hold through all edits
for edit in sys.argv[3:]:
    first, *last = (int(n) for n in re.findall(r"\d+", edit))
    if edit.startswith("drop:"):
        for n in range(first, (last or [first])[0] + 1):
            order[n] = []
    elif edit.startswith("dup:"):
        order[first] *= 2
    else:
        (first_time, a), (last_time, b) = order[first][0], order[last[0]][0]
        order[first], order[last[0]] = [(first_time, b)], [(last_time, a)]
with open(sys.argv[2], "wb") as f:
    f.write(header)
    for group in order.values():
        for time, rest in group:
            f.write(time + rest)
