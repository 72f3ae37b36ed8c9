#!/bin/bash
# Makes the captures of testdata/h2: programs talk on loopback while tcpdump listens. The key logs are cut to the sessions
# that are in the capture.
# Usage: h2.sh NAME|all.  NODE_PATH says where node's `ws` comes from, PYTHON a python3 with h2, wsproto and hypercorn.
# Needs chromium, node, haproxy, openssl, tcpdump.
set -eu
cd "$(dirname "$0")"
PY=${PYTHON:-python3}
OUT=$(cd .. && pwd)/h2
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
mkdir -p "$OUT"

# record NAME PORT COMMAND...
record() {
    local name=$1 filter=$2
    shift 2
    tcpdump -Z root -i lo -U -B 8192 -w "$TMP/out" "$filter" 2>"$TMP/log" &
    local pid=$!
    until grep -q "listening on" "$TMP/log"; do sleep 0.05; done
    "$@" || echo "$name: peers ended with $?" >&2
    sleep 1.5
    kill -INT $pid
    wait $pid || true
    mv "$TMP/out" "$OUT/$name.pcap"
    if [ -s "$TMP/keys" ]; then
        "$PY" h2_keys.py "$OUT/$name.pcap" "$TMP/keys" > "$OUT/$name.keys"
        rm "$TMP/keys"
    fi
}

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$TMP/key.pem" -out "$TMP/cert.pem" 2>/dev/null
    cat "$TMP/key.pem" "$TMP/cert.pem" > "$TMP/both.pem"
}

make() {
    certificate
    case $1 in
    chromium_node) record "$1" "port 9801" node h2_chromium.js 9801 9801 "$TMP" ;;
    chromium_haproxy) record "$1" "port 9802 or port 9803" node h2_chromium.js 9802 9803 "$TMP" haproxy ;;
    node_h2c) record "$1" "port 9804" node h2_node.js 9804 ;;
    python_h2c) record "$1" "port 9805" "$PY" h2_python.py prior 9805 ;;
    python_upgrade) record "$1" "port 9806" "$PY" h2_python.py upgrade 9806 ;;
    plain_h2) record "$1" "port 9807" node h2_node.js 9807 plain ;;
    esac
}

ALL="chromium_node chromium_haproxy node_h2c python_h2c python_upgrade plain_h2"
[ "$1" = all ] && set -- $ALL
for name; do make "$name"; done
