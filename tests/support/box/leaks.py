# SPDX-License-Identifier: Apache-2.0
"""The search for tokens where none may be: every token that a session made, in slices, against files, journals, memory.

A slice is 20 bytes at every tenth position of a token, so that any 30 bytes of it in a row hold one. The header of a
token is no secret and is the same in many; what counts is the payload and the signature.
"""

import os
import re
import time

SLICE, STRIDE = 20, 10
_RUN = re.compile(rb"[A-Za-z0-9_.=-]{%d,}" % SLICE)


class TokenSearch:
    def __init__(self) -> None:
        self._slices: dict[bytes, str] = {}
        self._public: list[bytes] = []
        self._since = time.time() - 2  # file times are a little coarser than clocks

    def add(self, token: str, name: str) -> None:
        secret = token.split(".", 1)[1].encode() if token.count(".") >= 2 else token.encode()
        for start in range(0, max(len(secret) - SLICE, 0) + 1, STRIDE):
            part = secret[start:start + SLICE]
            if len(part) == SLICE and len(set(part)) > 4:  # padding of one letter is no secret
                self._slices[part] = name

    def forgive(self, published: bytes) -> None:
        """What a web server shows to everybody is no secret, though a date or a name in it may read as in a token."""
        self._public.append(published)

    def __len__(self) -> int:
        return len(self._slices)

    def in_bytes(self, data: bytes) -> list[str]:
        """Names of the tokens of which a slice stands in `data`."""
        found = set()
        for run in _RUN.finditer(data):
            text = run.group()
            for start in range(len(text) - SLICE + 1):
                part = text[start:start + SLICE]
                if (name := self._slices.get(part)) is not None and not any(part in each for each in self._public):
                    found.add(name)
        return sorted(found)

    def in_tree(self, folder: str) -> list[str]:
        """`path: token` for each file under the folder that holds a slice and was written since the search was made."""
        found = []
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                if os.path.isfile(path) and not os.path.islink(path) and os.path.getmtime(path) >= self._since:
                    with open(path, "rb") as file:
                        found += [f"{path}: {token}" for token in self.in_bytes(file.read())]
        return found

    def in_memory(self, pid: int) -> list[str]:
        """`region: token` for each writable region of a process that holds a slice."""
        found = []
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                fields = line.split(None, 5)
                if "w" not in fields[1]:
                    continue
                low, high = (int(number, 16) for number in fields[0].split("-"))
                try:
                    memory.seek(low)
                    data = memory.read(high - low)
                except OSError:
                    continue
                where = fields[5].strip() if len(fields) > 5 else "anonymous"
                found += [f"{where} at {low:x}: {token}" for token in self.in_bytes(data)]
        return found

    def in_processes(self) -> list[str]:
        """`pid what: token` for each process of the box whose arguments or environment hold a slice."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            for what in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{what}", "rb") as file:
                        found += [f"{pid} {what}: {token}" for token in self.in_bytes(file.read())]
                except OSError:
                    continue  # it ended meanwhile
        return found
