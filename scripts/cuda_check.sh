#!/usr/bin/env bash
# Type-checks the CUDA build on a machine that has no card and no CUDA: the toolkit's compiler comes from
# NVIDIA's wheels, through pip, into the cache.
. "$(dirname "$0")/lib.sh"
need_rust
need_pip
install_missing

toolkit=$cache/cuda-13.0
if [ ! -x "$toolkit/bin/nvcc" ]; then
  say "fetching the CUDA compiler (350 MB unpacked)"
  wheels=$(mktemp -d)
  trap 'rm -rf "$wheels"' EXIT
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$wheels" \
    "nvidia-cuda-nvcc>=13.0,<13.1" "nvidia-nvvm>=13.0,<13.1" "nvidia-cuda-crt>=13.0,<13.1" \
    "nvidia-cuda-runtime>=13.0,<13.1" "nvidia-cuda-cccl>=13.0,<13.1"
  rm -rf "$toolkit.new" && mkdir -p "$toolkit.new"
  for wheel in "$wheels"/*.whl; do python3 -m zipfile -e "$wheel" "$toolkit.new/wheel"; done
  # The wheels unpack to nvidia/cu13/{bin,include,lib,nvvm}.
  cp -r "$toolkit.new"/wheel/nvidia/cu13/. "$toolkit.new/" && rm -rf "$toolkit.new/wheel"
  chmod -R u+rwX "$toolkit.new" && chmod +x "$toolkit.new"/bin/* "$toolkit.new"/nvvm/bin/* 2>/dev/null || true
  ln -sfn lib "$toolkit.new/lib64"
  (cd "$toolkit.new/lib" && ln -sf libcudart.so.* libcudart.so)
  rm -rf "$toolkit" && mv "$toolkit.new" "$toolkit"
fi

export CUDA_HOME=$toolkit CUDA_PATH=$toolkit CUDA_ROOT=$toolkit CUDA_TOOLKIT_ROOT_DIR=$toolkit
export CUDARC_CUDA_VERSION=13000 CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-80}
export PATH=$toolkit/bin:$PATH
say "cargo check --features cuda"
cargo check --locked -p janet-gateway --features cuda
