# SPDX-License-Identifier: Apache-2.0
"""never_installed.py CMAKE BUILD: fails where an install rule of BUILD would install latchkey-devidp."""

import pathlib
import subprocess
import sys
import tempfile

cmake, build = sys.argv[1], pathlib.Path(sys.argv[2])
with tempfile.TemporaryDirectory() as prefix:
    subprocess.run([cmake, "--install", build / "devidp", "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    installed = [path for path in pathlib.Path(prefix).rglob("*") if path.is_file()]
rules = list(build.rglob("cmake_install.cmake"))
naming = [path for path in rules
          if any("devidp" in line and "FILES" in line for line in path.read_text(encoding="utf-8").splitlines())]
if not rules:
    sys.exit(f"{build} has no install rules to look at")
if installed or naming:
    sys.exit(f"would be installed: {installed or naming}")
