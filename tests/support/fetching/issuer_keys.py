# SPDX-License-Identifier: Apache-2.0
"""The keys of an issuer of a test and the tokens that they sign, made here because thousands of them are needed, each
with its right verdict known; by another implementation of JWS than the one under test."""

import base64
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

AUDIENCE = "ssh://faults"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value: dict) -> str:
    return encode(json.dumps(value, separators=(",", ":")).encode())


def _number(value: int, size: int = 0) -> str:
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A pair under a `kid`, for RS256, ES256 or EdDSA."""

    def __init__(self, kid: str, algorithm: str = "ES256") -> None:
        self.kid = kid
        self.algorithm = algorithm
        if algorithm == "RS256":
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        elif algorithm == "ES256":
            self._key = ec.generate_private_key(ec.SECP256R1())
        else:
            self._key = ed25519.Ed25519PrivateKey.generate()

    def jwk(self) -> dict:
        public = self._key.public_key()
        common = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        if self.algorithm == "RS256":
            numbers = public.public_numbers()
            return common | {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            return common | {"kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return common | {"kty": "OKP", "crv": "Ed25519", "x": encode(raw)}

    def sign(self, text: str) -> str:
        data = text.encode()
        if self.algorithm == "RS256":
            return encode(self._key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        if self.algorithm == "ES256":
            r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
            return encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return encode(self._key.sign(data))


def key_set(*keys: Key) -> bytes:
    return json.dumps({"keys": [key.jwk() for key in keys]}).encode()


def claims(issuer: str, user: str, *, now: float | None = None, **changes) -> dict:
    """Those of a good access token for the user; a change to None leaves a claim out."""
    now = int(now if now is not None else time.time())
    base = {"iss": issuer, "sub": f"sub-of-{user}", "aud": AUDIENCE, "iat": now, "exp": now + 3600, "jti": uuid.uuid4().hex,
            "client_id": "faults", "preferred_username": user, "groups": ["corp-developers"]}
    return {name: value for name, value in (base | changes).items() if value is not None}


def token(key: Key, payload: dict, **header) -> str:
    text = f"{compact({'alg': key.algorithm, 'kid': key.kid, 'typ': 'at+jwt'} | header)}.{compact(payload)}"
    return f"{text}.{key.sign(text)}"
