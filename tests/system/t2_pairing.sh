#!/bin/bash
# Pairing and certificates: fingerprints, strangers refused with their reason in the log, silent connections
# (contracts 3).
source "$(dirname "$0")/lib.sh"
two_agencies

# A fingerprint that differs in one digit stores nothing; blanks, colons and capitals are fine.
make_agency ca CA "Drug Analysis Service"
good=$(<"$home/ca.fingerprint")
that "the fingerprint is the offer's SHA-256" test "$(tr -d ' ' <<<"$good")" = "$(sha256sum <"$home/ca.offer" | cut -d' ' -f1)"
digit=${good:0:1}
[ "$digit" = 0 ] && wrong="1${good:1}" || wrong="0${good:1}"
run_error 5 E_FINGERPRINT -C "$home/cn" peer add "$home/ca.offer" --fingerprint "$wrong"
run 0 -C "$home/cn" peer list --json
expect '[x["peer"] if "peer" in x else x["agency"] for x in all] == ["us"]'
run 2 -C "$home/cn" peer add "$home/ca.offer" --fingerprint 1234 --json
run 2 -C "$home/cn" peer add "$home/ca.offer" --json
sed 's/./X/30' "$home/ca.offer" >"$home/changed.offer"
run 5 -C "$home/cn" peer add "$home/changed.offer" --fingerprint "$good" --json
run 0 -C "$home/cn" peer add "$home/ca.offer" --fingerprint "$(tr -d ' ' <<<"$good" | tr a-f A-F | sed 's/../&:/g; s/:$//')" --json
run 0 -C "$home/cn" peer show ca --json
that "it knows the name" grep -q "Drug Analysis Service" <<<"$out"

# While cn has not been added at ca: not paired there.
start cn
start ca
that "ca refuses who it does not know" logged ca session.refused
run 0 -C "$home/cn" line ca --json
not_paired() { line_is cn ca 'E_NOT_PAIRED\|not paired'; }
that "and cn says so, not \"unreachable\"" wait_until 10 not_paired
stop ca
start us
that "the real peer's link is up" link_up cn us

# Strangers. Each refusal is an event with the remote and the reason.
port=$(port_of cn)
events() { grep session.refused "$home/cn.log" | tail -n "+$1"; }
before=$(grep -c session.refused "$home/cn.log")
refused_for() { # PATTERN: the refusals after the first $before
    grep session.refused "$home/cn.log" | tail -n "+$((before + 1))" | grep -q "$1"
}
stranger() { # NAME PATTERN s_client's options…
    local what=$1 pattern=$2
    shift 2
    before=$(grep -c session.refused "$home/cn.log")
    timeout 5 openssl s_client -connect "127.0.0.1:$port" "$@" </dev/null >/dev/null 2>&1
    that "$what is refused for that reason" wait_until 5 refused_for "$pattern"
}
openssl req -x509 -newkey ed25519 -nodes -keyout "$home/s.key" -out "$home/s.pem" -days 2 -subj "/CN=us" \
    -addext "subjectAltName=DNS:us" 2>/dev/null
stranger "TLS 1.2" 'E_TLS_VERSION\|TLS 1.3' -tls1_2 -alpn directline/1
stranger "no certificate" 'E_CERT_NONE\|no certificate' -tls1_3 -alpn directline/1
stranger "another protocol" 'E_TLS_ALPN\|directline/1' -tls1_3 -alpn h2 -cert "$home/s.pem" -key "$home/s.key"
stranger "an unknown authority" 'E_CERT' -tls1_3 -alpn directline/1 -cert "$home/s.pem" -key "$home/s.key"
out=$(grep session.refused "$home/cn.log" | tail -n 1)
expect 'keys(d, "time event remote reason") and d["remote"].startswith("127.0.0.1:") and d["reason"]'
exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && exec 3>&-
that "what is not TLS is refused" wait_until 5 refused_for 'E_TLS\|TLS'
that "nothing of that touched the real link" line_is cn us '"link":"up"'

# 200 connections that say nothing: dropped by the deadline, the real peer's line works meanwhile.
cat >"$home/silent.py" <<'END'
import select, socket, sys, time
s = []
for _ in range(200):
    try: s.append(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5))
    except OSError: pass
print("open", len(s), flush=True)
end = time.monotonic() + 25
while s and time.monotonic() < end:
    for c in select.select(s, [], [], 1)[0]:
        try: gone = c.recv(4096) == b""
        except OSError: gone = True
        if gone: s.remove(c)
print("left", len(s), flush=True)
END
/usr/bin/python3 "$home/silent.py" "$port" >"$home/silent" &
silent=$!
others+=($silent)
wait_until 10 grep -q open "$home/silent"
LIMIT=15 run 0 -C "$home/cn" alert send "$alert" --to us --wait=10 --json
expect 'd["state"] == "received"'
wait "$silent"
out='' err=$(<"$home/silent")
that "every silent connection was dropped by the deadline" grep -q 'left 0' "$home/silent"
that "the line still works" line_is cn us '"link":"up"'

# A node that starts again finds its peer.
stop us
start us
that "the link comes back" link_up cn us

# A removed peer is refused, and told why.
run 0 -C "$home/cn" peer remove us --reason "agreement ended" --json
before=$(grep -c session.refused "$home/cn.log")
stop us
start us
that "a removed peer is refused" wait_until 10 refused_for 'removed\|paired\|E_REMOVED'

# The clock of a node ten years ahead: the reason says clock.
if command -v faketime >/dev/null; then
    make_agency gb GB "Forensic Service"
    timeout 9 "$program" -C "$home/gb" peer add "$home/ca.offer" --fingerprint "$(<"$home/ca.fingerprint")" >/dev/null
    timeout 9 "$program" -C "$home/ca" peer add "$home/gb.offer" --fingerprint "$(<"$home/gb.fingerprint")" >/dev/null
    start ca faketime -f +3650d
    start gb
    clock() { line_is gb ca 'clock'; }
    that "a clock ten years off is named as the cause" wait_until 10 clock
fi
finish
