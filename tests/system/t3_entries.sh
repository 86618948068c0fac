#!/bin/bash
# Alerts and what belongs to them, between two nodes: states, ids, batches, acknowledgements, messages, watch,
# suspension (contracts 3 and 4).
source "$(dirname "$0")/lib.sh"
answer='id from to kind entry state receipt'
listed='id agency entry kind marking from to time received state subject headline urgency acks flags cursor content_sha256'
two_nodes

# An alert, received.
run 0 -C "$home/cn" alert send "$alert" --wait --json
expect "keys(d, '$answer') and d['from'] == 'cn' and d['to'] == 'us' and d['kind'] == 'alert' and d['entry'] == 0"
expect 'd["state"] == "received" and d["receipt"]["size"] == 1 and is_time(d["receipt"]["time"])'
first=$(get 'd["id"]')
run 0 -C "$home/us" alert list --in --json
expect "len(all) == 1 and keys(d, '$listed') and d['id'] == '$first' and d['agency'] == 'cn' and d['state'] == 'received'"
expect 'd["urgency"] == "immediate" and d["acks"] == [] and isinstance(d["cursor"], str) and d["subject"] == ["SJHUJFHOXYDSJY-UHFFFAOYSA-N"] and is_time(d["received"])'
hash=$(get 'd["content_sha256"]')
run 0 -C "$home/us" alert show "cn/$first" --content
that "the content is canonical, without a line end" test "$(timeout 9 "$program" -C "$home/us" alert show "cn/$first" --content | sha256sum | cut -d' ' -f1)" = "$hash"
run 0 -C "$home/us" alert show "$first" --read-aloud
run 0 -C "$home/cn" alert list --out --json
expect 'len(all) == 1 and d["received"] is not None'
run 0 -C "$home/cn" alert list --in --json
expect 'all == []'

# Ids: the same again is the same entry; other content is refused.
echo '{"headline":"one","substance":{"names":[{"lang":"en","name":"Fentanyl"}]}}' >"$home/one"
echo '{"headline":"two","substance":{"names":[{"lang":"en","name":"Fentanyl"}]}}' >"$home/two"
run 0 -C "$home/cn" alert send "$home/one" --id twice.1 --wait --json
entry=$(get 'd["entry"]')
run 0 -C "$home/cn" alert send "$home/one" --id twice.1 --wait --json
expect "d['entry'] == $entry and d['state'] == 'received'"
run_error 2 E_ID_REUSED -C "$home/cn" alert send "$home/two" --id twice.1
run 2 -C "$home/cn" alert send "$home/one" --id 'not/an id' --json
run 0 -C "$home/us" alert list --in --json
expect 'len(all) == 2'

# The schema: refused by name, nothing stored.
size() { timeout 9 "$program" -C "$home/cn" line us --json; }
before=$(size)
refused() { # CODE FIELD JSON
    printf '%s' "$3" >"$home/bad"
    run_error 2 "$1" -C "$home/cn" alert send "$home/bad"
    expect "e['class'] == 'INPUT' and (e['field'] or '') == '$2'"
}
name='"substance":{"names":[{"lang":"en","name":"X"}]}'
refused E_FIELD_UNKNOWN colour "{\"headline\":\"x\",$name,\"colour\":1}"
refused E_FIELD_MISSING headline "{$name}"
refused E_FIELD_MISSING substance '{"headline":"x"}'
refused E_CAS substance.cas '{"headline":"x","substance":{"cas":"437-38-8"}}'
refused E_INCHIKEY substance.inchikey '{"headline":"x","substance":{"inchikey":"abc"}}'
refused E_FIELD_VALUE urgency "{\"headline\":\"x\",$name,\"urgency\":\"soon\"}"
run 2 -C "$home/cn" alert send --json - <<<'{"headline":null,"substance":{"cas":"437-38-7"}}'
run 2 -C "$home/cn" alert send --json - <<<'{"headline":"","substance":{"cas":"437-38-7"}}'
run 2 -C "$home/cn" alert send --json - <<<$'{"headline":"x","substance":{"names":[{"lang":"en","name":"a\u202eb"}]}}'
run 2 -C "$home/cn" alert send --json - <<<'{"headline":"x"'
expect 'e["field"] is None and "line" in e["message"] and "column" in e["message"]'
run 2 -C "$home/cn" alert send --json "$home/no-such-file"
long=$(printf 'a%.0s' {1..501})
run 2 -C "$home/cn" alert send --json - <<<"{\"headline\":\"$long\",$name}"
expect 'e["field"] == "headline"'
run 0 -C "$home/cn" alert send "$home/one" --dry-run
that "what was refused or only tried stored nothing" test "$(size | grep -o '"size":[0-9]*')" = "$(grep -o '"size":[0-9]*' <<<"$before")"

