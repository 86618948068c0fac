#!/bin/bash
# InChIKeys against the reference implementation, on every structure carried and on all that structures.py makes of
# them. The package is installed from its lockfile into build/reference; without node or a registry the step is skipped.
set -uo pipefail
export PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")/../.."
[ -x build/directline-structure ] || { echo "directline-structure is not built"; exit 77; }
command -v node >/dev/null && command -v npm >/dev/null || { echo "node and npm are not installed (apt-get install nodejs npm)"; exit 77; }
mkdir -p build/reference
cp tests/structures/package.json tests/structures/package-lock.json build/reference/
(cd build/reference && timeout 300 npm ci --ignore-scripts --no-audit --no-fund) >build/reference/npm.log 2>&1 ||
    { echo "the reference could not be installed: build/reference/npm.log"; exit 77; }
timeout 1800 python3 tests/structures/compare.py "$PWD/build/reference" >build/reference/compared.txt
code=$?
grep '^differs' build/reference/compared.txt | head -30
tail -n 1 build/reference/compared.txt
exit $code
