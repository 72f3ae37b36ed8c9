#!/bin/bash
# Makes the captures of testdata/tunnels: WebSockets behind what may come before TLS or HTTP. The key logs are cut to the
# sessions that are in the capture.
# Usage: tunnels.sh NAME|all.  NODE_PATH says where node's `ws` comes from, PYTHON a python3 with websockets and
# python-socks[asyncio].
# Needs node, haproxy, nginx, tinyproxy, microsocks, openssl, tcpdump.
set -eu
cd "$(dirname "$0")"
PY=${PYTHON:-python3}
OUT=$(cd .. && pwd)/tunnels
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
mkdir -p "$OUT"

# record NAME FILTER COMMAND...
record() {
    local name=$1 filter=$2
    shift 2
    tcpdump -Z root -i lo -U -B 8192 -w "$TMP/out" "$filter" 2>"$TMP/log" &
    local pid=$!
    until grep -q "listening on" "$TMP/log"; do sleep 0.05; done
    SSLKEYLOGFILE="$TMP/keys" "$@" || echo "$name: peers ended with $?" >&2
    sleep 1.5
    kill -INT $pid
    wait $pid || true
    mv "$TMP/out" "$OUT/$name.pcap"
    if [ -s "$TMP/keys" ]; then
        "$PY" h2_keys.py "$OUT/$name.pcap" "$TMP/keys" > "$OUT/$name.keys"
        [ -s "$OUT/$name.keys" ] || rm "$OUT/$name.keys"
        rm "$TMP/keys"
    fi
}

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$TMP/key.pem" -out "$TMP/cert.pem" 2>/dev/null
    cat "$TMP/key.pem" "$TMP/cert.pem" > "$TMP/both.pem"
}

ALL="connect_wss https_proxy_wss socks5_ws socks5_wss proxy_v1_wss proxy_v2_ws starttls_smtp upgrade_tls h2_connect"

make() {
    certificate
    local port=99$(printf %02d $((3 * ($(printf '%s\n' $ALL | grep -nx "$1" | cut -d: -f1) - 1))))
    local filter="tcp portrange $port-$((port + 1))"
    case $1 in
    h2_connect) record "$1" "tcp portrange $port-$((port + 2))" node tunnels_h2.js "$port" "$TMP" ;;
    *) record "$1" "$filter" "$PY" tunnels.py "$1" "$port" "$TMP" ;;
    esac
}

[ "$1" = all ] && set -- $ALL
for name; do make "$name"; done