# Acknowledgements, update, retraction.
run 0 -C "$home/us" alert list --in --unacknowledged --json
expect 'len(all) == 2'
run 0 -C "$home/us" alert ack "cn/$first" --as seen --by "J. Doe" --note "paged" --json
expect "d['kind'] == 'acknowledgement' and d['from'] == 'us'"
run 0 -C "$home/us" alert ack "$first" --as accepted --by "J. Doe" --json
run 0 -C "$home/us" alert list --in --unacknowledged --json
expect 'len(all) == 1'
acked() { timeout 9 "$program" -C "$home/cn" alert list --out --json | grep "$first" | grep -q '"as":"accepted"'; }
that "the author sees who acknowledged" wait_until 10 acked
run 0 -C "$home/us" alert ack "$first" --as accepted --by "J. Doe" --withdraw --json
withdrawn() { ! acked; }
that "and the withdrawal" wait_until 10 withdrawn
run 0 -C "$home/cn" alert list --out --json
expect "[a['as'] for x in all if x['id'] == '$first' for a in x['acks']] == ['seen']"
run 1 -C "$home/us" alert ack no-such --by x --json
run 2 -C "$home/us" alert ack "$first" --as heard --by x --json
run 0 -C "$home/cn" alert update "$first" "$home/two" --reason "corrected" --json
expect "d['kind'] == 'update'"
run 0 -C "$home/cn" alert retract twice.1 --reason "wrong sample" --sent-in-error --json
expect "d['kind'] == 'retraction'"
run 2 -C "$home/cn" alert retract twice.1 --json
counted() { [ "$(timeout 9 "$program" -C "$1" alert list --kind all --json | wc -l)" -eq "$2" ]; }
that "us holds every entry" wait_until 10 counted "$home/us" 7
run 0 -C "$home/us" alert list --in --json
expect 'sorted(x["kind"] for x in all) == ["alert", "alert", "retraction", "update"]'
run 0 -C "$home/us" alert list --kind retraction --json
expect 'len(all) == 1'
run 2 -C "$home/us" alert list --kind nonsense --json

# Messages.
run 0 -C "$home/us" message send --thread "$first" --text "Which column did you use?" --json
expect 'd["kind"] == "message"'
mid=$(get 'd["id"]')
that "the message arrives" wait_until 10 counted "$home/cn" 8
run 0 -C "$home/cn" message list --json
expect "len(all) == 1 and d['id'] == '$mid'"
run 0 -C "$home/cn" message show "us/$mid"
that "its text is shown" grep -q "Which column" <<<"$out"
run 0 -C "$home/us" message send --text - --json <<<"from standard input"

# A batch: answers in input order, bad lines in their place, the highest code at the end.
{
    contents 50 0
    echo 'not json'
    echo '{"content":{"headline":"x"}}'
    echo '{"to":[],"content":{"headline":"x","substance":{"cas":"437-38-7"}}}'
    contents 50 50
} >"$home/batch"
run 2 -C "$home/cn" alert send --batch "$home/batch" --json
expect 'len(all) == 103 and [x["id"] for x in all if "id" in x] == ["b-%d" % i for i in range(100)]'
expect 'keys(all[50]["error"], "code class message field hint") and all[51]["error"]["code"] == "E_FIELD_MISSING"'
expect 'all[52]["error"]["field"] == "to"'
run 0 -C "$home/cn" alert send --batch - --json < <(contents 100 0)
expect 'len(all) == 100 and len({x["entry"] for x in all}) == 100'
that "a batch twice is stored once" wait_until 10 counted "$home/us" 109

# A batch that waits: every answer comes with its receipt, in the order of the input; without the peer it is exit 6.
run 0 -C "$home/cn" alert send --batch - --wait --json < <(contents 100 0)
expect 'len(all) == 100 and all[0]["id"] == "b-0"'
{ contents 300 100; echo 'not json'; contents 1 0; } >"$home/batch"
run 2 -C "$home/cn" alert send --batch "$home/batch" --wait --json
expect '[x["state"] for x in all if "id" in x] == ["received"] * 301 and all[300]["error"]["class"] == "INPUT"'
expect 'min(x["receipt"]["size"] - x["entry"] for x in all if "id" in x) > 0'
stop us
run 6 -C "$home/cn" alert send --batch - --wait=0.5 --json < <(contents 3 399)
expect '[x["state"] for x in all] == ["received", "pending", "pending"] and all[1]["receipt"] is None'
run 2 -C "$home/cn" alert send --batch - --wait=long --json <<<""
start us
link_up us cn

