# SPDX-License-Identifier: Apache-2.0
"""Three implementations of JWS and JWK behind one face: npm's jose, Debian's python3-jwt, and latchkeyctl. Each makes
its own keys, signs, and says whether it takes a token. Tokens go through pipes and files, never through a command line."""

import json
import os
import pathlib
import subprocess

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

HERE = pathlib.Path(__file__).resolve().parent
CTL = pathlib.Path(os.environ["LATCHKEY_BUILD"]) / "cli/latchkeyctl/latchkeyctl"
ISSUER, AUDIENCE = "https://id.example.com", "ssh://prod"

ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
SYMMETRIC = ["HS256", "HS384", "HS512"]
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def key_type(alg: str) -> str:
    return {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP", "HS": "oct"}[alg[:2]]


def run(*command: str, stdin: str, folder=None, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False, cwd=folder,
                          env={"PATH": os.environ["PATH"], **environment})


class Latchkey:
    """`latchkeyctl jwk` and `latchkeyctl token`."""
    name = "latchkey"
    verifies = ASYMMETRIC

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        (folder / "l.yaml").write_text(
            "version: 1\nissuers:\n  - name: corp\n    issuer: " + ISSUER + "\n    audiences: [ \"" + AUDIENCE + "\" ]\n"
            "    algorithms: [ " + ", ".join(ASYMMETRIC) + " ]\naccess:\n  - services: [ sshd ]\n    allow: { issuers: [ corp ] }\n",
            encoding="utf-8")
        (folder / "l.yaml").chmod(0o600)

    def _ctl(self, *arguments: str, stdin: str = "") -> str:
        done = run(str(CTL), *arguments, stdin=stdin, folder=self._folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def key(self, alg: str) -> tuple[str, dict]:
        more = ["--curve", CURVES[alg]] if alg in CURVES else ["--bits", "2048"] if key_type(alg) == "RSA" else []
        private = self._ctl("jwk", "generate", "--type", key_type(alg), "--alg", alg, *more, "--out", "-")
        return private, json.loads(private if key_type(alg) == "oct" else self.public(private))

    def public(self, key: str) -> str:
        return self._ctl("jwk", "public", stdin=key)

    def sign(self, private: str, alg: str, claims: dict, **header: str) -> str:
        (self._folder / "claims").write_text(json.dumps(claims), encoding="utf-8")
        assert set(header) <= {"typ"}
        return self._ctl("token", "sign", "--key", "-", "--alg", alg, "--claims", "claims", "--lifetime", "0", "--typ",
                         header.get("typ", "at+jwt"), stdin=private).strip()

    def takes(self, token: str, alg: str, public: dict) -> bool:
        (self._folder / "keys").write_text(json.dumps({"keys": [{**public, "alg": alg}]}), encoding="utf-8")
        done = run(str(CTL), "--json", "token", "verify", "--jwks", "keys", "--config", "l.yaml", stdin=token,
                   folder=self._folder)
        assert done.returncode in (0, 1), done.stderr
        assert json.loads(done.stdout)["accepted"] == (done.returncode == 0)
        return done.returncode == 0


class Jose:
    """npm's jose, a process an order."""
    name = "jose"
    verifies = ASYMMETRIC + SYMMETRIC

    def __init__(self, modules: pathlib.Path) -> None:
        self._modules = str(modules)

    def _ask(self, **order) -> dict:
        done = run("node", str(HERE / "jose.mjs"), stdin=json.dumps([order]), JOSE_MODULES=self._modules)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)[0]

    def key(self, alg: str) -> tuple[dict, dict]:
        made = self._ask(do="key", alg=alg)
        return made["private"], made["public"]

    def sign(self, private: dict, alg: str, claims: dict, **header: str) -> str:
        return self._ask(do="sign", alg=alg, key=private, claims=claims, header={"typ": "at+jwt", **header})["token"]

    def takes(self, token: str, alg: str, public: dict) -> bool:
        answer = self._ask(do="verify", alg=alg, key=public, token=token, issuer=ISSUER, audience=AUDIENCE)
        return "claims" in answer


class PyJwt:
    """Debian's python3-jwt over python3-cryptography. Its keys become JWKs by `latchkeyctl jwk public`."""
    name = "python3-jwt"
    verifies = ASYMMETRIC + SYMMETRIC

    def __init__(self, ours: Latchkey) -> None:
        self._ours = ours

    def key(self, alg: str) -> tuple[object, dict]:
        if key_type(alg) == "oct":
            secret = os.urandom(int(alg[2:]) // 8)
            return secret, {"kty": "oct", "k": jwt.utils.base64url_encode(secret).decode()}
        curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
        key = (ec.generate_private_key(curves[CURVES[alg]]) if alg in CURVES else
               rsa.generate_private_key(65537, 2048) if key_type(alg) == "RSA" else ed25519.Ed25519PrivateKey.generate())
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption()).decode()
        return key, json.loads(self._ours.public(pem))

    def sign(self, private, alg: str, claims: dict, **header: str) -> str:
        return jwt.encode(claims, private, alg, headers={"typ": "at+jwt", **header})

    def takes(self, token: str, alg: str, public: dict) -> bool:
        key = jwt.PyJWK({**public, "alg": alg}).key
        try:
            jwt.decode(token, key, algorithms=[alg], issuer=ISSUER, audience=AUDIENCE, options={"require": ["exp"]})
        except jwt.InvalidTokenError:
            return False
        return True
