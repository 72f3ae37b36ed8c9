#!/bin/bash
# Records conversations between libraries: pairs.sh CLIENT SERVER plain|deflate direct|nginx|haproxy OUTFILE [small]
# PYTHON and NODE_PATH say where the libraries are, QT and TUNGSTENITE which programs pairs_qt.cpp and
# pairs_tungstenite.rs became. What pairs/ holds is `small`: binaries up to 3000 bytes only.
set -eu
cd "$(dirname "$0")"
client=$1 server=$2 mode=$3 way=$4 out=$(realpath "$5") small=${6:-}
TMP=$(mktemp -d)
back=9700 front=9700
[ "$way" = direct ] || front=9720
pids=
trap 'kill -- $pids 2>/dev/null || true; rm -rf "$TMP"' EXIT

side() { # ROLE LIBRARY PORT
    case $2 in
    ws | chromium) node pairs.js "$@" "$mode" $small ;;
    tungstenite) ${TUNGSTENITE:-./pairs_tungstenite} "$@" "$mode" $small ;;
    qt) ${QT:-./pairs_qt} "$@" "$mode" $small ;;
    *) ${PYTHON:-python3} pairs.py "$@" "$mode" $small ;;
    esac
}

proxy() {
    if [ "$way" = nginx ]; then
        cat >"$TMP/conf" <<CONF
daemon off; worker_processes 1; pid nginx.pid; error_log error.log; user root;
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {
    listen 127.0.0.1:$front;
    location / {
      proxy_pass http://127.0.0.1:$back; proxy_http_version 1.1;
      proxy_set_header Upgrade \$http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Host \$host;
    }
  }
}
CONF
        exec nginx -p "$TMP" -c "$TMP/conf" 2>/dev/null
    fi
    printf '%s\n' defaults " mode http" " timeout connect 2s" " timeout client 5s" " timeout server 5s" " timeout tunnel 10s" \
        "listen l" " bind 127.0.0.1:$front" " server s 127.0.0.1:$back" >"$TMP/conf"
    exec haproxy -db -f "$TMP/conf" 2>/dev/null
}

set -m # so that the libraries' programs are ended with their shells
side server "$server" $back & pids="$pids -$!"
[ "$way" = direct ] || { proxy & pids="$pids -$!"; }
sleep 3
tcpdump -Z root -U -B 16384 -i lo -w "$TMP/out" "port $back or port $front" 2>"$TMP/log" &
dump=$!
until grep -q "listening on" "$TMP/log"; do sleep 0.05; done
side client "$client" $front || echo "client ended with $?" >&2
sleep 2
kill -INT $dump
wait $dump || true
mv "$TMP/out" "$out"
