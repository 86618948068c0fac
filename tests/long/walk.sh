#!/bin/bash
# The small-state walk with more entries and faults than scripts/test has time for: entries of cn and of us, faults on one
# path, and the states below which it did not walk.
set -euo pipefail
cd "$(dirname "$0")/../.."
for bound in "3 0 1 8000" "2 0 2 30000"; do
    echo "walk $bound"
    # shellcheck disable=SC2086
    timeout 7200 build/walk $bound
done
