#!/bin/bash
# Who is refused at the door, each for its own reason in `session.refused`, with what it showed; and beside each the
# twin that is let in (design section 4, "Session"; certs/channel.h).
source "$(dirname "$0")/lib.sh"
two_agencies
start cn
start us
link_up cn us
that "the real peer is let in" link_up us cn
stop us
port=$(port_of cn)

# An agency's key (hex) as PEM: RFC 8410.
pem_of() { # HEX FILE
    /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex("302e020100300506032b657004220420" + sys.stdin.read()))' \
        <"$1" | openssl pkey -inform DER -out "$2"
}
pem_of "$home/us/keys/ca.key" "$home/ca.pem"
pem_of "$home/us/keys/tls.key" "$home/tls.pem"
openssl x509 -inform DER -in "$home/us/keys/ca.der" -out "$home/ca.crt"
openssl x509 -inform DER -in "$home/us/keys/tls.der" -out "$home/tls.crt"
openssl genpkey -algorithm ed25519 -out "$home/other.pem"
cat >"$home/ca.conf" <<END
[ca]
default_ca = us
[us]
new_certs_dir = $home
database = $home/index
rand_serial = yes
default_md = default
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = critical, URI:directline:\${ENV::AGENCY}
END
: >"$home/index"
# certificate NAME AGENCY KEY FROM UNTIL [AUTHORITY'S KEY]: of us's authority unless told
certificate() {
    openssl req -new -key "$home/$3.pem" -subj "/CN=$2" -out "$home/$1.csr" 2>/dev/null
    AGENCY=$2 openssl ca -batch -notext -config "$home/ca.conf" -extensions leaf -keyfile "$home/${6:-ca}.pem" \
        -cert "$home/ca.crt" -startdate "$4" -enddate "$5" -in "$home/$1.csr" -out "$home/$1.crt" 2>"$home/ca.said" ||
        { cat "$home/ca.said"; exit 1; }
}
day() { date -u -d "$1" +%Y%m%d%H%M%SZ; }

# knock NAME s_client's options…: $out becomes the events that came of it
knock() {
    local lines
    lines=$(wc -l <"$home/cn.log")
    timeout 5 openssl s_client -connect "127.0.0.1:$port" "${@:2}" <<<"" >"$home/knock" 2>&1
    wait_until 5 came "$lines" || true
    out=$(tail -n "+$((lines + 1))" "$home/cn.log" | grep session.refused | head -n 1)
    err=$(tr -d "\0" <"$home/knock")
}
came() { tail -n "+$(($1 + 1))" "$home/cn.log" | grep -q 'session\.'; }
refused() { # NAME E_CODE WORDS s_client's options…
    knock "$1" "${@:4}"
    expect "d and d['error'] == '$2' and re.search(r'$3', d['reason']) and d['remote'].startswith('127.0.0.1:') and
            d['direction'] == 'in' and 'shown' in d"
}
let_in() { # NAME s_client's options…
    : >"$home/knock.in"
    local lines
    lines=$(wc -l <"$home/cn.log")
    { sleep 1; } | timeout 5 openssl s_client -connect "127.0.0.1:$port" "${@:2}" >"$home/knock" 2>&1
    out=$(tail -n "+$((lines + 1))" "$home/cn.log" | grep 'session.refused' | grep -c 'E_TLS\|E_CERT\|E_NOT_PAIRED\|E_REMOVED')
    err=$(tr -d "\0" <"$home/knock")
    that "$1 is let in" test "$out" -eq 0
    that "$1 is answered by HELLO" grep -q 'directline/cn/us' "$home/knock"
}
with() { printf '%s\n' -tls1_3 -alpn directline/1 -cert "$home/$1.crt" -key "$home/$2.pem"; }
mapfile -t real < <(with tls tls)

let_in "us's own certificate" "${real[@]}"
refused "TLS 1.2" E_TLS_VERSION "TLS 1\.3" -tls1_2 -alpn directline/1 -cert "$home/tls.crt" -key "$home/tls.pem"
expect 'd["shown"] is None'
refused "no certificate" E_CERT_NONE "no certificate" -tls1_3 -alpn directline/1
expect 'd["shown"] is None'
refused "another protocol" E_TLS_ALPN "directline/1" -tls1_3 -alpn h2 -cert "$home/tls.crt" -key "$home/tls.pem"
refused "no protocol" E_TLS_ALPN "directline/1" -tls1_3 -cert "$home/tls.crt" -key "$home/tls.pem"

# Made by us's authority, as its node makes them: let in. Then one thing wrong at a time.
certificate good us tls "$(day yesterday)" "$(day '1 month')"
let_in "a further certificate of us's authority on the same key" $(with good tls)

openssl req -x509 -key "$home/other.pem" -subj /CN=stranger -days 30 -out "$home/stranger-ca.crt" 2>/dev/null
cp "$home/ca.crt" "$home/us-ca.crt"
cp "$home/stranger-ca.crt" "$home/ca.crt"
certificate unknown us tls "$(day yesterday)" "$(day '1 month')" other
cp "$home/us-ca.crt" "$home/ca.crt"
refused "an unknown authority" E_CERT_CA "not from the authority" $(with unknown tls)
expect 'd["shown"]["agency"] == "us" and is_time(d["shown"]["until"]) and len(d["shown"]["pin"]) == 64'

