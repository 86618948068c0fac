#!/bin/bash
# Hostile structures at a running node: each costs a refusal at most, never an answer of another one, never the node.
# usage: t4_hostile.sh [N]; tests/long/hostile.sh asks for 10,000.
source "$(dirname "$0")/lib.sh"
export PYTHONDONTWRITEBYTECODE=1
[ -x "$root/build/directline-structure" ] || { echo "directline-structure is not built"; exit 77; }
n=${1:-600}
LIMIT=$((60 + n / 5))
fentanyl='CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1'

run 0 init "$home/lab" --agency lab --jurisdiction CN --name Lab
start lab
read -r lines records < <(/usr/bin/python3 "$root/tests/structures/hostile.py" "$n" "$home/lines" "$home/records.sdf")
that "the inputs are made" test "$((lines + records))" -eq "$n"

# Between the hostile ones an honest one, ten times: it is answered as ever.
awk -v n="$lines" -v honest="$fentanyl" '{ print } NR % int(n / 10 + 1) == 0 { print honest }' "$home/lines" >"$home/mixed"
asked=$(wc -l <"$home/mixed")
run 1 -C "$home/lab" status - --json --jurisdiction US <"$home/mixed"
that "each line has its answer" test "$(grep -c '"query"' <<<"$out")" -eq "$asked"
that "no line took another one's place" test "$(grep -cF '"list":"US-CSA-II"' <<<"$out")" -ge \
    "$(grep -cxF "$fentanyl" "$home/mixed")"

# The same past the look that keeps what is plainly no structure from the worker.
cp "$home/lines" "$home/lines.smi"
run 1 -C "$home/lab" screen "$home/lines.smi" --json --jurisdiction US
that "each item has its line" test "$(grep -c '"item"' <<<"$out")" -eq \
    "$(LC_ALL=C grep -ac '^[^[:blank:]]' "$home/lines.smi")"
run 1 -C "$home/lab" screen "$home/records.sdf" --json --jurisdiction US
that "each record has its line" test "$(grep -c '"item"' <<<"$out")" -eq "$records"

that "the node is the one that was started" kill -0 "${node_pid[lab]}"
run 0 -C "$home/lab" status "$fentanyl" --json --jurisdiction US
expect 'd["answers"][0]["match"]["how"] == "structure"'
finish
