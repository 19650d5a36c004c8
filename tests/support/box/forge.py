# SPDX-License-Identifier: Apache-2.0
"""Tokens that no provider would make: written and signed here by another implementation than the one under test."""

import base64
import datetime
import hashlib
import hmac
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID


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


def _certificate(key: rsa.RSAPrivateKey, url: str) -> str:
    """Signed by itself, in the form of `x5c`; whoever follows its extensions comes to the URL."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "id.example")])
    place = x509.UniformResourceIdentifier(url)
    now = datetime.datetime.utcnow()
    access = [x509.AccessDescription(method, place)
              for method in (AuthorityInformationAccessOID.CA_ISSUERS, AuthorityInformationAccessOID.OCSP)]
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.AuthorityInformationAccess(access), critical=False)
            .add_extension(x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)]), critical=False)
            .sign(key, hashes.SHA256()))
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def with_carried_key(token: str, carrier: str, url: str, **header) -> str:
    """The same claims, signed by a key of somebody else that the header's `carrier` brings or names: `jku` and `x5u` by
    their URL, `x5c` by a certificate that holds the key and the URL, `jwk` as it is."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = key.public_key().public_numbers()
    bring = {
        "jku": lambda: url,
        "x5u": lambda: url,
        "x5c": lambda: [_certificate(key, url)],
        "jwk": lambda: {"kty": "RSA", "e": "AQAB", "n": encode(numbers.n.to_bytes(256, "big"))},
    }[carrier]
    text = _input(header_of(token) | {"alg": "RS256", carrier: bring()} | header, claims_of(token))
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
