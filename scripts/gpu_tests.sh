#!/usr/bin/env bash
# Runs the tests that need a GPU. Without a card: SKIPPED, with the reason, unless JANET_REQUIRE_GPU=1.
# usage: gpu_tests.sh RESULTS.tsv
. "$(dirname "$0")/lib.sh"
rows=$1

reason=
if ! command -v nvidia-smi >/dev/null 2>&1; then
  reason="no NVIDIA driver: nvidia-smi is not there"
elif ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
  reason="the driver sees no card"
fi
if [ -n "$reason" ]; then
  if [ "${JANET_REQUIRE_GPU:-}" = 1 ]; then
    printf 'fail\t0\tgpu\tJANET_REQUIRE_GPU=1, but %s\n' "$reason" >>"$rows"
    die "JANET_REQUIRE_GPU=1, but $reason"
  fi
  say "SKIPPED: $reason"
  printf 'skip\t0\tgpu\t%s\n' "$reason" >>"$rows"
  exit 0
fi

need_rust
command -v nvcc >/dev/null 2>&1 || [ -n "${CUDA_HOME:-}" ] || die "a card is there but no CUDA toolkit: set CUDA_HOME, or put nvcc in PATH"
rm -f "$here/target/nextest/default/junit.xml"
code=0
cargo nextest run --locked -p janet-kernels -p janet-models --features janet-models/cuda -E 'test(cuda)' || code=$?
python3 scripts/tally.py nextest "$here/target/nextest/default/junit.xml" "$rows"
exit $code
