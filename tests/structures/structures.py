#!/usr/bin/python3
"""Structures to measure and to compare with: every one that this repository carries, and others made from them.

Others are made by exchanging one substituent, ring, centre or double bond for another, one place at a time: a function
of the carried data alone. usage: structures.py [N], N others at most; prints one SMILES a line.
"""
import csv
import glob
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SWAPS = [  # what is found outside of brackets, what takes its place
    (r"F", ["Cl", "Br", "C"]), (r"Cl", ["F", "I"]), (r"Br", ["F", "C#N"]), (r"OC(?![a-z@])", ["OCC", "SC", "O"]),
    (r"c1ccccc1", ["c1ccsc1", "c1ccncc1", "c1ccc(F)cc1", "C1CCCCC1", "c1cocc1"]), (r"C\(=O\)", ["C(=S)", "C(=N)"]),
    (r"CCC(?![a-z@])", ["CC", "CC(C)C", "C=CC", "CCCC"]), (r"N1CCCC1", ["N1CCCCC1", "N1CCOCC1", "N(C)C"]),
    (r"\[nH\]", ["n(C)", "o", "s"]), (r"\(=O\)=O", ["=O"]), (r"\[N\+\]\(=O\)\[O-\]", ["C(F)(F)F", "N"]),
    (r"@@", ["@", ""]), (r"(?<!@)@(?!@)", ["@@"]), (r"/", ["\\"]), (r"\\", ["/"]),
]
WHOLE = ["%s.Cl", "%s.OC(=O)/C=C/C(=O)O", "%s.[Na+].[Cl-]"]


def carried():
    found = {}
    for path in sorted(glob.glob(ROOT + "/registry/data/**/*.csv", recursive=True)):
        with open(path, encoding="utf-8") as f:
            for row in csv.DictReader(line for line in f if not line.startswith("#")):
                if row.get("smiles"):
                    found.setdefault(row["smiles"], None)
    for path in sorted(glob.glob(ROOT + "/registry/data/rules/*.json")):
        with open(path, encoding="utf-8") as f:
            tests = json.load(f).get("tests", {})
            for group in ("inside", "outside", "undecided"):
                for _name, smiles, *_reason in tests.get(group, []):
                    found.setdefault(smiles, None)
    return list(found)


def others(base):
    yield from (form % base for form in WHOLE if "." not in base)
    if base.startswith("CC"):
        yield "[2H]C([2H])([2H])" + base[1:]
        yield "[13CH3]" + base[1:]
    for pattern, instead in SWAPS:
        for match in re.finditer(pattern, base):
            inside = base.rfind("[", 0, match.start()) > base.rfind("]", 0, match.start())
            if inside != ("@" in pattern):
                continue
            yield from (base[:match.start()] + word + base[match.end():] for word in instead)


def made(n):
    """n others, spread evenly over all that can be made."""
    known = carried()
    every = sorted({other for base in known for other in others(base)} - set(known))
    step = max(1, len(every) // n) if n else 1
    return every[::step][:n]


if __name__ == "__main__":
    for smiles in carried() + made(int(sys.argv[1]) if len(sys.argv) > 1 else 5000):
        print(smiles)
