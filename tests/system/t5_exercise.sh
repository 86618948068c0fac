#!/bin/bash
# t5: exercises, as a director runs them. Exit 0 when everything holds.
set -uo pipefail
cd "$(dirname "$0")/../.."
d=$PWD/build/directline
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
check() { # NAME EXPECTED-STATUS COMMAND...
    local name=$1 want=$2
    shift 2
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    local got=$?
    if [ $got -ne "$want" ]; then
        echo "FAILED: $name: status $got, expected $want"
        head -5 "$tmp/out" "$tmp/err"
        failed=1
    fi
}
holds() { # NAME PATTERN FILE
    grep -qF -- "$2" "$3" || { echo "FAILED: $1: no \"$2\" in $3"; head -5 "$3"; failed=1; }
}

check "the shipped scenarios are listed" 0 "$d" exercise list --json
[ "$(wc -l <"$tmp/out")" -ge 7 ] || { echo "FAILED: fewer than seven scenarios"; failed=1; }
[ "$(grep -c 'EXERCISE / 演习' "$tmp/out")" = "$(wc -l <"$tmp/out")" ] || { echo "FAILED: a line without the mark"; failed=1; }
for file in build/scenarios/*.scenario; do
    check "$file is valid" 0 "$d" exercise check "$file"
done

# Every shipped scenario can be played, and what is mandatory in it can be met. (The year: scripts/bench.)
for name in $("$d" exercise list --json | sed 's/.*"scenario":"\([^"]*\)".*/\1/'); do
    [ "$name" = year ] || check "$name is played, and what must be met is met" 0 "$d" exercise run "$name" --seed 3
    grep -vF 'EXERCISE / 演习' "$tmp/out" "$tmp/err" && { echo "FAILED: $name: a line without the mark"; failed=1; }
done

# A status changes at midnight (UTC), and the time until it did is told.
check "a law that comes into force" 0 "$d" exercise run additions-2024 --seed 3 --report "$tmp/law" --json
grep -q '"status":{"unit":"ms","n":1,"least":1800000,' "$tmp/out" || { echo "FAILED: no time to the change of status"; failed=1; }
grep -q '"at_ms":1206000000,' "$tmp"/law/*.json || { echo "FAILED: not noticed at midnight"; failed=1; }

check "a run ends with its report" 0 "$d" exercise run one-night --seed 7 --report "$tmp/a" --json
for key in scenario seed simulated_seconds entries receipts expectations score max_score objectives report; do
    holds "the answer has $key" "\"$key\":" "$tmp/out"
done
check "the same again" 0 "$d" exercise run one-night --seed 7 --report "$tmp/b" --json
diff -r "$tmp/a" "$tmp/b" >"$tmp/diff" || { echo "FAILED: the same seed gave another report"; failed=1; }
check "another seed" 0 "$d" exercise run one-night --seed 8 --report "$tmp/c" --json
cmp -s "$tmp/a/EXERCISE-one-night-seed7.json" "$tmp/c/EXERCISE-one-night-seed8.json" && { echo "FAILED: two seeds, one report"; failed=1; }
holds "the page says what it is" "EXERCISE / 演习" "$tmp/a/EXERCISE-one-night-seed7.html"
grep -qiE '<script|https?://|<link|src=' "$tmp/a/EXERCISE-one-night-seed7.html" && { echo "FAILED: the page needs something"; failed=1; }

printf 'exercise trial "T"\nlength 1h\nagency cn in CN\nagency us in US\n+5m link cutt cn us\n' >"$tmp/bad.scenario"
check "a wrong script is status 2" 2 "$d" exercise check "$tmp/bad.scenario"
holds "line and column are named" "line 5, column 10" "$tmp/err"
holds "the meant word is suggested" "did you mean cut?" "$tmp/err"
echo 'include other.include' >"$tmp/some.include"
echo 'include some.include' >"$tmp/other.include"
printf 'exercise trial "T"\ninclude some.include\n' >"$tmp/loop.scenario"
check "includes that go round are refused" 2 "$d" exercise check "$tmp/loop.scenario"
holds "and named" "other.include, line 1, column 9: some.include would include itself" "$tmp/err"
printf 'exercise trial "T"\ninclude self.scenario\n' >"$tmp/self.scenario"
check "so is a script in itself" 2 "$d" exercise check "$tmp/self.scenario"
holds "and that is all that is wrong" "self.scenario, line 2, column 9: self.scenario would include itself" "$tmp/err"
check "a wrong script is not run" 2 "$d" exercise run "$tmp/bad.scenario"

# Everything that node/SCENARIO.md says may be written, in the order of the page.
echo 'param answer 5m' >"$tmp/people.include"
echo '{"headline": "EX-F", "substance": {"names": [{"lang": "en", "name": "EX-F"}]}}' >"$tmp/finding.json"
cat >"$tmp/page.scenario" <<'END'
# every form of the page
exercise whole-page "All \"forms\" of the page \\ $$" "整页"
class communication
start 2024-06-30 22:00
length 1d1h30m
delay 40ms to 120ms
param rate 30m
include people.include
agency cn in CN "Chinese agency" "中国机构" registry shipped
agency us in US registry none
agency de in DE
person Li at cn as scientist sees after fixed $answer accepts after uniform 5m 2h acts after exponential 1h on duty 08:00 to 20:00
person "J. Doe" at us as duty-officer sees after lognormal 20m 2 accepts after 1h
person Kurz at de as clerk
+05m cn alert send {
  "headline": "EX-1 found", "substance": {"names": [{"lang": "en", "name": "EX-1"}]}
} --to us --id first
+06m cn alert send finding.json --to all
+07m us alert ack @first --as seen --by Doe
+1d us alert show @1
+500ms note "Text" "文字"
when us seen first +10m us message send --to cn --text "got it"
when us seen first and cn receipted first note "both"
when link cn us down or line cn us frozen +1h30m note "either"
every exponential $rate from +1h until end us alert send {"headline": "EX-$#", "substance": {"names": [{"lang": "en", "name": "EX-U-$#"}]}} --to cn
every 6h phase "Six hours" "六小时"
+2h link cut cn us for 10m
+3h link silent cn us
+3h10m link join cn us
+4h disk full us for 5m
+4h30m disk full us
+4h40m disk free us
+5h clock cn +5m
+5h10m clock cn -5m
+5h20m clock cn right
+6h backup cn
+7h restore cn
+8h crash us for 5m
+9h stop us
+9h5m start us
+10h ill "J. Doe" for 4h
+11h ill Li for 4h
objective o1 "First" "第一"
must us received first within 2h for 20 points
must us received 1 and us seen 95% by +20h
expect cn accepted all within 2h of +12h for 3 points
expect de acted 2 or us receipted 2 within 3h
expect line cn us active at end
expect line cn us suspended by +20h
expect line cn us removed at +1h
expect link cn us up at +1h
expect cn says "CN" to status protonitazene --jurisdiction CN by +3h
abort when line cn us frozen
END
check "everything on the page is understood" 0 "$d" exercise check "$tmp/page.scenario"
check "and can be played" 0 "$d" exercise run "$tmp/page.scenario" --report "$tmp/page" --json
grep -o '"code":[^,]*' "$tmp"/page/*.json | sort | uniq -c >"$tmp/codes"
# Each word that begins a statement or follows one on the page is in that script.
for word in $(sed -n 's/^    \([a-z][a-z]*\) .*/\1/p' node/SCENARIO.md) communication silent join free right restore crash stop ill phase note \
    fixed uniform exponential lognormal duty seen accepted acted receipted active suspended frozen removed up down says; do
    grep -qw -- "$word" "$tmp/page.scenario" || { echo "FAILED: the page's \"$word\" is not tried"; failed=1; }
