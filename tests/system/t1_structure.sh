#!/bin/bash
# Structures as a script asks for them: identity, salts, class rules and their days, pictures,
# refusals, and what is said where the structure worker is missing.
set -uo pipefail
cd "$(dirname "$0")/../.."
directline=$PWD/build/directline
export DIRECTLINE_REGISTRY=$PWD/build/registry.db LC_ALL=C
[ -x build/directline-structure ] || { echo "skipped: directline-structure is not built"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
expect() { # NAME EXPECTED GOT
    [ "$2" = "$3" ] || { echo "not ok $1: expected '$2', got '$3'"; failed=1; }
}
code() { "$directline" "$@" >"$dir/out" 2>"$dir/err"; echo $?; }
# The first row of an answer: standing, how, list.
row() {
    "$directline" status "$@" --json 2>"$dir/err" | python3 -c '
import json, sys
a = json.loads(sys.stdin.readline())
r = a["answers"][0] if a["understood"] else {}
print(r.get("status"), r.get("match", {}).get("how"), r.get("list"))'
}
fentanyl='CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1'
novel='C1CC1C(=O)N(c1ccccc1)C1CCN(CCc2ccsc2)CC1'

expect "by its structure" "controlled structure US-CSA-II" "$(row "$fentanyl" --jurisdiction US)"
expect "by another spelling" "controlled structure US-CSA-II" \
    "$(row 'c1ccc(cc1)CCN1CCC(CC1)N(C(CC)=O)c1ccccc1' --jurisdiction US)"
expect "by the parent of a salt" "controlled parent-of-salt US-CSA-II" \
    "$(row 'CCC(=O)N(c1ccccc1)C1CC[NH+](CCc2ccccc2)CC1.[Cl-]' --jurisdiction US)"
expect "by a class rule" "controlled class-rule CN-NONMED" "$(row "$novel" --jurisdiction CN --on 2026-01-01)"
expect "by the list of that day" "controlled class-rule CN-SUPP" \
    "$(row "$novel" --jurisdiction CN --on 2019-05-01)"
expect "not before the rule's first day" "not-listed none None" \
    "$(row "$novel" --jurisdiction CN --on 2019-04-30)"
expect "ethanol is in no class" "not-listed none None" "$(row "C(C)O" --jurisdiction CN --on 2026-01-01)"
expect "the clause is told" 1 "$("$directline" status "$novel" --jurisdiction CN | tr -s ' \n' ' ' |
    grep -c 'condition 1: replacement of the N-propionyl group by another acyl group')"
expect "and in Chinese" 1 "$("$directline" status "$novel" --jurisdiction CN --lang zh |
    grep -c '条件1：使用其他酰基替代丙酰基')"
expect "evidence that no structure shows" 11 \
    "$(code status 'CCCCCn1cc(Cc2cccc3ccccc23)c2ccccc12' --jurisdiction US --exit-code)"

expect "likeness is a section of its own" 1 "$("$directline" status "$novel" --jurisdiction CN --on 2019-04-30 |
    sed -n '/^Similar listed substances/,$p' | grep -c '0.77  Cyclopropylfentanyl')"
expect "and a list of its own" "OIQSKDSKROTEMN-UHFFFAOYSA-N True 0" "$("$directline" status "$novel" ethanol --json |
    python3 -c '
import json, sys
a, b = map(json.loads, sys.stdin)
print(a["similar"][0]["id"], 0.76 < a["similar"][0]["similarity"] < 0.78, len(b["similar"]))')"

expect "another mobile-hydrogen form" "controlled tautomer US-CSA-IV" \
    "$(row 'CCC1(c2ccccc2)C(=O)N=C(O)NC1=O' --jurisdiction US)"
expect "the listed form itself" "controlled structure US-CSA-IV" \
    "$(row 'CCC1(c2ccccc2)C(=O)NC(=O)NC1=O' --jurisdiction US)"
expect "an isotopically labelled form" "needs-review isotopologue US-CSA-II" \
    "$(row 'CCC(=O)N(c1ccccc1)C1CCN(CCc2c([2H])c([2H])c([2H])c([2H])c2[2H])CC1' --jurisdiction US)"
# FR Doc. 2023-27292: positional isomers before they had listings of their own.
for case in 'CCCCn1nc(C(=O)NC(C(N)=O)C(C)(C)C)c2ccccc12' 'CC(C)CCC(N1CCCC1)C(=O)c1ccccc1' 'CNC(C)C(=O)c1cccc(C)c1'; do
    expect "a positional isomer: $case" "controlled isomer US-CSA-I" "$(row "$case" --jurisdiction US --on 2023-12-01)"
