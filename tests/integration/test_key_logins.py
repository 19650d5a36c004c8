# SPDX-License-Identifier: Apache-2.0
"""Logins with an SSH key: the account call alone decides, by binding, revocation and what was last seen."""

import sqlite3

import pytest

from box import accounts, clients
from box import host as host_module

GROUPS = ["corp-developers"]


def sign_in(host, name: str) -> None:
    assert clients.ssh(host.provider.token(name, GROUPS), name, "true").status == 0


def test_allowed_when_the_name_has_signed_in_with_a_token(host):
    sign_in(host, "alice")
    assert clients.key_login(accounts.ALICE).out == "alice\n"


def test_refused_when_the_name_never_signed_in(host):
    done = clients.key_login(accounts.CAROL)
    assert done.status == 255
    reason, request = host.refusal(done.said)
    assert reason == "binding_missing"
    assert host.explain(request)["operation"] == "account"


def test_allowed_when_the_administrator_lists_the_name_as_unmanaged(host):
    host.with_config(lambda text: text + "unmanaged: [ carol ]\n")
    assert clients.key_login(accounts.CAROL).out == "carol\n"


def test_refused_when_the_name_is_revoked_though_it_is_not_managed(host):
    host.with_config(lambda text: text + "unmanaged: [ carol ]\n")
    host.ctl("revoke", "--user", "carol")
    done = clients.key_login(accounts.CAROL)
    assert done.status == 255
    assert host.refusal(done.said)[0] == "revoked_user"


@pytest.mark.parametrize("revocation", [("--user", "alice"), ("--subject", "devidp|alice", "--issuer", "ISSUER")])
def test_refused_once_revoked_and_allowed_once_the_revocation_is_removed(host, revocation):
    sign_in(host, "alice")
    arguments = [host.provider.issuer if word == "ISSUER" else word for word in revocation]
    added = host.ctl_json("revoke", *arguments)
    done = clients.key_login(accounts.ALICE)
    assert done.status == 255
    assert host.refusal(done.said)[0] in ("revoked_user", "revoked_subject")
    host.ctl("revocations", "remove", str(added["id"]))
    assert clients.key_login(accounts.ALICE).out == "alice\n"


def test_refused_when_the_last_sign_in_is_too_long_ago(host):
    host.with_config(lambda text: text + "max_claims_age: 12h\n")
    sign_in(host, "alice")
    host.latchkeyd.stop()
    with sqlite3.connect(f"{host_module.STATE}/latchkey.sqlite") as state:  # as if a day had passed
        assert state.execute("UPDATE last_seen SET seen_at_ms = seen_at_ms - 86400000 WHERE user = 'alice'").rowcount == 1
    state.close()
    host.latchkeyd.start()
    done = clients.key_login(accounts.ALICE)
    assert done.status == 255
    assert host.refusal(done.said)[0] == "claims_too_old"


def test_refused_when_a_rule_asks_for_a_live_login(host):
    host.with_config(lambda text: text.replace("groups: [ developers, sre ] }", "groups: [ developers ], max_auth_age: 1h }"))
    token = host.provider.token("alice", GROUPS, claims={"auth_time": host.provider.now()})
    assert clients.ssh(token, "alice", "true").status == 0
    done = clients.key_login(accounts.ALICE)
    assert done.status == 255
    assert host.refusal(done.said)[0] == "live_login_required"


@pytest.mark.parametrize("person", [accounts.ROOT, accounts.RESCUE], ids=["root", "rescue"])
def test_the_bypassed_names_never_meet_latchkey(host, person):
    before = host.status()["decisions"]
    assert clients.key_login(person).out == f"{person.name}\n"
    assert host.status()["decisions"] == before
