# SPDX-License-Identifier: Apache-2.0
"""What all folders of pytest files share: the box's Python, and its fixtures (support/box/fixtures.py)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
pytest_plugins = ["box.fixtures"]
