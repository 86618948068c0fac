#!/usr/bin/python3
"""Compares standard InChIKeys with the reference implementation (@rdkit/rdkit under node), structure by structure.

usage: compare.py PACKAGE_DIR [N]: PACKAGE_DIR is where npm installed package.json's one dependency; N others are made at
most (structures.py). Prints each difference and a line of JSON with the counts; 1 when there is a difference.
"""
import json
import os
import subprocess
import sys

import structures
from worker import Worker

HERE = os.path.dirname(os.path.abspath(__file__))


def reference_keys(package, all_smiles):
    done = subprocess.run(["node", os.path.join(HERE, "inchikeys.mjs"), package], text=True, timeout=1800,
                          input="".join(s + "\n" for s in all_smiles), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    keys = done.stdout.split()
    if done.returncode != 0 or len(keys) != len(all_smiles):
        sys.exit("the reference gave %d keys for %d structures" % (len(keys), len(all_smiles)))
    return keys


def main():
    carried = structures.carried()
    every = carried + structures.made(int(sys.argv[2]) if len(sys.argv) > 2 else 100000)
    theirs = reference_keys(sys.argv[1], every)
    worker = Worker(os.environ.get("DIRECTLINE_STRUCTURE", structures.ROOT + "/build/directline-structure"))
    ours = [worker.inchikey(smiles) for smiles in every]
    worker.stop()
    differ = [(s, o, t) for s, o, t in zip(every, ours, theirs) if o != t]
    for smiles, our, their in differ:
        print("differs\t%s\tours %s\treference %s" % (smiles, our, their))
    with open(os.path.join(sys.argv[1], "node_modules/@rdkit/rdkit/package.json"), encoding="utf-8") as f:
        version = json.load(f)["version"]
    print(json.dumps({"reference": "@rdkit/rdkit " + version, "carried": len(carried), "made": len(every) - len(carried),
                      "identical": len(every) - len(differ), "neither_reads": sum(o == t == "-" for o, t in zip(ours, theirs)),
                      "differ": len(differ), "workers_lost": worker.starts - 1}))
    return 1 if differ or worker.starts > 1 else 0


sys.exit(main())
