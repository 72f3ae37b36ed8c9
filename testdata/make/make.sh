#!/bin/bash
# Makes one capture: starts tcpdump on loopback, runs the peers NAME needs, stops tcpdump when all is written.
# Usage: make.sh NAME|all.  PYTHON and NODE_PATH choose where Python's and node's libraries come from.
set -eu
cd "$(dirname "$0")"
PY=${PYTHON:-python3}
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# record OUTFILE FILTER [tcpdump options] -- COMMAND...
record() {
    local out=$1 filter=$2 iface=lo options=()
    shift 2
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    case " ${options[*]-} " in *" -i "*) iface= ;; esac
    tcpdump -Z root -U -B 8192 ${iface:+-i $iface} ${options[@]+"${options[@]}"} -w "$TMP/out" "$filter" 2>"$TMP/log" &
    local pid=$!
    until grep -q "listening on" "$TMP/log"; do sleep 0.05; done
    "$@" || echo "$out: peers ended with $?" >&2
    local size=-1
    until [ "$size" = "$(stat -c %s "$TMP/out")" ]; do size=$(stat -c %s "$TMP/out"); sleep 1; done
    kill -INT $pid
    wait $pid || true
    grep -q "^0 packets dropped" "$TMP/log" || echo "$out: $(tail -1 "$TMP/log")" >&2
    mv "$TMP/out" "../$out"
}

# late OUTFILE FILTER COMMAND...: lets the peers connect, then records the rest
late() {
    local out=$1 filter=$2 line
    shift 2
    coproc PEERS { exec "$@"; }
    local in=${PEERS[1]} peers=$PEERS_PID
    read -r line <&"${PEERS[0]}"
    go() { sleep 0.3; echo go >&"$in"; wait "$peers"; }
    record "$out" "$filter" -- go
}

GALLERY="qt_cpp_zero_byte beetle beetle_right_accept qml_chat_sample qml_chat_sample_right_accept
rfc_style_client rfc_style_client_bad_guid php_draft17"
REAL="python_websockets python_websockets_nodeflate node_ws aiohttp tornado chromium_plain
through_nginx through_haproxy http_connect keepalive_then_upgrade first_frame_with_101 refused any_sll2 any_sll1
ipv6 snaplen96 midstream one_direction one_direction_server large nano hixie76 close_events"

make() {
    local port=94$(printf %02d $(($(list | grep -nx "$1" | cut -d: -f1) - 1)))
    case $1 in
    qt_cpp_zero_byte | beetle* | qml_chat_sample* | rfc_style_client* | php_draft17)
        record "gallery/$1.pcap" "port $port" -- $PY gallery.py "$1" "$port" ;;
    python_websockets) record "$1.pcap" "port $port" -- $PY websockets_peers.py deflate "$port" ;;
    python_websockets_nodeflate) record "$1.pcap" "port $port" -- $PY websockets_peers.py plain "$port" ;;
    node_ws) record "$1.pcap" "port $port" -- node node_ws.js "$port" ;;
    aiohttp | tornado) record "$1.pcap" "port $port" -- $PY "$1_peers.py" "$port" ;;
    chromium_plain) record "$1.pcap" "port $port" -- node chromium.js "$port" ;;
    close_events) record "$1.pcap" "port $port" -- node close_events.js "$port" ;;
    through_*) record "$1.pcap" "port $port or port 95${port#94}" -- $PY proxied.py "${1#through_}" "$port" "95${port#94}" ;;
    http_connect) record "$1.pcap" "port $port or port 95${port#94}" -- $PY proxied.py connect "$port" "95${port#94}" ;;
    keepalive_then_upgrade | first_frame_with_101 | refused | large | hixie76)
        record "$1.pcap" "port $port" -- $PY oddities.py "$1" "$port" ;;
    any_sll2) record "$1.pcap" "port $port" -i any -y LINUX_SLL2 -- $PY short.py "$port" ;;
    any_sll1) record "$1.pcap" "port $port" -i any -y LINUX_SLL -- $PY short.py "$port" ;;
    ipv6) record "$1.pcap" "port $port" -- $PY short.py "$port" ::1 ;;
    snaplen96) record "$1.pcap" "port $port" -s 96 -- $PY short.py "$port" 127.0.0.1 large ;;
    midstream) late "$1.pcap" "port $port" $PY websockets_peers.py midstream "$port" ;;
    one_direction) record "$1.pcap" "dst port $port" -- $PY short.py "$port" 127.0.0.1 large ;;
    one_direction_server) record "$1.pcap" "src port $port" -- $PY short.py "$port" 127.0.0.1 large ;;
    nano) record "$1.pcap" "port $port" --time-stamp-precision=nano -- $PY short.py "$port" ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
    esac
}

list() { printf '%s\n' $GALLERY $REAL; }

case ${1:-} in
all) for name in $(list); do make "$name"; done ;;
"") list ;;
*) make "$1" ;;
esac
