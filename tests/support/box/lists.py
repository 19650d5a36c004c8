# SPDX-License-Identifier: Apache-2.0
"""A fleet's revocation list and the nginx that serves it: a folder of files, as any web server would."""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from box import clients, forge, leaks
from fetching.certificates import Authority

NAME = "lists.example"  # in the box's /etc/hosts
ISSUER = "https://lists.example/corp"

_NGINX = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  log_format short '$status $request_uri';
  access_log {folder}/access.log short;
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    root {folder}/www;
    location /chunks/ {{ add_header Cache-Control "public, max-age=31536000, immutable"; }}
    location / {{ add_header Cache-Control no-cache; }}
  }}
}}
"""


class Server:
    """Serves when made. What it serves is made by `latchkeyctl list`, as an administrator would."""

    def __init__(self, search: leaks.TokenSearch | None = None) -> None:
        self._search = search
        self._made = tempfile.TemporaryDirectory(prefix="lists-")
        self.folder = pathlib.Path(self._made.name)
        self.folder.chmod(0o755)
        self.www = self.folder / "www"
        self._authority = Authority(self.folder, "lists-authority")
        self.ca_file = str(self._authority.file)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        certificate = self._authority.issue(NAME)
        (self.folder / "nginx.conf").write_text(
            _NGINX.format(folder=self.folder, port=self.port, name=NAME, certificate=certificate), encoding="utf-8")
        self.keys = {name: self._key(name) for name in ("good", "other")}
        self._nginx: subprocess.Popen | None = None
        self._asked = 0
        self.www.mkdir()
        self.start()

    def _key(self, name: str) -> dict:
        private = self.folder / f"{name}.jwk"
        return json.loads(self._ctl("jwk", "generate", "--alg", "ES256", "--kid", name, "--out", str(private)))

    @staticmethod
    def _ctl(*arguments: str, text: str | None = None) -> str:
        done = subprocess.run(["latchkeyctl", *arguments], input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"latchkeyctl {' '.join(arguments)}: {done.stderr}{done.stdout}")
        return done.stdout

    # The server.

    def start(self) -> None:
        """Returns once it takes connections."""
        self._nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")])
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), clients.DEADLINE_S).close()
                return
            except ConnectionRefusedError:
                if self._nginx.poll() is not None:
                    raise RuntimeError((self.folder / "error.log").read_text(encoding="utf-8")) from None

    def stop(self) -> None:
        if self._nginx:
            self._nginx.terminate()
            self._nginx.wait()
            self._nginx = None

    def close(self) -> None:
        self.stop()
        self._made.cleanup()

    def requests(self) -> list[str]:
        """What it answered: "200 /manifest.jwt"."""
        log = self.folder / "access.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    # The list.

    def build(self, entries: list[dict], *options: str) -> None:
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        self._ctl("list", "build", "--least", "0", *options, str(self.www), text=text)

    def build_from(self, text: pathlib.Path) -> None:
        self._ctl("list", "build", "--from", str(text), str(self.www))

    def sign(self, key: str = "good", max_age: str = "1h", now: str | None = None, issuer: str = ISSUER) -> None:
        self._ctl("list", "sign", "--issuer", issuer, "--key", str(self.folder / f"{key}.jwk"), "--max-age", max_age,
                  *(["--now", now] if now else []), str(self.www))
        for path in (self.www, *self.www.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if self._search:
            self._search.forgive((self.www / "manifest.jwt").read_bytes())

    def publish(self, entries: list[dict], **options) -> None:
        self.build(entries)
        self.sign(**options)

    def ask_for_patience(self, seconds: int) -> None:
        """503 from now on, and when to come again."""
        self._configure(lambda text: text.replace("location / {", f"location / {{ add_header Retry-After {seconds} always; return 503;"))

    def be_well(self) -> None:
        self._configure(lambda text: re.sub(r"add_header Retry-After \d+ always; return 503;", "", text))

    def _configure(self, change) -> None:
        file = self.folder / "nginx.conf"
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
        self.stop()
        self.start()

    def copy(self) -> pathlib.Path:
        """What is served now, to be served again()."""
        kept = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "www"
        shutil.copytree(self.www, kept)
        return kept

    def again(self, kept: pathlib.Path) -> None:
        shutil.rmtree(self.www)
        shutil.copytree(kept, self.www)

    def section(self, more: str = "", keys: tuple[str, ...] = ("good",)) -> str:
        """Of the configuration. Each has another query, so that a host that reloads asks at once; the server heeds none."""
        self._asked += 1
        return (f"revocation:\n  lists:\n    - name: fleet\n      issuer: {ISSUER}\n"
                f"      url: https://{NAME}:{self.port}/manifest.jwt?{self._asked}\n      ca_file: {self.ca_file}\n"
                f"      keys: {json.dumps(json.dumps({'keys': [self.keys[key] for key in keys]}))}\n{more}")


def token_id(token: str) -> dict:
    """The entry that revokes the token."""
    claims = forge.claims_of(token)
    return {"kind": "token", "issuer": claims["iss"], "value": claims["jti"]}
