#!/usr/bin/env bash
# Fuzzes what strangers can send: each target for ten minutes, one on each core, from the corpus that is checked in.
#   scripts/fuzz.sh [SECONDS] [TARGET…]
# What breaks one is kept under $CARGO_TARGET_DIR/fuzz/found: put it into fuzz/corpus/TARGET, where ./test runs it, and
# mend what it shows.
. "$(dirname "$0")/lib.sh"
seconds=${1:-600}
shift || true
targets=("$@")
[ $# -gt 0 ] || targets=(json sdp datagram quic rtp package persona_png persona_json persona_af
  red_file red_export green_file grants audit red_thread)

need_rust
need cc build-essential
need cmake cmake
install_missing

# Coverage counters of the stable compiler are all that libFuzzer needs; the code is safe Rust for the most
# part, so there is no sanitizer in it, which would need another compiler.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares"
host=$(rustc -vV | sed -n 's/^host: //p')
built=$CARGO_TARGET_DIR/fuzz
# With a target named, build scripts are built without the counters.
(cd fuzz && cargo build --locked --release --target "$host" --target-dir "$built")

found=$built/found
mkdir -p "$found"

# fuzz TARGET: one target to its end, told in one go.
fuzz() {
  local target=$1 grown=$built/corpus/$1 log=$built/$1.log
  mkdir -p "$grown"
  if "$built/$host/release/$target" "$grown" "fuzz/corpus/$target" -max_total_time="$seconds" -max_len=6000 \
    -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/$target-" >"$log" 2>&1; then
    say "$target: $(tail -1 "$log")"
  else
    say "$target: broken by $(ls -t "$found/$target"-* 2>/dev/null | head -1)
$(grep -a -m1 -A2 'panicked at' "$log" || tail -3 "$log")"
    return 1
  fi
}

# One on each core.
at_once=$(nproc)
say "${#targets[@]} targets, $seconds s each, $at_once at once"
: >"$built/broken"
for target in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do wait -n || true; done
  { fuzz "$target" || echo "$target" >>"$built/broken"; } &
done
wait
[ ! -s "$built/broken" ]
