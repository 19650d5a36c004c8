# SPDX-License-Identifier: Apache-2.0
"""Answers that open nothing: each is refused, tells its reason and a request id, and leaves sshd and the daemon as well
as before."""

import pytest

from box import accounts, clients, files, forge

GROUPS = ["corp-developers"]


def rsa_key(provider) -> dict:
    return next(key for key in provider.jwks() if key["kty"] == "RSA")


def answer(name):
    """The answer of a row, made when the test runs: tokens have to be fresh."""
    return {
        "another's": lambda p: p.token("bob", GROUPS),
        "expired": lambda p: p.token("alice", GROUPS, "--expired"),
        "not yet valid": lambda p: p.token("alice", GROUPS, "--not-yet"),
        "wrong audience": lambda p: p.token("alice", GROUPS, claims={"aud": "https://wiki.example"}),
        "wrong issuer": lambda p: p.token("alice", GROUPS, claims={"iss": "https://elsewhere.example"}),
        "foreign key": lambda p: forge.with_foreign_key(p.token("alice", GROUPS)),
        "altered": lambda p: forge.with_claims(p.token("bob", GROUPS), preferred_username="alice", sub="alice"),
        "alg none": lambda p: forge.without_algorithm(p.token("alice", GROUPS)),
        "HS256 with the public key": lambda p: forge.with_public_key_as_secret(p.token("alice", GROUPS), rsa_key(p)),
        "garbage": lambda p: "this is no token at all",
        "two dots and nothing else": lambda p: "..",
        "empty": lambda p: "",
        "a group too few": lambda p: p.token("alice", ["corp-visitors"]),
    }[name]


@pytest.mark.parametrize("name, reason", [
    ("another's", "user_mismatch"),
    ("expired", "token_expired"),
    ("not yet valid", "token_not_yet_valid"),
    ("wrong audience", "audience_wrong"),
    ("wrong issuer", "issuer_unknown"),
    ("foreign key", "signature_invalid"),
    ("altered", "signature_invalid"),
    ("alg none", "algorithm_unsupported"),
    ("HS256 with the public key", "algorithm_unsupported"),
    ("garbage", "token_malformed"),
    ("two dots and nothing else", "token_malformed"),
    ("empty", "token_missing"),
    ("a group too few", "access_denied"),
])
def test_refused(host, name, reason):
    done = clients.paste(given := answer(name)(host.provider), "alice")
    host.search.add(given, name)
    assert done.status == 255
    assert "uid=" not in done.out
    shown, request = host.refusal(done.said)
    assert shown == reason
    explained = host.explain(request)
    assert explained["reason"] == reason
    assert (explained["service"], explained["user"]) == ("sshd", "alice")
    assert clients.ssh(host.provider.token("alice", GROUPS), "alice", "true").status == 0


def test_refused_when_a_whole_token_of_another_comes_by_the_wrapper(host):
    done = clients.ssh(host.provider.token("bob", GROUPS, size=3000), "alice")
    assert done.status == 255
    assert host.refusal(done.said)[0] == "user_mismatch"


def test_refused_when_the_host_has_no_such_user(host):
    # sshd gives junk to PAM for a name that it does not know, and tells the client nothing: no token can pass.
    done = clients.ssh(host.provider.token("ghost", GROUPS), "ghost")
    assert done.status == 255
    assert "uid=" not in done.out


def test_refused_for_root_whatever_the_token_says(host):
    done = clients.paste(host.provider.token("root", GROUPS, size=700), "root")
    assert done.status == 255
    assert "uid=0" not in done.out


def test_no_answer_ends_the_conversation_and_nothing_else(host):
    mark = host.logs.mark()
    session = clients.terminal(clients.LAPTOP, ["/usr/bin/ssh", f"alice@{clients.HOST}", "id"])
    session.expect(r"\[latchkey/1 1/\? 1000\]: ")
    session.close(force=True)
    host.logs.wait_for("Connection closed by authenticating user alice", mark)
    assert clients.ssh(host.provider.token("alice", GROUPS), "alice", "true").status == 0


def test_a_second_subject_with_the_name_of_a_first_is_refused(host):
    assert clients.ssh(host.provider.token("alice", GROUPS, claims={"sub": "first"}), "alice", "true").status == 0
    done = clients.ssh(host.provider.token("alice", GROUPS, claims={"sub": "second"}), "alice")
    assert done.status == 255
    reason, request = host.refusal(done.said)
    assert reason == "subject_conflict"
    assert "subject" in host.explain(request)["administrator"]


def test_parts_of_two_tokens_do_not_make_one(host):
    token = host.provider.token("alice", GROUPS, size=3000)
    log = f"{clients.LAPTOP.home}/prompts"
    files.write(log, "", 0o600, (clients.LAPTOP.uid, clients.LAPTOP.uid))
    done = clients.paste(f"lk1.1.4.0123456789abcdef.{token[:900]}", "alice")
    assert done.status == 255
    assert host.refusal(done.said)[0] == "token_parts_invalid"


def test_the_refused_sessions_child_of_sshd_is_gone_and_sshd_lives(host):
    for _ in range(5):
        assert clients.paste("garbage", "alice").status == 255
    assert host.sshd.running()
    assert clients.key_login(accounts.ROOT).out == "root\n"
