#!/bin/bash
# libFuzzer on everything that comes from outside, each target for FUZZ_SECONDS (60), beginning with the
# repository's own files; FUZZ_ONLY for one of them. What it finds is left in fuzz/artifacts, and ends it.
set -euo pipefail
cd "$(dirname "$0")"
built=$(pwd)/../target/fuzz
# The dependencies of the tests, and libFuzzer beside them.
cp ../Cargo.lock Cargo.lock
RUSTC_WRAPPER=$(pwd)/rustc.sh cargo build --bins --target-dir "$built"

# An input is too slow after 30 s: a bomb of aliases, refused in 40 ms by the release build, takes a second
# here, where nothing is optimised, and several on a busy machine.
fuzz() {
  local target=$1
  shift
  [[ -z "${FUZZ_ONLY:-}" || $FUZZ_ONLY = "$target" ]] || return 0
  mkdir -p "corpus/$target" "artifacts/$target"
  echo "fuzz: $target"
  "$built/debug/$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=30 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="artifacts/$target/" "corpus/$target" "$@"
}

fuzz webhook seeds/webhook -dict=webhook.dict
fuzz playbook ../playbooks ../tests/playbooks
fuzz configuration ../tests/config
fuzz env seeds/env
# Its captures are large, and what breaks it is not.
fuzz exposition ../tests/captures -max_len=16384
