# SPDX-License-Identifier: Apache-2.0
"""A latchkey-fetchd of one test, and the words that latchkeyd would speak to it."""

import array
import fcntl
import json
import os
import pathlib
import select
import signal
import socket
import subprocess

DEADLINE_S = 60

_F_GET_SEALS = 1034
_ALL_SEALS = 0xF  # seal, shrink, grow, write


class Manager:
    """The service manager's end of sd_notify."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.path = folder / "notify.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(DEADLINE_S)
        self.path.chmod(0o666)
        self.said: list[str] = []

    def wait_for(self, word: str) -> str:
        """Waits for a message that holds `word` on a line of its own beginning."""
        while True:
            message = self._socket.recv(4096).decode()
            self.said.append(message)
            if any(line.startswith(word) for line in message.split("\n")):
                return message

    def close(self) -> None:
        self._socket.close()


def config_text(issuers: list[dict]) -> str:
    """A configuration with these issuers; members that do not matter here are filled in."""
    text = "version: 1\nissuers:\n"
    for issuer in issuers:
        members = {"audiences": ["ssh://test"], "algorithms": ["ES256"], "tokens": ["access"]} | issuer
        lines = [f"{name}: {json.dumps(value)}" for name, value in members.items()]
        text += "  - " + "\n    ".join(lines) + "\n"
    return text + 'access:\n  - services: ["sshd"]\n    allow: { users: ["alice"] }\n'


class Fetchd:
    """Started with the configuration `issuers`, and ready. `program` is the built latchkey-fetchd."""

    def __init__(self, program: str, folder: pathlib.Path, issuers: list[dict], arguments: list[str] | None = None,
                 environment: dict[str, str] | None = None, activated: bool = False, user: int | None = None) -> None:
        self.program = program
        self.folder = folder
        self.config = folder / "latchkey.yaml"
        self.socket = folder / "fetch.sock"
        self._log = folder / "fetchd.log"
        self.manager = Manager(folder)
        self.write_config(issuers)
        command = [program, "--config", str(self.config), "--log-level", "debug", *(arguments or [])]
        passed: list[int] = []
        if activated:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(str(self.socket))
            listener.listen()
            passed = [listener.fileno()]
            command = ["/bin/bash", "-c", f'exec 3<&{passed[0]}; LISTEN_PID=$$ exec "$@"', "bash", *command]
            environment = (environment or {}) | {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "fetch"}
        else:
            command += ["--socket", str(self.socket)]
        with open(self._log, "wb") as log:
            identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
            self.process = subprocess.Popen(
                command, **identity, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=passed,
                env={"NOTIFY_SOCKET": str(self.manager.path), **_sanitizer_options(), **(environment or {})})
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        ended = os.pidfd_open(self.process.pid)
        try:
            ready, _, _ = select.select([self.manager._socket, ended], [], [], DEADLINE_S)
        finally:
            os.close(ended)
        if self.manager._socket not in ready:
            self.process.kill()
            raise AssertionError("latchkey-fetchd did not get ready:\n" + self.log())
        self.manager.wait_for("READY=1")

    def write_config(self, issuers: list[dict]) -> None:
        fresh = self.folder / "fresh.yaml"
        fresh.write_text(config_text(issuers), encoding="utf-8")
        fresh.rename(self.config)

    def digest(self, issuer: str) -> str:
        """Of the issuer's section as the file has it now."""
        checked = subprocess.run([self.program, "--config", str(self.config), "--check"], check=True,
                                 capture_output=True, text=True)
        return dict(line.split(" ") for line in checked.stdout.splitlines())[issuer]

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def connect(self) -> "Latchkeyd":
        return Latchkeyd(self)

    def fetch(self, issuer: str, document: str = "jwks", **members) -> "Answer":
        with self.connect() as latchkeyd:
            latchkeyd.ask(issuer, document, **members)
            return latchkeyd.answer()

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)
        self.manager.wait_for("RELOADING=1")
        self.manager.wait_for("READY=1")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.manager.close()


def _sanitizer_options() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


class Answer:
    def __init__(self, message: dict, body: bytes | None) -> None:
        self.message = message
        self.body = body
        self.status = message["status"]
        self.error = message.get("error", "")

    def __repr__(self) -> str:
        return f"Answer({self.message})"


class Latchkeyd:
    """One connection to the fetch socket."""

    def __init__(self, fetchd: Fetchd) -> None:
        self._fetchd = fetchd
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(DEADLINE_S)
        self._socket.connect(str(fetchd.socket))
        self._next = 1

    def __enter__(self) -> "Latchkeyd":
        return self

    def __exit__(self, *_error) -> None:
        self._socket.close()

    def ask(self, issuer: str, document: str = "jwks", digest: str | None = None, **members) -> int:
        """Sends a request and gives its id."""
        request = {"v": 1, "id": self._next, "issuer": issuer, "document": document,
                   "digest": digest if digest is not None else self._fetchd.digest(issuer)} | members
        self._next += 1
        self.send(json.dumps(request).encode())
        return request["id"]

    def send(self, message: bytes, descriptors: tuple[int, ...] = ()) -> None:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self._socket.sendmsg([message], ancillary)

    def answer(self) -> Answer:
        for _ in range(2):  # an end that is told once may have come before the last message (common/ipc/packet.h)
            message, descriptors, _flags, _address = socket.recv_fds(self._socket, 65536, 4)
            if message:
                break
        assert message, "latchkey-fetchd closed the connection:\n" + self._fetchd.log()
        body = None
        for descriptor in descriptors:
            assert fcntl.fcntl(descriptor, _F_GET_SEALS) & _ALL_SEALS == _ALL_SEALS
            with open(descriptor, "rb") as file:
                file.seek(0)
                body = file.read()
        parsed = json.loads(message)
        assert (body is not None) == (parsed["status"] == "ok")
        assert body is None or len(body) == parsed["bytes"]
        return Answer(parsed, body)

    def is_closed(self) -> bool:
        """Waits for the end of the connection; false where something else came."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True
