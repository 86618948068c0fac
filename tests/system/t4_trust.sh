#!/bin/bash
# Sides that went back in time, keys that were lost, a peer that signed two histories (design section 4, "When a side
# went back in time" and "Freezing").
source "$(dirname "$0")/lib.sh"
two_nodes
stores() { # copies of an agency's databases: ID to or from FOLDER, the node being stopped
    mkdir -p "$2"
    rm -f "$2"/line.db* "$2"/head.db*
    cp "$home/$1"/line.db* "$home/$1"/head/head.db* "$2/"
}
put_back() { # FOLDER ID
    rm -f "$home/$2"/line.db* "$home/$2"/head/head.db*
    cp "$1"/line.db* "$home/$2/"
    cp "$1"/head.db* "$home/$2/head/"
}
export_and_verify() { # ID PEER SIDE NAME options…
    run 0 -C "$home/$1" log export "$2" "$3" "$home/$4" "${@:5}" --json
    run 0 log verify "$home/$4" --json
    expect 'd["verified"] is True and d["problems"] == []'
}
run 0 -C "$home/cn" alert send "$alert" --id one --wait --json
run 0 -C "$home/us" alert send "$alert_us" --id theirs-one --wait --json

# Both databases of cn restored, so that nothing on its disk says that it ever signed more; an alert is submitted before the
# peer connects. The peer's HELLO says what left cn: nothing is signed anew, the entry comes back, the alert goes after it.
stop cn
stores cn "$home/yesterday"
start cn
link_up cn us
run 0 -C "$home/cn" alert send "$alert" --id two --wait --json
expect 'd["entry"] == 1'
stop us
stop cn
put_back "$home/yesterday" cn
start cn
run 0 -C "$home/cn" alert send "$alert" --id early --json
expect 'd["state"] == "queued" and d["entry"] is None'
run 0 -C "$home/cn" line us --json
expect 'd["journal"] == "unconfirmed" and d["ours"]["size"] == 1 and d["tail"] == 1'
start us
that "it heals by itself" wait_until 20 line_is cn us '"journal":"confirmed"'
run 0 -C "$home/cn" alert send "$alert" --id early --wait --json
expect 'd["entry"] == 2 and d["state"] == "received"'
run 0 -C "$home/cn" alert show two --json
run 0 -C "$home/us" line cn --json
expect 'd["state"] == "active" and d["theirs"]["size"] == 3'
export_and_verify us cn theirs healed --no-content

# cn loses its keys and everything else, and begins anew with new keys: us adds the new offer, and is told what is new.
cp -r "$home/us/keys" "$home/us.keys"
export_and_verify us cn ours before
stop cn
mv "$home/cn" "$home/cn.lost"
make_agency cn CN "National Narcotics Laboratory"
timeout 9 "$program" -C "$home/cn" peer add "$home/us.offer" --fingerprint "$(<"$home/us.fingerprint")" >/dev/null
start cn
refused_key() { grep session.refused "$home/us.log" | grep -q 'E_CERT_CA\|E_CERT_KEY'; }
that "new keys are not taken without a new pairing" wait_until 10 refused_key
run 0 -C "$home/us" peer add "$home/cn.offer" --fingerprint "$(<"$home/cn.fingerprint")" --json
expect 'd["again"] is True and d["changed"] == ["journal", "receipt", "tls", "ca"]'
run 0 -C "$home/us" peer add "$home/cn.offer" --fingerprint "$(<"$home/cn.fingerprint")" --json
expect 'd["again"] is True and d["changed"] == []'
that "cn hears that us holds more of its journal than it does" wait_until 20 line_is cn us '"journal":"lost"'
run 7 -C "$home/cn" alert send "$alert" --id refused --json
run 0 -C "$home/cn" line renew us --reason "keys lost" --json
that "the next generation is confirmed" wait_until 20 line_is cn us '"journal":"confirmed"'
run 0 -C "$home/cn" alert send "$alert" --id anew --wait --json
expect 'd["state"] == "received"'
run 0 -C "$home/us" alert send "$alert_us" --id theirs-two --wait --json
expect 'd["state"] == "received"'
run 0 -C "$home/cn" alert show us/theirs-one --json
run 0 -C "$home/us" alert show cn/early --json
run 0 -C "$home/us" line cn --json
expect 'd["state"] == "active" and d["link"] == "up"'
new=$(get 'd["generation"]')
# What was signed with the lost keys verifies as before, and so does what the new ones sign.
run 0 log verify "$home/before" --json
export_and_verify us cn theirs old-copy --generation 1
expect 'd["origin"] == "directline/cn/us" and d["size"] == 3'
export_and_verify us cn theirs new-copy
expect 'd["origin"].startswith("directline/cn/us/") and d["size"] == 2'
export_and_verify us cn ours after
run 0 -C "$home/us" journal check --json
expect 'd["faults"] == 0'
that "us says its own generation is as it was" test "$new" = 1

