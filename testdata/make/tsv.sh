#!/bin/bash
# Writes tshark/NAME.tsv for the captures named (all of them without arguments); none where tshark finds no frames.
set -eu
cd "$(dirname "$0")/.."
mkdir -p tshark
[ $# -gt 0 ] || set -- *.pcap *.pcapng gallery/*.pcap tunnels/connect_wss.pcap tunnels/proxy_v*.pcap
for capture; do
    name=$(basename "${capture%.pcap*}")
    options=()
    [ -f "${capture%.pcap*}.keys" ] && options+=("${capture%.pcap*}.keys")
    case $name in
    h2_chromium) continue ;;                    # tshark 4.0 has no WebSocket over HTTP/2
    lossy_header) continue ;;                   # tshark takes payload for frame headers here
    connect_wss) options+=(-- -dtcp.port==9900,http -dtcp.port==9901,tls) ;;
    midstream) options+=(--websocket 9424 1) ;;
    midstream_partial) options+=(--websocket 9427 11) ;;
    one_direction) options+=(--websocket 9425 4) ;;
    one_direction_server) options+=(--websocket 9426 4) ;;
    snaplen96) options+=(--websocket 9423 8) ;;
    qml_chat_sample) options+=(--websocket 9403 7) ;;
    qml_chat_sample_right_accept) options+=(--websocket 9404 7) ;;
    reordered) options+=(-- -otcp.reassemble_out_of_order:TRUE) ;;
    esac
    python3 make/tshark_frames.py "$capture" ${options[@]+"${options[@]}"} >"tshark/$name.tsv"
    frames=$(($(wc -l <"tshark/$name.tsv") - 2))
    echo "$frames $name"
    [ $frames -gt 0 ] || rm "tshark/$name.tsv"
done
