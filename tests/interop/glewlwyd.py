# SPDX-License-Identifier: Apache-2.0
"""Debian's glewlwyd, unpacked by tests/interop/prepare and never installed: set up by its own REST interface as a company's
provider might be. JWT access tokens by the password grant, introspection and revocation of them."""

import base64
import gzip
import http.cookiejar
import json
import os
import pathlib
import re
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

FOLDER = pathlib.Path(os.environ.get("LATCHKEY_PREPARED", ".")) / "glewlwyd"
ROOT = FOLDER / "root"
NAME = "idp.example"
# It lets a client ask about the tokens that the client itself was given, so the host asks as the one that people use.
CLIENT, SECRET = "latchkey", "a-secret-of-the-tests-0123456789"
PASSWORD = "alice-has-a-password"
DEADLINE_S = 60


def missing() -> str | None:
    why = FOLDER / "missing"
    if why.exists():
        return why.read_text(encoding="utf-8").strip()
    return None if (ROOT / "usr/bin/glewlwyd").exists() else "tests/interop/prepare has not run"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Glewlwyd:
    """Serves when made. It wants to be told its port, so a free one is looked for until one is still free."""

    def __init__(self, folder: pathlib.Path, ca_file: str, certificate: str, key: str, client_keys: dict) -> None:
        """`client_keys` is the key set of the client, for what it signs."""
        self._folder = folder
        self._client_keys = client_keys
        with gzip.open(ROOT / "usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz", "rt") as script:
            database = sqlite3.connect(folder / "glewlwyd.db")
            database.executescript(script.read())
            database.close()
        for _ in range(5):
            self._port = _free_port()
            self._configure(certificate, key)
            self._process = subprocess.Popen(
                [ROOT / "usr/bin/glewlwyd", f"--config-file={folder}/glewlwyd.conf"], stdin=subprocess.DEVNULL,
                stdout=open(folder / "glewlwyd.log", "ab"), stderr=subprocess.STDOUT,
                env={"LD_LIBRARY_PATH": str(ROOT / "usr/lib/x86_64-linux-gnu"), "PATH": "/usr/bin:/bin"})
            if self._listens():
                break
        self.origin = f"https://{NAME}:{self._port}"
        self.issuer = f"{self.origin}/api/oidc"
        context = ssl.create_default_context(cafile=ca_file)
        self._anonymous = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        self._admin = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context),
                                                  urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        try:
            self._set_up()
        except Exception:
            self.stop()
            raise

    def _configure(self, certificate: str, key: str) -> None:
        with gzip.open(ROOT / "usr/share/doc/glewlwyd/glewlwyd.conf.sample.gz", "rt") as sample:
            text = sample.read()
        values = {"port": self._port, "bind_address": '"127.0.0.1"', "external_url": f'"https://{NAME}:{self._port}"',
                  "cookie_domain": f'"{NAME}"', "use_secure_connection": "true",
                  "secure_connection_key_file": f'"{key}"', "secure_connection_pem_file": f'"{certificate}"'}
        text = re.sub(r"(?m)^secure_connection_ca_file.*$", "", text)
        for name, value in values.items():
            text = re.sub(rf"(?m)^#?\s*{name}\s*=.*$", "", text)
            text = f"{name}={value}\n{text}"
        text = text.replace('"/usr/', f'"{ROOT}/usr/').replace("/var/cache/glewlwyd/", f"{self._folder}/")
        (self._folder / "glewlwyd.conf").write_text(text, encoding="utf-8")

    def _listens(self) -> bool:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=DEADLINE_S).close()
                return True
            except ConnectionRefusedError:
                time.sleep(0.01)
        return False

    def _call(self, path: str, body: dict, method: str = "POST") -> None:
        request = urllib.request.Request(f"{self.origin}/api/{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        try:
            self._admin.open(request, timeout=DEADLINE_S).close()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"glewlwyd: {path}: {error.code} {error.read().decode()}") from error

    def _set_up(self) -> None:
        self._call("auth/", {"username": "admin", "password": "password"})
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                    serialization.NoEncryption()).decode()
        public = private.public_key().public_bytes(serialization.Encoding.PEM,
                                                   serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self._call("scope/", {"name": "login", "display_name": "login", "description": "login", "password_required": True,
                              "password_max_age": 0, "scheme": {}})
        self._call("mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": pem, "cert": public,
            "access-token-duration": 300, "refresh-token-duration": 1209600, "code-duration": 600,
            "refresh-token-rolling": False, "allow-non-oidc": True, "auth-type-code-enabled": True,
            "auth-type-password-enabled": True, "auth-type-client-enabled": True, "auth-type-refresh-enabled": True,
            "jwks-show": True, "subject-type": "public", "introspection-revocation-allowed": True,
            "introspection-revocation-allow-target-client": True, "introspection-revocation-auth-scope": [],
            "allowed-scope": ["openid"],
            # Without the first it takes no assertion; the second is the client's property with its keys.
            "request-parameter-allow": True, "client-jwks-parameter": "jwks",
            "additional-parameters": [{"user-parameter": "name", "token-parameter": "preferred_username"}]}})
        self._call("client/", {"client_id": CLIENT, "name": CLIENT, "confidential": True, "enabled": True,
                               "client_secret": SECRET, "redirect_uri": ["https://host.example/"], "scope": ["login"],
                               "token_endpoint_auth_method": ["client_secret_basic", "private_key_jwt"],
                               "jwks": self._client_keys,
                               "authorization_type": ["password", "refresh_token"]})
        self._call("user/", {"username": "alice", "name": "alice", "password": PASSWORD, "enabled": True,
                             "email": "alice@corp.example", "scope": ["openid", "login"]})

    def _ask(self, path: str, **form: str) -> dict:
        credential = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        request = urllib.request.Request(f"{self.issuer}/{path}", urllib.parse.urlencode(form).encode(),
                                         {"Authorization": f"Basic {credential}"})
        try:
            with self._anonymous.open(request, timeout=DEADLINE_S) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"glewlwyd: {path}: {error.code} {error.read().decode()}") from error

    def tokens(self, scope: str = "openid login") -> dict:
        """alice's, by the password grant."""
        return self._ask("token", grant_type="password", username="alice", password=PASSWORD, scope=scope)

    def introspect(self, token: str) -> dict:
        return self._ask("introspect", token=token)

    def revoke(self, token: str) -> None:
        """RFC 7009."""
        self._ask("revoke", token=token)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
