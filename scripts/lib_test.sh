#!/usr/bin/env bash
# What scripts/lib.sh says of programs that are missing or too old, with made-up ones. Installs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
fakes=$(mktemp -d)
trap 'rm -rf "$fakes"' EXIT
mkdir "$fakes/home"

# fake NAME TEXT: a program that prints this.
fake() { printf '#!/bin/sh\ncat <<"TXT"\n%s\nTXT\n' "$2" >"$fakes/$1" && chmod +x "$fakes/$1"; }
for tool in bash dirname sed sort head cut cat mktemp; do ln -s "$(command -v "$tool")" "$fakes/$tool"; done
fake id 1000
fake npm 10
fake apt-get 'would install'
fake cargo 'cargo 1.95.0'

# says CODE TEXT FUNCTION…: these functions end with this code and their output holds this text.
says() {
  local code=0 said
  said=$(HOME=$fakes/home PATH=$fakes bash -c '. scripts/lib.sh; shift; for step; do $step; done' - - "${@:3}" 2>&1) || code=$?
  if [ "$code" != "$1" ] || [[ $said != *"$2"* ]]; then
    printf 'FAIL: %s: ended with %s and said: %s\nwanted: %s and %s\n' "${*:3}" "$code" "$said" "$1" "$2"
    exit 1
  fi
}

fake apt-cache '  Candidate: 18.20.4+dfsg-1~deb12u3'
says 2 'apt would install version 18.20.4' need_node install_missing
fake apt-cache '  Candidate: 1:22.1.0-1'
says 2 'sudo apt-get update && sudo apt-get install' need_node install_missing
fake apt-cache '  Candidate: (none)'
says 2 'sudo apt-get update && sudo apt-get install' need_node install_missing
fake id 0
fake apt-cache '  Candidate: 18.20.4'
says 2 'version 20 or later' need_node install_missing
fake node v18.20.4
says 2 'Node v18.20.4 is here' need_node install_missing
fake node v20.0.0
says 0 '' need_node install_missing

fake rustc 'rustc 1.63.0 (4b91a6ea7 2022-08-08)'
says 2 'https://sh.rustup.rs' need_rust
says 2 'Rust 1.63.0 is here' need_rust
fake rustup rustup
says 2 'rustup update stable' need_rust
for version in 1.95.0 1.100.1 2.0.0-nightly; do
  fake rustc "rustc $version"
  says 0 '' need_rust
done

# What fails once is tried again by itself, and only what fails twice has failed.
rows=$fakes/results.tsv
tried() { printf '%s 1 - %s\n' "$@" >"$fakes/tap"; }
tried 'ok' steady 'not ok' shaky 'not ok' broken
python3 scripts/tally.py tap "$fakes/tap" "$rows" >/dev/null && exit 1
[ "$(python3 scripts/tally.py failed tap "$fakes/tap" | tr '\n' ' ')" = 'shaky broken ' ]
tried 'ok' 'steady # SKIP' 'ok' shaky 'not ok' broken
python3 scripts/tally.py again tap "$fakes/tap" "$rows" && exit 1
tail=$(python3 scripts/tally.py show "$rows") && exit 1
[[ $tail == *'FLAKY    browser shaky'*'FAILED   browser broken'*'2 passed, 1 failed' ]]
tried 'not ok' a 'not ok' b 'not ok' c 'not ok' d
[ "$(python3 scripts/tally.py failed tap "$fakes/tap")" = '' ] || { echo 'FAIL: many failures are tried again'; exit 1; }
tested() { printf '{ "type": "test", "event": "%s", "name": "%s", "stdout": "a\\nb" }\n' "$@" >"$fakes/json"; }
tested ok steady failed shaky::one
: >"$rows"
python3 scripts/tally.py libtest "$fakes/json" "$rows" >/dev/null 2>&1 && exit 1
[ "$(python3 scripts/tally.py failed libtest "$fakes/json" 2>/dev/null)" = shaky::one ]
: >"$fakes/none"
python3 scripts/tally.py again libtest "$fakes/none" "$rows" && exit 1
tested ok shaky::one
printf 'fail\t1\tpage\tshaky::one\n' >>"$rows"
python3 scripts/tally.py again libtest "$fakes/json" "$rows"
[ "$(cut -f 1 "$rows" | tr '\n' ' ')" = 'pass flaky fail ' ]
