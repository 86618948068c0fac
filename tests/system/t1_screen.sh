#!/bin/bash
# screen from outside: files as people have them, records that cannot be read, a run that is killed and goes on, an input
# that is another, a disk that is full; alone and with a running node.
source "$(dirname "$0")/lib.sh"
[ -x "$root/build/directline-structure" ] || { echo "skipped: directline-structure is not built"; exit 77; }
fentanyl='CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1'

# ---- files as people have them ----

printf '\xef\xbb\xbfCAS-No.;Compound SMILES;"Na""me"\r\n;%s;"a;b"\r\n57-27-2; CCO ;\r\n' "$fentanyl" >"$home/excel.csv"
run 0 screen "$home/excel.csv" --jurisdiction US --json
expect "[(a['item'], a['query'], a['verdict']) for a in all] ==
        [(1, '$fentanyl', 'controlled'), (2, '57-27-2', 'controlled')]"
printf 'name,cas\nfentanyl,\nhero"in,\n\xff\xfe,\nmorphine\n"ecgonine,\ncocaine,50-36-2\n' >"$home/broken.csv"
{ printf 'CCO,'; head -c 3000000 /dev/zero | tr '\0' x; printf '\nheroin,\n'; } >>"$home/broken.csv"
run 1 screen "$home/broken.csv" --jurisdiction CN
that "each item has a line" test "$(cut -f1,4 <<<"$out" | tr '\n\t' ' :')" = \
    "1:controlled 2:not-understood 3:not-understood 4:not-understood 5:not-understood 6:controlled 7:not-understood 8:controlled "
for said in 'item 2 cannot be read: line 3, column 5' 'item 3 cannot be read: line 4, column 1: the field is not valid text' \
    'item 4 cannot be read: line 5' 'item 5 cannot be read: line 6' 'item 7 cannot be read: line 8: it is larger' \
    '8 items (0 answered before): 3 controlled somewhere asked, 0 need review, 0 not listed, 5 not understood'; do
    that "it says $said" grep -qF "$said" <<<"$err"
done
run 1 screen "$home/broken.csv" --jurisdiction CN --json --lang zh
expect "[a['reason'] for a in all] == [None, 'malformed', 'malformed', 'malformed', 'malformed', None, 'malformed', None]"
that "in Chinese too" grep -q '第 4 项无法读取：line 5' <<<"$err"
run_error 2 E_FIELD_MISSING screen "$root/README.md"
run_error 2 E_INPUT screen "$home"

/usr/bin/python3 - "$root" >"$home/stock.smi" <<'P'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1] + "/tests/structures")
import structures
for i, smiles in enumerate(structures.carried()[:600]):
    print(smiles if i % 50 else "C1CC")
P
molecule() { printf '%s\n  x\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 %-3s 0  0\n    1.0000    0.0000    0.0000 C   0  0\n  1  2  1  0\nM  END\n$$$$\n' "$1" "$2"; }
{ molecule fentanyl C; molecule "" O; molecule odd Q7; molecule "" N; echo; } >"$home/stock.sdf"
run 1 screen "$home/stock.sdf" --jurisdiction CN --json
expect "[(a['item'], a['query'], a['verdict']) for a in all] == [(1, 'fentanyl', 'controlled'), (2, '', 'not-listed'),
        (3, 'odd', 'not-understood'), (4, '', 'not-listed')]"

# ---- killed, and gone on ----

two_agencies
start cn
for where in "" "-C $home/cn"; do # alone, and in the node
    for form in "" --json; do
        for file in stock.smi stock.sdf broken.csv excel.csv; do
            code=0
            timeout 60 "$program" $where screen "$home/$file" $form --out "$home/whole" 2>"$home/said" || code=$?
            summary=$(sed 's/([0-9]* answered before)//' <"$home/said" | tail -n 1)
            for left in 3 10; do
                head -c $(($(stat -c %s "$home/whole") * left / 11)) "$home/whole" >"$home/part"
                run $code $where screen "$home/$file" $form --out "$home/part" --resume
                that "$file goes on where it ended$where $form" cmp "$home/whole" "$home/part"
                that "and its summary is of all" test "$(sed 's/([0-9]* answered before)//' <<<"$err" | tail -n 1)" = "$summary"
            done
            rm "$home/whole" "$home/part"
        done
    done
done
stop cn

for _ in 1 2 3; do cat "$home/stock.smi" "$home/stock.smi" "$home/stock.smi"; done >"$home/large.smi"
run 1 screen "$home/large.smi" --out "$home/whole"
"$program" screen "$home/large.smi" --out "$home/part" 2>/dev/null &
others+=($!)
that "some is answered" wait_until 20 test -s "$home/part"
kill -9 "${others[-1]}"
{ wait "${others[-1]}"; } 2>/dev/null
that "not all" test "$(stat -c %s "$home/part")" -lt "$(stat -c %s "$home/whole")"
run 1 screen "$home/large.smi" --out "$home/part" --resume
that "what was killed becomes the same" cmp "$home/whole" "$home/part"

# ---- another input, other options, no room ----

head -c 60000 "$home/whole" >"$home/part"
sed '7s/^/C/' "$home/large.smi" >"$home/changed.smi"
head -n 20 "$home/large.smi" >"$home/short.smi"
cp "$home/part" "$home/before"
run 2 screen "$home/changed.smi" --out "$home/part" --resume
that "the item is told" grep -q 'its item 7 for [A-Z]* is not item 7 of this input' <<<"$err"
run 2 screen "$home/short.smi" --out "$home/part" --resume
that "and that there is less" grep -q 'and this input has 20; it is unchanged' <<<"$err"
run 2 screen "$home/large.smi" --out "$home/part" --resume --jurisdiction CN
that "nothing was changed" cmp "$home/before" "$home/part"
(trap '' XFSZ; ulimit -f 100; "$program" screen "$home/large.smi" --out "$home/full" --json 2>"$home/stderr")
code=$?
err=$(<"$home/stderr")
that "no room is exit 4" test $code = 4
expect "e['class'] == 'STORE' and e['field'] == '--out' and '--resume' in e['hint']"
run 1 screen "$home/large.smi" --json --out "$home/full" --resume
run 1 screen "$home/large.smi" --json --out "$home/fresh"
that "with room it goes on" cmp "$home/fresh" "$home/full"
timeout 60 "$program" screen "$home/excel.csv" >/dev/full 2>"$home/stderr"
code=$?
err=$(<"$home/stderr")
that "standard output that cannot be written is exit 4" test $code = 4
that "and is told" grep -q 'standard output cannot be written: No space left on device' <<<"$err"

# ---- the bar ----

script -qc "$program screen $home/large.smi --out $home/bar" /dev/null >"$home/terminal" </dev/null
that "a terminal has a bar" grep -qE '\[#+\.*\] +[0-9]+ %  [0-9]+ items, [0-9]+/s' "$home/terminal"
that "which is wiped" grep -qE $'\r +\r5400 items' "$home/terminal"
finish
