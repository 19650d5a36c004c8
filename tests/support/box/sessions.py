# SPDX-License-Identifier: Apache-2.0
"""Sessions of the box that last until something ends them."""

import os
import signal
import subprocess
import time

from . import clients, forge

DEVELOPER = ["corp-developers"]


class Session:
    """An ssh of somebody that goes on until it is ended."""

    def __init__(self, host, user: str, command: str = "echo in; exec sleep 86400", token: str = "", **minted) -> None:
        self.token = token or host.provider.token(user, minted.pop("groups", DEVELOPER), *minted.pop("options", ()))
        self.jti = forge.claims_of(self.token)["jti"]
        laptop = clients.LAPTOP
        self._ssh = subprocess.Popen(
            ["latchkey", "ssh", f"{user}@{clients.HOST}", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd=laptop.home, user=laptop.uid, group=laptop.uid, extra_groups=(),
            start_new_session=True, env={"HOME": laptop.home, "USER": laptop.name, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
                                         "BEARER_TOKEN_FILE": clients.token_file(self.token, f"token-{self.jti[:8]}")})
        said = self._ssh.stdout.readline()
        assert said == "in\n", said + self._ssh.stdout.read()

    def lives(self) -> bool:
        return self._ssh.poll() is None

    def wait(self) -> int:
        return self._ssh.wait(clients.DEADLINE_S)

    def close(self) -> None:
        if self.lives():
            os.killpg(self._ssh.pid, signal.SIGKILL)  # the wrapper and its ssh
        self._ssh.wait()
        self._ssh.stdout.close()


def until(what) -> bool:
    deadline = time.monotonic() + clients.DEADLINE_S
    while time.monotonic() < deadline:
        if what():
            return True
    return False
