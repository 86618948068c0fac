#!/bin/bash
# Imports on a terminal, imports that a crash interrupts, and what a peer may say of whose law (contracts 6).
source "$(dirname "$0")/lib.sh"
two_nodes

act() { # NUMBER ROWS…: an act of China
    printf '%s\n' '# jurisdiction: CN' '# list: CN-NONMED' "# instrument: CN-TEST-$1" "# title: Act $1" \
        '# announced: 2026-10-01' '# in_force: 2026-11-01' 'action,entry,name_en,name_zh,cas' "${@:2}"
}
imports() { timeout 9 "$program" -C "$home/cn" registry imports --json | grep -c '"announcement"'; }
told() { timeout 9 "$program" -C "$home/us" registry notices --json | grep -c "\"$1\""; }
is_told() { [ "$(told "$1")" -ge 1 ]; }

# A person at a terminal is asked, and a no changes nothing.
act 1 'add,900,Testophenone,试验酮,' 'end,,,恰特草,' >"$home/act-1.csv"
cat >"$home/play.py" <<'END'
# play.py PROGRAM ARGUMENTS… : QUESTION ANSWER…  - says what the program printed on the terminal
import os, pty, sys
split = sys.argv.index(":")
command, talk = sys.argv[1:split], sys.argv[split + 1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
said, heard = b"", 0
def read():
    try: return os.read(terminal, 4096)
    except OSError: return b""
for question, answer in zip(talk[::2], talk[1::2]):
    while question.encode() not in said[heard:]:
        piece = read()
        if not piece: sys.exit("never asked: " + question)
        said += piece
    heard = len(said)
    os.write(terminal, answer.encode() + b"\n")
while piece := read():
    said += piece
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
play() { # CODE ARGUMENTS… : QUESTION ANSWER…
    local want=$1
    shift
    checks=$((checks + 1))
    out=$(timeout 30 /usr/bin/python3 "$home/play.py" "$program" -C "$home/cn" "$@" 2>&1)
    code=$?
    [ $code -eq "$want" ] || fail "exit $want wanted on a terminal: $*"
}
play 0 registry import "$home/act-1.csv" : '[y/N]' n
that "a no changes nothing" test "$(imports)" -eq 0
play 0 registry import "$home/act-1.csv" : '[y/N]' ''
play 0 registry import "$home/act-1.csv" : '[y/N]' y 'Who confirms it?' ''
that "a yes without a name changes nothing" test "$(imports)" -eq 0
that "it is said" grep -q 'Nothing was changed' <<<"$out"
play 0 registry import "$home/act-1.csv" --dry-run :
that "a dry run asks nothing" test "$(imports)" -eq 0
play 0 registry import "$home/act-1.csv" : '[y/N]' y 'Who confirms it?' '李伟'
that "a yes with a name records it" test "$(imports)" -eq 1
that "the rows are told once" test "$(grep -c Testophenone <<<"$out")" -eq 1
run 0 -C "$home/cn" registry imports --json
expect 'd["by"] == "李伟" and d["new"] == 1 and d["ended"] == 1 and len(d["sha256"]) == 64'
that "the peer is told" wait_until 15 is_told CN-TEST-1
play 0 registry import "$home/act-1.csv" :
that "nothing new is not asked about" grep -q 'nothing to record' <<<"$out"
act 2 'add,902,Testopine,试验平,' >"$home/act-2.csv"
play 0 --lang zh registry import "$home/act-2.csv" --by 'Li' : '是否记录' '是'
that "in Chinese, the name given before" test "$(imports)" -eq 2
that "not asked for again" test "$(grep -c 确认人 <<<"$out")" -eq 0

# Without a terminal nobody is asked.
run 0 -C "$home/cn" registry import "$home/act-2.csv"
that "without a terminal nothing is recorded" test "$(imports)" -eq 2
run_error 2 E_USAGE -C "$home/cn" registry import "$home/act-2.csv" --yes
run_error 2 E_USAGE -C "$home/cn" registry import "$home/act-2.csv" --yes --by ''

# Substances are told by their structure: a SMILES gives the key, finds what is known, and may not contradict one.
if [ -x "$root/build/directline-structure" ]; then
    sed 's/^action.*/action,entry,name_en,smiles,inchikey/' "$home/act-1.csv" | head -n 7 >"$home/structures.csv"
    sed -i 's/CN-TEST-1/CN-TEST-3/' "$home/structures.csv"
    printf '%s\n' 'add,910,Chlorotestane,Clc1ccccc1,' 'add,911,Wrongtestane,C1CC,' \
        'add,912,Falsetestane,Brc1ccccc1,PJMPHNIQZUBGLI-UHFFFAOYSA-N' \
        'end,,Whatever it is called,C[C@H](N)C(=O)c1ccccc1,' >>"$home/structures.csv"
    run 1 -C "$home/cn" registry import "$home/structures.csv" --yes --by Li --json
    expect '[(x["result"], x["line"], x["column"]) for x in d["rows"]] ==
            [("new", 8, None), ("refused", 9, 22), ("refused", 10, 22), ("ended", 11, None)]'
    expect 'd["rows"][0]["substance"] == "MVPPADPHJFYWMZ-UHFFFAOYSA-N" and "different structures" in d["rows"][2]["reason"]'
    run 0 -C "$home/cn" status 'c1ccccc1Cl' MVPPADPHJFYWMZ-UHFFFAOYSA-N --jurisdiction CN --json
    expect '[x["answers"][0]["status"] for x in all] == ["controlled", "controlled"]'
    run 0 -C "$home/cn" status cathinone --jurisdiction CN --json
    expect 'd["answers"][0]["status"] == "ended"'
    that "the peer gets the keys" wait_until 15 is_told CN-TEST-3
    run 0 -C "$home/us" registry notices --json
    id=$(get '[x["id"] for x in all if x["instrument"] == "CN-TEST-3"][0]')
    run 0 -C "$home/us" alert show "cn/$id" --content
    that "in its rows" grep -q '"inchikey":"MVPPADPHJFYWMZ-UHFFFAOYSA-N"' <<<"$out"
fi

# Killed at the n-th write of an import: it is recorded and the peer hears of it, or neither.
killed_at() { # N: 0 when the node outlived it
    act "9$1" "add,9$1,Killedone $1,," >"$home/killed.csv"
    strace -f -p "${node_pid[cn]}" -o /dev/null -e trace=pwrite64 -e "inject=pwrite64:signal=KILL:when=$1" \
        2>"$home/strace" &
    local tracer=$!
    others+=("$tracer")
    wait_until 10 grep -q attached "$home/strace" || return 2
    timeout 30 "$program" -C "$home/cn" registry import "$home/killed.csv" --yes --by Li >"$home/answer" 2>&1
    local answered=$?
    kill "$tracer" 2>/dev/null
    wait "$tracer" 2>/dev/null
    if kill -0 "${node_pid[cn]}" 2>/dev/null && [ "$answered" -eq 0 ]; then return 0; fi
    { wait "${node_pid[cn]}"; } 2>/dev/null
    start cn
    return 1
}
recorded=() n=1
while :; do
    killed_at "$n"
    outcome=$?
    [ $outcome -eq 2 ] && { echo "skipped: strace cannot attach here ($(tail -n 1 "$home/strace"))"; break; }
    if timeout 9 "$program" -C "$home/cn" registry imports --json | grep -q "\"CN-TEST-9$n\""; then
        recorded+=("CN-TEST-9$n")
        that "killed at write $n: recorded, so the peer hears of it" wait_until 20 is_told "CN-TEST-9$n"
    else
        that "killed at write $n: nothing was recorded, nothing told" test "$(told "CN-TEST-9$n")" -eq 0
    fi
    [ $outcome -eq 0 ] || [ "$n" -eq 200 ] && break
    n=$((n + 1))
done
if [ $outcome -ne 2 ]; then
    that "an import outlives its writes in the end" test $outcome -eq 0
    that "some kills came after the record" test "${#recorded[@]}" -ge 2
    that "each is told once" test "$(told "${recorded[0]}")" -eq 1
fi
run 0 -C "$home/cn" registry check --json
stop cn
that "nothing is owed any more" test "$(/usr/bin/python3 -c '
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM owed").fetchone()[0])' "$home/cn/registry.db")" -eq 0

# A peer that speaks of another's law: shown, refused, and it may be declined.
/usr/bin/python3 - "$home/cn/registry.db" <<'END'
import json, sqlite3, sys
notice = {"announced": "2026-10-01", "in_force": "2026-11-01", "instrument": "US-FALSE", "jurisdiction": "US",
          "list": "US-CSA-I", "rows": [{"action": "add", "in_force": "2026-11-01", "list": "US-CSA-I", "name_en": "Falsone"}]}
own = dict(notice, instrument="CN-LATE", jurisdiction="CN", list="CN-NONMED", rows=[
    {"action": "add", "in_force": "2026-11-01", "list": "CN-NONMED", "name_en": "Lateone", "entry": "977"}])
db = sqlite3.connect(sys.argv[1])
for name, content in (("false-1", notice), ("late-1", own)):
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    db.execute("INSERT INTO owed (id, content) VALUES (?, ?)", (name, text))
db.commit()
END
start cn
that "what was owed is told at the next start" wait_until 20 is_told CN-LATE
run 0 -C "$home/us" registry notices --json
expect '[x["state"] for x in all if x["id"] in ("false-1", "late-1")] == ["refused", "open"]'
run 0 -C "$home/us" registry notice show cn/false-1
run_error 2 E_FIELD_VALUE -C "$home/us" registry notice accept cn/false-1 --by Doe
run 1 -C "$home/us" status Falsone
run 0 -C "$home/us" registry notice decline cn/late-1 --by Doe --json
run 0 -C "$home/us" registry notices --json
expect '[(x["state"], x["by"], x["import"]) for x in all if x["id"] == "late-1"] == [("declined", "Doe", None)]'
run 1 -C "$home/us" status Lateone
run 0 -C "$home/us" registry notice accept cn/late-1 --by Roe --json
run 0 -C "$home/us" status Lateone --jurisdiction CN --json
expect 'd["answers"][0]["status"] == "controlled" and "cn/late-1" in d["answers"][0]["source"] and d["answers"][0]["verification"] == "notice"'
run 0 -C "$home/us" registry imports --json
expect 'd["kind"] == "notice" and d["entry"] == "cn/late-1" and d["by"] == "Roe"'
run 0 -C "$home/us" registry undo "$(get 'd["import"]')" --by Roe
run 1 -C "$home/us" status Lateone

# A long import leaves the node at work: others are answered meanwhile, and see it whole or not at all.
busy() { ! timeout 9 "$program" -C "$home/cn" registry check --json >/dev/null 2>&1; }
act 3 >"$home/long.csv"
seq 1 40000 | sed 's/.*/add,L&,Longone &,,/' >>"$home/long.csv"
timeout 120 "$program" -C "$home/cn" registry import "$home/long.csv" --yes --by Li --json >"$home/first" 2>&1 &
first=$!
others+=("$first")
wait_until 5 busy
run_error 7 E_STATE -C "$home/cn" registry import "$home/act-1.csv"
run_error 7 E_STATE -C "$home/cn" registry undo 2 --by Li
run_error 7 E_STATE -C "$home/cn" backup "$home/cn.backup"
while kill -0 "$first" 2>/dev/null; do
    timeout 9 "$program" -C "$home/cn" status "Longone 1" "Longone 40000" --json --jurisdiction CN
done >"$home/seen"
wait "$first"
code=$? out=$(<"$home/seen") err=''
expect 'len(all) >= 2 and len(all) % 2 == 0 and all[0]["understood"] is False
        and [x["understood"] for x in all[0::2]] == [x["understood"] for x in all[1::2]]'
run 0 -C "$home/cn" status "Longone 40000" --jurisdiction CN --json
expect 'd["understood"] is True'
run 0 -C "$home/cn" line us --json
expect 'd["link"] == "up"'
finish
