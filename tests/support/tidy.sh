#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tidy.sh BUILD: clang-tidy over every source of ours in BUILD's compile database, two at a time on two cores.
#
# What follows the paths of a program does not know coroutines in this version: it takes the frame of one for a pointer
# that nobody set, and says so of a header of Asio, where nothing can be suppressed. Sources with co_await go without it.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
build=${1:?the build folder of preset clang}

tidy_one() {
  local checks=()
  if grep -q co_await "$1"; then checks=(--checks='-clang-analyzer-*'); fi
  clang-tidy-16 --quiet -p "$build" "${checks[@]}" "$1"
}
export build
export -f tidy_one

/usr/bin/python3 - "$build/compile_commands.json" "$PWD" <<'PY' |
import json, os, sys
top = sys.argv[2] + "/"
files = {entry["file"] for entry in json.load(open(sys.argv[1], encoding="utf-8"))}
for file in sorted(files):
    if file.startswith(top) and not file.startswith(top + "build/"):
        sys.stdout.write(file + "\0")
PY
  xargs -0 -r -n 1 -P "$(nproc)" bash -c 'tidy_one "$1"' tidy_one
