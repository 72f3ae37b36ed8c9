#!/bin/bash
# Makes the captures that are derived from others; packet numbers are those of the large.pcap that is kept here.
set -eu
cd "$(dirname "$0")/.."
derive() { python3 make/derive.py "$@"; }
derive large.pcap lossy.pcap drop:25
derive large.pcap lossy_both.pcap drop:15 drop:25
derive large.pcap lossy_header.pcap drop:21
derive large.pcap lossy_frames.pcap drop:36 drop:37
derive large.pcap midstream_partial.pcap drop:1-23
derive large.pcap reordered.pcap swap:12,13 dup:19 swap:24,25 swap:34,36 dup:35
head -c 2300 python_websockets.pcap >truncated.pcap
editcap -F pcapng node_ws.pcap node_ws.pcapng
gzip -9n <node_ws.pcapng >node_ws.pcapng.gz
rm node_ws.pcapng
zstd -q -f -19 node_ws.pcap -o node_ws.pcap.zst
lz4 -q -f -9 node_ws.pcap node_ws.pcap.lz4
editcap --inject-secrets tls,wss_tls13.keys -F pcapng wss_tls13.pcap wss_tls13_secrets.pcapng
