# SPDX-License-Identifier: Apache-2.0
"""Calls of latchkeyd's control socket over one connection, and how long each took: latchkeyctl takes longer to start than
a change takes to be made, and a hundred changes a second shall be made."""

import json
import socket
import time

_INTERFACE = "io.latchkey.Control"
_DEADLINE_S = 30  # only keeps a test from hanging


class Refused(Exception):
    """What the daemon answered with instead."""


class Gone(Exception):
    """No answer: nobody knows whether it was done."""


class Control:
    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def call(self, method: str, **parameters) -> dict:
        """Connects anew where the daemon that it spoke to has gone."""
        try:
            if not self._socket:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.settimeout(_DEADLINE_S)
                self._socket.connect(self._path)
            self._socket.sendall(json.dumps({"method": f"{_INTERFACE}.{method}", "parameters": parameters}).encode() + b"\0")
            answer = self._read()
        except OSError as error:
            self.close()
            raise Gone(str(error)) from error
        if "error" in answer:
            raise Refused(f"{answer['error']} {json.dumps(answer.get('parameters'))}")
        return answer.get("parameters", {})

    def _read(self) -> dict:
        data = b""
        while not data.endswith(b"\0"):
            part = self._socket.recv(65536)
            if not part:
                raise ConnectionResetError("closed")
            data += part
        return json.loads(data[:-1])

    def revoke(self, issuer: str, jti: str) -> None:
        self.call("Revoke", kind="token", issuer=issuer, value=jti)

    def source(self, name: str) -> dict:
        """A source of revocations, as status has it; what is null there is left out."""
        sources = self.call("Status")["revocation_sources"]
        return {"last_error": "", "version": 0} | next((each for each in sources if each["name"] == name), {"state": "none"})

    def becomes(self, name: str, wanted, what: str, seconds: float = _DEADLINE_S) -> dict:
        """The source once it is as wanted: asked again and again, since each answer comes when the workers have what it says."""
        deadline = time.monotonic() + seconds
        while not wanted(now := self.source(name)):
            assert time.monotonic() < deadline, f"{what}: {now}"
        return now

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None