# watch: from a cursor, then what comes; --exec gets each object.
run 0 -C "$home/us" alert list --kind all --json
cursor=$(get 'all[-3]["cursor"]')
"$program" -C "$home/us" alert watch --after "$cursor" --kind all >"$home/watched" &
others+=($!)
"$program" -C "$home/us" alert watch --in --exec "cat >>$home/paged; echo >>$home/paged" >/dev/null &
others+=($!)
lines() { [ "$(grep -c . "$1" 2>/dev/null)" -ge "$2" ]; }
that "watch first gives what came after the cursor" wait_until 10 lines "$home/watched" 2
run 0 -C "$home/cn" alert send "$home/two" --id watched --wait --json
that "and then follows" wait_until 10 lines "$home/watched" 3
that "--exec got it" wait_until 10 grep -q '"id":"watched"' "$home/paged"
out=$(<"$home/watched")
expect "keys(d, '$listed') and d['id'] == 'watched' and len(all) == 3"

# Suspension: held at the author, on both sides; each lifts only its own; nothing is lost or sent twice.
run_error 2 E_FIELD_MISSING -C "$home/us" line suspend cn
run 0 -C "$home/us" line suspend cn --reason "consultations" --json
that "the other side is told" wait_until 10 line_is cn us '"state":"suspended"'
run 0 -C "$home/cn" line us --json
expect 'd["by"] and d["reason"] == "consultations" and is_time(d["since"])'
run 0 -C "$home/cn" alert send "$home/one" --id held.1 --json
expect 'd["state"] == "held" and d["entry"] is None and d["receipt"] is None'
run 6 -C "$home/cn" alert send "$home/one" --id held.2 --wait=1 --json
run_error 7 E_STATE -C "$home/cn" line resume us --reason "not mine to lift"
run 0 -C "$home/cn" line us --json
expect 'd["state"] == "suspended" and d["tail"] == 2'
run 0 -C "$home/us" line resume cn --reason "agreed" --json
that "resumed on both sides" wait_until 10 line_is cn us '"state":"active"'
run 0 -C "$home/cn" alert send "$home/one" --id held.1 --wait --json
expect 'd["state"] == "received"'
run 0 -C "$home/us" alert list --in --json
expect 'len([x for x in all if x["id"] in ("held.1", "held.2")]) == 2'

# A link test, and what it leaves in `line`, not in the inbox.
run 0 -C "$home/cn" line test us --json
run 0 -C "$home/cn" line us --json
expect 'd["tests"][0]["direction"] == "out" and keys(d["tests"][0], "time direction address ok ms") and d["tests"][0]["ok"] is True'
run 0 -C "$home/us" line cn --json
expect 'any(t["direction"] == "in" and t["ok"] for t in d["tests"])'

# The other node down: pending, exit 6 with --wait; a third peer: --to is needed, and `all`.
stop us
run 6 -C "$home/cn" alert send "$home/one" --id later --wait=1 --json
that "the wait's answer is printed" grep -q '"state":"pending"' <<<"$out"
make_agency ca CA "Drug Analysis Service"
timeout 9 "$program" -C "$home/ca" peer add "$home/cn.offer" --fingerprint "$(<"$home/cn.fingerprint")" >/dev/null
run 0 -C "$home/cn" peer add "$home/ca.offer" --fingerprint "$(<"$home/ca.fingerprint")" --json
run_error 2 E_PEER_NEEDED -C "$home/cn" alert send "$home/one"
that "it lists them" grep -q 'ca.*us' <<<"$err"
start ca
run 0 -C "$home/cn" alert send "$home/one" --id to.all --to all --json
expect '[x["to"] for x in all] == ["ca", "us"] and len({x["id"] for x in all}) == 1'
run_error 2 E_PEER_UNKNOWN -C "$home/cn" alert send "$home/one" --to xx
run 0 -C "$home/cn" alert send "$home/one" --id later --to ca --json
expect 'd["to"] == "ca"'

# Removal is at once; what was shared stays.
run 0 -C "$home/cn" peer remove us --reason "agreement ended" --json
run_error 7 E_REMOVED -C "$home/cn" alert send "$home/one" --to us
run 0 -C "$home/cn" line us --json
expect 'd["state"] == "removed" and d["reason"] == "agreement ended"'
run 0 -C "$home/cn" alert show "$first" --json
finish
