# SPDX-License-Identifier: Apache-2.0
"""A certified provider that nobody here wrote: npm's oidc-provider over TLS with a CA of its own. Its people sign in by the
device flow, and its access tokens open a real sshd."""

import os
import pathlib
import select
import subprocess

import pytest

import npm
from box import clients, forge, host as host_module, tls
from browser import Browser, device_flow

HERE = pathlib.Path(__file__).resolve().parent
NAME = "idp.example"
STARTS_MOST, START_S = 3, 60

pytestmark = npm.needed


class RealProvider:
    def __init__(self, folder: pathlib.Path, **more: str) -> None:
        self.ca_file, certificate, key = tls.make(str(folder), NAME)
        environment = {"PATH": os.environ["PATH"], "PROVIDER_MODULES": os.environ["LATCHKEY_PREPARED"],
                       "PROVIDER_HOST": NAME, "TLS_KEY": key, "TLS_CERT": certificate, "HOME": str(folder)} | more
        for _ in range(STARTS_MOST):
            self._node = subprocess.Popen(["node", str(HERE / "provider.mjs")], env=environment, text=True,
                                          stdout=subprocess.PIPE, stderr=open(folder / "provider.log", "w"))
            # A node that is started on a busy machine may wait for itself for ever before it runs a line of ours.
            said = select.select([self._node.stdout], [], [], START_S)[0] and self._node.stdout.readline()
            if said and said.startswith("ready "):
                self.issuer = said.split()[1]
                return
            self.stop()
        raise RuntimeError((folder / "provider.log").read_text())

    def token(self, search, person: str, algorithm: str = "RS256") -> str:
        answer = device_flow(self.issuer, self.ca_file, person, algorithm)
        assert "access_token" in answer, answer
        search.add(answer["access_token"], f"{person}'s from oidc-provider")
        return answer["access_token"]

    def ask(self, what: str) -> None:
        assert Browser(self.ca_file).fetch(f"{self.issuer}/_test/{what}", {})[1] == "done\n"

    def stop(self) -> None:
        self._node.kill()
        self._node.wait()
        self._node.stdout.close()


@pytest.fixture(scope="module")
def provider(machine, tmp_path_factory):
    made = RealProvider(tmp_path_factory.mktemp("provider"))
    yield made
    made.stop()


@pytest.fixture
def trusting(host, provider):
    """The host, knowing this provider and no other."""
    def change(text: str) -> str:
        return (text.replace(host.provider.issuer, provider.issuer)
                .replace(host_module.CA_FILE, "/etc/latchkey/real-ca.pem")
                .replace(host_module.AUDIENCE, "linux-hosts"))
    pathlib.Path("/etc/latchkey/real-ca.pem").write_bytes(pathlib.Path(provider.ca_file).read_bytes())
    os.chmod("/etc/latchkey/real-ca.pem", 0o644)
    host.with_config(change)
    return host


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_an_access_token_from_the_device_flow_opens_a_session_with_mapped_groups(trusting, provider, algorithm):
    token = provider.token(trusting.search, "alice", algorithm)
    assert forge.header_of(token)["alg"] == algorithm
    done = clients.ssh(token, "alice")
    assert done.status == 0, done.said
    for group in ("developers", "sre", "docker"):
        assert f"({group})" in done.out


def test_a_token_of_somebody_without_a_mapped_group_is_refused(trusting, provider):
    done = clients.ssh(provider.token(trusting.search, "bob"), "bob")
    assert done.status == 255
    assert trusting.refusal(done.said)[0] == "access_denied"


def test_tokens_open_sessions_after_the_provider_has_rotated_its_keys(trusting, provider):
    old = provider.token(trusting.search, "alice")
    assert clients.ssh(old, "alice", "true").status == 0
    provider.ask("rotate")
    new = provider.token(trusting.search, "alice")
    assert forge.header_of(new)["kid"] != forge.header_of(old)["kid"]
    # An unknown key is fetched at most once a second (min_fetch_interval): until then it is refused, and no other way.
    for _ in range(50):
        done = clients.ssh(new, "alice", "true")
        if done.status == 0:
            break
        assert trusting.refusal(done.said)[0] == "key_unknown"
    assert done.status == 0
    assert clients.ssh(old, "alice", "true").status == 0


def test_a_provider_with_a_certificate_of_somebody_else_gives_no_keys(trusting, provider, tmp_path):
    other, _, _ = tls.make(str(tmp_path), NAME)
    pathlib.Path("/etc/latchkey/real-ca.pem").write_bytes(pathlib.Path(other).read_bytes())
    token = provider.token(trusting.search, "alice")
    trusting.halt()
    trusting.forget()
    trusting.start()
    done = clients.ssh(token, "alice")
    assert done.status == 255
    assert trusting.refusal(done.said)[0] == "keys_missing"
