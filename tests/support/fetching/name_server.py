# SPDX-License-Identifier: Apache-2.0
"""A name server on 127.0.0.1:53 of a box: answers, hangs, fails, or answers what it should not, on command.

`mode` is "answer", "silent" (nothing comes), "fail" (SERVFAIL), "missing" (NXDOMAIN) or an IPv4 address to give in place
of the right one; about names in `silent_about` nothing comes whatever it is. It writes /etc/resolv.conf and puts back what
was there.
"""

import os
import pathlib
import select
import socket
import struct
import threading
import time

from box import files

_RESOLV_CONF = pathlib.Path("/etc/resolv.conf")
_A, _SERVFAIL, _NXDOMAIN = 1, 2, 3


class NameServer:
    def __init__(self, names: dict[str, str]) -> None:
        files.must_be_in_box()
        self.mode = "answer"
        self.silent_about: set[str] = set()
        self.asked: list[float] = []
        self._names = names
        self._before = _RESOLV_CONF.read_bytes() if _RESOLV_CONF.exists() else None
        if _RESOLV_CONF.is_symlink() or _RESOLV_CONF.exists():
            _RESOLV_CONF.unlink()
        _RESOLV_CONF.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n", encoding="ascii")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while self._stop not in (ready := select.select([self._socket, self._stop], [], [])[0]):
            if self._socket in ready:
                query, peer = self._socket.recvfrom(4096)
                self.asked.append(time.monotonic())
                answer = self._answer(query)
                if answer:
                    self._socket.sendto(answer, peer)

    def _answer(self, query: bytes) -> bytes | None:
        mode = self.mode
        if mode == "silent":
            return None
        name, at = [], 12
        while query[at]:
            name.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
            at += query[at] + 1
        if ".".join(name).lower() in self.silent_about:
            return None
        question = query[12:at + 5]
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        address = self._names.get(".".join(name).lower())
        code = {"fail": _SERVFAIL, "missing": _NXDOMAIN}.get(mode, 0 if address else _NXDOMAIN)
        if address and mode not in ("answer", "fail", "missing"):
            address = mode
        record = b""
        if code == 0 and kind == _A:
            record = b"\xc0\x0c" + struct.pack("!HHIH", _A, 1, 0, 4) + socket.inet_aton(address)
        return query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, 1 if record else 0, 0, 0) + question + record

    def close(self) -> None:
        os.write(self._stopped, b".")
        self._thread.join()
        for descriptor in (self._stop, self._stopped):
            os.close(descriptor)
        self._socket.close()
        _RESOLV_CONF.unlink()
        if self._before is not None:
            _RESOLV_CONF.write_bytes(self._before)
