# SPDX-License-Identifier: Apache-2.0
"""Opaque access tokens of npm's oidc-provider: what its introspection endpoint says of them opens a real sshd, or does not."""

import base64
import grp
import json
import os
import pathlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import npm
from box import clients, files, host as host_module
from browser import Browser, device_flow
from test_oidc_provider import RealProvider

SECRET = "a-secret-of-the-tests-0123456789"
CA, SECRET_FILE, KEY_FILE = "/etc/latchkey/real-ca.pem", "/etc/latchkey/real-secret", "/etc/latchkey/real-key.pem"
BY_SECRET = f"introspection_client: {{ client_id: latchkey-host, secret_file: {SECRET_FILE} }}"
BY_FORM = f"introspection_client: {{ client_id: latchkey-host, authentication: client_secret_post, secret_file: {SECRET_FILE} }}"
BY_KEY = (f"introspection_client: {{ client_id: latchkey-host-key, authentication: private_key_jwt, key_file: {KEY_FILE}, "
          "key_id: host }")
LOGINS_MOST = 100  # of one after the other, which take longer than an answer is kept

pytestmark = npm.needed


@pytest.fixture(name="key", scope="module")
def _key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(name="provider", scope="module")
def _provider(machine, key, tmp_path_factory):
    folder = tmp_path_factory.mktemp("provider")
    numbers = key.public_key().public_numbers()
    encode = lambda number: base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()  # noqa: E731
    (folder / "host.json").write_text(json.dumps({"keys": [
        {"kty": "EC", "crv": "P-256", "kid": "host", "use": "sig", "alg": "ES256", "x": encode(numbers.x),
         "y": encode(numbers.y)}]}))
    made = RealProvider(folder, HOST_JWKS=str(folder / "host.json"))
    yield made
    made.stop()


def secret_file(path: str, text: str) -> None:
    files.write(path, text, 0o640, (0, grp.getgrnam("latchkey-fetch").gr_gid))


@pytest.fixture(name="asking")
def _asking(host, provider, key):
    """Configures the host to ask this provider, which it finds in its metadata, about what has no signature."""
    secret_file(SECRET_FILE, SECRET)
    secret_file(KEY_FILE, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                            serialization.NoEncryption()).decode())
    pathlib.Path(CA).write_bytes(pathlib.Path(provider.ca_file).read_bytes())
    os.chmod(CA, 0o644)

    def asking(client: str = BY_SECRET, *more: str, mode: str = "opaque_only", kept: str = "0s"):
        lines = [f"introspection: {mode}", client, "opaque_tokens: { services: [ sshd ] }",
                 f"introspection_positive_ttl: {kept}", *more]

        def change(text: str) -> str:
            text = (text.replace(host.provider.issuer, provider.issuer).replace(host_module.CA_FILE, CA)
                    .replace(host_module.AUDIENCE, "linux-hosts"))
            return text.replace("    leeway: 5s\n", "    leeway: 5s\n" + "".join(f"    {line}\n" for line in lines))
        host.with_config(change)
        return host
    return asking


def opaque(host, provider, person: str) -> str:
    token = provider.token(host.search, person, "opaque")
    assert "." not in token
    return token


def refused(host, token: str, user: str, reason: str) -> None:
    done = clients.ssh(token, user)
    assert done.status == 255 and host.refusal(done.said)[0] == reason, done.said


@pytest.mark.parametrize("client", [BY_SECRET, BY_FORM, BY_KEY], ids=["basic", "post", "private_key_jwt"])
def test_an_opaque_token_opens_a_session_with_mapped_groups(asking, provider, client):
    host = asking(client)
    done = clients.ssh(opaque(host, provider, "alice"), "alice")
    assert done.status == 0, done.said
    for group in ("developers", "sre", "docker"):
        assert f"({group})" in done.out


def test_an_opaque_token_does_no_more_than_a_signed_one_would(asking, provider):
    host = asking()
    token = opaque(host, provider, "alice")
    refused(host, token, "bob", "user_mismatch")
    refused(host, opaque(host, provider, "bob"), "bob", "access_denied")
    refused(host, token[:-1] + ("a" if token[-1] != "a" else "b"), "alice", "token_inactive")
    assert clients.ssh(provider.token(host.search, "alice"), "alice", "true").status == 0, "signed ones stand beside them"


def revoke(provider, token: str) -> None:
    """RFC 7009."""
    browser = Browser(provider.ca_file)
    endpoint = browser.json(f"{provider.issuer}/.well-known/openid-configuration")["revocation_endpoint"]
    browser.fetch(endpoint, {"client_id": "latchkey", "token": token})


@pytest.mark.parametrize("client", [BY_SECRET, BY_KEY], ids=["basic", "private_key_jwt"])
def test_a_token_that_was_revoked_at_the_provider_is_refused(asking, provider, client):
    host = asking(client)
    token = opaque(host, provider, "alice")
    assert clients.ssh(token, "alice", "true").status == 0
    revoke(provider, token)
    refused(host, token, "alice", "token_inactive")


def test_a_revoked_token_signs_in_no_longer_than_its_answer_is_kept(asking, provider):
    host = asking(kept="1s")
    token = opaque(host, provider, "alice")
    assert clients.ssh(token, "alice", "true").status == 0
    revoke(provider, token)
    for _ in range(LOGINS_MOST):
        if clients.ssh(token, "alice", "true").status != 0:
            break
    refused(host, token, "alice", "token_inactive")


def test_signed_tokens_cannot_be_asked_about_here_and_are_refused_where_that_is_required(asking, provider):
    """This provider answers 400 for them: it keeps nothing of a signed token that it could look up."""
    host = asking(mode="required")
    refused(host, provider.token(host.search, "alice"), "alice", "introspection_unavailable")
    assert "400" in host.status()["issuers"][0]["introspection"]["last_error"]
    assert clients.ssh(opaque(host, provider, "alice"), "alice", "true").status == 0


def test_a_refresh_token_is_active_and_still_does_not_sign_in(asking, provider):
    host = asking()
    answer = device_flow(provider.issuer, provider.ca_file, "alice", "opaque", "offline_access")
    token = answer["refresh_token"]
    host.search.add(token, "alice's refresh token")
    refused(host, token, "alice", "type_wrong")


def test_answers_that_the_provider_signs_are_verified(asking, provider):
    host = asking(BY_SECRET, "introspection_answers: jwt")
    done = clients.ssh(opaque(host, provider, "alice"), "alice", "true")
    assert done.status == 0, done.said + host.ctl("status").stdout
    refused(host, "0123456789abcdef0123456789", "alice", "token_inactive")


@pytest.mark.parametrize("client", [BY_SECRET, BY_KEY], ids=["basic", "private_key_jwt"])
def test_a_wrong_credential_lets_nobody_in(asking, provider, client):
    host = asking(client)
    secret_file(SECRET_FILE, "a-wrong-secret-0123456789")
    secret_file(KEY_FILE, ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode())
    refused(host, opaque(host, provider, "alice"), "alice", "introspection_unavailable")
    assert "401" in host.status()["issuers"][0]["introspection"]["last_error"]
