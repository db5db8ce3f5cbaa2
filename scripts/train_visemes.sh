#!/usr/bin/env bash
# Trains the network that reads visemes from any sound, puts its weights where Janet ships them from, and says how
# often it is right.
#   scripts/train_visemes.sh [OPTIONS OF `train-visemes train`]
# About 21 minutes of processor time, and 10 more where the speech is not made yet, by Janet's own voice; on two cores
# half of that. Never in CI. A seed decides all that is drawn.
. "$(dirname "$0")/lib.sh"

need_rust
need cc build-essential
need cmake cmake
install_missing

data=$CARGO_TARGET_DIR/visemes
weights=engine/models/src/visemes/visemes.safetensors
voice=${JANET_HOME:-$cache}/models/piper-en_US-joe-medium/en_US-joe-medium.onnx
[ -f "$voice" ] || die "Her voice is not here: $voice. Get it with: ./run models pull piper-en_US-joe-medium"

cargo build --locked -p janet-train-visemes
# The parts of a step have a thread each; more threads in them would only wait for each other.
export RAYON_NUM_THREADS=1
visemes=("$CARGO_TARGET_DIR/debug/train-visemes" --threads "$(nproc)")
"${visemes[@]}" make-data --voice "$voice" --data "$data"
"${visemes[@]}" train --data "$data" --out "$weights" "$@"
"${visemes[@]}" evaluate --data "$data" --weights "$weights"
ls -l "$weights"
