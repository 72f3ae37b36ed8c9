#!/usr/bin/env bash
# Measures how time and memory grow with the size of synthetic captures.
#
#   tools/scale.sh [KIND ...]               all nine, unless given; SIZES="1 10 100 1000 4000" in MB
#
# Prints two Markdown tables: processor seconds (user and system) for each 100 MB of the file, the better of two runs up
# to 100 MB and one run above, and peak resident memory in MB. `analyze --format jsonl --threads 1`, all rules on. WSLENS
# and WORKLOAD name programs to use instead of building them; TMPDIR has room for the largest capture.
set -euo pipefail
cd "$(dirname "$0")/.."

kinds=("$@")
[ ${#kinds[@]} -gt 0 ] || kinds=(bulk chat deflate churn mixed lossy tiny flows huge)
read -r -a sizes <<< "${SIZES:-1 10 100 1000 4000}"

source tools/programs.sh

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
times=$directory/times
memory=$directory/memory

head="| workload |$(printf ' %s MB |' "${sizes[@]}")"
rule="|---|$(printf -- '---|%.0s' "${sizes[@]}")"
printf '%s\n%s\n' "$head" "$rule" | tee "$times" > "$memory"
for kind in "${kinds[@]}"; do
  seconds="| $kind |"
  peaks="| $kind |"
  for size in "${sizes[@]}"; do
    capture=$directory/$kind.pcapng
    "$WORKLOAD" "$kind" "${size}000000" "$capture"
    cat "$capture" > /dev/null
    best='' peak=0
    runs=2
    [ "$size" -le 100 ] || runs=1
    for ((run = 0; run < runs; run++)); do
      /usr/bin/time -f '%U %S %M' -o "$directory/time" "$WSLENS" analyze "$capture" --format jsonl --threads 1 > /dev/null
      read -r user system resident < "$directory/time"
      best=$(awk -v u="$user" -v s="$system" -v b="${best:-1e9}" 'BEGIN { t = u + s; print t < b ? t : b }')
      [ "$resident" -le "$peak" ] || peak=$resident
    done
    bytes=$(stat -c %s "$capture")
    seconds+=$(awk -v t="$best" -v b="$bytes" 'BEGIN { printf " %.3f |", t * 1e8 / b }')
    peaks+=$(awk -v k="$peak" 'BEGIN { printf " %.0f |", k / 1000 }')
    rm "$capture"
  done
  echo "$seconds" >> "$times"
  echo "$peaks" >> "$memory"
  echo "$seconds" >&2
done
echo "Processor seconds for each 100 MB:"
cat "$times"
echo
echo "Peak resident memory in MB:"
cat "$memory"
