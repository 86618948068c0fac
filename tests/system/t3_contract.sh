#!/bin/bash
# What must not pass for done: answers that nobody got, inputs that broke off, lines that are silently left out, a removed
# peer in the way of the others (contracts 2 to 4).
source "$(dirname "$0")/lib.sh"
two_nodes
echo '{"headline":"one","substance":{"names":[{"lang":"en","name":"Fentanyl"}]}}' >"$home/one"
echo '{"headline":"two","substance":{"names":[{"lang":"en","name":"Fentanyl"}]}}' >"$home/two"
listed() { timeout 9 "$program" -C "$home/$1" alert list --kind all --json | grep -c '"id"'; }

# Standard output that cannot be written: never exit 0, with or without the node.
lost() { # WHAT ARGUMENTS…
    checks=$((checks + 1))
    "$program" "${@:2}" >/dev/full 2>"$home/stderr"
    code=$? out='' err=$(<"$home/stderr")
    [ $code -eq 4 ] && grep -q 'cannot be written' "$home/stderr" || fail "$1 to a full disk"
}
lost "help" status --help
lost "an answer made here" status fentanyl --jurisdiction US
lost "an answer of the node" -C "$home/cn" line

# An input that is no file, or ends before it begins.
run_error 2 E_INPUT -C "$home/cn" alert send "$home"
run_error 2 E_INPUT screen "$home"
run 2 -C "$home/cn" alert send --json - <<<""
run 2 -C "$home/cn" alert send --json - </dev/null
expect 'e["code"] == "E_JSON" and "line 1, column 1" in e["message"]'
run 2 -C "$home/cn" message send --text - --json </dev/null
expect 'e["field"] == "text.en" and "empty" in e["message"]'

# A batch says something to each line, the last one without its end included, and sends nothing that was to be tried.
/usr/bin/python3 -c 'print("{\"content\":{\"headline\":\"" + "x" * 600000, end="")' >"$home/long"
run 2 -C "$home/cn" alert send --batch "$home/long"
expect 'len(all) == 1 and all[0]["error"]["code"] == "E_TOO_LARGE"'
{ contents 1 0; echo; contents 1 1; } >"$home/batch"
run 2 -C "$home/cn" alert send --batch "$home/batch"
expect '[x.get("id") for x in all] == ["b-0", None, "b-1"] and all[1]["error"]["line"] == 2'
before=$(listed cn)
run_error 2 E_USAGE -C "$home/cn" alert send --batch "$home/batch" --dry-run
run_error 2 E_USAGE -C "$home/cn" alert send --batch "$home/batch" --id one
run_error 2 E_USAGE -C "$home/cn" alert send "$home/one" --batch "$home/batch"
that "nothing of that was sent" test "$(listed cn)" -eq "$before"

# Amounts have a unit.
run_error 2 E_FIELD_VALUE -C "$home/cn" alert send --dry-run - <<<'{"headline":"x","substance":{"cas":"437-38-7"},"sample":{"amount":"5.2"}}'
expect 'e["field"] == "sample.amount"'
run 0 -C "$home/cn" alert send --dry-run - <<<'{"headline":"x","substance":{"cas":"437-38-7"},"sample":{"amount":"5.2 g"}}'

# Cursors that this node never gave, and contradictions.
run_error 2 E_INPUT -C "$home/us" alert watch --after 999999999
run_error 2 E_USAGE -C "$home/us" alert watch --in --out

# A correction of a correction is found at the alert, once, however many lines it went on.
make_agency ca CA "Drug Analysis Service"
pair cn ca
start ca
link_up cn ca && link_up ca cn
run 0 -C "$home/cn" alert send "$home/one" --id root --to all --wait --json
run 0 -C "$home/cn" alert update root "$home/two" --reason "first" --json
first=$(get 'd["id"]')
run 0 -C "$home/cn" alert update "$first" "$home/one" --reason "second" --json
second=$(get 'd["id"]')
run 0 -C "$home/cn" alert retract "$second" --reason "wrong sample" --json
third=$(get 'd["id"]')
arrived() { [ "$(timeout 9 "$program" -C "$home/us" alert show "$third" --json | grep -c '"id"')" -eq 1 ]; }
that "all of it arrives" wait_until 10 arrived
for side in cn us; do
    run 0 -C "$home/$side" alert show cn/root --json
    expect "[f for f in d['flags'] if 'ed by' in f] == ['updated by $first', 'updated by $second', 'retracted by $third']"
    run 0 -C "$home/$side" alert show "cn/$first" --json
    expect "[f for f in d['flags'] if 'ed by' in f] == ['updated by $second', 'retracted by $third']"
done

run 0 -C "$home/us" --lang zh alert list
that "states are said in Chinese" grep -q '已收妥' <<<"$out"
run 0 -C "$home/us" --lang zh line cn
that "also those of a line" grep -q '正常，链路 通' <<<"$out"

