# SPDX-License-Identifier: Apache-2.0
"""A second provider that nobody here wrote: Debian's glewlwyd. Its access tokens are signed and can be taken back, which its
introspection endpoint knows; with `introspection: required` a real sshd knows it, too."""

import grp
import os
import pathlib

import pytest

import glewlwyd
from box import clients, files, forge, host as host_module, tls

CA, SECRET_FILE = "/etc/latchkey/glewlwyd-ca.pem", "/etc/latchkey/glewlwyd-secret"
AUDIENCE = "openid login"  # it writes the scopes there

pytestmark = pytest.mark.skipif(glewlwyd.missing() is not None, reason=glewlwyd.missing() or "")


@pytest.fixture(name="provider", scope="module")
def _provider(machine, tmp_path_factory):
    clients.install_laptop()  # its name is known in the box before it is set up
    folder = tmp_path_factory.mktemp("glewlwyd")
    made = glewlwyd.Glewlwyd(folder, *tls.make(str(folder), glewlwyd.NAME))
    made.ca_file = f"{folder}/ca.pem"
    yield made
    made.stop()


@pytest.fixture(name="asking")
def _asking(host, provider):
    files.write(SECRET_FILE, glewlwyd.SECRET, 0o640, (0, grp.getgrnam("latchkey-fetch").gr_gid))
    pathlib.Path(CA).write_bytes(pathlib.Path(provider.ca_file).read_bytes())
    os.chmod(CA, 0o644)

    def asking(mode: str = "required", *more: str):
        lines = [f"introspection: {mode}", "introspection_positive_ttl: 0s", *more,
                 f"introspection_client: {{ client_id: {glewlwyd.CLIENT}, secret_file: {SECRET_FILE} }}"]

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


def test_an_access_token_opens_a_session_until_it_is_revoked_at_the_provider(asking, provider):
    host = asking()
    token = tokens(host, provider)["access_token"]
    assert forge.header_of(token)["typ"] == "at+jwt"
    assert clients.ssh(token, "alice", "true").status == 0
    provider.revoke(token)
    assert provider.introspect(token) == {"active": False}
    refused(host, token, "alice", "token_inactive")


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
