# SPDX-License-Identifier: Apache-2.0
"""Shared accounts: who comes into an account that no token names, and what ends it, through a real sshd and a real sudo."""

import os

import pytest

from box import accounts, clients, files
from box.sessions import DEVELOPER, Session

RULE = "access:\n  - { name: developers deploy, services: [ sshd ], accounts: [ carol ], allow: { groups: [ developers ] } }\n"


@pytest.fixture
def shared(host):
    host.with_config(lambda text: text.replace("access:\n", RULE) + "sessions: { grace: 1s }\n")
    return host


def comes_in(host, minted_for: str, user: str, groups=tuple(DEVELOPER), command: str = "id -un") -> str:
    """The reason of the refusal; what the command says where it lets them in."""
    done = clients.ssh(host.provider.token(minted_for, list(groups)), user, command)
    return done.out.strip() if done.status == 0 else host.refusal(done.said)[0]


def test_a_rule_lets_somebody_in_whom_the_token_does_not_name(shared):
    assert comes_in(shared, "alice", "carol") == "carol"
    assert comes_in(shared, "alice", "alice") == "alice"
    assert comes_in(shared, "somebody", "carol") == "carol"  # who has no account here
    assert comes_in(shared, "alice", "bob") == "user_mismatch"
    assert comes_in(shared, "alice", "carol", []) == "user_mismatch"
    # It is nobody's own name any more, and takes no groups of the person's.
    assert comes_in(shared, "carol", "carol", []) == "user_mismatch"
    assert comes_in(shared, "alice", "carol", command="id -Gn") == "carol"


def test_who_it_was_is_known(shared):
    assert comes_in(shared, "alice", "carol") == "carol"
    assert shared.ctl_json("bindings", "list")["bindings"] == []
    assert comes_in(shared, "alice", "alice") == "alice"
    assert comes_in(shared, "alice", "carol") == "carol"
    allowed = next(each for each in shared.ctl_json("decisions")["decisions"] if each["user"] == "carol" and each["operation"] == "authenticate")
    told = shared.explain(allowed["id"])
    assert told["subject"] == "devidp|alice" and 'a shared account, for "alice"' in told["detail"]
    assert told["rule"] == "developers deploy" and told["rule_place"].startswith("/etc/latchkey/latchkey.yaml:")


def test_a_session_leaves_no_refusal(shared):
    before = shared.status()["decisions"]
    assert comes_in(shared, "alice", "carol") == "carol"
    assert shared.logins_become(0)
    after = shared.status()["decisions"]
    assert after["refused"] == before["refused"], (before, after)


def test_who_is_called_otherwise_than_before_stays_who_he_is(shared):
    assert comes_in(shared, "alice", "alice") == "alice"
    for name in ("alice2", "root", ""):
        token = shared.provider.token("alice", DEVELOPER, claims={"preferred_username": name})
        done = clients.ssh(token, "carol", "true")
        assert done.status == 255 and shared.refusal(done.said)[0] == "subject_conflict", name
    shared.ctl("bindings", "remove", "alice")
    token = shared.provider.token("alice", DEVELOPER, claims={"preferred_username": "alice2"})
    assert clients.ssh(token, "carol", "true").status == 0


def test_a_key_and_sudo_without_a_rule_do_not_open_it(shared):
    assert clients.key_login(accounts.CAROL).out == ""
    assert comes_in(shared, "alice", "carol") == "carol"
    done = clients.key_login(accounts.CAROL)
    assert done.status == 255 and shared.refusal(done.said)[0] == "live_login_required"
    path = f"{accounts.CAROL.home}/token"
    files.write(path, shared.provider.token("alice", DEVELOPER) + "\n", 0o600, (accounts.CAROL.uid, accounts.CAROL.uid))
    done = clients.run_as(accounts.CAROL, ["latchkey", "sudo", "-k", "id", "-u"], environment={"BEARER_TOKEN_FILE": path})
    assert done.status != 0 and shared.refusal(done.said)[0] == "user_mismatch"


@pytest.mark.parametrize("revoked", ["alice", "carol"])
def test_a_session_ends_by_either_name_and_another_persons_by_that_of_the_account_alone(shared, revoked):
    sessions = [Session(shared, "carol", token=shared.provider.token(who, DEVELOPER)) for who in ("alice", "bob")]
    try:
        shared.ctl("revoke", "--user", revoked)
        sessions[0].wait()
        if revoked == "carol":
            sessions[1].wait()
        else:
            assert sessions[1].lives()
        assert comes_in(shared, "alice", "carol") == "revoked_user"
        assert comes_in(shared, "bob", "carol") == ("carol" if revoked == "alice" else "revoked_user")
    finally:
        for session in sessions:
            session.close()


def test_a_session_ends_though_the_rule_that_let_it_in_is_gone(shared):
    session = Session(shared, "carol", token=shared.provider.token("alice", DEVELOPER))
    try:
        shared.with_config(lambda text: text + "sessions: { grace: 1s }\n")
        shared.latchkeyd.stop()
        shared.latchkeyd.start()
        shared.ctl("revoke", "--user", "alice")
        session.wait()
    finally:
        session.close()


def test_a_token_can_be_tried(shared):
    assert comes_in(shared, "alice", "carol") == "carol"  # the keys are there now
    path = "/etc/latchkey/tried.token"
    files.write(path, shared.provider.token("alice", DEVELOPER) + "\n", 0o600)
    try:
        done = shared.ctl("check", "--user", "carol", "--service", "sshd", "--token-file", path)
        assert 'a shared account, for somebody to whom no name is bound, called "alice"' in done.stdout, done.stdout
    finally:
        os.unlink(path)
