# SPDX-License-Identifier: Apache-2.0
"""Signed revocation lists end to end: made by latchkeyctl, served by a real nginx, heeded by real ssh and sudo."""

import pathlib
import time

import pytest

from box import clients, lists
from box import host as host_module
from box.revocations import OPERATOR, Source, says, ssh, sudo

source = Source("fleet")
becomes = source.becomes
MALLORY = {"kind": "user", "value": "mallory"}


@pytest.fixture
def server(machine):
    made = lists.Server(machine.search)
    yield made
    made.close()


def take_up(host, server, wanted=lambda status: status["state"] == "fresh", more: str = "") -> dict:
    host.configure(host.config() + server.section(more))
    host.reload()
    return becomes(host, wanted)


def version(number: int):
    return lambda status: status.get("version") == number and status["state"] == "fresh" and not status.get("last_error")


def test_what_a_list_revokes_logs_in_nowhere_and_passes_no_sudo(host, server):
    bad, good = host.provider.token("alice", OPERATOR), host.provider.token("alice", OPERATOR)
    assert ssh(bad).status == 0
    server.publish([lists.token_id(bad), MALLORY])
    status = take_up(host, server)
    assert (status["kind"], status["version"], status["base_entries"], status["delta_entries"]) == ("list", 1, 2, 0)
    assert status["max_age_s"] == 3600 and status["age_s"] < 60 and status["next_fetch_at"]
    assert host.refusal(ssh(bad).said)[0] == "revoked_token"
    assert host.refusal(sudo(bad).said)[0] == "revoked_token"
    assert ssh(good).status == 0 and sudo(good).status == 0
    shown = host.ctl("status").stdout
    assert "revocations fleet  (list)" in shown and "revocations local  (local)" in shown


def test_a_change_is_a_small_step_and_another_source_takes_nothing_back(host, server):
    one, two = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    server.publish([lists.token_id(one), MALLORY])
    take_up(host, server)
    before = len(server.requests())
    server.publish([lists.token_id(two), MALLORY])
    take_up(host, server, version(2))
    asked = server.requests()[before:]
    assert len([line for line in asked if "/chunks/" in line]) <= 2, asked
    assert ssh(one).status == 0
    assert host.refusal(ssh(two, "bob").said)[0] == "revoked_token"
    host.ctl("revoke", "--jti", lists.token_id(one)["value"], "--issuer", "corp")
    server.publish([MALLORY])
    take_up(host, server, version(3))
    assert host.refusal(ssh(one).said)[0] == "revoked_token"
    assert ssh(two, "bob").status == 0


def test_an_unchanged_manifest_costs_a_304_and_is_no_fresher_for_it(host, server):
    server.publish([MALLORY], max_age="60s")
    take_up(host, server)
    signed = source(host)["issued_at"]
    deadline = time.monotonic() + clients.DEADLINE_S
    while not any(line.startswith("304 /manifest.jwt") for line in server.requests()):
        assert time.monotonic() < deadline, server.requests()
    status = becomes(host, lambda status: status.get("next_fetch_at"))
    assert status["issued_at"] == signed and not status.get("last_error")


def test_an_older_version_is_a_rollback(host, server):
    token = host.provider.token("alice", OPERATOR)
    server.publish([MALLORY])
    old = server.copy()
    server.publish([MALLORY, lists.token_id(token)])
    take_up(host, server, version(2))
    server.again(old)
    status = take_up(host, server, says("rollback: version 1 after version 2"))
    assert status["version"] == 2 and status["state"] == "fresh"
    assert host.refusal(ssh(token).said)[0] == "revoked_token"
    assert "rollback" in host.latchkeyd.said()


def test_what_the_lists_own_key_did_not_sign_changes_nothing(host, server):
    token = host.provider.token("alice", OPERATOR)
    server.publish([lists.token_id(token)])
    take_up(host, server)
    server.build([MALLORY])
    server.sign(key="other")
    take_up(host, server, says("key"))
    manifest = server.www / "manifest.jwt"
    server.sign()
    signed = manifest.read_text(encoding="utf-8").strip()
    manifest.write_text(signed[:-20] + ("A" if signed[-20] != "A" else "B") + signed[-19:] + "\n", encoding="utf-8")
    take_up(host, server, says("signature"))
    server.sign(issuer="https://lists.example/other")
    take_up(host, server, says("issuer"))
    assert source(host)["version"] == 1
    assert host.refusal(ssh(token).said)[0] == "revoked_token"
    server.sign()
    take_up(host, server, version(2))
    assert ssh(token).status == 0


def test_half_a_body_is_no_list_and_no_chunk(host, server):
    token = host.provider.token("alice", OPERATOR)
    server.publish([lists.token_id(token)])
    take_up(host, server)
    server.publish([MALLORY])
    whole = server.copy()
    manifest = server.www / "manifest.jwt"
    manifest.write_bytes(manifest.read_bytes()[:200])
    take_up(host, server, says("form"))
    server.again(whole)
    for chunk in (server.www / "chunks").iterdir():
        chunk.write_bytes(chunk.read_bytes()[:-1])
    take_up(host, server, says("chunk"))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"
    server.again(whole)
    take_up(host, server, version(2))
    assert ssh(token).status == 0