done
expect "letters alone are a structure where no name matches" "not-listed none None" "$(row CCO --jurisdiction CN)"
expect "and it is said how they were understood" 1 \
    "$("$directline" status CCO --jurisdiction CN | tr -s ' \n' ' ' | grep -c 'read as a structure (SMILES) of C2H6O')"
expect "a name before letters" 0 "$("$directline" status PCP --jurisdiction CN | grep -c 'read as a structure')"
expect "an InChI is looked up" "controlled structure US-CSA-II" "$(row \
    'InChI=1S/C22H28N2O/c1-2-22(25)24(20-11-7-4-8-12-20)21-14-17-23(18-15-21)16-13-19-9-5-3-6-10-19/h3-12,21H,2,13-18H2,1H3' \
    --jurisdiction US)"
expect "one that no structure has" 1 "$("$directline" status 'InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3' --json | grep -c '"reason":"unknown"')"
expect "one that is none" 1 "$("$directline" status 'InChI=1S/C2H6O//' --json | grep -c '"reason":"malformed"')"

expect "by name as by structure: a class rule" "controlled class-rule GB-MDA-A" \
    "$(row butyrylfentanyl --jurisdiction GB --on 2026-01-01)"
expect "by InChIKey too" "controlled class-rule GB-MDA-A" \
    "$(row QQOMYEQLWQJRKK-UHFFFAOYSA-N --jurisdiction GB --on 2026-01-01)"
expect "before its first day" "not-listed none None" "$(row ADB-BUTINACA --jurisdiction CN --on 2021-06-30)"
expect "by name as by structure: a positional isomer" "controlled isomer US-CSA-I" \
    "$(row ADB-BUTINACA --jurisdiction US --on 2023-12-01)"
expect "the words in Chinese" 1 "$("$directline" status butyrylfentanyl --jurisdiction GB --lang zh | grep -c '条款.*芬太尼')"
expect "all listed structures, by key and by structure" "" "$(python3 - "$directline" <<'PY'
import json, os, sqlite3, subprocess, sys
db = sqlite3.connect(os.environ["DIRECTLINE_REGISTRY"])
pairs = db.execute("SELECT s.key, t.smiles FROM structure t JOIN substance s ON s.id = t.substance"
                   " WHERE length(t.smiles) > 2 ORDER BY s.key").fetchall()
def ask(texts):
    said = subprocess.run([sys.argv[1], "status", "-", "--json", "--on", "2026-10-15"],
                          input="\n".join(texts), capture_output=True, text=True).stdout
    return [{(r["jurisdiction"], r["status"], r["list"], r["entry"]) for r in json.loads(line)["answers"]}
            for line in said.splitlines()]
keys, structures = ask([p[0] for p in pairs]), ask([p[1] for p in pairs])
assert len(keys) == len(structures) == len(pairs) > 900
print(*[p[0] for p, a, b in zip(pairs, keys, structures) if a != b])
PY
)"
dextromethorphan='CN1CC[C@@]23CCCC[C@@H]2[C@@H]1Cc1ccc(OC)cc13'
for country in GB UN CA; do
    expect "the ether of what is excepted by name: $country" "not-listed none None" \
        "$(row "$dextromethorphan" --jurisdiction $country)"
done
expect "the ether of what is listed" "controlled ester-ether GB-MDA-A" \
    "$(row 'CN1CC[C@]23CCCC[C@H]2[C@H]1Cc1ccc(OCC)cc13' --jurisdiction GB)"

expect "the salt with a bond to its metal" "controlled parent-of-salt US-CSA-I" "$(row 'OCCCC(=O)O[Na]' --jurisdiction US)"
expect "an amino acid's salt" "controlled parent-of-salt GB-MDA-B" \
    "$(row 'CC(N)Cc1ccccc1.NC(CC(O)=O)C(O)=O' --jurisdiction GB)"
expect "cocaine hydrochloride, by name and by structure" \
    "controlled parent-of-salt US-CSA-II controlled parent-of-salt US-CSA-II" \
    "$(row 'cocaine hydrochloride' --jurisdiction US) $(row \
        'Cl.CN1[C@H]2CC[C@@H]1[C@H]([C@H](C2)OC(=O)c1ccccc1)C(=O)OC' --jurisdiction US)"
