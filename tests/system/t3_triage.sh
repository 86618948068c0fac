#!/bin/bash
# What a node finds out by itself about an alert, on both sides: contradictions, earlier alerts, the law of the day with class
# rules, likeness; what a change of law does to past alerts; and what becomes of it without the structure worker.
source "$(dirname "$0")/lib.sh"
worker=$root/build/directline-structure
[ -x "$worker" ] || { echo "skipped: directline-structure is not built"; exit 77; }

fentanyl=PJMPHNIQZUBGLI-UHFFFAOYSA-N
protonitazene='CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN(CC)CC)cc1'
novel='C1CC1C(=O)N(c1ccccc1)C1CCN(CCc2ccsc2)CC1' # no list names it; China's fentanyl rule reaches it

alert() { # ID SUBSTANCE: cn tells us, and us has it
    printf '{"headline":"%s","substance":%s}' "$1" "$2" >"$home/$1.json"
    run 0 -C "$home/cn" alert send "$home/$1.json" --id "$1" --wait=20
}
triaged() { # AGENCY ID [STATE]: the triage of cn/ID has this state
    timeout 10 "$program" -C "$home/$1" alert show "cn/$2" --json 2>/dev/null | grep -q "\"triage\":{\"state\":\"${3:-done}\""
}
show() { # AGENCY ID: waits for the triage of cn/ID
    that "$1 looks at $2" wait_until 20 triaged "$1" "$2"
    run 0 -C "$home/$1" alert show "cn/$2" --json
}
flag() { echo "[f for f in d['flags'] if '$1' in f]"; } # the flags that say so
law() { echo "{a['jurisdiction']: a for a in d['law']['answers']}['$1']"; }

version=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["version"])' "$root/registry/data/rules/cn-2025-nitazenes.json")
two_nodes

# ---- what agrees, and what does not ----

alert clean "$(python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["substance"]))' "$alert")"
for side in cn us; do
    show $side clean
    expect "d['flags'] == [] and d['triage']['contradictions'] == [] and d['triage']['earlier'] == []"
    expect "$(law US)['status'] == 'controlled' and $(law US)['list'] == 'US-CSA-I' and d['law']['registry']"
    expect "[r for r in d['law']['rules'] if r['rule'] == 'CN-2025-NITAZENES'] ==
            [{'rule': 'CN-2025-NITAZENES', 'version': '$version', 'verdict': 'inside'}]"
    expect "d['triage']['similar'][0]['name'] == 'Butonitazene' and 0.9 < d['triage']['similar'][0]['similarity'] < 1"
    expect "is_time(d['triage']['time']) and d['law']['on'] == d['triage']['time'][:10]"
done

alert bad '{"names":[{"lang":"en","name":"Metonitazene"}],"cas":"437-38-7","inchikey":"'$fentanyl'","smiles":"'"$protonitazene"'","formula":"C22H28N2O"}'
for side in cn us; do
    show $side bad
    expect "len(d['flags']) == 4 and len($(flag contradiction)) == 4"
    expect "[c['field'] for c in d['triage']['contradictions']] == ['inchikey', 'cas', 'names', 'formula']"
    expect "len($(flag 'InChIKey PJMPHNIQZUBGLI-UHFFFAOYSA-N is that of Fentanyl')) == 1"
    expect "len($(flag 'CAS number 437-38-7 is that of Fentanyl (PJMPHNIQZUBGLI-UHFFFAOYSA-N), not of the structure SJHUJFHOXYDSJY')) == 1"
    expect "len($(flag 'name Metonitazene is that of Metonitazene (HNG')) == 1"
    expect "d['content']['substance']['cas'] == '437-38-7' and d['triage']['substance'].startswith('SJHUJFHOXYDSJY')"
    expect "d['triage']['earlier'][0]['alert'] == 'cn/clean' and d['triage']['earlier'][0]['same'] == 'substance'"
