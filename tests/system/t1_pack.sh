#!/bin/bash
# The data pack that the registry was made from, where it lies beside the checkout: every row got in, nothing was promoted.
source "$(dirname "$0")/lib.sh"
pack=${DIRECTLINE_DATA_PACK:-$root/../shared/data}
[ -d "$pack" ] || { echo "the data pack is not at $pack (DIRECTLINE_DATA_PACK names another place)"; exit 77; }

out=$(/usr/bin/python3 - "$pack" "$root/registry/data" <<'END'
import csv, json, os, re, sys, unicodedata
pack, ours = sys.argv[1:]
def read(*path):
    with open(os.path.join(*path), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))
def say(what, count, wrong):
    print(json.dumps({"what": what, "count": count, "wrong": len(wrong), "first": [str(w)[:300] for w in wrong[:3]]}))
rank = ["official", "two-sources", "secondary", "opsin", "memory"]
folders = ["cn", "us", "un", "ca", "de", "gb", "eu"]
def source(j):
    if j == "eu":
        return read(pack, "un", "eu-precursors.csv")
    return read(pack, j, "listings.csv") + (read(pack, "un", "listings-former.csv") if j == "un" else [])

for j in folders:
    mine = {r["row"]: r for r in read(ours, j, "listings.csv")}
    rows = source(j)
    say(j + " listings are all there", len(rows), sorted({r["row_id"] for r in rows} ^ set(mine)))
    same = ["list", "entry", "kind", "in_force", "listed_by", "until", "instrument", "ended_by"]
    say(j + " listings say the same", len(rows),
        [(r["row_id"], c) for r in rows for c in same if r[c] != mine[r["row_id"]][c]]
        + [(r["row_id"], "source") for r in rows if (r["source"] or "general knowledge (no source read)")
           != mine[r["row_id"]]["source"]]
        + [(r["row_id"], "note") for r in rows if r["note"] not in mine[r["row_id"]]["note"]])
    def promoted(r):
        word, dates = mine[r["row_id"]]["verification"], mine[r["row_id"]]["verification_dates"] or "memory"
        if j == "us":  # the pack's word is about the dates; one source quotes the entry
            return rank.index(dates) < rank.index(r["verification"]) or word not in (r["verification"], "secondary")
        return word != r["verification"] or rank.index(dates) < rank.index(word)
    say(j + " nothing is promoted", len(rows), [r["row_id"] for r in rows if promoted(r)])

links = {(r["row"], r["substance"], r["relation"], r["certainty"]) for j in folders for r in read(ours, j, "links.csv")}
rows = read(pack, "structures", "listing_structures.csv")
say("what each row means", len(rows),
    [r for r in rows if (r["row_id"], r["inchikey"], r["relation"], r["certainty"]) not in links])
mine = {r["key"]: r for r in read(ours, "substances", "substances.csv")}
rows = read(pack, "structures", "structures.csv")
say("structures", len(rows), [r["inchikey"] for r in rows if r["inchikey"] not in mine or
    any(r[c] != mine[r["inchikey"]][c] for c in ("smiles", "inchi", "formula", "verification", "source"))])
def key(text):
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())
names = {}
for j in ["substances"] + folders:
    for r in read(ours, j, "names.csv"):
        names.setdefault(key(r["name"]), set()).add(r["substance"])
wanted = [(n, r["inchikey"]) for r in rows
          for n in [r["name"], *r["other_names"].split("|"), *r["names_zh"].split("|")] if n]
say("names of structures", len(wanted), [w for w in wanted if w[1] not in names.get(key(w[0]), ())])
numbers = {(r["kind"], r["value"], r["substance"]) for r in read(ours, "substances", "identifiers.csv")}
wanted = [(kind, v, r["inchikey"]) for r in rows for kind in ("cas", "unii") for v in r[kind].split("|") if v]
say("numbers of structures", len(wanted), [w for w in wanted if w not in numbers])
mine = {(r["kind"], r["key"], r["detail"], r["explanation"]) for r in read(ours, "substances", "conflicts.csv")}
rows = read(pack, "structures", "conflicts.csv")
say("conflicts", len(rows), [r for r in rows if (r["kind"], r["key"], r["values"], r["explanation"]) not in mine])
for j in folders[:-1]:
    mine = {r["id"]: r for f in (j, "eu") for r in read(ours, f, "instruments.csv")}
    rows = read(pack, j, "instruments.csv")
    say(j + " instruments", len(rows), [r["id"] for r in rows if r["id"] not in mine or any(
        r[c] != mine[r["id"]][c] for c in ("announced", "in_force", "verification") if c in r)])
for j in ("ca", "de", "gb"):
    mine = {r["row"]: (r["text_en"], r["text_local"]) for r in read(ours, j, "texts.csv")}
    rows = {(r["list"], r["entry"]): (r["text_en"], r["text_local"]) for r in read(pack, j, "texts.csv")}
    found = [r for r in source(j) if (r["list"], r["entry"]) in rows]
    say(j + " printed words", len(found), [r["row_id"] for r in found if mine.get(r["row_id"]) != rows[(r["list"], r["entry"])]])
for j in ("us", "un", "ca", "de", "gb"):
    words = {v for r in read(ours, j, "scope.csv") for v in r.values()}
    rows = read(pack, j, "scope.csv")
    say(j + " scope words", len(rows), [r for r in rows for c in ("words", "wording", "text_local", "text_en")
                                        if r.get(c) and r[c] not in words])
mine = {(r["in_force"], r["substances"]) for r in read(ours, "us", "instruments.csv")}
rows = read(pack, "us", "fr_actions.csv")
say("us actions", len(rows), [r["fr_cite"] for r in rows if (r["effective"], r["substances"]) not in mine])
rows = read(pack, "reach.csv")
mine = {r["jurisdiction"]: (r["data_from"], r["data_until"]) for r in read(ours, "reach.csv")}
say("reach", len(rows), [r for r in rows if mine[r["jurisdiction"]] != (r["data_from"], r["data_until"])])
END
)
code=$? err=''
that "the comparison ran" test $code -eq 0
expect 'len(all) == 42'
expect 'sum(x["count"] for x in all if x["what"].endswith("are all there")) == 3727'
while read -r line; do
    out=$line
    expect 'd["count"] > 0 and d["wrong"] == 0'
done <<<"$out"
finish