expect "a diastereomer where the words name geometric isomers" "controlled stereoisomer US-CSA-I" \
    "$(row 'CCN(CC)C(=O)[C@@H]1CN(C)[C@@H]2Cc3c[nH]c4cccc(C2=C1)c34' --jurisdiction US)"
expect "the conventions know no positional isomers" "not-listed none None" \
    "$(row 'COC(=O)C(c1ccccc1)C1CCCN1C' --jurisdiction UN)"
mixture="$fentanyl.Cn1c(=O)c2c(ncn2C)n(C)c1=O"
expect "a mixture is not \"not listed\"" 1 "$("$directline" status "$mixture" --json | grep -c '"reason":"malformed"')"
expect "and it is said what to ask" 1 "$("$directline" status "$mixture" | tr -s ' \n' ' ' |
    grep -c 'a mixture of 2 substances, to be asked about one by one: CCC(=O)N')"

expect "no structure is not understood" 1 "$(code status 'C(C')"
expect "hostile text" 1 "$(code status "$(printf 'C%.0s' $(seq 400))")"
expect "the next question is answered" "controlled structure US-CSA-II" "$(row "$fentanyl" --jurisdiction US)"
expect "a picture" 0 "$(code status "$novel" --jurisdiction CN --draw "$dir/novel.svg")"
expect "it is one" 1 "$(grep -c '</svg>' "$dir/novel.svg")"
expect "the scaffold is marked" yes "$(grep -qi 'fill:#bcd8f7' "$dir/novel.svg" && echo yes)"
expect "and what decides" yes "$(grep -qi 'fill:#ffb366' "$dir/novel.svg" && echo yes)"
expect "the legend has the clauses" 2 "$(grep -cE '>(acyl group: condition 1|piperidine nitrogen: condition 4)' "$dir/novel.svg")"
expect "what is open has another colour" 0 "$(code status 'CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1C#N' \
    --jurisdiction CN --lang zh --draw "$dir/open.svg")"
expect "with its reason" 1 "$(grep -c '条件3以“等”结尾' "$dir/open.svg")"
expect "yellow" yes "$(grep -qi 'fill:#fae666' "$dir/open.svg" && echo yes)"
expect "a listed name is drawn too" 0 "$(code status acetylfentanyl --jurisdiction CN --draw "$dir/listed.svg")"
expect "no rule of another country" 1 "$(code status '2C-B' --jurisdiction CN --draw "$dir/cn.svg" >/dev/null
    grep -c 'No class rule' "$dir/cn.svg")"
expect "a picture is not written over" 2 "$(code status "$novel" --draw "$dir/novel.svg")"

# Many questions of one call: answers as one by one, of one worker.
printf '%s\n' '#!/bin/bash' "echo started >>'$dir/starts'" "exec '$PWD/build/directline-structure'" >"$dir/worker"
chmod +x "$dir/worker"
questions=("$fentanyl" "$novel" 'C(C' CCO fentanyl fentanilco 'CN[C@@H](C)Cc1ccccc1' 'Oc1ccccn1' 'CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1.Cl')
for question in "${questions[@]}"; do "$directline" status "$question" --json; done >"$dir/singly"
without_nearest() { sed -E 's/"nearest":\[[^]]*\]//'; } # a list's unknown names are compared with fewer
DIRECTLINE_STRUCTURE=$dir/worker "$directline" status "${questions[@]}" --json >"$dir/together"
expect "several questions are answered as one by one" same "$(cmp "$dir/singly" "$dir/together" && echo same)"
expect "one worker is started for them" 1 "$(grep -c . "$dir/starts")"
rm "$dir/starts"
printf '%s\n' "${questions[@]}" | DIRECTLINE_STRUCTURE=$dir/worker "$directline" status - --json >"$dir/lines"
expect "so are lines" same "$(cmp <(without_nearest <"$dir/singly") <(without_nearest <"$dir/lines") && echo same)"
expect "and one for the lines" 1 "$(grep -c . "$dir/starts")"

printf 'smiles\n%s\nC(C\n%s\n' "$fentanyl" "$novel" >"$dir/stock.csv"
expect "a screening with a broken structure" 1 "$(code screen "$dir/stock.csv" --jurisdiction CN --on 2026-01-01)"
expect "every item has its line" "controlled not-understood controlled" \
    "$(cut -f4 "$dir/out" | tr '\n' ' ' | sed 's/ $//')"

