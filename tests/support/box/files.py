# SPDX-License-Identifier: Apache-2.0
"""Writing files of the box, and asking whether we are in one: nothing here may run on a machine that is somebody's."""

import os
import pathlib


def must_be_in_box() -> None:
    if os.environ.get("LATCHKEY_BOX") != "1" or os.getpid() == 1 or pathlib.Path("/proc/1/comm").read_text() == "systemd\n":
        raise RuntimeError("this rewrites /etc: run it in the box (tests/support/box/enter.py)")


def write(path: str, text: str, mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> None:
    """Replaces the file by rename, so that a reader never sees half of it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fresh = f"{path}.fresh"
    with open(fresh, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(text)
    os.chmod(fresh, mode)
    os.chown(fresh, *owner)
    os.rename(fresh, path)


def make_folders(path: str, owner: tuple[int, int], mode: int = 0o700) -> None:
    """The folder and those above it that are missing, all of them the owner's."""
    if not os.path.isdir(path):
        make_folders(os.path.dirname(path), owner, mode)
        os.mkdir(path, mode)
        os.chown(path, *owner)


def read(path: str) -> str:
    return pathlib.Path(path).read_text(encoding="utf-8")
