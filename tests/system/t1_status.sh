#!/bin/bash
# The questions as a script asks them: exit statuses, one line for each line, the shipped registry read-only.
set -uo pipefail
cd "$(dirname "$0")/../.."
directline=$PWD/build/directline
export DIRECTLINE_REGISTRY=$PWD/build/registry.db LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
expect() { # NAME EXPECTED GOT
    [ "$2" = "$3" ] || { echo "not ok $1: expected '$2', got '$3'"; failed=1; }
}
code() { "$directline" "$@" >"$dir/out" 2>"$dir/err"; echo $?; }

before=$(sha256sum <"$DIRECTLINE_REGISTRY")
expect "a known name" 0 "$(code status fentanyl)"
expect "not listed is answered" 0 "$(code status bromazolam --jurisdiction US --on 2020-01-01)"
expect "an unknown name" 1 "$(code status nosuchthing)"
expect "an ambiguous name" 1 "$(code status MPPP)"
expect "a wrong day" 2 "$(code status fentanyl --on 2024-02-30)"
expect "an unknown jurisdiction" 2 "$(code status fentanyl --jurisdiction XX)"
expect "the field is named" 1 "$(grep -c -e '--jurisdiction' "$dir/err")"
expect "no registry" 4 "$(DIRECTLINE_REGISTRY=$dir/none code status fentanyl)"
expect "nothing is answered then" 0 "$(wc -c <"$dir/out" | tr -d ' ')"
head -c 100000 "$DIRECTLINE_REGISTRY" >"$dir/damaged.db"
expect "a damaged registry" 4 "$(DIRECTLINE_REGISTRY=$dir/damaged.db code status fentanyl)"
expect "exit code: controlled" 0 "$(code status fentanyl --exit-code --jurisdiction US)"
expect "exit code: nowhere" 10 "$(code status bromazolam --exit-code --jurisdiction US --on 2020-01-01)"
expect "exit code: review" 11 "$(code status bromazolam --exit-code --jurisdiction CN --on 2013-01-01)"
expect "exit code: not understood" 12 "$(code status MPPP --exit-code)"
expect "exit code is for one query" 2 "$(code status fentanyl codeine --exit-code)"

printf 'fentanyl\n\n芬太尼\r\n437-38-8\n\xff\nMPPP' >"$dir/in"
"$directline" status - --json <"$dir/in" >"$dir/out"
expect "a batch with a line not understood" 1 $?
expect "one line for each line" 6 "$(wc -l <"$dir/out" | tr -d ' ')"
expect "every line is JSON and in order" "None empty None malformed malformed ambiguous" "$(python3 -c '
import json, sys
print(*(json.loads(line)["reason"] for line in open(sys.argv[1])))' "$dir/out")"
"$directline" status - <"$dir/in" >"$dir/out"
expect "one line for each line for people too" 6 "$(wc -l <"$dir/out" | tr -d ' ')"
python3 -c 'import sys; sys.stdout.buffer.write(b"x\0y\n" + b"a" * 1048576 + b"\n" + b"C" * 5000 + b"\r\n   \n\r\n" + "嗎啡\n".encode())' >"$dir/in"
"$directline" status - --json <"$dir/in" >"$dir/out"
expect "a line of a million characters, a NUL, blanks" 1 $?
expect "still one line for each" "malformed malformed malformed empty empty None" "$(python3 -c '
import json, sys
print(*(json.loads(line)["reason"] for line in open(sys.argv[1])))' "$dir/out")"
expect "no line, no answer" 0 "$("$directline" status - --json </dev/null | wc -l | tr -d ' ')"
expect "traditional characters" 1 "$("$directline" status 鹽酸嗎啡 --json | grep -c BQJCRHHNABKAKU-KBQPJGBKSA-N)"
expect "a word of the street" 1 "$("$directline" status Kokain --json | grep -c ZPUCINDJVBIVPJ)"
expect "the history has old and new lists" 2 "$("$directline" registry show etizolam |
    grep -cE '^  CN  CN-(SUPP 2021-07-01/18|MEDPSY2 30)  ')"
expect "with their days, in Chinese" 1 "$("$directline" registry show 莫达非尼 --lang zh |
    grep -c 'CN-PSY2 2023-120/4 .*自 2023-10-01 起，2025-07-21 起失效')"
expect "additions are grouped by act" 1 "$("$directline" registry additions --jurisdiction CN --from 2024-07-01 \
    --until 2024-07-01 | grep -c '^CN  2024-07-01  .*46\|^CN  2024-07-01  .*45 other')"
expect "46 of them" 46 "$("$directline" registry additions --jurisdiction CN --from 2024-07-01 --until 2024-07-01 |
    grep -c '^  CN-SUPP 2024-07-01/')"
"$directline" registry export >"$dir/all.csv"
expect "an export opens as UTF-8 and holds no formula" "3727 0" "$(python3 -c '
import csv, sys
assert open(sys.argv[1], "rb").read(3) == b"\xef\xbb\xbf"
rows = list(csv.reader(open(sys.argv[1], encoding="utf-8-sig", newline="")))
assert {len(r) for r in rows} == {len(rows[0])}
print(len(rows) - 1, sum(c[:1] in tuple("=+-@\t\r") and c != "" for r in rows for c in r))' "$dir/all.csv")"
expect "no colour outside a terminal" 0 "$("$directline" status fentanyl | grep -c $'\x1b')"
expect "in Chinese" 1 "$("$directline" status fentanyl --lang zh --jurisdiction US | grep -c 'US  管制')"

printf 'name,cas\nfentanyl,\n,50-36-2\nnosuch,\n' >"$dir/stock.csv"
expect "a screening" 1 "$(code screen "$dir/stock.csv" --jurisdiction US --jurisdiction CN --out "$dir/whole")"
expect "a line for each item and jurisdiction" 6 "$(wc -l <"$dir/whole" | tr -d ' ')"
head -c 75 "$dir/whole" >"$dir/part"
expect "it is resumed" 1 \
    "$(code screen "$dir/stock.csv" --jurisdiction US --jurisdiction CN --out "$dir/part" --resume)"
expect "and ends the same" 0 "$(cmp -s "$dir/whole" "$dir/part"; echo $?)"
expect "an existing file is not overwritten" 2 "$(code screen "$dir/stock.csv" --out "$dir/whole")"
expect "the registry was only read" "$before" "$(sha256sum <"$DIRECTLINE_REGISTRY")"
exit $failed
