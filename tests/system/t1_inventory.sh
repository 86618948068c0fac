#!/bin/bash
# A file of items that is kept, and held against the law again when an import changes it: by name, by number, by structure.
source "$(dirname "$0")/lib.sh"

two_agencies
run 1 -C "$home/cn" registry inventory show
that "none is kept" grep -q 'No inventory' <<<"$out"
run 1 -C "$home/cn" registry inventory show --json
expect "d == {'file': None, 'sha256': None, 'time': None, 'items': 0}"
run 1 -C "$home/cn" registry inventory screen

printf 'cas,name\n437-38-7,\n,Testophenone\n,Ethanol\n' >"$home/stock.csv"
printf 'colour,price\nred,1\n' >"$home/wrong.csv"
printf 'cas,name\n' >"$home/empty.csv"
run_error 2 E_FIELD_MISSING -C "$home/cn" registry inventory set "$home/wrong.csv"
run_error 2 E_INPUT -C "$home/cn" registry inventory set "$home/empty.csv"
run 1 -C "$home/cn" registry inventory show
run 0 -C "$home/cn" registry inventory set "$home/stock.csv" --json # without a node
expect "d['file'] == 'stock.csv' and d['items'] == 3 and is_time(d['time']) and d['sha256'] == '$(sha256sum <"$home/stock.csv" | cut -c1-64)'"
run 0 -C "$home/cn" registry inventory show --content
that "it is kept as it was" test "$out" = "$(cat "$home/stock.csv")"

start cn
run 1 -C "$home/cn" registry inventory screen --jurisdiction CN --json
expect "[x['verdict'] for x in all] == ['controlled', 'not-understood', 'not-understood']"
before=$out
timeout 20 "$program" screen "$home/stock.csv" --jurisdiction CN --json >"$home/screened" 2>/dev/null
that "in the words of screen" test "$before" = "$(<"$home/screened")"

printf '%s\n' '# jurisdiction: CN' '# list: CN-NONMED' '# instrument: CN-TEST-1' '# title: Test act' '# announced: 2026-01-01' \
    '# in_force: 2026-01-01' 'action,entry,name_en' 'add,900,Testophenone' >"$home/act.csv"
run 0 -C "$home/cn" registry import "$home/act.csv" --yes --by Li
that "the import says how to see what it hits" grep -q 'registry inventory screen --import 2' <<<"$out"
run 1 -C "$home/cn" registry inventory screen --import 2 --json
expect "[(x['item'], x['verdict'], x['jurisdiction']) for x in all if x['verdict'] != 'not-understood'] == [(2, 'controlled', 'CN')]"
run 1 -C "$home/cn" registry inventory screen --import 3 --json
expect "[x for x in all if x['verdict'] != 'not-understood'] == []"
run_error 2 E_USAGE -C "$home/cn" registry inventory screen --import two

if [ -x "$root/build/directline-structure" ]; then # by its structure: an isomer that only an import names
    printf 'smiles\nCCO\nCCOCC\n' >"$home/shelf.csv"
    run 0 -C "$home/cn" registry inventory set "$home/shelf.csv" --json
    expect "d['items'] == 2"
    printf '%s\n' '# jurisdiction: CN' '# list: CN-NONMED' '# instrument: CN-TEST-2' '# title: Test act' '# announced: 2026-01-01' \
        '# in_force: 2026-01-01' 'action,entry,name_en,inchikey,smiles' \
        'add,901,Ether,RTZKZFJDLAIYFH-UHFFFAOYSA-N,CCOCC' >"$home/act2.csv"
    run 0 -C "$home/cn" registry import "$home/act2.csv" --yes --by Li --json
    imported=$(get "d['import']")
    run 0 -C "$home/cn" registry inventory screen --import "$imported" --json
    expect "[(x['item'], x['verdict'], x['how']) for x in all] == [(2, 'controlled', 'structure')]"
fi
run 0 -C "$home/cn" backup "$home/backup"
stop cn
run 0 restore "$home/backup" "$home/again"
run 0 -C "$home/again" registry inventory show --json
expect "d['items'] > 0"
finish
