#!/bin/bash
# The shipped registry: sound, and the README says of it what the program says.
source "$(dirname "$0")/lib.sh"
unset DIRECTLINE_REGISTRY

run 0 registry check
printf '%s\n' "$out" | sed -n '/^list /,$p' >"$home/said"
awk '/^list  /{on=1} /^```$/{on=0} on' "$root/README.md" >"$home/printed"
that "the check says something" test "$(wc -l <"$home/said")" -gt 40
that "README.md has the summary as the program prints it" diff "$home/said" "$home/printed"
run 0 registry check --json
expect 'd["errors"] == 0 and [x for x in all if "finding" in x and not keys(x, "level finding subject detail reason")] == []'
expect '[x for x in all if x.get("level") == "accepted" and not x["reason"]] == []'
expect 'sum(x["rows"] for x in all if "list" in x) == 3727'

# On any database: damaged, foreign, empty, of another version; nothing is answered then.
broken() { # the registry at $home/broken.db is refused
    run 4 registry check
    that "nothing is said of it" test -z "$out"
}
export DIRECTLINE_REGISTRY=$home/broken.db
broken
: >"$home/broken.db"
broken
head -c 200000 "$root/build/registry.db" >"$home/broken.db"
broken
printf 'this is no database, %0.s' {1..2000} >"$home/broken.db"
broken
sqlite3 "$home/broken.db.new" 'CREATE TABLE listing (id)' && mv "$home/broken.db.new" "$home/broken.db"
broken
for hole in 3 40 120 400; do # a page in the middle is garbage
    cp "$root/build/registry.db" "$home/broken.db"
    head -c 4096 /dev/urandom | dd of="$home/broken.db" bs=4096 seek="$hole" conv=notrunc status=none
    checks=$((checks + 1))
    timeout 30 "$program" registry check >"$home/out" 2>"$home/stderr"
    code=$? out=$(<"$home/out") err=$(<"$home/stderr")
    [ $code -eq 4 ] || [ $code -eq 1 ] || fail "a registry with a hole at page $hole: exit 4 or 1"
done

# Contradictions are found and named, each by its own name.
contradiction() { # SQL FINDING…
    cp "$root/build/registry.db" "$home/broken.db"
    sqlite3 "$home/broken.db" "$1" || fail "the sample for $2 could not be made"
    run 1 registry check --json
    local finding
    for finding in "${@:2}"; do
        expect "any(x.get('finding') == '$finding' and x['level'] == 'error' for x in all)"
    done
}
row="id = (SELECT id FROM listing WHERE key = 'CN-NONMED/178')"
contradiction "UPDATE listing SET until = '2025-01-01' WHERE $row" interval-inverted
contradiction "UPDATE listing SET in_force = '2025-02-30', listed_by = '2025-02-30' WHERE $row" day
contradiction "UPDATE listing SET verification = 'certain' WHERE $row" verification
contradiction "INSERT OR IGNORE INTO text (value) VALUES ('');
    UPDATE listing SET source = (SELECT id FROM text WHERE value = '') WHERE $row" source-missing
contradiction "UPDATE identifier SET value = '95958-84-3' WHERE value = '95958-84-2'" cas-check-digit
contradiction "UPDATE substance SET key = 'SJHUJFHOXYDSJY-UHFFFAOYXA-N' WHERE key = 'SJHUJFHOXYDSJY-UHFFFAOYSA-N'" inchikey
contradiction "UPDATE name SET key = 'x' WHERE name = 'Protonitazene'" name-key
contradiction "UPDATE listing SET instrument = 99999 WHERE $row" reference
contradiction "DELETE FROM link WHERE listing = (SELECT id FROM listing WHERE $row)" subject-unlinked
contradiction "UPDATE list SET until = NULL WHERE code = 'CN-SUPP'" list-without-end
contradiction "UPDATE listing SET until = NULL WHERE list = (SELECT id FROM list WHERE code = 'CN-SUPP')" open-on-ended-list
contradiction "UPDATE listing SET key = 'CN-NONMED/177' WHERE $row" key-twice
contradiction "INSERT INTO name (substance, n, lang, kind, name, key, source, verification, recorded_from)
    SELECT id, 99, 'en', 'synonym', 'Protonitazene', 'protonitazene', 1, 'memory', 1 FROM substance WHERE name = 'Codeine'" name-ambiguous
contradiction "UPDATE link SET substance = (SELECT subject FROM listing WHERE $row) WHERE relation = 'is' AND listing =
    (SELECT id FROM listing WHERE key = 'CN-NONMED/177')" substance-twice
finish