done

printf 'exercise trial "T"\nlength 1h\nagency cn in CN\nagency us in US\nmust link cn us down at +30m\n' >"$tmp/missed.scenario"
check "a mandatory expectation missed is status 1" 1 "$d" exercise run "$tmp/missed.scenario"
sed -i s/must/expect/ "$tmp/missed.scenario"
check "one that is only wished for is status 0" 0 "$d" exercise run "$tmp/missed.scenario"

check "every line of a trace has the mark" 0 "$d" exercise run "$tmp/missed.scenario" --trace
grep -vF 'EXERCISE / 演习' "$tmp/err" "$tmp/out" && { echo "FAILED: a line without the mark"; failed=1; }
# Progress is one line, written over itself, within the terminal's width, ended before what follows; and only there.
cat >"$tmp/terminal.py" <<'PY'
import fcntl, os, pty, struct, sys, termios, unicodedata
columns = int(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
said = b""
while True:
    try:
        octets = os.read(fd, 65536)
    except OSError:
        break
    if not octets:
        break
    said += octets
os.waitpid(pid, 0)
lines = said.decode().replace("\r\n", "\n").split("\n")
drawn = [line for line in lines if "\r" in line]
wide = lambda text: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
pieces = drawn[0].split("\r")[1:] if drawn else []
print(len(drawn) == 1 and drawn[0].startswith("\r") and len(pieces) > 1
      and all(piece.startswith("EXERCISE / 演习: ") and wide(piece) < columns for piece in pieces)
      and [int(piece.split()[-2]) for piece in pieces] == sorted(int(piece.split()[-2]) for piece in pieces))
PY
printf 'exercise of-a-name-that-is-rather-long "T"\nlength 1h\nagency cn in CN\nagency us in US\n' >"$tmp/long.scenario"
cp "$tmp/long.scenario" "$tmp/stop.scenario"
printf '+30m cn alert send {"headline": "EX", "substance": {"names": [{"lang": "en", "name": "EX-1"}]}}\nabort when us received 1\n' >>"$tmp/stop.scenario"
for columns in 32 80; do
    for arguments in "$tmp/long.scenario" "$tmp/long.scenario --repeat 6" "$tmp/stop.scenario"; do
        # shellcheck disable=SC2086 # two words and more
        [ "$(python3 "$tmp/terminal.py" $columns "$d" exercise run $arguments)" = True ] ||
            { echo "FAILED: progress of $arguments in $columns columns"; failed=1; }
    done
done
check "without a terminal there is none" 0 "$d" exercise run "$tmp/long.scenario" --repeat 6
grep -q $'\r' "$tmp/err" "$tmp/out" && { echo "FAILED: progress without a terminal"; failed=1; }

check "many seeds" 0 "$d" exercise run "$tmp/missed.scenario" --repeat 6 --json
holds "as many runs as asked for" '"runs":6' "$tmp/out"
check "an unknown parameter" 2 "$d" exercise run one-night --set sen=5m
holds "is answered with the nearest" "did you mean seen?" "$tmp/err"
exit $failed
