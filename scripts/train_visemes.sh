#!/usr/bin/env bash
# Trains the network that reads visemes from any sound, and says how often it is right.
#   scripts/train_visemes.sh [OPTIONS OF `train-visemes train`]
# Never in CI. Makes the speech that it is trained on once, with Janet's own voice; a seed decides what is drawn.
. "$(dirname "$0")/lib.sh"

need_rust
need cc build-essential
need cmake cmake
install_missing

data=$CARGO_TARGET_DIR/visemes
weights=$data/visemes.safetensors
voice=${JANET_HOME:-$cache}/models/piper-en_US-joe-medium/en_US-joe-medium.onnx
[ -f "$voice" ] || die "Her voice is not here: $voice. Get it with: ./run models pull piper-en_US-joe-medium"

cargo build --locked -p janet-train-visemes
# gemm's threads would spin between two products, which counts as work.
export CANDLE_BARRIER_POOL_SPIN_LIMIT=0
visemes=("$CARGO_TARGET_DIR/debug/train-visemes" --threads "$(nproc)")
[ -f "$data/takes.json" ] || "${visemes[@]}" make-data --voice "$voice" --data "$data"
"${visemes[@]}" train --data "$data" --out "$weights" "$@"
"${visemes[@]}" evaluate --data "$data" --weights "$weights"
ls -l "$weights"