done
run 0 -C "$home/us" alert list
that "the list carries the flags" grep -q '! contradiction: CAS number 437-38-7 is that of Fentanyl' <<<"$out"
run 0 -C "$home/us" alert show cn/bad
that "the page has a section on likeness" grep -q 'similar listed substances (likeness, no legal status): 0.9' <<<"$out"
that "and on earlier alerts" grep -q 'earlier alerts: cn/clean (same substance' <<<"$out"
run 0 -C "$home/us" alert show cn/bad --lang zh
that "in Chinese too" grep -q '此前的警报: cn/clean（同一物质' <<<"$out"
that "with its flags" grep -qF '! 矛盾：CAS 号 437-38-7 ' <<<"$out"
that "of each field" test "$(grep -c '! 矛盾：' <<<"$out")" = 4
that "and rules" grep -q 'GB-NITAZENES 版本 [0-9]* 属于' <<<"$(tr -s ' \n' ' ' <<<"$out")"
run 0 -C "$home/us" alert list --lang zh --json
expect "len([f for f in d['flags'] if f.startswith('矛盾：')]) == 4"

alert dextro '{"smiles":"CN[C@@H](C)Cc1ccccc1"}'
alert levo '{"inchikey":"MYWUZJCMWCOHBA-SECBINFHSA-N","smiles":"CN[C@@H](C)Cc1ccccc1"}'
show us levo
expect "d['triage']['earlier'] == [] or d['triage']['earlier'][0]['same'] == 'substance'"
expect "len($(flag 'another stereochemical or isotopic form than the structure')) == 1"
alert racemic '{"smiles":"CNC(C)Cc1ccccc1"}'
show us racemic
expect "{(e['alert'], e['same']) for e in d['triage']['earlier']} == {('cn/dextro', 'skeleton'), ('cn/levo', 'skeleton')}"

alert unreadable '{"smiles":"C1CC","names":[{"lang":"en","name":"Fentanyl"}]}'
show us unreadable
expect "len($(flag 'the SMILES cannot be read')) == 1 and $(law US)['status'] == 'controlled'"

# ---- a change of law ----

alert novel '{"smiles":"'"$novel"'"}'
alert testophenone '{"names":[{"lang":"en","name":"Testophenone"}]}'
show us novel
expect "$(law CN)['how'] == 'class-rule' and $(law CN)['status'] == 'controlled' and $(law UN)['status'] == 'not-listed'"
show us testophenone
expect "d['law']['answers'] == [] and d['flags'] == []"
printf '%s\n' '# jurisdiction: US' '# list: US-CSA-I' '# instrument: US-TEST-1' '# title: Test order' '# announced: 2026-01-01' \
    '# in_force: 2026-01-01' 'action,entry,name_en,inchikey,smiles' 'add,900,Testophenone,,' \
    "add,901,Thienofentanyl test,$(timeout 20 "$program" -C "$home/us" alert show cn/novel --json |
        python3 -c 'import json,sys; print(json.load(sys.stdin)["triage"]["substance"])'),$novel" >"$home/order.csv"