certificate another gb tls "$(day yesterday)" "$(day '1 month')"
refused "another agency, not paired" E_NOT_PAIRED "gb" $(with another tls)
expect 'd["shown"]["agency"] == "gb"'
certificate key us other "$(day yesterday)" "$(day '1 month')"
refused "another key" E_CERT_KEY "another key" $(with key other)
expect 'd["shown"]["agency"] == "us" and d["shown"]["pin"] in d["reason"]'
certificate expired us tls 20200101000000Z 20200201000000Z
refused "an expired certificate" E_CERT_EXPIRED "has expired: valid from 2020-01-01T00:00:00.000Z until 2020-02-01T00:00:00.000Z; our time is .* \(clock\?\)" $(with expired tls)
expect 'd["shown"]["until"] == "2020-02-01T00:00:00.000Z"'
certificate future us tls "$(day '2 days')" "$(day '1 month')"
refused "one of the future" E_CERT_FUTURE "is not yet valid.*clock" $(with future tls)

# Early data needs a session to resume; cn never gives one, so it is made elsewhere.
openssl s_server -accept 127.0.0.1:0 -tls1_3 -cert "$home/tls.crt" -key "$home/tls.pem" -early_data \
    >"$home/server" 2>&1 </dev/zero &
others+=($!)
wait_until 5 grep -q ACCEPT "$home/server"
other_port=$(grep -oE 'ACCEPT 127.0.0.1:[0-9]+' "$home/server" | grep -oE '[0-9]+$')
{ sleep 1; } | timeout 5 openssl s_client -connect "127.0.0.1:$other_port" -tls1_3 -sess_out "$home/session" >/dev/null 2>&1
that "there is a session with early data" test -s "$home/session"
echo early >"$home/early"
refused "early data" E_TLS "early data" "${real[@]}" -sess_in "$home/session" -early_data "$home/early"
let_in "the same session without early data" "${real[@]}" -sess_in "$home/session"

# The dialling side judges as well: at us's address another agency answers, with all its papers in order.
make_agency gb GB "Forensic Service"
timeout 9 "$program" -C "$home/gb" peer add "$home/cn.offer" --fingerprint "$(<"$home/cn.fingerprint")" >/dev/null
timeout 9 "$program" -C "$home/cn" peer add "$home/gb.offer" --fingerprint "$(<"$home/gb.fingerprint")" --json >/dev/null
start gb
link_up cn gb
that "gb, paired, is let in" link_up gb cn
lines=$(wc -l <"$home/cn.log")
run 0 -C "$home/cn" peer add "$home/us.offer" --fingerprint "$(<"$home/us.fingerprint")" --address "127.0.0.1:$(port_of gb)" --json
named() { tail -n "+$((lines + 1))" "$home/cn.log" | grep session.refused | grep -q E_CERT_NAME; }
that "another agency at us's address is refused" wait_until 10 named
out=$(tail -n "+$((lines + 1))" "$home/cn.log" | grep E_CERT_NAME | head -n 1)
expect 'd["peer"] == "us" and d["direction"] == "out" and d["shown"]["agency"] == "gb"'
run 0 -C "$home/cn" peer add "$home/us.offer" --fingerprint "$(<"$home/us.fingerprint")" --json

# Near its end a certificate is warned of on both sides, from 30 days on; the node renews it on the same key, and the
# peer does nothing for it.
ends_in() { # DAYS: us starts with such a certificate, and cannot renew it
    certificate ending us tls "$(day yesterday)" "$(day "$1 days 1 hour")"
    openssl x509 -in "$home/ending.crt" -outform DER -out "$home/us/keys/tls.der"
    start us
    link_up cn us
}
warned() { timeout 9 "$program" -C "$home/$1" doctor 2>&1 | grep -q "$2"; }
mv "$home/us/keys/ca.key" "$home/kept.key"
ends_in 31
that "31 days are no warning to us" eval '! warned us "our certificate ends"'
that "nor to cn" eval '! warned cn "peer.s certificate ends"'
that "that it could not be renewed is said" logged us certificate.not-renewed
stop us
ends_in 29
that "29 days are a warning to us" warned us "our certificate ends"
that "and to cn" warned cn "peer.s certificate ends"
run 0 -C "$home/cn" line us --json
expect 'd["certificate_until"] is not None'
before_renewal=$(timeout 9 "$program" -C "$home/cn" peer show us --json | /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print([d[k] for k in ("fingerprint","tls_pin","journal_key")])')
stop us
mv "$home/kept.key" "$home/us/keys/ca.key"
start us
that "it is renewed at the start" logged us certificate.renewed
that "cn takes it without a word" link_up cn us
after_renewal=$(timeout 9 "$program" -C "$home/cn" peer show us --json | /usr/bin/python3 -c 'import json,sys; d=json.load(sys.stdin); print([d[k] for k in ("fingerprint","tls_pin","journal_key")])')
that "and what it pinned is as it was" test "$before_renewal" = "$after_renewal"
that "nobody is warned any more" eval '! warned us "our certificate ends" && ! warned cn "peer.s certificate ends"'
run 0 -C "$home/cn" alert send "$alert" --to us --wait --json
stop us

# A removed peer is told no more than a stranger, and the log says which it is.
let_in "us, before it is removed" "${real[@]}"
run 0 -C "$home/cn" peer remove us --reason "agreement ended" --json
refused "a removed peer" E_REMOVED "removed" "${real[@]}"
expect 'd["shown"]["agency"] == "us"'
finish
