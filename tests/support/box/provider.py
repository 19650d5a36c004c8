# SPDX-License-Identifier: Apache-2.0
"""The identity provider of a session: latchkey-devidp, serving and minting. Every token that it makes is remembered for
the search for leaks."""

import json
import subprocess
import tempfile
import time

from box import leaks

ALGORITHMS = "RS256,PS256,ES256,ES384,EdDSA"  # of the keys that it starts with


class Provider:
    """Serves when made. `token` works whether it serves or not, as a token that was had before would."""

    def __init__(self, build: str, search: leaks.TokenSearch, log: str, name: str = "idp.example") -> None:
        self._program = f"{build}/devidp/latchkey-devidp"
        self._made = tempfile.TemporaryDirectory(prefix="devidp-")
        self._folder = self._made.name
        self._search = search
        self._log = log
        self._name = name
        self._port = "0"
        self._serving: subprocess.Popen | None = None
        self.issuer = ""
        self.start()

    @property
    def ca_file(self) -> str:
        return f"{self._folder}/ca.pem"

    def start(self) -> None:
        """Returns once it listens, at the URL that it had before."""
        with open(self._log, "ab") as log:
            self._serving = subprocess.Popen([self._program, "serve", "--state", self._folder, "--host", self._name,
                                              "--port", self._port, "--alg", ALGORITHMS], stdout=subprocess.PIPE, stderr=log, text=True)
        self.issuer = self._serving.stdout.readline().strip()
        if not self.issuer:
            raise RuntimeError(f"latchkey-devidp did not start; see {self._log}")
        self._port = self.issuer.rsplit(":", 1)[1].rstrip("/")

    def serving(self) -> bool:
        return self._serving is not None

    def stop(self) -> None:
        if self._serving:
            self._serving.terminate()
            self._serving.wait()
            self._serving.stdout.close()
            self._serving = None

    def close(self) -> None:
        """Stops for good, and leaves nothing."""
        self.stop()
        self._made.cleanup()

    def _run(self, command: str, *arguments: str) -> str:
        done = subprocess.run([self._program, command, "--state", self._folder, *arguments], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"latchkey-devidp {command} {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def token(self, user: str, groups: list[str], *options: str, size: int = 0, algorithm: str = "",
              claims: dict | None = None) -> str:
        """`options` are those of `latchkey-devidp mint`. An RSA signature unless told, or unless it would not fit."""
        algorithm = algorithm or ("ES256" if 0 < size < 1000 else "RS256")
        arguments = ["--user", user, "--groups", ",".join(groups), "--aud", "ssh://box", "--alg", algorithm]
        if size:
            arguments += ["--size", str(size)]
        for name, value in (claims or {}).items():
            arguments += ["--claim", f"{name}={json.dumps(value)}"]
        token = self._run("mint", *arguments, *options).strip()
        self._search.add(token, f"{user}'s of {len(token)} bytes {' '.join(options)}")
        return token

    def document(self, typ: str, claims: dict, *options: str) -> str:
        """Something else that it signs; no secret, so nobody looks for it, though its issuer and dates read as in a token."""
        arguments = [part for name, value in claims.items() for part in ("--claim", f"{name}={json.dumps(value)}")]
        made = self._run("mint", "--user", "nobody", "--aud", "anybody", "--alg", "RS256", "--typ", typ, *arguments, *options).strip()
        self._search.forgive(made.encode())
        return made

    def rotate(self, *options: str) -> None:
        """New keys at once; with --keep-old the old ones stay in the set."""
        self._run("rotate", *options)

    def jwks(self) -> list[dict]:
        with open(f"{self._folder}/jwks.json", encoding="utf-8") as file:
            return json.load(file)["keys"]

    def publish_also(self, key: dict) -> None:
        """One more key in the set: anybody's public half, as any provider can."""
        with open(f"{self._folder}/jwks.json", "r+", encoding="utf-8") as file:
            text = json.load(file)
            text["keys"].append(key)
            file.seek(0)
            json.dump(text, file)
            file.truncate()

    @staticmethod
    def now() -> int:
        return int(time.time())
