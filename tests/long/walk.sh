#!/bin/bash
# The small-state walk with more entries and faults than scripts/test has time for.
set -euo pipefail
cd "$(dirname "$0")/../.."
for bound in "3 0 1 5000" "2 0 2 20000" "1 1 2 40000"; do
    echo "walk $bound"
    # shellcheck disable=SC2086
    build/walk $bound
done