def test_a_list_older_than_its_max_age_shuts_sudo_and_is_loud_for_ssh(host, server):
    token, revoked = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    server.publish([lists.token_id(revoked)], now=str(host.provider.now() - 7_200))
    status = take_up(host, server, lambda status: status["state"] == "stale")
    assert status["refuses"] == ["sudo", "sudo-i"] and status["age_s"] >= 7_200
    assert ssh(token).status == 0
    assert host.refusal(sudo(token).said)[0] == "revocation_unknown"
    assert host.refusal(ssh(revoked, "bob").said)[0] == "revoked_token"
    decision = next(each for each in host.ctl_json("decisions", "--user", "alice")["decisions"] if each["service"] == "sshd")
    assert "stale" in host.explain(decision["id"])["detail"]
    assert "stale" in host.latchkeyd.said()
    server.sign()
    take_up(host, server)
    assert sudo(token).status == 0


def test_the_configuration_says_who_goes_on_without_it(host, server):
    token = host.provider.token("alice", OPERATOR)
    server.publish([MALLORY], now=str(host.provider.now() - 7_200))
    more = "      stale_refuses: [ sshd ]\n"
    take_up(host, server, lambda status: status["state"] == "stale", more)
    assert host.refusal(ssh(token).said)[0] == "revocation_unknown"
    assert sudo(token).status == 0


def test_a_host_that_never_saw_the_list_lets_nobody_in(host, server):
    server.stop()
    status = take_up(host, server, lambda status: status.get("last_error"))
    assert status["state"] == "absent" and status["refuses"] == ["*"]
    token = host.provider.token("alice", OPERATOR)
    assert host.refusal(ssh(token).said)[0] == "revocation_unknown"
    server.start()
    server.publish([MALLORY])
    take_up(host, server)
    assert ssh(token).status == 0


def test_a_restart_with_the_server_gone_forgets_nothing(host, server):
    token, good = host.provider.token("alice", OPERATOR), host.provider.token("alice", OPERATOR)
    server.publish([lists.token_id(token)])
    old = server.copy()
    server.publish([lists.token_id(token), MALLORY])
    take_up(host, server, version(2))
    server.stop()
    host.halt()
    host.start()
    status = source(host)
    assert (status["state"], status["version"]) == ("fresh", 2)
    assert host.refusal(ssh(token).said)[0] == "revoked_token"
    assert ssh(good).status == 0
    server.start()
    server.again(old)
    take_up(host, server, says("rollback"))


def test_a_remembered_token_is_judged_against_the_list(host, server):
    token = host.provider.token("alice", OPERATOR)
    server.publish([MALLORY])
    take_up(host, server)
    assert ssh(token).status == 0 and ssh(token).status == 0
    server.publish([MALLORY, lists.token_id(token)])
    take_up(host, server, version(2))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_a_list_stands_whatever_keys_a_provider_publishes(host, server):
    """The public half of the list's key in the provider's set once un-revoked everything, or locked everybody out."""
    bad, good = host.provider.token("alice", OPERATOR), host.provider.token("alice", OPERATOR)
    server.publish([lists.token_id(bad), MALLORY])
    take_up(host, server, version(1), "      absent_refuses: []\n")
    host.provider.publish_also(dict(server.keys["good"], kid="poison"))
    deadline = time.monotonic() + clients.DEADLINE_S
    while "a revocation list or stream is signed by it" not in host.ctl("issuers").stdout:
        assert time.monotonic() < deadline
        host.ctl("keys", "refresh", check=False)
    server.publish([lists.token_id(bad), lists.token_id(host.provider.token("bob", OPERATOR)), MALLORY])
    take_up(host, server, version(2), "      absent_refuses: []\n")
    assert host.refusal(ssh(bad).said)[0] == "revoked_token"
    assert ssh(good).status == 0


def test_a_server_that_asked_for_a_days_patience_is_heard_when_it_is_well(host, server):
    token = host.provider.token("alice", OPERATOR)
    server.publish([MALLORY])
    take_up(host, server, version(1))
    server.ask_for_patience(86400)
    take_up(host, server, says("503"))
    server.be_well()
    server.publish([MALLORY, lists.token_id(token)])
    host.reload()  # the same configuration
    becomes(host, version(2))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"


def test_a_chunk_that_is_lost_under_a_running_daemon_is_fetched_again(host, server):
    token = host.provider.token("alice", OPERATOR)
    server.publish([MALLORY])
    take_up(host, server, version(1))
    chunk = next(path for path in pathlib.Path(host_module.STATE, "lists").glob("*/*") if path.stat().st_size == 16)
    chunk.unlink()
    server.publish([MALLORY, lists.token_id(token)])
    take_up(host, server, version(2))
    assert host.refusal(ssh(token).said)[0] == "revoked_token"
