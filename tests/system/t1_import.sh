#!/bin/bash
# An act becomes law here and is told abroad: difference, confirmation, notice, acceptance, undo; and the alert that notices.
set -uo pipefail
cd "$(dirname "$0")/../.."
directline=$PWD/build/directline
export DIRECTLINE_REGISTRY=$PWD/build/registry.db LC_ALL=C
dir=$(mktemp -d)
nodes=()
trap 'for p in "${nodes[@]}"; do kill "$p" 2>/dev/null; done; wait; rm -rf "$dir"' EXIT
failed=0
expect() { # NAME EXPECTED GOT
    [ "$2" = "$3" ] || { echo "not ok $1: expected '$2', got '$3'"; failed=1; }
}
code() { "$directline" "$@" >"$dir/out" 2>"$dir/err"; echo $?; }
until_true() { # COMMAND…: for at most 20 s
    for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
    return 1
}
field() { python3 -c 'import json,sys; print(json.loads(open(sys.argv[1]).readline())[sys.argv[2]])' "$1" "$2"; }

printf '%s\n' '# jurisdiction: CN' '# list: CN-NONMED' '# instrument: CN-TEST-1' '# title: Test act' \
    '# announced: 2026-10-01' '# in_force: 2026-11-01' 'action,entry,name_en,name_zh,cas' \
    'add,900,Testophenone,试验酮,' 'end,,,恰特草,' 'add,901,Wrong,,437-38-6' >"$dir/act.csv"

for side in "cn CN" "us US"; do
    read -r id jurisdiction <<<"$side"
    "$directline" init "$dir/$id" --agency "$id" --jurisdiction "$jurisdiction" --name "$id" >/dev/null || failed=1
    "$directline" -C "$dir/$id" peer offer >"$dir/$id.offer" 2>/dev/null
    expect "no node, no import ($id)" 3 "$(code -C "$dir/$id" registry import "$dir/act.csv")"
    "$directline" -C "$dir/$id" node >/dev/null 2>"$dir/$id.log" &
    nodes+=($!)
    until_true grep -q node.ready "$dir/$id.log"
done
print_of() { sha256sum <"$dir/$1.offer" | cut -c1-64; }
expect "cn pairs" 0 "$(code -C "$dir/cn" peer add "$dir/us.offer" --fingerprint "$(print_of us)")"
expect "us pairs" 0 "$(code -C "$dir/us" peer add "$dir/cn.offer" --fingerprint "$(print_of cn)")"
printf '{"headline":"Khat","substance":{"names":[{"lang":"en","name":"Khat"}]}}' >"$dir/alert.json"
expect "an alert goes first" 0 "$(code -C "$dir/us" alert send "$dir/alert.json" --id khat-1 --wait=20)"

expect "the difference has a refused row" 1 "$(code -C "$dir/cn" registry import "$dir/act.csv" --json)"
expect "nothing is applied" False "$(field "$dir/out" applied)"
expect "only the shipped import" 1 "$("$directline" -C "$dir/cn" registry imports | wc -l | tr -d ' ')"
expect "a confirmation has a name" 2 "$(code -C "$dir/cn" registry import "$dir/act.csv" --yes)"
expect "it is recorded" 1 "$(code -C "$dir/cn" registry import "$dir/act.csv" --yes --by Li --json)"
expect "as import 2" 2 "$(field "$dir/out" import)"
expect "the same file twice" 1 "$(code -C "$dir/cn" registry import "$dir/act.csv" --yes --by Li --json)"
expect "changes nothing" None "$(field "$dir/out" import)"
expect "it is law" 0 "$(code -C "$dir/cn" status 试验酮 --jurisdiction CN --on 2026-11-02 --exit-code)"
expect "it was not known in 2025" 0 \
    "$("$directline" -C "$dir/cn" status Khat --jurisdiction CN --known-on 2025-12-31 | grep -c ended)"
expect "the alert says so" 1 "$("$directline" -C "$dir/cn" alert list --json | grep -c 'law: CN controlled')"

told() { "$directline" -C "$dir/us" registry notices | grep -q cn/; }
expect "the notice arrives" 0 "$(until_true told; echo $?)"
"$directline" -C "$dir/us" registry notices --json >"$dir/notice"
id=cn/$(field "$dir/notice" id)
expect "two rows are told, not the refused one" 2 "$(field "$dir/notice" rows)"
expect "the peer sees the difference" 0 "$(code -C "$dir/us" registry notice show "$id")"
expect "the peer accepts" 0 "$(code -C "$dir/us" registry notice accept "$id" --by Doe --json)"
expect "once" 7 "$(code -C "$dir/us" registry notice accept "$id" --by Doe)"
expect "the entry is the source" 1 \
    "$("$directline" -C "$dir/us" status 试验酮 --jurisdiction CN --on 2026-11-02 --json | grep -c "entry $id, accepted by Doe")"
expect "its registry is sound" 0 "$(code -C "$dir/us" registry check)"

expect "an undo" 0 "$(code -C "$dir/cn" registry undo 2 --by Li)"
expect "once only" 7 "$(code -C "$dir/cn" registry undo 2 --by Li)"
expect "and the substance is unknown again" 12 "$(code -C "$dir/cn" status 试验酮 --jurisdiction CN --exit-code)"
expect "and khat is controlled again" 0 "$(code -C "$dir/cn" status khat --jurisdiction CN --exit-code)"
expect "the registry is sound" 0 "$(code -C "$dir/cn" registry check)"
exit $failed
