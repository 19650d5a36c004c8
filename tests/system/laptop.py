# SPDX-License-Identifier: Apache-2.0
"""Where somebody signs in from to the machine that is booted."""

import contextlib
import os
import pathlib
import signal
import subprocess

from machine import ROOT


class Client:
    """A laptop's `latchkey ssh`, outside of the machine, on the loopback that both share."""

    def __init__(self, build: str, folder: pathlib.Path) -> None:
        self._latchkey = f"{build}/cli/latchkey/latchkey"
        self._folder = folder
        key = pathlib.Path(f"{ROOT}/etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
        (folder / "known").write_text(f"127.0.0.1 {' '.join(key)}\n")

    def _how(self, token: str, user: str, command: str, *options: str) -> tuple[list[str], dict]:
        file = self._folder / f"token-{hash(token)}"
        file.write_text(token)
        file.chmod(0o600)
        return ([self._latchkey, "ssh", "-F", "none", "-o", f"UserKnownHostsFile={self._folder}/known", *options,
                 f"{user}@127.0.0.1", command],
                {"env": {"PATH": os.environ["PATH"], "HOME": str(self._folder), "BEARER_TOKEN_FILE": str(file), "LANG": "C.UTF-8"},
                 "stdin": subprocess.DEVNULL, "text": True, "start_new_session": True})

    def ssh(self, token: str, user: str, command: str) -> subprocess.CompletedProcess:
        words, how = self._how(token, user, command)
        return subprocess.run(words, capture_output=True, timeout=170, check=False, **how)

    @contextlib.contextmanager
    def session(self, token: str, user: str, command: str, *options: str):
        """An ssh that goes on; given when the command has said "in"."""
        words, how = self._how(token, user, command, *options)
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)
        try:
            said = []  # sudo may have a word before it
            for line in process.stdout:
                said.append(line)
                if line.strip() == "in":
                    break
            assert said and said[-1].strip() == "in", said
            yield process
        finally:
            # So that the wrapper takes what it has in /tmp along.
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, number)
                    process.wait(60)
            process.stdout.close()
