#!/bin/bash
# Faults and recovery: kill -9 in a batch, backup and restore, restored stores, damaged entries, exports
# (contracts 3 and 5).
source "$(dirname "$0")/lib.sh"
two_nodes
incoming() { timeout 9 "$program" -C "$home/us" alert list --in --json | grep -c '"id"'; }
holds() { [ "$(incoming)" -eq "$1" ]; }

# kill -9 of either node during a batch: every answered alert is there, once.
killed_in_a_batch() { # which node, first id
    contents 3000 "$2" | timeout 20 "$program" -C "$home/cn" alert send --batch - --json >"$home/answers.$1" 2>/dev/null &
    local sender=$!
    wait_until 10 test -s "$home/answers.$1"
    stop "$1" KILL
    start "$1"
    wait "$sender"
    contents 3000 "$2" | timeout 20 "$program" -C "$home/cn" alert send --batch - --json >"$home/again.$1" 2>"$home/stderr"
    that "the batch again, after kill -9 of $1, is accepted" test "$(grep -c '"id"' "$home/again.$1")" -eq 3000
    out=$(/usr/bin/python3 - "$home/answers.$1" "$home/again.$1" <<'END'
import json, sys
def read(path):
    found = {}
    for line in open(path):
        try: x = json.loads(line)
        except ValueError: continue
        if "id" in x: found[x["id"]] = x
    return found
a, b = read(sys.argv[1]), read(sys.argv[2])
moved = [i for i in a if a[i]["entry"] is not None and a[i]["entry"] != b[i]["entry"]]
print(json.dumps({"answered": len(a), "lost": len(set(a) - set(b)), "moved": len(moved)}))
END
    )
    expect 'd["answered"] > 0 and d["lost"] == 0 and d["moved"] == 0'
}
killed_in_a_batch us 0
killed_in_a_batch cn 3000
that "after both, us holds each alert once" wait_until 20 holds 6000
out=$(timeout 9 "$program" -C "$home/us" alert list --in --json)
expect 'len({x["id"] for x in all}) == 6000 and sorted(x["entry"] for x in all) == list(range(6000))'

# Export, verify, tamper.
run 0 -C "$home/cn" log export us ours "$home/bundle" --from 0 --to 20 --json
for f in policy checkpoint entries.u32 entry-0.leaf entry-0.tlog-proof content/0.json content/0.salt tiles/checkpoint; do
    that "the export holds $f" test -s "$home/bundle/$f"
done
run 0 log verify "$home/bundle" --json
expect 'keys(d, "verified origin size root receipt entries contents keys problems") and d["verified"] is True and d["keys"] == "from-export" and d["problems"] == []'
run 0 log verify "$home/bundle" --policy "$home/bundle/policy" --json
expect 'd["keys"] != "from-export"'
tampered() { # FILE OFFSET
    cp -r "$home/bundle" "$home/bad"
    printf '\377' | dd of="$home/bad/$1" bs=1 seek="$2" conv=notrunc status=none
    run 1 log verify "$home/bad" --json
    expect 'd["verified"] is False and len(d["problems"]) > 0'
    rm -rf "$home/bad"
}
tampered content/3.json 12
tampered entries.u32 40
tampered entry-5.leaf 9
tampered content/2.salt 3
tampered checkpoint 60
run 0 -C "$home/us" log export cn theirs "$home/theirs" --no-content --json
run 0 log verify "$home/theirs" --json
run 2 log verify "$home/nothing" --json

# A bit flipped in a stored entry of us's copy: found by check and export, repaired from cn.
stop us
/usr/bin/python3 - "$home/us/line.db" <<'END'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
cursor, blob = c.execute("SELECT cursor, contents FROM run WHERE length(contents) > 200 LIMIT 1").fetchone()
blob = bytearray(blob); blob[100] ^= 4
c.execute("UPDATE run SET contents=? WHERE cursor=?", (bytes(blob), cursor)); c.commit()
END
run 1 -C "$home/us" journal check --json
expect 'd["faults"] == 1 and d["mended"] == 0 and all[0]["what"] == "entry" and all[0]["journal"] == "theirs"'
run 4 -C "$home/us" log export cn theirs "$home/damaged" --json
expect '"journal check --repair" in e["hint"]'
start us
link_up us cn
run 0 -C "$home/us" journal check --repair --json
expect 'd["faults"] == 1 and d["mended"] == 1'
run 0 -C "$home/us" journal check --json
expect 'd["faults"] == 0'

# A backup of the running node, and later entries; restored, the journal is rewound and heals from the peer.
run 0 -C "$home/cn" backup "$home/cn.backup" --json
that "a backup leaves head/ out" test -s "$home/cn.backup"
run 0 -C "$home/cn" alert send "$alert" --id after-backup --wait --json
stop cn
cp -r "$home/cn/head" "$home/head"
mv "$home/cn" "$home/cn.old"
run 0 restore "$home/cn.backup" "$home/cn" --json
run 2 restore "$home/cn.backup" "$home/cn" --json
start cn
that "the restored node takes its entries back" wait_until 20 line_is cn us '"journal":"confirmed"'
run 0 -C "$home/cn" alert show after-backup --json
run 0 -C "$home/cn" alert send "$alert" --id after-restore --wait --json
expect 'd["entry"] == 6001 and d["state"] == "received"'

# line.db of yesterday beside the head.db of today: rewound, an alert waits, and it heals when the peer connects.
stop cn
cp "$home/cn/line.db" "$home/yesterday.db"
start cn
link_up cn us
run 0 -C "$home/cn" alert send "$alert" --id lost-one --wait --json
stop cn
stop us
cp "$home/yesterday.db" "$home/cn/line.db"
rm -f "$home/cn/line.db-wal" "$home/cn/line.db-shm"
start cn
run 0 -C "$home/cn" line us --json
expect 'd["journal"] in ("rewound", "unconfirmed")'
run 0 -C "$home/cn" alert send "$alert" --id while-rewound --json
expect 'd["state"] == "queued" and d["entry"] is None'
start us
that "it heals" wait_until 20 line_is cn us '"journal":"confirmed"'
run 0 -C "$home/cn" alert show lost-one --json
run 0 -C "$home/cn" alert send "$alert" --id while-rewound --wait --json
expect 'd["entry"] == 6003'

# Both agencies restored to yesterday: lost, nothing is signed, renewed by a person, and the line goes on.
stop cn
stop us
for a in cn us; do cp "$home/$a/line.db" "$home/$a.yesterday"; done
start cn
start us
link_up cn us
run 0 -C "$home/cn" alert send "$alert" --id gone --wait --json
stop cn
stop us
for a in cn us; do cp "$home/$a.yesterday" "$home/$a/line.db"; rm -f "$home/$a/line.db-wal" "$home/$a/line.db-shm"; done
start cn
start us
that "cn knows that it lost entries" wait_until 20 line_is cn us '"journal":"lost"'
run 7 -C "$home/cn" alert send "$alert" --id refused --json
run 0 -C "$home/cn" line renew us --reason "both restored" --json
that "the next generation is confirmed" wait_until 20 line_is cn us '"journal":"confirmed"'
run 0 -C "$home/cn" alert send "$alert" --id renewed --wait --json
expect 'd["state"] == "received"'
run 0 -C "$home/cn" line us --json
expect 'd["generation"] == 2'
run 0 -C "$home/us" alert show cn/after-restore --json
finish
