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
report=$here/target/nextest/default/junit.xml
code=0

# nextest_cuda CARGO-ARGS…: the tests with `cuda` in their names, into the rows. A card is there, so what does
# not find it has failed.
nextest_cuda() {
  local failed=0
  rm -f "$report"
  JANET_REQUIRE_GPU=1 cargo nextest run --locked --no-tests pass -E 'test(cuda)' "$@" || failed=$?
  [ ! -f "$report" ] || python3 scripts/tally.py nextest "$report" "$rows"
  [ $failed = 0 ] || code=$failed
}

# The signal backends find the driver and NVRTC when they run, and need no toolkit to be built.
nextest_cuda -p janet-kernels
nextest_cuda -p janet-models --test visemes_gpu --no-capture
say "how long a face frame of many sessions and 30 s of log-mel take"
cargo run --locked -p janet-kernels --example face_batch || code=$?

# The models on candle's CUDA need one.
if command -v nvcc >/dev/null 2>&1 || [ -n "${CUDA_HOME:-}" ]; then
  [ -z "${CUDA_HOME:-}" ] || PATH=$CUDA_HOME/bin:$PATH
  # The bindings' version, which is otherwise the one that Cargo.toml fixes for machines without a toolkit.
  release=$(nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9]*\)\.\([0-9]*\),.*/\10\20/p')
  [ -z "$release" ] || export CUDARC_CUDA_VERSION=${CUDARC_CUDA_VERSION:-$release}
  nextest_cuda -p janet-models --features janet-models/cuda
else
  reason="the models' tests: no CUDA toolkit; set CUDA_HOME, or put nvcc in PATH"
  say "SKIPPED: $reason"
  printf 'skip\t0\tgpu\t%s\n' "$reason" >>"$rows"
fi
exit $code