# us signs two histories: one to cn, and one to a cn of yesterday. When cn sees both, the line freezes; both notes are kept,
# and anybody can check that us's journal key signed them.
stop cn
stop us
stores cn "$home/cn.then"
stores us "$home/us.then"
start cn
start us
link_up cn us
run 0 -C "$home/us" alert send "$alert_us" --id told-cn --wait --json
stop cn
stop us
stores cn "$home/cn.now"
put_back "$home/cn.then" cn
put_back "$home/us.then" us
start cn
start us
link_up cn us
run 0 -C "$home/us" alert send "$alert_us" --id told-otherwise --wait --json
stop cn
stop us
put_back "$home/cn.now" cn
start cn
start us
that "cn freezes the line" wait_until 20 line_is cn us '"state":"frozen"'
run 7 -C "$home/cn" alert send "$alert" --id frozen --json
# what one line does not take, another one does
make_agency ke KE "A third agency"
run 0 -C "$home/cn" peer add "$home/ke.offer" --fingerprint "$(<"$home/ke.fingerprint")" --json
run 7 -C "$home/cn" alert send "$alert" --id to-all --to all --json
expect 'len(all) == 1 and d["to"] == "ke" and d["state"] == "queued"'
expect 'e["code"] == "E_FROZEN"'
run 0 -C "$home/cn" peer remove ke --reason "the rehearsal is over" --json
run 7 -C "$home/cn" line release us --reason "we trust them" --json
run 0 -C "$home/cn" line evidence us "$home/evidence" --json
expect 'd["evidence"] == 1'
out=$(/usr/bin/python3 - "$home/evidence" "$home" <<'END'
import base64, json, sys
evidence, home = sys.argv[1:]
log = [l for l in open(evidence + "/policy") if l.startswith("log ")][0].split()[1]
name, key_id, key = log.split("+", 2)
key = base64.b64decode(key)
assert key[0] == 1 and len(key) == 33
open(home + "/journal.der", "wb").write(bytes.fromhex("302a300506032b6570032100") + key[1:])
heads = []
for n in "ab":
    text, lines = open(f"{evidence}/0-{n}.note", "rb").read().split(b"\n\n", 1)
    line = [l for l in lines.split(b"\n") if l.startswith("\u2014 ".encode() + name.encode() + b" ")][0]
    open(f"{home}/{n}.text", "wb").write(text + b"\n")
    open(f"{home}/{n}.sig", "wb").write(base64.b64decode(line.split()[-1])[4:])
    heads.append(text.split(b"\n"))
a, b = heads
print(json.dumps({"origin": a[0] == b[0] == name.encode(), "size": a[1] == b[1], "root": a[2] != b[2]}))
END
)
expect 'd["origin"] and d["size"] and d["root"]'
for n in a b; do
    that "note $n is signed by the key in policy" openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$home/journal.der" \
        -sigfile "$home/$n.sig" -in "$home/$n.text" -out "$home/verified"
    cp "$home/$n.text" "$home/$n.bad"
    printf x >>"$home/$n.bad"
    that "and nothing else is" eval "! openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey '$home/journal.der' \
        -sigfile '$home/$n.sig' -in '$home/$n.bad' -out '$home/verified'"
done
run 1 -C "$home/us" line evidence cn "$home/none" --json

# Only a new pairing lets the line be released; the evidence verifies with the key of then.
mv "$home/us" "$home/us.lost"
stop us
make_agency us US "Special Testing Laboratory"
timeout 9 "$program" -C "$home/us" peer add "$home/cn.offer" --fingerprint "$(<"$home/cn.fingerprint")" >/dev/null
run 0 -C "$home/cn" peer add "$home/us.offer" --fingerprint "$(<"$home/us.fingerprint")" --json
run 0 -C "$home/cn" line us --json
expect 'd["state"] == "frozen"'
run 0 -C "$home/cn" line release us --reason "new keys, cleared up by telephone" --json
start us
that "the line is up again" link_up cn us
run 0 -C "$home/cn" alert send "$alert" --id after-release --wait --json
expect 'd["state"] == "received"'
run 0 -C "$home/cn" line evidence us "$home/evidence.again" --json
that "the evidence names the key that signed it" cmp "$home/evidence/policy" "$home/evidence.again/policy"
finish
