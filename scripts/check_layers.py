#!/usr/bin/env python3
"""Checks who imports whom: the layers of ARCHITECTURE.md, read from `cargo metadata`.

Normal dependencies only: a test may look over the fence, the product may not. `tests/`, `benches/` and
`tools/` are exempt. Prints every edge that breaks a rule and ends with 1 if there is one.
"""

import json
import subprocess
import sys

# crate -> crates of ours that it may use. A crate that is not listed here is itself an error.
MAY_USE = {
    "janet-talk": set(),
    "janet-audio": set(),
    "janet-face": set(),
    "janet-kernels": set(),
    "janet-protocol": set(),
    "janet-models": {"janet-kernels", "janet-audio"},
    "janet-engine": {"janet-talk", "janet-audio", "janet-face", "janet-models", "janet-kernels"},
    "janet-vault": {"janet-protocol"},
    "janet-cluster": {"janet-protocol"},
    "janet-delegate": {"janet-protocol"},
    "janet-vr": {"janet-protocol", "janet-audio", "janet-face"},
    "janet-gateway": {
        "janet-talk", "janet-audio", "janet-face", "janet-models", "janet-kernels", "janet-engine",
        "janet-protocol", "janet-vault", "janet-cluster", "janet-delegate", "janet-vr",
    },
}
EXEMPT = {"janet-tests", "janet-benches", "janet-train-visemes"}

# Crates from outside that a layer must not know, with the reason that the reader needs.
BANNED = {
    "janet-talk": {"tokio", "candle-core", "candle-nn", "axum"},
    "janet-audio": {"tokio", "candle-core", "candle-nn", "axum"},
    "janet-engine": {"tokio", "axum", "tokio-tungstenite"},
    "janet-models": {"tokio", "axum", "tokio-tungstenite"},
    "janet-protocol": {"tokio", "axum"},
}


def main() -> int:
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version=1", "--no-deps", "--locked"],
            check=True, capture_output=True, text=True,
        ).stdout
    )
    ours = {package["name"] for package in metadata["packages"]}
    wrong = []
    for package in metadata["packages"]:
        name = package["name"]
        if name in EXEMPT:
            continue
        if name not in MAY_USE:
            wrong.append(f"{name}: not in the table of {sys.argv[0]}; say there what it may use")
            continue
        for dependency in package["dependencies"]:
            if dependency["kind"] is not None:
                continue
            other = dependency["name"]
            if other in ours and other not in MAY_USE[name]:
                wrong.append(f"{name} -> {other}: not allowed; {name} may use "
                             f"{sorted(MAY_USE[name] & ours) or 'nothing of ours'}")
            if other in BANNED.get(name, ()):
                wrong.append(f"{name} -> {other}: this layer knows no sockets, runtimes or tensors")
    print("\n".join(wrong) if wrong else f"{len(ours)} crates keep to their layers")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