# A removed peer hears nothing more; the others do, and each line that refuses says so for itself.
run 0 -C "$home/cn" peer remove ca --reason "agreement ended" --json
run 0 -C "$home/cn" alert update root "$home/two" --reason "third" --json
expect '[x["to"] for x in all] == ["us"]'
run 0 -C "$home/cn" alert retract root --reason "withdrawn" --json
expect '[x["to"] for x in all] == ["us"]'
run 7 -C "$home/cn" alert send "$home/one" --id both --to ca --to us --json
expect '[x["to"] for x in all] == ["us"] and e["code"] == "E_REMOVED"'
run 7 -C "$home/cn" alert send "$home/one" --id none --to ca --json
expect 'all == [] and e["code"] == "E_REMOVED"'
run_error 7 E_REMOVED -C "$home/cn" line test ca
run 0 -C "$home/cn" alert send "$home/one" --id rest --to all --wait --json
expect '[x["to"] for x in all] == ["us"]'

# An export from one entry on, or up to one.
run 0 -C "$home/cn" log export us ours "$home/from" --from 3 --json
run 0 -C "$home/cn" log export us ours "$home/upto" --to 1 --json
that "from 3 on" test ! -e "$home/from/entry-2.leaf" -a -e "$home/from/entry-3.leaf" -a -e "$home/from/entry-5.leaf"
that "up to 1" test -e "$home/upto/entry-0.leaf" -a -e "$home/upto/entry-1.leaf" -a ! -e "$home/upto/entry-2.leaf"
run 0 log verify "$home/from" --json
run_error 2 E_USAGE -C "$home/cn" log export us ours "$home/gen" --generation 0

# The receiver's export holds the earlier receipts as well.
run 0 -C "$home/us" log export cn theirs "$home/theirs" --json
run 0 log verify "$home/theirs" --json
that "with earlier receipted sizes" test "$(ls "$home/theirs" | grep -c '^checkpoint\.')" -gt 1 -a "$(ls "$home/theirs" | grep -c '^consistency\.')" -gt 1

# A damaged entry is not shown as what the peer wrote, and does not hide the others.
stop us
/usr/bin/python3 - "$home/us/line.db" <<'END'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
for cursor, octets in c.execute("SELECT cursor, contents FROM run").fetchall():
    at = octets.find(b'"headline":"two"')
    if at > 0:
        octets = octets[:at + 12] + b"x" + octets[at + 13:]
        c.execute("UPDATE run SET contents=? WHERE cursor=?", (octets, cursor))
        break
c.commit()
END
run 4 -C "$home/us" alert list --json
expect 'len(all) > 5 and all[0]["id"] == "b-0" and "two" in [x.get("headline") for x in all] and e["code"] == "E_STORE_CORRUPT"'
expect '"1 entries are damaged" in e["message"] and "--repair" in e["hint"] and "xwo" not in [x.get("headline") for x in all]'
run 4 -C "$home/us" alert show "cn/$first" --json
expect 'all == [] and e["code"] == "E_STORE_CORRUPT"'
start us
link_up us cn
run 0 -C "$home/us" journal check --repair --json
run 0 -C "$home/us" alert list --json

# Additions in a jurisdiction that is not there, or in days that do not follow, are no empty answer.
run_error 2 E_FIELD_VALUE registry additions --jurisdiction ZZ
run_error 2 E_FIELD_VALUE registry additions --from 2024-07-02 --until 2024-07-01
run 0 registry additions --jurisdiction cn --from 2024-07-01 --until 2024-07-01 --json
expect 'len(all) > 40'

# Without the node: two commands at once wait for one another; a folder that may not be read is not "no agency".
stop cn
for i in 1 2 3 4; do
    "$program" -C "$home/cn" line --json >"$home/at-once.$i" 2>&1 &
    others+=($!)
done
for i in 1 2 3 4; do
    wait "${others[-$i]}"
    that "a command beside others is answered" test $? -eq 0
done
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$home"
    out='' err=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$program" -C "$home/cn" line 2>&1)
    that "a folder that may not be read says so" grep -q 'Permission denied' <<<"$err"
fi

# What keeps the agency from being opened is told by doctor, with what to do.
sick() { # SUBJECT WHAT
    run 1 -C "$home/cn" doctor --json
    expect "d['subject'] == '$1' and re.search('$2', d['what']) and d['todo']"
}
cp -r "$home/cn" "$home/whole"
again() { rm -rf "$home/cn" && cp -r "$home/whole" "$home/cn"; }
echo garbage >"$home/cn/directline.conf"
sick configuration 'directline.conf: line 1'
again
rm "$home/cn/head/head.db"
sick store 'head.db is not there'
again
head -c 9000 /dev/zero | tr '\0' x >"$home/cn/line.db"
sick store 'line.db'
again
/usr/bin/python3 - "$home/cn/line.db" <<'END'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
log, hashes = c.execute("SELECT log, hashes FROM tile WHERE level=0 AND number=0").fetchone()
c.execute("UPDATE tile SET hashes=? WHERE log=?", (bytes(b ^ 1 for b in hashes), log))
c.commit()
END
sick store 'tiles do not give the root'
expect '"directline restore" in d["todo"]'
again
head -c 9000 /dev/zero | tr '\0' x >"$home/cn/keys/journal.key"
sick keys 'journal.key'
run_error 5 E_KEY -C "$home/cn" line
finish
