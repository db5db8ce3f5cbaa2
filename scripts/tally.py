#!/usr/bin/env python3
"""Turns what each test runner wrote into one list, and that list into the end of a test run.

    tally.py nextest FILE.xml OUT.tsv     adds a nextest JUnit report
    tally.py libtest FILE.json OUT.tsv    adds libtest's JSON lines
    tally.py vitest  FILE.json OUT.tsv    adds a vitest JSON report
    tally.py tap     FILE.tap  OUT.tsv    adds a TAP report (node --test)
    tally.py failed  KIND FILE            prints the names of what failed in such a report, if they are few
    tally.py again   KIND FILE OUT.tsv    a report of those alone: what passes now was flaky
    tally.py binaries [!]PACKAGE          reads cargo's JSON on standard input: folder <TAB> test binary
    tally.py show    OUT.tsv              prints the ten slowest and `N passed, N failed`; 1 if any failed

A row: `pass|fail|skip|flaky <TAB> seconds <TAB> suite <TAB> name`.
"""

import json
import os
import re
import sys
import tomllib
import xml.etree.ElementTree as xml

Row = tuple[str, float, str, str]
# Where more fail, something is broken, and trying again would only hide it for a while.
MOST_AGAIN = 3


def nextest(path: str) -> list[Row]:
    rows = []
    for suite in xml.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            failed = case.find("failure") is not None or case.find("error") is not None
            rows.append(("fail" if failed else "pass", float(case.get("time") or 0), suite.get("name", ""),
                         case.get("name", "")))
    return rows


def libtest(path: str) -> list[Row]:
    rows = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.startswith("{"):
                continue
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if event.get("type") == "test" and event.get("event") in ("ok", "failed", "ignored", "timeout"):
                if event["event"] == "timeout":
                    continue  # only a warning that it is slow
                result = {"ok": "pass", "failed": "fail", "ignored": "skip"}[event["event"]]
                rows.append((result, float(event.get("exec_time") or 0), "janet-tests", event["name"]))
                if result == "fail":
                    print(f"\n--- {event['name']} failed ---\n{event.get('stdout', '')}", file=sys.stderr)
    return rows


def vitest(path: str) -> list[Row]:
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    result = {"passed": "pass", "failed": "fail"}
    return [
        (result.get(case["status"], "skip"), (case.get("duration") or 0) / 1000, "page", case["fullName"])
        for suite in report["testResults"] for case in suite["assertionResults"]
    ]


def tap(path: str) -> list[Row]:
    rows = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if found := re.match(r"^(not )?ok \d+ - (.*?)(\s+# SKIP.*)?$", line):
                rows.append(("fail" if found[1] else "skip" if found[3] else "pass", 0.0, "browser", found[2]))
            elif rows and (found := re.match(r"^\s+duration_ms: ([\d.]+)", line)):
                last = rows[-1]
                rows[-1] = (last[0], float(found[1]) / 1000, last[2], last[3])
    return rows


READERS = {"nextest": nextest, "libtest": libtest, "vitest": vitest, "tap": tap}


def failed(kind: str, path: str) -> int:
    names = [row[3] for row in READERS[kind](path) if row[0] == "fail"]
    if len(names) <= MOST_AGAIN:
        print("\n".join(names), end="\n" if names else "")
    return 0


def again(kind: str, path: str, out: str) -> int:
    second = {row[2:]: row[0] for row in READERS[kind](path) if row[0] != "skip"}
    rows = [("flaky" if row[0] == "fail" and second.get(row[2:]) == "pass" else row[0], *row[1:]) for row in read(out)]
    write(rows, out, "w")
    # What other suites have failed at is theirs.
    suites = {suite for suite, _ in second}
    return 1 if not suites or any(row[0] == "fail" and row[2] in suites for row in rows) else 0


def read(path: str) -> list[Row]:
    rows: list[Row] = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            result, seconds, suite, name = line.rstrip("\n").split("\t", 3)
            rows.append((result, float(seconds), suite, name))
    return rows


def write(rows: list[Row], path: str, mode: str) -> None:
    with open(path, mode, encoding="utf-8") as out:
        for result, seconds, suite, name in rows:
            out.write(f"{result}\t{seconds:.3f}\t{suite}\t{name}\n".replace("\r", " "))


def show(path: str) -> int:
    rows = read(path)
    print("\nThe ten slowest:")
    for result, seconds, suite, name in sorted(rows, key=lambda row: -row[1])[:10]:
        print(f"  {seconds:7.1f} s  {suite} {name}")
    for result, _, suite, name in rows:
        if result != "pass":
            told = {"fail": "FAILED ", "skip": "SKIPPED", "flaky": "FLAKY  "}[result]
            print(f"{told}  {suite} {name}{' (failed, then passed by itself: a bug, here or in the test)' if result == 'flaky' else ''}")
    passes = sum(row[0] in ("pass", "flaky") for row in rows)
    fails = sum(row[0] == "fail" for row in rows)
    print(f"{passes} passed, {fails} failed")
    return 1 if fails or not passes else 0


def binaries(wanted: str) -> int:
    package, others = wanted.lstrip("!"), wanted.startswith("!")
    for line in sys.stdin:
        message = json.loads(line)
        if not message.get("executable") or not message["profile"]["test"]:
            continue
        folder = os.path.dirname(message["manifest_path"])
        with open(message["manifest_path"], "rb") as manifest:
            name = tomllib.load(manifest)["package"]["name"]
        if (name == package) != others:
            print(folder, message["executable"], sep="\t")
    return 0


def main() -> int:
    kind = sys.argv[1]
    if kind == "binaries":
        return binaries(sys.argv[2])
    if kind == "show":
        return show(sys.argv[2])
    if kind == "failed":
        return failed(sys.argv[2], sys.argv[3])
    if kind == "again":
        return again(sys.argv[2], sys.argv[3], sys.argv[4])
    rows = READERS[kind](sys.argv[2])
    write(rows, sys.argv[3], "a")
    print(f"{len(rows)} tests")
    return 1 if any(row[0] == "fail" for row in rows) or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
