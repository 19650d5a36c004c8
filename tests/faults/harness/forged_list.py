# SPDX-License-Identifier: Apache-2.0
"""Lists and items that `latchkeyctl` would not make, signed with the writers' own keys by another implementation of JWS: what
is wrong in them is found behind the signature, or not at all."""

import base64
import hashlib
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from box import files
from fetching.issuer_keys import compact, encode


def token_digest(issuer: str, jti: str) -> bytes:
    """docs/REVOCATION-LIST.md section 1."""
    return hashlib.sha256(b"t" + hashlib.sha256(issuer.encode()).digest()[:16] + jti.encode()).digest()[:16]


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Signer:
    """A private JWK of P-256."""

    def __init__(self, path) -> None:
        self.jwk = json.loads(files.read(str(path)))
        number = {name: int.from_bytes(decoded(self.jwk[name]), "big") for name in ("d", "x", "y")}
        public = ec.EllipticCurvePublicNumbers(number["x"], number["y"], ec.SECP256R1())
        self._key = ec.EllipticCurvePrivateNumbers(number["d"], public).private_key()

    def sign(self, payload: dict, typ: str, **header) -> str:
        text = f"{compact({'alg': 'ES256', 'kid': self.jwk['kid'], 'typ': typ} | header)}.{compact(payload)}"
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class ForgedList:
    """Of one server; `now` is what it serves at the moment."""

    def __init__(self, server) -> None:
        self._server = server
        self._signer = Signer(server.folder / "good.jwk")

    def payload(self) -> dict:
        return json.loads(decoded((self._server.www / "manifest.jwt").read_text(encoding="utf-8").split(".")[1]))

    def serve(self, payload: dict, typ: str = "latchkey-revocations+jwt", **header) -> None:
        self.serve_text(self._signer.sign(payload | {"iat": int(time.time())}, typ, **header))

    def serve_text(self, text: str) -> None:
        self._write("manifest.jwt", text.encode())

    def chunk(self, records: list[bytes], kind: str = "token", **members) -> dict:
        """Lies at its place; gives what a manifest says of it."""
        data = b"".join(records)
        name = hashlib.sha256(data).hexdigest()
        self._write(f"chunks/{name}.bin", data)
        return {"sha256": name, "size": len(data), "entries": len(records), "kind": kind, "op": "add"} | members

    def _write(self, name: str, data: bytes) -> None:
        fresh = self._server.www / "fresh"
        fresh.write_bytes(data)
        fresh.chmod(0o644)
        fresh.rename(self._server.www / name)
