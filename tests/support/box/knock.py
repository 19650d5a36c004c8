# SPDX-License-Identifier: Apache-2.0
"""A login over pam.sock and nothing else (docs/PROTOCOL.md): for asking a host again and again whether it still lets a token
in, which a PAM stack would make dearer than the answer."""

import contextlib
import itertools
import os
import re
import socket
import struct

_HEADER = struct.Struct("<IHBBI")
_MAGIC, _VERSION = 0x314B434C, 1
_BEGIN, _ANSWER, _ASK, _TELL, _VERDICT = 1, 2, 16, 17, 18
_AUTHENTICATE = 1
_RESULTS = {1: "allow", 2: "refused", 3: "user_unknown", 4: "unavailable", 5: "not_managed", 6: "conversation"}
_REASON = re.compile(rb"\(([a-z_]+), request ")
_DEADLINE_S = 30  # only keeps a test from hanging
# From many addresses, so that no budget is what is met.
_sources = (f"10.66.{number // 256}.{number % 256}" for number in itertools.cycle(range(2048)))


def _frame(kind: int, body: bytes) -> bytes:
    return _HEADER.pack(_MAGIC, _VERSION, kind, 0, len(body)) + body


def _begin(service: str, user: str) -> bytes:
    texts = (service, user, "", next(_sources), "ssh", "", "")
    return _frame(_BEGIN, struct.pack("<B3xIii", _AUTHENTICATE, 0, os.getpid(), os.getppid()) +
                  b"".join(struct.pack("<H", len(text)) + text.encode() for text in texts))


def _receive(talk: socket.socket) -> bytes:
    """An end that is told once may have come before the last message (common/ipc/packet.h)."""
    for _ in range(3):
        with contextlib.suppress(ConnectionResetError):
            if data := talk.recv(16384):
                return data
    return b""


def knock(path: str, token: str, user: str = "alice", service: str = "sshd") -> tuple[str, str]:
    """What became of it, and the reason that was shown: ("refused", "revoked_token")."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as talk:
        talk.settimeout(_DEADLINE_S)
        talk.connect(path)
        talk.sendall(_begin(service, user))
        while True:
            data = _receive(talk)
            if len(data) < _HEADER.size:
                return "closed", ""
            kind = _HEADER.unpack_from(data)[2]
            if kind == _ASK:
                talk.sendall(_frame(_ANSWER, token.encode()))
            elif kind == _VERDICT:
                reason = _REASON.search(data)
                return _RESULTS[data[_HEADER.size]], reason[1].decode() if reason else ""
