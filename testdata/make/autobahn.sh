#!/bin/bash
# Makes autobahn/*.pcap.gz and cases.tsv again. PYTHON27 has autobahntestsuite 0.8.2 (with autobahn 0.10.9, txaio 2.1.0,
# twisted 19.10.0, cryptography 3.3.2), PYTHON has websockets, NODE_PATH leads to ws.
set -eu
cd "$(dirname "$0")"
PY=${PYTHON:-python3} FUZZ=${PYTHON27:-python2.7}
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

record() { # NAME PORT FIRST SECOND: runs FIRST beside SECOND, until SECOND ends
    tcpdump -Z root -U -B 16384 -i lo -w "$TMP/$1.pcap" "port $2" 2>"$TMP/log" &
    local dump=$!
    until grep -q "listening on" "$TMP/log"; do sleep 0.05; done
    $3 & local first=$!
    sleep 3
    $4
    sleep 2
    kill $first
    kill -INT $dump
    wait $dump || true
    grep -q "^0 packets dropped" "$TMP/log" || echo "$1: $(tail -1 "$TMP/log")" >&2
    gzip -9n <"$TMP/$1.pcap" >"../autobahn/$1.pcap.gz"
}

mkdir -p ../autobahn
record fuzzingclient 9601 "$PY autobahn_testee.py server 9601" "$FUZZ autobahn_fuzz.py client 9601 $TMP/client"
record fuzzingserver 9602 "$FUZZ autobahn_fuzz.py server 9602 $TMP/server" "node autobahn_testee.js client 9602"
$FUZZ autobahn_fuzz.py list 0 >"$TMP/cases"
cd ..
python3 make/autobahn_cases.py "$TMP/cases" autobahn/fuzzingclient.pcap.gz "$TMP/client/index.json" \
    autobahn/fuzzingserver.pcap.gz "$TMP/server/index.json"
for name in fuzzingclient fuzzingserver; do python3 make/autobahn_frames.py "$TMP/$name.pcap" >"tshark/$name.tsv"; done