expect "the rules agree with their tests" 0 "$(code registry rules check)"
expect "every rule is checked" "$(ls registry/data/rules/*.json | grep -vc classes.json)" \
    "$(grep -c 'substances, 0 wrong' "$dir/out")"

# A copy of the rules with one thing broken: exit status, and what is said of it.
broken() { # FILE PYTHON: j is what the file holds
    rm -rf "$dir/rules" && cp -r registry/data/rules "$dir/rules"
    /usr/bin/python3 -c '
import json, sys
path, edit = sys.argv[1:]
with open(path) as f: j = json.load(f)
exec(edit)
with open(path, "w") as f: json.dump(j, f)' "$dir/rules/$1" "$2"
    code registry rules check --rules "$dir/rules"
}
told() { grep -cF "$1" "$dir/err"; }
expect "an untouched copy agrees too" 0 "$(broken us-frs.json pass)"
expect "no JSON" 2 "$(broken us-frs.json pass >/dev/null; echo '{' >"$dir/rules/us-frs.json"
    code registry rules check --rules "$dir/rules")"
expect "the file and line are named" 1 "$(told 'us-frs.json: not valid JSON at line 2')"
expect "and what to do" 1 "$(told 'put its last good copy back; RULES.md describes every field')"
expect "no SMARTS" 2 "$(broken us-frs.json 'j["scaffolds"][0]["lacks"] = ["C", "[CX4"]')"
expect "its place is named" 1 "$(told 'us-frs.json: US-FRS: scaffolds[0].lacks[1]: "[CX4" is no SMARTS')"
expect "no SMARTS in a class" 2 "$(broken classes.json 'j["classes"]["alkyl"]["only"] = "[CX4"')"
expect "its class is named" 1 "$(told 'classes.json: alkyl.only[0]: "[CX4" is no SMARTS')"
expect "an unknown key" 2 "$(broken us-frs.json 'j["scaffolds"][0]["positions"][2]["requird"] = True')"
expect "it is named" 1 "$(told 'scaffolds[0].positions[2].requird: is no field of this format (us-frs.json, rule US-FRS)')"
expect "no wording" 2 "$(broken us-frs.json 'del j["wording"]')"
expect "it is missed" 1 "$(told 'wording: is missing')"
expect "days that contradict" 2 "$(broken us-frs.json 'j["until"] = "2018-02-05"')"
expect "they are named" 1 "$(told 'until: is not after "from"')"
expect "a wrong label" 1 "$(broken us-frs.json 'j["tests"]["outside"][1:1] = [["x", "CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1", "why"]]')"
expect "its place and reason are told" 1 "$(grep -c '  US-FRS: tests.outside\[1\] x is inside, expected outside (why)' "$dir/out")"
expect "a test that is no structure" 1 "$(broken us-frs.json 'j["tests"]["inside"] += [["x", "C(C"]]')"
expect "it is refused" 1 "$(grep -c '  US-FRS: tests.inside\[[0-9]*\] x is refused, expected inside' "$dir/out")"
expect "a listing that is not held" 1 "$(broken us-frs.json 'j["listings"] += [["US-CSA-I", "1308.11(h)(99)"]]')"
expect "it is told" 1 "$(grep -cF '  US-FRS: listings[2]: this registry has no US-CSA-I 1308.11(h)(99)' "$dir/out")"
expect "a rule before its listings" 1 "$(broken us-frs.json 'j["from"] = "2018-02-05"')"
expect "its first day is told" 1 "$(grep -c '  US-FRS: from: none of its listings is in force on 2018-02-05' "$dir/out")"

export DIRECTLINE_STRUCTURE=$dir/none
expect "without the worker a structure is unreachable" 3 "$(code status "$fentanyl")"
expect "and it says what is missing" 1 "$(grep -c 'directline-structure' "$dir/err")"
expect "names are answered all the same" 0 "$(code status fentanyl)"

mkdir "$dir/bare" && cp build/directline "$dir/bare/"
DIRECTLINE_STRUCTURE=$PWD/build/directline-structure DIRECTLINE_REGISTRY=$PWD/build/registry.db \
    timeout 20 "$dir/bare/directline" status "$fentanyl" >"$dir/out" 2>"$dir/err"
expect "without the class rules no structure is answered" 4 $?
expect "and it says so" 1 "$(grep -c 'class rules are missing' "$dir/err")"
exit $failed
