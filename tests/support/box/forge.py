# SPDX-License-Identifier: Apache-2.0
"""Tokens that no provider would make: written and signed here by another implementation than the one under test."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(token: str) -> dict:
    return json.loads(decode(token.split(".")[0]))


def claims_of(token: str) -> dict:
    return json.loads(decode(token.split(".")[1]))


def _input(header: dict, claims: dict) -> str:
    compact = {"separators": (",", ":")}
    return f"{encode(json.dumps(header, **compact).encode())}.{encode(json.dumps(claims, **compact).encode())}"


def with_foreign_key(token: str) -> str:
    """The same header and claims, under the right `kid`, signed by a key of somebody else."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = _input(header_of(token) | {"alg": "RS256"}, claims_of(token))
    return f"{text}.{encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def without_algorithm(token: str) -> str:
    return _input(header_of(token) | {"alg": "none"}, claims_of(token)) + "."


def with_public_key_as_secret(token: str, jwk: dict) -> str:
    """HS256 keyed with the PEM of the provider's public key, the classic confusion."""
    numbers = [int.from_bytes(decode(jwk[name]), "big") for name in ("e", "n")]
    pem = rsa.RSAPublicNumbers(*numbers).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = _input(header_of(token) | {"alg": "HS256"}, claims_of(token))
    return f"{text}.{encode(hmac.new(pem, text.encode(), hashlib.sha256).digest())}"


def with_claims(token: str, **changed) -> str:
    """Claims altered after signing: the signature is the old one."""
    header, _, signature = token.split(".")
    return f"{header}.{encode(json.dumps(claims_of(token) | changed).encode())}.{signature}"
