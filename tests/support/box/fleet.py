# SPDX-License-Identifier: Apache-2.0
"""A fleet in one box: so many hosts, each with latchkeyd and latchkey-fetchd, a state folder and sockets of its own, on one
network and under one configuration, /etc/latchkey of the box. They end with this process at the latest."""

import contextlib
import os
import pathlib
import subprocess
import sys
import threading
import time

from box import files, units
from box.control import Control
from box.knock import knock

_SUPPORT = str(pathlib.Path(__file__).resolve().parents[1])


class FleetHost:
    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self._process = subprocess.Popen([sys.executable, "-m", "box.fleet_host", folder], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": _SUPPORT})
        self.latchkeyd_pid = self.fetchd_pid = 0
        root = f"/proc/{self._process.pid}/root"  # as its own mounts have it
        self.pam_socket = root + units.parse_unit(f"{units.UNIT_FOLDER}/latchkey-pam.socket")["ListenSequentialPacket"][0]
        self.control = Control(root + units.parse_unit(f"{units.UNIT_FOLDER}/latchkey-control.socket")["ListenStream"][0])

    def wait_ready(self) -> None:
        words = self._process.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise RuntimeError(f"a host of the fleet did not start:\n{self.said()}")
        self.latchkeyd_pid, self.fetchd_pid = map(int, words[1:])

    def knock(self, token: str, user: str = "alice") -> tuple[str, str]:
        return knock(self.pam_socket, token, user)

    def said(self) -> str:
        log = pathlib.Path(self.folder, "latchkeyd.log")
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def close(self) -> None:
        self.control.close()
        self._process.stdin.close()
        self._process.wait(units.DEADLINE_S)
        self._process.stdout.close()


class Fleet:
    """Started when made, all at once; the configuration is there by then."""

    def __init__(self, folder: str, count: int) -> None:
        files.must_be_in_box()
        self._stack = contextlib.ExitStack()
        self.hosts = [self._stack.enter_context(contextlib.closing(FleetHost(f"{folder}/host{number}"))) for number in range(count)]
        try:
            for host in self.hosts:
                host.wait_ready()
        except BaseException:
            self.close()
            raise

    def become(self, name: str, wanted, what: str) -> None:
        for host in self.hosts:
            host.control.becomes(name, wanted, what)

    def close(self) -> None:
        self._stack.close()


class Watch:
    """Asks each host in turn whether it still lets the token in, and notes when each first did not; from when it is made until
    all have refused. How fine that is, is `round_s`: the longest that it took to ask all that were left."""

    def __init__(self, fleet: Fleet, token: str, user: str = "alice") -> None:
        self.refused_at: dict[int, float] = {}
        self.reasons: set[str] = set()
        self.round_s = 0.0
        self._fleet, self._token, self._user = fleet, token, user
        self._over = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            while len(self.refused_at) < len(self._fleet.hosts) and not self._over.is_set():
                began = time.monotonic()
                for number, host in enumerate(self._fleet.hosts):
                    if number not in self.refused_at:
                        self._ask(number, host)
                self.round_s = max(self.round_s, time.monotonic() - began)
        except BaseException as error:  # for who waits
            self._failed = error

    def _ask(self, number: int, host: FleetHost) -> None:
        result, reason = host.knock(self._token, self._user)
        if result == "allow":
            return
        self.refused_at[number] = time.monotonic()
        self.reasons.add(reason)

    def all_refused(self, seconds: float) -> list[float]:
        """When each of them first refused, rising; RuntimeError where one does not come to it."""
        self._thread.join(seconds)
        self._over.set()
        self._thread.join()
        if self._failed:
            raise self._failed
        if len(self.refused_at) < len(self._fleet.hosts):
            raise RuntimeError(f"{len(self.refused_at)} of {len(self._fleet.hosts)} hosts refused")
        if self.reasons != {"revoked_token"}:
            raise RuntimeError(f"refused for {self.reasons}")
        return sorted(self.refused_at.values())
