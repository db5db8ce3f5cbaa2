#!/usr/bin/env python3
"""Refuses source files over 600 lines: a room too large to live in is split by idea.

Reads the files that git knows or would add, but for those that a program writes. Prints the median, too: about 150 is the aim.
"""

import statistics
import subprocess
import sys

LIMIT = 600
KINDS = ("*.rs", "*.ts", "*.py")
WRITTEN_BY_PROGRAMS = {"gateway/web/src/protocol/generated.ts"}


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *KINDS],
        check=True, capture_output=True, text=True,
    ).stdout
    sizes = {}
    for path in set(filter(None, listed.split("\0"))) - WRITTEN_BY_PROGRAMS:
        try:
            with open(path, "rb") as file:
                sizes[path] = file.read().count(b"\n")
        except FileNotFoundError:
            continue  # deleted, not yet committed
    large = sorted((lines, path) for path, lines in sizes.items() if lines > LIMIT)
    for lines, path in large:
        print(f"{path}: {lines} lines, over {LIMIT}")
    rust = [lines for path, lines in sizes.items() if path.endswith(".rs")]
    if rust:
        print(f"{len(rust)} Rust files, median {statistics.median(rust):.0f} lines, largest {max(rust)}")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
