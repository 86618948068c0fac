#!/usr/bin/python3
"""Hostile structures, the same every time: usage: hostile.py N LINES SDF.

Writes N inputs: nine in ten as lines for `status -` (SMILES that were broken, stretched, nested or overloaded, and octets
that are none), one in ten as records of an SDF for `screen`. The corpora of the fuzz targets for structures stand first.
"""
import glob
import os
import random
import sys

import structures

MOL = "\n  hostile\n\n%3d%3d  0  0  0  0  0  0  0  0999 V2000\n%s%sM  END\n"


def broken(rng, text):
    """A carried SMILES with a few octets changed, lost, doubled or moved."""
    out = bytearray(text.encode())
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(out)) if out else 0
        act = rng.randrange(5)
        if act == 0 and out:
            out[at] = rng.choice(b"()[]=#@/\\%.+-0123456789CNOcnosH*$~:&!;,?\x00\x1b\xff\x80 \t")
        elif act == 1 and out:
            del out[at]
        elif act == 2:
            out[at:at] = out[at:at + rng.randint(1, 20)]
        elif act == 3:
            out = out[at:] + out[:at]
        else:
            out[at:at] = rng.choice([b"[C@@H]", b"%99", b"[Fe+127]", b"[999Og]", b"[HH9]", b"[*:1000]", b"1", b"[Xx]", b"(", b"C1CC"])
    return bytes(out)


def overloaded(rng):
    """Structures that are costly rather than wrong."""
    n = rng.randint(1, 120)
    return rng.choice([
        "C" * rng.choice([250, 299, 300, 301, 4000]), "C1" + "CC1C1" * n + "C", "(" * n + "C" + ")" * n, "C(" * n + "C" + ")" * n,
        "[" * n + "C" + "]" * n, ".".join("C" * n), "[Na+].[Cl-]." * n + "C", "c1ccccc1-" * (n % 48) + "c1ccccc1",
        "C%10%11%12CC%10CC%11CC%12" * (n % 9 + 1), "N1(" + "C" * n + ")C1", "[C@](F)(Cl)(Br)" * (n % 30 + 1) + "I", "C=" * n + "C",
        "C12C3C4C1C5C4C3C25" + "C12C3C4C1C5C4C3C25" * (n % 30), "c12c3c4c5c1c6c7c2c8c3c9c4c%10c5c%11c6c%12c7c8c%13c9c%10c%14c%11c%12c%13%14",
        "C1CC2CC1CC2" * (n % 40 + 1), "[%dC]" % (n * 50), "[C%+d]" % (n * 7 - 300), "[CH%d]" % n, "F/C=C/" * (n % 40 + 1) + "F",
        "C(C)(C)(C)(C)C" * (n % 4 + 1), "O=C(N)" * (n % 60 + 1) + "C", "N(C(=O)" * (n % 60 + 1) + "C" + ")" * (n % 60 + 1),
        "OS(=O)(=O)" * (n % 40 + 1) + "O", "[2H]" * (n % 5 + 1) + "C", "InChI=1S/" + "C" * n, "InChI=1S/CH4/h1H4" + "/" * n,
    ]).encode()


def octets(rng):
    return bytes(rng.choice(range(256)) for _ in range(rng.randint(1, 200)))


def record(rng):
    """A MOL record whose numbers, lines or order lie."""
    n, m = rng.choice([0, 1, 3, 12, 120, 250, 999]), rng.choice([0, 1, 3, 12, 200, 999])
    said_n, said_m = rng.choice([(n, m), (n + 1, m), (999, 999), (n, 0), (0, m)])
    atoms = "".join("%10.4f%10.4f%10.4f %-3s 0%3d  0\n" % (rng.uniform(-9, 9), rng.uniform(-9e4, 9e4), 0, rng.choice(
        ["C", "N", "O", "H", "Xx", "R#", "*", "Q", "Lr", "  "]), rng.randint(0, 9)) for _ in range(n))
    bonds = "".join("%3d%3d%3d%3d\n" % (rng.randint(0, n + 1), rng.randint(0, n + 1), rng.randint(0, 9), rng.randint(0, 6))
                    for _ in range(m))
    text = (MOL % (said_n, said_m, atoms, bonds)).encode()
    if rng.random() < 0.3:
        text = text.replace(b"V2000", rng.choice([b"V3000", b"V9999", b"     ", b"\xff\xff"]))
    return broken(rng, text.decode("latin-1").encode("utf-8", "replace").decode()) if rng.random() < 0.5 else text


def corpus():
    for path in sorted(glob.glob(os.path.join(structures.ROOT, "tests/fuzz/corpus/registry_structure_request/*"))):
        with open(path, "rb") as f:
            yield f.read()


def main():
    n, rng, known = int(sys.argv[1]), random.Random(1993), structures.carried()
    seeds = list(corpus())
    lines = (seeds + [None] * n)[:n - n // 10]
    with open(sys.argv[2], "wb") as out:
        for line in lines:
            made = line or rng.choices([broken(rng, rng.choice(known)), overloaded(rng), octets(rng)], [6, 3, 1])[0]
            out.write(made.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")
    with open(sys.argv[3], "wb") as out:
        for _ in range(n // 10):
            out.write(record(rng).rstrip(b"\n") + b"\n$$$$\n")
    print(len(lines), n // 10)


main()
