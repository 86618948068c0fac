# What the families t*.sh share: agencies in a folder of their own, nodes killed by pid, checks that name themselves.
# A family sources this file, calls `run`, `expect` and `that`, and ends with `finish`.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${DIRECTLINE:-$root/build/directline}
[ -x "$program" ] || { echo "build/directline is not there; scripts/setup builds it"; exit 77; }
export LC_ALL=C NO_COLOR=1
unset DIRECTLINE_HOME
home=$(mktemp -d "${TMPDIR:-/tmp}/dl.XXXXXX")
alert=$root/scripts/data/cn-protonitazene.json
alert_us=$root/scripts/data/us-metonitazene.json
declare -A node_pid=()
others=() # further processes of ours
checks=0 failures=0
out='' err='' code=0

clean_up() {
    local pid
    for pid in "${node_pid[@]}" "${others[@]}"; do kill -9 "$pid" 2>/dev/null; done
    for pid in "${node_pid[@]}" "${others[@]}"; do wait "$pid" 2>/dev/null; done
    [ "${KEEP:-}" = 1 ] && { echo "kept: $home"; return; }
    rm -rf "$home"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

finish() {
    echo "$checks checks, $failures failed"
    [ $failures -eq 0 ] && [ $checks -gt 0 ]
    exit $?
}

fail() {
    failures=$((failures + 1))
    echo "FAILED line ${BASH_LINENO[1]}: $1"
    printf '  exit %s\n' "$code"
    sed 's/^/  out: /' <<<"${out:0:1500}"
    sed 's/^/  err: /' <<<"${err:0:1500}"
}

# run CODE ARGUMENTS…: the program ends with this exit status; $out and $err hold what it said.
run() {
    local want=$1
    shift
    checks=$((checks + 1))
    out=$(timeout "${LIMIT:-30}" "$program" "$@" 2>"$home/stderr")
    code=$?
    err=$(<"$home/stderr")
    [ $code -eq "$want" ] || { fail "exit $want wanted: directline $*"; return 1; }
}

# that TEXT COMMAND…: the command succeeds.
that() {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$what"
}

# Python over what was said: d is the last object of standard output, all is every object, e the error object.
judge() {
    printf '%s' "$out" >"$home/judged.out" # an environment does not hold long answers
    printf '%s' "$err" >"$home/judged.err"
    /usr/bin/python3 -c '
import json, re, sys
def objects(text):
    found = []
    for line in text.split("\n"):
        try: found.append(json.loads(line))
        except ValueError: pass
    return found
folder = sys.argv.pop(1)
said = open(folder + "/judged.err").read()
all = objects(open(folder + "/judged.out").read())
d = all[-1] if all else None
e = ([x["error"] for x in objects(said) if "error" in x] or [None])[-1]
def keys(x, *names):
    return set(x) >= {n for name in names for n in name.split()}
def is_time(text):
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text) is not None
try:
    value = eval("(" + sys.argv[1] + ")")
except Exception as wrong:
    print("  ", repr(wrong)); sys.exit(1)
if len(sys.argv) > 2: print(value)
sys.exit(0 if value or len(sys.argv) > 2 else 1)' "$home" "$@" 2>/dev/null
}
# expect EXPRESSION: true of what `run` got.
expect() {
    checks=$((checks + 1))
    judge "$1" || fail "expected: $1"
}
get() { judge "$1" value; }
# run_error CODE E_CODE ARGUMENTS…: fails with exactly this code as one line of JSON.
run_error() {
    local want=$1 name=$2
    shift 2
    run "$want" "$@" --json || return
    checks=$((checks + 1))
    judge "said.strip().count('\n') == 0 and e['code'] == '$name' and
           keys(e, 'code class message field hint') and len(e['message']) > 5" || fail "E: $name wanted from $*"
}

# wait_until SECONDS COMMAND…
wait_until() {
    local n=$(($1 * 20))
    shift
    while [ $n -gt 0 ]; do
        "$@" && return 0
        sleep 0.05
        n=$((n - 1))
    done
    return 1
}

make_agency() { # ID CC NAME
    timeout 30 "$program" init "$home/$1" --agency "$1" --jurisdiction "$2" --name "$3" >/dev/null || exit 1
    timeout 10 "$program" -C "$home/$1" peer offer >"$home/$1.offer" 2>"$home/$1.said" || exit 1
    tail -n 1 "$home/$1.said" >"$home/$1.fingerprint"
}
pair() { # A B
    timeout 10 "$program" -C "$home/$1" peer add "$home/$2.offer" --fingerprint "$(<"$home/$2.fingerprint")" >/dev/null &&
        timeout 10 "$program" -C "$home/$2" peer add "$home/$1.offer" --fingerprint "$(<"$home/$1.fingerprint")" >/dev/null ||
        exit 1
}
start() { # ID [COMMAND in front…]
    local id=$1
    shift
    : >>"$home/$id.log"
    local before
    before=$(grep -c node.ready "$home/$id.log")
    "$@" "$program" -C "$home/$id" node 2>>"$home/$id.log" &
    node_pid[$id]=$!
    wait_until 15 is_ready "$id" "$before" || { echo "the node $id did not start"; tail -3 "$home/$id.log"; exit 1; }
    # what was put in front may have forked: the node says its own pid
    node_pid[$id]=$(grep node.ready "$home/$id.log" | tail -n 1 | grep -oE '"pid":[0-9]+' | grep -oE '[0-9]+')
}
is_ready() { [ "$(grep -c node.ready "$home/$1.log")" -gt "$2" ]; }
stop() { # ID [SIGNAL]: the exit status of the node is $code
    kill -"${2:-TERM}" "${node_pid[$1]}" 2>/dev/null
    { wait "${node_pid[$1]}"; } 2>/dev/null
    code=$?
    unset "node_pid[$1]"
}
line_is() { # ID PEER TEXT: `line --json` contains it
    timeout 10 "$program" -C "$home/$1" line "$2" --json 2>/dev/null | grep -q "$3"
}
link_up() { wait_until 15 line_is "$1" "$2" '"link":"up"'; }
logged() { # ID TEXT: an event line has it
    wait_until 10 grep -q "$2" "$home/$1.log"
}
two_agencies() {
    make_agency cn CN "National Narcotics Laboratory"
    make_agency us US "Special Testing Laboratory"
    pair cn us
}
two_nodes() {
    two_agencies
    start cn
    start us
    link_up cn us && link_up us cn || { echo "the link did not come up"; tail -n 3 "$home"/*.log; exit 1; }
}
port_of() { grep -m1 '^listen' "$home/$1/directline.conf" | grep -oE '[0-9]+$'; }
# contents N FROM: N lines for --batch with ids b-FROM…
contents() {
    /usr/bin/python3 -c '
import sys
for i in range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[1])):
    print("""{"id":"b-%d","content":{"headline":"finding %d","substance":{"names":[{"lang":"en","name":"Etonitazene"}]}}}""" % (i, i))' "$1" "$2"
}
