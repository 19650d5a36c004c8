# SPDX-License-Identifier: Apache-2.0
"""A fleet's revocation stream: a real Redis server with TLS and an access list, and the writers that sign for it."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile

from box import clients
from fetching.certificates import Authority
from fetching.introspection import secret_file

NAME = "lists.example"  # in the box's /etc/hosts
# Not an https URL: `{"iss":"https:/` opens the payload of every token, and the search for tokens on disk would find it
# in the items that the host keeps. Of this length `"iat"` lies otherwise in them, too, than in a token.
ISSUER = "urn:fleets.example:revocations"
KEY = "latchkey:revocations"
PASSWORD_FILE = "/etc/latchkey/redis-password"
PASSWORDS = {"host": "the-password-of-hosts-7f31", "writer": "the-password-of-writers-90ce", "admin": "the-admins-password-55aa"}

_CONFIG = """\
port 0
bind 127.0.0.1
tls-port {port}
tls-cert-file {certificate}
tls-key-file {certificate}
tls-ca-cert-file {ca_file}
tls-auth-clients no
dir {folder}
aclfile {folder}/users.acl
appendonly yes
appendfsync always
save ""
daemonize no
logfile {folder}/redis.log
"""

_USERS = """\
user default off
user host on >{host} resetkeys ~{key}* resetchannels -@all +xread +xinfo|stream
user writer on >{writer} resetkeys ~{key}* resetchannels -@all +xadd +xrange +xtrim
user admin on >{admin} ~* &* +@all
"""


class Redis:
    """Serves when made. Writers are `latchkeyctl`, as an administrator would run it."""

    def __init__(self) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="redis-")
        self.folder = pathlib.Path(self._made.name)
        self.folder.chmod(0o755)
        self._authority = Authority(self.folder, "redis-authority")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.folder / "redis.conf").write_text(
            _CONFIG.format(folder=self.folder, port=self.port, certificate=self._authority.issue(NAME),
                           ca_file=self._authority.file), encoding="utf-8")
        (self.folder / "users.acl").write_text(_USERS.format(key=KEY, **PASSWORDS), encoding="utf-8")
        self.keys = {name: self._key(name) for name in ("good", "timer", "other")}
        secret_file(PASSWORD_FILE, PASSWORDS["host"] + "\n")
        self.writer_password = self.folder / "writer-password"
        self.writer_password.write_text(PASSWORDS["writer"], encoding="utf-8")
        self._process: subprocess.Popen | None = None
        self.start()

    def _key(self, name: str) -> dict:
        private = str(self.folder / f"{name}.jwk")
        done = subprocess.run(["latchkeyctl", "jwk", "generate", "--alg", "ES256", "--kid", name, "--out", private],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    # The server.

    def start(self) -> None:
        """Returns once it takes commands."""
        self._process = subprocess.Popen(["/usr/bin/redis-server", str(self.folder / "redis.conf")])
        while self._cli("PING").stdout.strip() != "PONG":
            if self._process.poll() is not None:
                raise RuntimeError((self.folder / "redis.log").read_text(encoding="utf-8"))

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.stop()
        self._made.cleanup()

    def _cli(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(["redis-cli", "--tls", "--cacert", str(self._authority.file), "-h", "127.0.0.1", "-p", str(self.port),
                               "--sni", NAME, "--user", "admin", *words], capture_output=True, text=True, check=False,
                              timeout=clients.DEADLINE_S, env={**os.environ, "REDISCLI_AUTH": PASSWORDS["admin"]})

    def admin(self, *words: str) -> str:
        done = self._cli(*words)
        if done.returncode != 0 or done.stdout.startswith(("ERR", "NOPERM", "WRONGPASS")):
            raise RuntimeError(f"redis-cli {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    # The configuration, and writers.

    def section(self, keys: tuple[str, ...] = ("good", "timer"), more: str = "") -> str:
        document = json.dumps({"keys": [self.keys[name] for name in keys]})
        return (f"revocation:\n  streams:\n    - name: now\n      issuer: {ISSUER}\n      server: rediss://{NAME}:{self.port}\n"
                f"      user: host\n      password_file: {PASSWORD_FILE}\n      ca_file: {self._authority.file}\n"
                f"      keys: {json.dumps(document)}\n{more}")

    def writer(self, key: str = "good") -> list[str]:
        return ["--key", str(self.folder / f"{key}.jwk"), "--redis-user", "writer", "--password-file", str(self.writer_password)]
