#!/bin/bash
# Help, exit codes, errors as JSON, init, what works without a node, the journals' vectors (contracts 2, 3, 5).
source "$(dirname "$0")/lib.sh"
verbs="init|node|peer offer|peer add|peer list|peer show|peer remove|line|line suspend|line resume|line release|line renew
line test|line evidence|journal check|backup|restore|doctor|alert send|alert list|alert show|alert watch|alert ack
alert update|alert retract|message send|message list|message show|log export|log verify|log vectors"

run 0 --help
all_help=$out
while IFS= read -r verb; do
    # shellcheck disable=SC2086
    run 0 $verb --help
    that "help of '$verb' has an example" grep -q "directline.* ${verb%% *}" <<<"$out"
    that "the overview names '$verb'" grep -q "$verb" <<<"$all_help"
done < <(tr '|' '\n' <<<"$verbs")

# Usage errors are exit 2, each with one line of JSON.
run_error 2 E_USAGE nonsense
run_error 2 E_USAGE alert nonsense
run_error 2 E_USAGE line --no-such-option
run_error 2 E_USAGE log verify
# What stands at the wrong place is not taken for something else.
run_error 2 E_USAGE status -C "$home" fentanyl
expect '"before the verb" in e["hint"]'
run_error 2 E_USAGE status -x
run 1 status -- -x
run 0 alert --help
that "the first word of verbs and --help name them" grep -q "alert send" <<<"$out"
run_error 2 E_USAGE alert
run 2 nonsense --help
run_error 2 E_CONFIG init "$home/all" --agency all --jurisdiction CN --name X
run_error 2 E_INPUT -C "$home/nowhere" line
run_error 2 E_INPUT -C "$home/nowhere" node

run 0 init "$home/cn" --agency cn --jurisdiction CN --name "国家毒品实验室" --json
expect 'd is not None'
run_error 2 E_DIR_NOT_EMPTY init "$home/cn" --agency cn --jurisdiction CN --name X
run 2 init "$home/x1" --agency "Bad Id" --jurisdiction CN --name X --json
expect 'e["class"] == "INPUT"'
run 2 init "$home/x2" --agency ab --jurisdiction China --name X
that "a refused init leaves nothing" test ! -e "$home/x1/line.db" -a ! -e "$home/x2/line.db"
for f in directline.conf line.db registry.db head/head.db keys; do that "init makes $f" test -e "$home/cn/$f"; done
that "keys/ is 0700" test "$(stat -c %a "$home/cn/keys")" = 700
for f in "$home/cn/keys/"*; do that "$f is 0600" test "$(stat -c %a "$f")" = 600; done
port=$(port_of cn)
that "a port was chosen" test "${port:-0}" -gt 0

# Offer and fingerprint.
run 0 -C "$home/cn" peer offer --json
expect 'keys(d, "offer fingerprint") and __import__("hashlib").sha256(d["offer"].encode()).hexdigest() == d["fingerprint"]'

# Without a node: exit 3 for these, everything else works.
timeout 10 "$program" -C "$home/cn" peer offer >"$home/o" 2>/dev/null
make_agency us US "Special Testing Laboratory"
run 0 -C "$home/cn" peer add "$home/us.offer" --fingerprint "$(<"$home/us.fingerprint")"
while IFS= read -r words; do
    # shellcheck disable=SC2086
    run_error 3 E_NODE_DOWN -C "$home/cn" $words
    expect 'e["class"] == "IO" and "directline" in e["hint"]'
done <<END
alert send $alert
alert watch
alert ack us/x --by me
alert update x $alert --reason y
alert retract x --reason y
message send --text hello
line suspend us --reason x
line resume us --reason x
line release us --reason x
line renew us --reason x
line test us
peer remove us --reason x
journal check --repair
registry undo 1 --by me
END
for words in "line" "peer list" "alert list" "message list" "journal check"; do
    # shellcheck disable=SC2086
    run 0 -C "$home/cn" $words --json
done
run 1 -C "$home/cn" doctor --json
expect 'any("no node" in x["what"] and x["todo"] for x in all)'
run 0 -C "$home/cn" line us --json
expect 'keys(d, "peer state by reason since link journal generation owed tail ours theirs address last_receipt tests certificate_until error")'
expect 'd["state"] == "active" and d["link"] == "never" and d["journal"] == "unconfirmed" and d["owed"] == 0 and d["tail"] == 0'
expect 'd["ours"] == {"size": 0, "receipted": 0} and d["theirs"] == {"size": 0} and d["tests"] == [] and d["last_receipt"] is None'
run_error 1 E_NO_RECEIPT -C "$home/cn" log export us ours "$home/none"
run_error 2 E_PEER_UNKNOWN -C "$home/cn" line xx
run_error 2 E_PEER_UNKNOWN -C "$home/cn" peer show xx
run 1 -C "$home/cn" alert show nothing-of-this-name --json
expect 'said.strip() == ""'
that "that there is no such id is the answer" test "$out" = null
run 1 -C "$home/cn" alert show nothing-of-this-name
that "and said in words" grep -q 'there is no entry' <<<"$err"
run 0 log vectors "$root/tests/vectors/tlog"
run 0 --lang zh line --help
run 0 -C "$home/cn" --lang zh line
that "a Chinese answer is Chinese" grep -qP '[^\x00-\x7f]' <<<"$out"

# DIRECTLINE_HOME in the place of -C.
out=$(DIRECTLINE_HOME=$home/cn timeout 10 "$program" line us --json)
expect 'd["peer"] == "us"'

# The node: its ready event, a second one refused, SIGTERM within 2 s and exit 0.
start cn
ready=$(grep node.ready "$home/cn.log")
out=$ready
expect 'd["event"] == "node.ready" and d["agency"] == "cn" and is_time(d["time"]) and d["control"].endswith("control.sock")'
expect "d['pid'] == ${node_pid[cn]} and d['listen'] == ['127.0.0.1:$port']"
run 4 -C "$home/cn" node --json
expect 'e["code"] == "E_STORE_LOCKED"'
before=$(date +%s%N)
stop cn
ms=$((($(date +%s%N) - before) / 1000000))
that "SIGTERM is exit 0, was $code" test "$code" -eq 0
that "SIGTERM takes under 2 s, took $ms ms" test $ms -lt 2000
that "the control socket is gone" test ! -e "$home/cn/control.sock"

# Looser modes are refused, by name.
chmod 0644 "$home/cn/keys/tls.key"
run_error 5 E_KEY_MODE -C "$home/cn" node
that "the refusal names the file" grep -q tls.key <<<"$err"
chmod 0600 "$home/cn/keys/tls.key"
finish
