# SPDX-License-Identifier: Apache-2.0
"""Logins whose issuer is asked about the token: real latchkeyd, latchkey-fetchd, module and sshd."""

import base64
import contextlib

import pytest

from box import accounts, clients, files, host as host_module
from fetching.introspection import (
    BUNDLE, BY_SECRET, GROUPS, OPAQUE, SECRET, SECRET_FILE, Endpoint, claims_of, introspection_of, opaque, opens, refused,
    secret_file)
from fetching.stub_provider import StubProvider, reset



def test_a_signed_token_signs_in_until_its_issuer_takes_it_back(asking, endpoint):
    host = asking()
    token = host.provider.token("alice", GROUPS)
    endpoint.says[token] = {}
    opens(clients.ssh(token, "alice"))
    assert endpoint.forms[0] == {"token": token, "token_type_hint": "access_token"}
    del endpoint.says[token]
    decision = refused(host, clients.ssh(token, "alice"), "token_inactive")
    outcome = {check["check"]: check["outcome"] for check in decision["checks"]}
    assert outcome["signature"] == "passed" and outcome["introspection"] == "failed"
    assert introspection_of(host) | {"answered_at": ""} == {
        "mode": "required", "state": "answers", "down": "refuse", "active": 1, "inactive": 1, "invalid": 0, "failed": 0, "withheld": 0, "under_way": 0,
        "answered_at": ""}
    assert "introspection  required: 1 active, 1 inactive" in host.ctl("status").stdout


def test_an_opaque_token_opens_a_session_with_mapped_groups(asking, endpoint):
    host = asking(OPAQUE, mode="opaque_only")
    token = opaque(host, "alice")
    endpoint.says[token] = claims_of("alice", GROUPS)
    done = clients.ssh(token, "alice")
    opens(done)
    for group in ("developers", "sre", "docker"):
        assert f"({group})" in done.out
    refused(host, clients.ssh(token, "bob"), "user_mismatch")
    refused(host, clients.ssh(opaque(host, "nobody"), "alice"), "token_inactive")
    asked = endpoint.asked()
    refused(host, clients.ssh(opaque(host, "other", "other_"), "alice"), "token_malformed")
    opens(clients.ssh(host.provider.token("bob", GROUPS), "bob"))
    assert endpoint.asked() == asked, "a prefix that nobody has and a signed token ask nobody"


@pytest.mark.parametrize("claims, reason", [
    ({"aud": "ssh://elsewhere"}, "audience_wrong"), ({"exp": None}, "claim_missing"), ({"exp": 1}, "token_expired"),
    ({"iss": "https://other.example"}, "claim_wrong"), ({"cnf": {"jkt": "x"}}, "type_wrong"),
    ({"token_type": "refresh_token"}, "type_wrong"), ({"groups": []}, "access_denied")])
def test_the_claims_of_an_answer_meet_the_claims_policy(asking, endpoint, claims, reason):
    host = asking(OPAQUE)
    token = opaque(host, "alice")
    endpoint.says[token] = {name: value for name, value in (claims_of("alice", GROUPS) | claims).items()
                            if value is not None}
    refused(host, clients.ssh(token, "alice"), reason)


def test_an_answer_serves_the_logins_that_follow_and_a_reload_forgets_it(asking, endpoint):
    host = asking(OPAQUE, keep=True)
    token = opaque(host, "alice")
    endpoint.says[token] = claims_of("alice", GROUPS)
    opens(clients.ssh(token, "alice"))
    opens(clients.ssh(token, "alice"))
    assert endpoint.asked() == 1
    host.configure(files.read(host_module.CONFIG).replace("leeway: 5s", "leeway: 6s"))
    host.reload()
    del endpoint.says[token]
    refused(host, clients.ssh(token, "alice"), "token_inactive")
    assert endpoint.asked() == 2


def test_one_issuers_word_is_never_anothers(host, authority):
    """Two issuers, told apart by prefixes: what one of them vouches for is nothing at the other."""
    with contextlib.ExitStack() as stack:
        ends = [Endpoint(stack.enter_context(contextlib.closing(
            StubProvider(authority.issue("idp.example"), host="idp.example")))) for _ in range(2)]
        secret_file(SECRET_FILE, SECRET)
        files.write(BUNDLE, files.read(host_module.CA_FILE) + authority.file.read_text())

        def section(name: str, issuer: str, end: Endpoint, rest: str = "") -> str:
            return (f"  - name: {name}\n    issuer: {issuer}\n    audiences: [ \"{host_module.AUDIENCE}\" ]\n"
                    f"    ca_file: {BUNDLE}\n    introspection: opaque_only\n    introspection_endpoint: {end.url}\n"
                    f"    {BY_SECRET}\n    opaque_tokens: {{ prefixes: [ {name}_ ] }}\n"
                    "    groups: { claim: groups, map: { \"corp-developers\": [ developers ] } }\n" + rest)
        host.configure("version: 1\nissuers:\n" + section("one", host.provider.issuer, ends[0]) +
                       section("two", "https://two.example", ends[1]) +
                       "access: [ { services: [ sshd ], allow: { groups: [ developers ] } } ]\n")
        host.reload()
        token = opaque(host, "alice", "one_")
        ends[0].says[token] = claims_of("alice", GROUPS)
        ends[1].says[token] = claims_of("bob", GROUPS)
        opens(clients.ssh(token, "alice"))
        refused(host, clients.ssh(token, "bob"), "user_mismatch")
        assert ends[1].asked() == 0, "the other one never sees it"
        other = opaque(host, "bob", "two_")
        ends[0].says[other] = claims_of("bob", GROUPS)
        refused(host, clients.ssh(other, "bob"), "token_inactive")
        # The same subject and name, vouched for by the other one: the name is bound to the first.
        ends[1].says[other] = claims_of("alice", GROUPS)
        host.configure(files.read(host_module.CONFIG) + "log_level: debug\n")
        host.reload()
        refused(host, clients.ssh(other, "alice"), "subject_conflict")


def test_the_offline_verdict_says_that_nobody_was_asked(asking, endpoint):
    host = asking(OPAQUE)
    token = host.provider.token("alice", GROUPS)
    endpoint.says[token] = {}
    opens(clients.ssh(token, "alice"))  # the issuer's keys are there
    asked = endpoint.asked()
    for token in (token, opaque(host, "alice")):
        path = f"{accounts.ROOT.home}/token"
        files.write(path, token, 0o600)
        done = host.ctl("token", "verify", path, check=False)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "NO VERDICT  introspection_unavailable" in done.stdout and "this command asks nobody" in done.stdout
    assert endpoint.asked() == asked


def test_neither_daemon_keeps_a_token_that_was_asked_about(asking, endpoint):
    host = asking(OPAQUE)
    host.search.add(base64.b64encode(f"latchkey:{SECRET}".encode()).decode(), "the client's credential")
    for size in range(3):
        token = opaque(host, f"alice{size}")
        endpoint.says[token] = claims_of("alice", GROUPS)
        opens(clients.ssh(token, "alice"))
    # Nor where the answer is none: the buffers of a question that failed go another way.
    endpoint.answer_with(reset)
    refused(host, clients.ssh(opaque(host, "alice"), "alice"), "introspection_unavailable")
    for daemon in (host.latchkeyd, host.fetchd):
        assert host.search.in_memory(daemon.pid) == []
    for log in ("latchkeyd.log", "fetchd.log"):
        assert host.search.in_bytes(files.read(f"{host.folder}/{log}").encode()) == []
