#!/usr/bin/env python3
"""Checks licences, duplicate versions and sources of all dependencies against deny.toml.

The same rules as `cargo deny check licenses bans sources`, from the same file, over `cargo metadata`:
compiling cargo-deny takes longer than the rest of a warm test run. Advisories need its database and are
checked by cargo-deny where it is installed.
"""

import json
import re
import subprocess
import sys
import tomllib

REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def allowed(expression: str, allow: set[str]) -> bool:
    """Evaluates an SPDX expression: OR needs one side, AND both, WITH names an exception."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    at = 0

    def one() -> bool:
        nonlocal at
        if tokens[at] == "(":
            at += 1
            value = any_of()
            at += 1  # the closing bracket
            return value
        name = tokens[at]
        at += 1
        if at + 1 < len(tokens) and tokens[at].upper() == "WITH":
            name = f"{name} WITH {tokens[at + 1]}"
            at += 2
        return name in allow

    def all_of() -> bool:
        nonlocal at
        value = one()
        while at < len(tokens) and tokens[at].upper() == "AND":
            at += 1
            value = one() and value
        return value

    def any_of() -> bool:
        nonlocal at
        value = all_of()
        while at < len(tokens) and tokens[at].upper() == "OR":
            at += 1
            value = all_of() or value
        return value

    return any_of()


def reachable(metadata: dict) -> set[str]:
    """Package ids that the product, its tests or its build really use."""
    edges = {node["id"]: [dep["pkg"] for dep in node["deps"]] for node in metadata["resolve"]["nodes"]}
    seen: set[str] = set()
    open_ids = list(metadata["workspace_members"])
    while open_ids:
        package = open_ids.pop()
        if package not in seen:
            seen.add(package)
            open_ids.extend(edges.get(package, ()))
    return seen


def main() -> int:
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    host = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    target = re.search(r"host: (\S+)", host).group(1)
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", target],
            check=True, capture_output=True, text=True,
        ).stdout
    )
    allow = set(rules["licenses"]["allow"])
    exceptions = {entry["crate"]: set(entry["allow"]) for entry in rules["licenses"].get("exceptions", [])}
    skipped = {entry["crate"] for entry in rules["bans"].get("skip", [])}
    members = set(metadata["workspace_members"])
    used = reachable(metadata)

    wrong, versions = [], {}
    for package in metadata["packages"]:
        if package["id"] not in used or package["id"] in members:
            continue
        name, version = package["name"], package["version"]
        versions.setdefault(name, set()).add(version)
        licence = package.get("license") or ""
        if not licence or not allowed(licence, allow | exceptions.get(name, set())):
            wrong.append(f"{name} {version}: licence `{licence or 'none stated'}` is not in deny.toml")
        if package["source"] != REGISTRY:
            wrong.append(f"{name} {version}: from {package['source']}, not from crates.io")

    doubles = {name: sorted(found) for name, found in versions.items() if len(found) > 1}
    for name, found in sorted(doubles.items()):
        if name not in skipped:
            wrong.append(f"{name}: {' and '.join(found)} are both used; merge them or list it under [bans] skip")
    for name in sorted(skipped - doubles.keys()):
        wrong.append(f"{name}: listed under [bans] skip but there is only one version now; remove the entry")
    print("\n".join(wrong) if wrong else
          f"{len(versions)} dependencies: licences and sources as in deny.toml, {len(doubles)} listed duplicates")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
