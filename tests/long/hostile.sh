#!/bin/bash
# 10,000 hostile structures at a running node (tests/system/t4_hostile.sh says what is asked of it).
cd "$(dirname "$0")/../.." || exit 1
exec timeout 3600 bash tests/system/t4_hostile.sh 10000
