# SPDX-License-Identifier: Apache-2.0
"""A second provider that nobody here wrote: Debian's glewlwyd. Its access tokens are signed and can be taken back, which its
introspection endpoint knows; with `introspection: required` a real sshd knows it, too."""

import base64
import grp
import os
import pathlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import glewlwyd
from box import clients, files, forge, host as host_module, tls

CA, SECRET_FILE = "/etc/latchkey/glewlwyd-ca.pem", "/etc/latchkey/glewlwyd-secret"
KEY_FILE = "/etc/latchkey/glewlwyd-key.pem"
AUDIENCE = "openid login"  # it writes the scopes there
BY_SECRET = f"introspection_client: {{ client_id: {glewlwyd.CLIENT}, secret_file: {SECRET_FILE} }}"
BY_KEY = (f"introspection_client: {{ client_id: {glewlwyd.CLIENT}, authentication: private_key_jwt, "
          f"key_file: {KEY_FILE}, key_id: host, audience: endpoint }}")
LOGINS_MOST = 100  # of one after the other, which take longer than an answer is kept

pytestmark = pytest.mark.skipif(glewlwyd.missing() is not None, reason=glewlwyd.missing() or "")


def secret_file(path: str, text: str) -> None:
    files.write(path, text, 0o640, (0, grp.getgrnam("latchkey-fetch").gr_gid))


def pem_of(key) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


@pytest.fixture(name="key", scope="module")
def _key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(name="provider", scope="module")
def _provider(machine, key, tmp_path_factory):
    clients.install_laptop()  # its name is known in the box before it is set up
    folder = tmp_path_factory.mktemp("glewlwyd")
    numbers = key.public_key().public_numbers()
    encode = lambda number: base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()  # noqa: E731
    keys = {"keys": [{"kty": "EC", "crv": "P-256", "kid": "host", "use": "sig", "alg": "ES256", "x": encode(numbers.x),
                      "y": encode(numbers.y)}]}
    made = glewlwyd.Glewlwyd(folder, *tls.make(str(folder), glewlwyd.NAME), keys)
    made.ca_file = f"{folder}/ca.pem"
    yield made
    made.stop()


@pytest.fixture(name="asking")
def _asking(host, provider, key):
    secret_file(SECRET_FILE, glewlwyd.SECRET)
    secret_file(KEY_FILE, pem_of(key))
    pathlib.Path(CA).write_bytes(pathlib.Path(provider.ca_file).read_bytes())
    os.chmod(CA, 0o644)

    def asking(mode: str = "required", *more: str, client: str = BY_SECRET, kept: str = "0s"):
        lines = [f"introspection: {mode}", f"introspection_positive_ttl: {kept}", client, *more]

        def change(text: str) -> str:
            text = (text.replace(host.provider.issuer, provider.issuer).replace(host_module.CA_FILE, CA)
                    .replace(f'"{host_module.AUDIENCE}"', f'"{AUDIENCE}"')
                    .replace("allow: { groups: [ developers, sre ] }", "allow: { users: [ alice ] }"))
            return text.replace("    leeway: 5s\n", "    leeway: 5s\n" + "".join(f"    {line}\n" for line in lines))
        host.with_config(change)
        return host
    return asking


def tokens(host, provider) -> dict:
    made = provider.tokens()
    for name in ("access_token", "refresh_token", "id_token"):
        host.search.add(made[name], f"glewlwyd's {name}")
    return made


def refused(host, token: str, user: str, *reasons: str) -> None:
    done = clients.ssh(token, user)
    assert done.status == 255 and host.refusal(done.said)[0] in reasons, done.said


@pytest.mark.parametrize("client", [BY_SECRET, BY_KEY], ids=["basic", "private_key_jwt"])
def test_an_access_token_opens_a_session_until_it_is_revoked_at_the_provider(asking, provider, client):
    host = asking(client=client)
    token = tokens(host, provider)["access_token"]
    assert forge.header_of(token)["typ"] == "at+jwt"
    assert clients.ssh(token, "alice", "true").status == 0
    provider.revoke(token)
    assert provider.introspect(token) == {"active": False}
    refused(host, token, "alice", "token_inactive")


def test_a_revoked_token_signs_in_no_longer_than_its_answer_is_kept(asking, provider):
    host = asking(kept="1s")
    token = tokens(host, provider)["access_token"]
    assert clients.ssh(token, "alice", "true").status == 0
    provider.revoke(token)
    for _ in range(LOGINS_MOST):
        if clients.ssh(token, "alice", "true").status != 0:
            break
    refused(host, token, "alice", "token_inactive")


@pytest.mark.parametrize("client", [BY_SECRET, BY_KEY], ids=["basic", "private_key_jwt"])
def test_a_wrong_credential_lets_nobody_in(asking, provider, client):
    host = asking(client=client)
    secret_file(SECRET_FILE, "a-wrong-secret-0123456789")
    secret_file(KEY_FILE, pem_of(ec.generate_private_key(ec.SECP256R1())))
    refused(host, tokens(host, provider)["access_token"], "alice", "introspection_unavailable")
    assert "HTTP status 4" in host.status()["issuers"][0]["introspection"]["last_error"]


def test_without_introspection_a_revoked_token_is_good_until_it_expires(asking, provider):
    host = asking("off")
    token = tokens(host, provider)["access_token"]
    provider.revoke(token)
    assert clients.ssh(token, "alice", "true").status == 0, "that is what 'required' is for"


def test_other_tokens_of_it_do_not_sign_in_though_they_are_active(asking, provider):
    host = asking("required", "opaque_tokens: { services: [ sshd ] }")
    made = tokens(host, provider)
    for name in ("refresh_token", "id_token"):
        assert provider.introspect(made[name])["active"], name
    refused(host, made["refresh_token"], "alice", "type_wrong", "token_inactive")
    refused(host, made["id_token"], "alice", "type_wrong", "audience_wrong")
    refused(host, made["access_token"], "bob", "user_mismatch")
    refused(host, forge.with_foreign_key(made["access_token"]), "alice", "signature_invalid")
    assert clients.ssh(made["access_token"], "alice", "true").status == 0


def test_answers_that_it_signs_are_verified_or_refused(asking, provider):
    """It signs answers about tokens that it knows, and has an error for the others."""
    host = asking("required", "introspection_answers: jwt")
    token = tokens(host, provider)["access_token"]
    done = clients.ssh(token, "alice", "true")
    assert done.status == 0, done.said + host.ctl("status").stdout
    provider.revoke(token)
    refused(host, token, "alice", "token_inactive", "introspection_unavailable")
