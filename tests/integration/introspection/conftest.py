# SPDX-License-Identifier: Apache-2.0
"""A provider whose introspection endpoint a test decides, and a host that is configured to ask it."""

import base64
import contextlib
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from box import files, host as host_module
from fetching.certificates import Authority
from fetching.introspection import BUNDLE, BY_SECRET, FORGETFUL, OPAQUE, SECRET, SECRET_FILE, Endpoint, secret_file
from fetching.stub_provider import StubProvider


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "introspection")


@pytest.fixture(name="endpoint")
def _endpoint(authority):
    with contextlib.closing(StubProvider(authority.issue("idp.example"), host="idp.example")) as stub:
        yield Endpoint(stub)


@pytest.fixture(name="asking")
def _asking(host, authority, endpoint):
    """Configures the host: its issuer is asked at the endpoint, with these lines in its section."""
    secret_file(SECRET_FILE, SECRET + "\n")
    host.search.add(SECRET, "the client's secret")
    files.write(BUNDLE, files.read(host_module.CA_FILE) + authority.file.read_text())

    def asking(*lines: str, mode: str = "required", client: str = BY_SECRET, keep: bool = False):
        own = [f"introspection: {mode}", f"introspection_endpoint: {endpoint.url}", client, *lines]
        own += [] if keep else FORGETFUL

        def change(text: str) -> str:
            text = text.replace(host_module.CA_FILE, BUNDLE)
            return text.replace("    leeway: 5s\n", "    leeway: 5s\n" + "".join(f"    {line}\n" for line in own))
        host.with_config(change)
        return host
    return asking


@pytest.fixture(name="signing")
def _signing(host, authority, endpoint):
    """An issuer whose answers are signed; its key is the test's, and the host has it in a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    encode = lambda number: base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()  # noqa: E731
    files.write("/etc/latchkey/corp-keys.json", json.dumps({"keys": [
        {"kty": "EC", "crv": "P-256", "kid": "k", "x": encode(numbers.x), "y": encode(numbers.y)}]}))
    secret_file(SECRET_FILE, SECRET)
    files.write(BUNDLE, authority.file.read_text())
    lines = ["jwks_file: /etc/latchkey/corp-keys.json", "introspection: required", "introspection_answers: jwt",
             f"introspection_endpoint: {endpoint.url}", BY_SECRET, OPAQUE, *FORGETFUL]
    host.with_config(lambda text: text.replace(host_module.CA_FILE, BUNDLE).replace(
        "    leeway: 5s\n", "    leeway: 5s\n" + "".join(f"    {line}\n" for line in lines)))

    def signed(inner: dict, typ: str = "token-introspection+jwt", **claims) -> bytes:
        outer = {"iss": host.provider.issuer, "aud": "latchkey", "iat": int(time.time()), "token_introspection": inner}
        return jwt.encode(outer | claims, key, algorithm="ES256", headers={"kid": "k", "typ": typ}).encode()
    return host, signed