run 0 -C "$home/us" registry import "$home/order.csv" --json
expect "d['applied'] is False and d['flagged'] == 0"
run 0 -C "$home/us" alert show cn/novel --json
pinned=$(get "json.dumps([d['law'], d['triage']], sort_keys=True)")
run 0 -C "$home/us" registry import "$home/order.csv" --yes --by "J. Doe" --json
expect "d['applied'] is True and d['import'] == 2 and d['flagged'] == 2"
run 0 -C "$home/us" alert show cn/novel --json
expect "len(d['flags']) == 1 and re.fullmatch(r'law: US controlled I by class-rule > controlled I \(\d{4}-\d\d-\d\d\)', d['flags'][0])"
that "what was pinned stays" test "$(get "json.dumps([d['law'], d['triage']], sort_keys=True)")" = "$pinned"
run 0 -C "$home/us" alert show cn/testophenone --json
expect "len($(flag 'law: US unknown > controlled I (')) == 1"
run 0 -C "$home/us" registry import "$home/order.csv" --yes --by "J. Doe" --json
expect "d['applied'] is False and d['flagged'] == 0"
run 0 -C "$home/us" alert show cn/testophenone --lang zh
that "a change of law in Chinese" grep -q '! 法律变更：US 未知 > 管制 I (2' <<<"$out"
run 0 -C "$home/us" alert show cn/novel --lang zh
that "with its reason" grep -q '! 法律变更：US 管制 I 依 类规则 > 管制 I (2' <<<"$out"
run 0 -C "$home/us" registry undo 2 --by "J. Doe" --json
expect "d['undoes'] == 2 and d['flagged'] == 2"
run 0 -C "$home/us" alert show cn/testophenone --json
expect "len(d['flags']) == 2 and 'law: US controlled I > unknown (' in d['flags'][1]"
run 0 -C "$home/cn" alert show cn/testophenone --json
expect "d['flags'] == []" # the other side's registry has not changed

# ---- starts and crashes ----

run 0 -C "$home/us" alert show cn/bad --json
before=$(get "json.dumps(d, sort_keys=True)")
alert crash '{"cas":"437-38-7","names":[{"lang":"en","name":"Protonitazene"}]}'
stop us KILL
start us
show us crash
expect "len($(flag 'name Protonitazene is that of Protonitazene (SJHUJFHOXYDSJY-UHFFFAOYSA-N), not of the CAS number 437-38-7')) == 1"
run 0 -C "$home/us" alert show cn/bad --json
that "what was found is found once" test "$(get "json.dumps(d, sort_keys=True)")" = "$before"

# ---- without the worker ----

stop us
export DIRECTLINE_STRUCTURE=$home/worker
start us
unset DIRECTLINE_STRUCTURE
link_up us cn
alert later '{"smiles":"'"$novel"'","inchikey":"'$fentanyl'","cas":"95958-84-2"}'
that "us says that it waits" wait_until 20 triaged us later waiting
run 0 -C "$home/us" alert show cn/later --json
expect "'directline-structure' in d['triage']['missing'] and 'triage waits for the structure worker' in d['flags']"
expect "d['law']['rules'] == [] and len($(flag 'CAS number 95958-84-2 is that of Protonitazene')) == 1"
alert latest '{"smiles":"'"$novel"'"}'
run 0 -C "$home/us" alert show cn/later --lang zh
that "in Chinese" grep -q '! 研判等待结构处理程序' <<<"$out"
that "so does the next" wait_until 20 triaged us latest waiting
run 0 -C "$home/us" alert show cn/later
that "the page says what is missing" grep -q 'triage waits: .*directline-structure' <<<"$out"
printf '%s\n' '# jurisdiction: US' '# list: US-CSA-I' '# instrument: US-TEST-2' '# title: Test order' '# announced: 2026-01-01' \
    '# in_force: 2026-01-01' 'action,entry,name_en' 'add,902,Testophenone' >"$home/order2.csv"
run 0 -C "$home/us" registry import "$home/order2.csv" --yes --by "J. Doe" --json
expect "d['flagged'] == 1" # by its name; what rests on a structure waits, and is not called changed
run 0 -C "$home/us" alert show cn/novel --json
expect "len($(flag 'law: ')) == 2"
ln -s "$worker" "$home/worker"
show us later
expect "d['triage']['missing'] is None and [r for r in d['law']['rules'] if r['rule'] == 'CN-2019-FRS'] != []"
expect "len(d['flags']) == 2 and len($(flag 'not of the structure')) == 2"
expect "[e['alert'] for e in d['triage']['earlier']] == ['cn/novel']" # not what came after it
show us latest
expect "[e['alert'] for e in d['triage']['earlier']] == ['cn/later', 'cn/novel'] and d['flags'] == []"
that "nothing failed" test "$(cat "$home"/*.log | grep -c triage.failed)" = 0
finish
