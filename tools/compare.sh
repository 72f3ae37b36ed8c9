#!/usr/bin/env bash
# Measures wslens against tshark and Suricata on synthetic captures, and holds the frames that they saw against each other.
#
#   tools/compare.sh [BYTES [KIND ...]]     100000000 and bulk chat deflate churn mixed, unless given
#
# Prints a Markdown table: processor seconds (user and system), how many times faster wslens is, and how it compares with
# reading the file without looking at it (cat) and with undoing a mask on all of it (pass). The programs run on the same
# file in turns, tshark twice and the others five times, and the least of each counts; ratios are what to look at, for
# another machine has other seconds. Needs tshark and jq; Suricata is measured where there is one that knows WebSockets (8.0
# and later). WSLENS, WORKLOAD and SURICATA name programs to use instead; TMPDIR has room for a capture and three lists of its
# frames.
set -euo pipefail
cd "$(dirname "$0")/.."

bytes=${1:-100000000}
shift || true
kinds=("$@")
[ ${#kinds[@]} -gt 0 ] || kinds=(bulk chat deflate churn mixed)

source tools/programs.sh
cargo build --release --locked --quiet --example pass
for program in tshark jq; do
  command -v "$program" > /dev/null || { echo "compare: $program is not installed" >&2; exit 2; }
done

suricata=${SURICATA:-suricata}
if ! "$suricata" --list-app-layer-protos 2> /dev/null | grep -q websocket; then
  echo "compare: no Suricata that knows WebSockets, left out" >&2
  suricata=
fi

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
capture=$directory/capture.pcapng

# Processor seconds of a command, or those given before it where they are fewer; its output is thrown away.
cpu() {
  local before=$1 run
  shift
  run=$({ TIMEFORMAT='%U %S'; time "$@" > /dev/null 2> /dev/null; } 2>&1 | awk '{ print $1 + $2 }')
  awk -v a="$run" -v b="${before:-$run}" 'BEGIN { print a < b ? a : b }'
}

# Packet of its last byte, opcode and mask bit of every frame, sorted; a packet may hold several.
frames_of_tshark() {
  awk -F '\t' '{ n = split($2, opcode, ","); split($3, mask, ","); for (i = 1; i <= n; i++) print $1, opcode[i], mask[i] }' "$1" | sort
}
frames_of_wslens() {
  jq -r 'select(.type == "frame" and .payload_length == .captured_length) | "\(.last_packet) \(.opcode) \(if .masked then 1 else 0 end)"' "$1" | sort
}

mkdir "$directory/events"
cp tools/suricata.yaml "$directory"

echo "| workload | bytes | frames | tshark | Suricata | wslens | tshark / wslens | Suricata / wslens | cat | pass | wslens / pass |"
echo "|---|---|---|---|---|---|---|---|---|---|---|"
for kind in "${kinds[@]}"; do
  "$WORKLOAD" "$kind" "$bytes" "$capture"
  wslens=("$WSLENS" analyze "$capture" --format jsonl --threads 1)
  tshark=(tshark -n -r "$capture" -Y websocket -T fields -e frame.number -e websocket.opcode -e websocket.mask)
  # One thread for packets, no rules.
  options=(-c "$directory/suricata.yaml" -S /dev/null -k none --runmode single -l "$directory/events" -r "$capture")
  cat='' pass='' ours='' theirs='' meerkat=''
  for round in 1 2 3 4 5; do
    cat=$(cpu "$cat" cat "$capture")
    pass=$(cpu "$pass" target/release/examples/pass "$capture")
    ours=$(cpu "$ours" "${wslens[@]}")
    if [ "$round" -le 2 ]; then
      theirs=$(cpu "$theirs" "${tshark[@]}")
    fi
    if [ -n "$suricata" ]; then
      rm -f "$directory"/events/*
      meerkat=$(cpu "$meerkat" "$suricata" "${options[@]}")
    fi
  done
  "${wslens[@]}" > "$directory/wslens"
  "${tshark[@]}" > "$directory/tshark" 2> /dev/null
  frames_of_tshark "$directory/tshark" > "$directory/theirs"
  frames_of_wslens "$directory/wslens" > "$directory/ours"
  frames=$(wc -l < "$directory/ours")
  if ! cmp -s "$directory/ours" "$directory/theirs"; then
    frames="$frames (tshark $(wc -l < "$directory/theirs"))"
  fi
  if [ -n "$suricata" ]; then
    # It tells neither the packet of a frame nor its length, so that frames can be counted only.
    events=$(wc -l < "$directory/events/eve.json")
    [ "$events" = "$(wc -l < "$directory/ours")" ] || frames="$frames (Suricata $events)"
  fi
  awk -v kind="$kind" -v bytes="$(stat -c %s "$capture")" -v frames="$frames" -v t="$theirs" -v s="$meerkat" -v w="$ours" -v c="$cat" -v p="$pass" \
    'BEGIN {
      printf "| %s | %d | %s | %.2f | %s | %.2f | %.0f | %s | %.3f | %.3f | %.1f |\n", kind, bytes, frames, t, s == "" ? "–" : sprintf("%.2f", s),
        w, t / w, s == "" ? "–" : sprintf("%.1f", s / w), c, p, w / (p > 0 ? p : 0.001)
    }'
done
