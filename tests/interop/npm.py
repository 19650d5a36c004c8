# SPDX-License-Identifier: Apache-2.0
"""What tests/interop/prepare brought in from npm, or why it did not."""

import os
import pathlib

import pytest

MODULES = pathlib.Path(os.environ["LATCHKEY_PREPARED"])


def missing() -> str | None:
    why = MODULES / "missing"
    if why.exists():
        return why.read_text(encoding="utf-8").strip() or "npm's modules are missing, and nobody said why"
    return None if (MODULES / "node_modules").is_dir() else "tests/interop/prepare has not run"


needed = pytest.mark.skipif(missing() is not None, reason=missing() or "")
