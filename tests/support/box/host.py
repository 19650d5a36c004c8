# SPDX-License-Identifier: Apache-2.0
"""The host under test: the installed programs, run as their units say, with an sshd, sudo and PAM stacks of its own.

`reset()` brings it to one known state before each test: shipped stacks, the configuration below, no bindings, no
revocations, keys fetched anew. Tests break what they like.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import time

from box import accounts, clients, files, leaks, logs, sshd, units
from box.provider import Provider

CONFIG = "/etc/latchkey/latchkey.yaml"
CA_FILE = "/etc/latchkey/corp-ca.pem"
STATE = "/var/lib/latchkey"
AUDIENCE = "ssh://box"

_CONFIG = """\
version: 1
log_level: debug
issuers:
  - name: corp
    issuer: {issuer}
    audiences: [ "{audience}" ]
    algorithms: [ RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA ]
    tokens: [ access ]
    typ: [ at+jwt, JWT, none ]
    ca_file: {ca_file}
    leeway: 5s
    min_fetch_interval: 1s
    user: {{ claim: preferred_username }}
    groups:
      claim: groups
      map:
        "corp-developers": [ developers ]
        "corp-operators": [ sre, docker ]
access:
  - name: logins
    services: [ sshd ]
    allow: {{ groups: [ developers, sre ] }}
  - name: operators
    services: [ sudo, sudo-i ]
    allow: {{ groups: [ sre ] }}
"""

_REFUSAL = re.compile(r"\((?P<reason>[a-z_]+), request (?P<id>[0-9a-f]{8})\)")


def install(build: str, module: str | None = None) -> None:
    """Puts the build where its own install rules put it, and makes the people; once a session. `module` is taken in
    place of the build's: what is loaded into sshd shall be the one that is released."""
    files.must_be_in_box()
    subprocess.run(["cmake", "--install", build], check=True, capture_output=True)
    if module:
        shutil.copyfile(module, glob.glob("/usr/lib/*/security/pam_latchkey.so")[0])
    accounts.install()
    accounts.add_daemon_users()


class Host:
    def __init__(self, build: str, folder: str) -> None:
        self.folder = folder
        self.search = leaks.TokenSearch()
        self.leaks: list[str] = []
        self.logs = logs.LogCollector(folder)
        self.provider = Provider(build, self.search, f"{folder}/devidp.log")
        self.sockets = {name: units.Socket(f"latchkey-{name}.socket") for name in ("pam", "control", "fetchd", "endd", "endd-signal")}
        self.fetchd = units.from_unit("latchkey-fetchd", f"{folder}/fetchd.log", [self.sockets["fetchd"]], [])
        self.endd = units.from_unit("latchkey-endd", f"{folder}/endd.log", [self.sockets["endd"]], [])
        self.endd_signal = units.from_unit("latchkey-endd-signal", f"{folder}/endd-signal.log",
                                           [self.sockets["endd-signal"]], [])
        self.latchkeyd = units.from_unit("latchkeyd", f"{folder}/latchkeyd.log",
                                         [self.sockets["pam"], self.sockets["control"]], [])
        sshd.install_sshd()
        self.sshd = sshd.sshd(f"{folder}/sshd.log").start()
        self.module = glob.glob("/usr/lib/*/security/pam_latchkey.so")[0]

    # States.

    def reset(self) -> None:
        self.halt()
        if not self.provider.serving():
            self.provider.start()
        self.forget()
        sshd.install_stacks()
        sshd.install_sudoers()
        clients.install_laptop()
        shutil.rmtree("/run/sudo", ignore_errors=True)
        for person in accounts.PEOPLE:
            for name in (".ssh/authorized_keys", "token", "answer"):
                if os.path.exists(f"{person.home}/{name}"):
                    os.unlink(f"{person.home}/{name}")
        shutil.copy(self.provider.ca_file, CA_FILE)
        os.chmod(CA_FILE, 0o644)
        shutil.rmtree("/etc/latchkey/conf.d", ignore_errors=True)
        self.configure()
        self.start()

    def halt(self) -> None:
        """Ends the daemons and looks through what they leave on disk for tokens."""
        self.latchkeyd.stop()
        self.fetchd.stop()
        self.endd.stop()
        self.endd_signal.stop()
        self.leaks += self.search.in_tree(STATE)

    @staticmethod
    def forget() -> None:
        """Empties the state folder, as on a host that was never used."""
        for name in os.listdir(STATE):
            path = f"{STATE}/{name}"
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)

    def start(self) -> None:
        for listener in self.sockets.values():
            listener.open()
        self.fetchd.start()
        self.endd_signal.start()
        self.endd.start()
        self.latchkeyd.start()

    def config(self) -> str:
        return _CONFIG.format(issuer=self.provider.issuer, audience=AUDIENCE, ca_file=CA_FILE)

    def configure(self, text: str | None = None) -> None:
        """Writes the configuration; a daemon that runs takes it by reload() or when it starts."""
        files.write(CONFIG, text if text is not None else self.config())

    def with_config(self, change) -> None:
        """The test's own configuration, from the start: `change` edits the text."""
        self.configure(change(self.config()))
        self.reload()

    # What an administrator does.

    def ctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(["latchkeyctl", *arguments], capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"latchkeyctl {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ctl_json(self, *arguments: str) -> dict:
        return json.loads(self.ctl("--json", *arguments).stdout)

    def status(self) -> dict:
        return self.ctl_json("status")

    def logins_become(self, count: int) -> bool:
        """Whether the host comes to have so many open logins. sshd closes a session after its client has gone."""
        deadline = time.monotonic() + clients.DEADLINE_S
        while time.monotonic() < deadline:
            if self.status()["logins"] == count:
                return True
        return False

    def reload(self) -> None:
        self.ctl("reload")

    def explain(self, request: str) -> dict:
        answer = self.ctl_json("explain", request)
        return answer.get("decision", answer)

    # What a user saw.

    @staticmethod
    def refusal(said: str) -> tuple[str, str]:
        """Reason code and request id of the refusal that a text shows; AssertionError where it shows none. ssh asks up to
        three times, and the wrapper answers once: the first one is what became of the token."""
        found = _REFUSAL.search(said)
        assert found, f"no refusal was shown; this was:\n{said}"
        return found["reason"], found["id"]

    def close(self) -> None:
        self.halt()
        self.sshd.stop()
        self.provider.close()
        self.logs.close()
