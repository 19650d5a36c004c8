# SPDX-License-Identifier: Apache-2.0
"""A provider's security events end to end: polled from a transmitter, heeded by real ssh and sudo, and by those signed in."""

import os
import pathlib
import pwd
import re
import subprocess
import time

import pytest

from box import forge, host as host_module, transmitter
from box.revocations import Source, fresh, says, ssh, sudo
from box.transmitter import CAEP, RISC, event, logout, subject
from fetching.introspection import secret_file
from fetching.stub_provider import document, raw
from test_sessions import OPERATOR, opened, running, until  # noqa: F401

source = Source(transmitter.NAME)
becomes = source.becomes
FOLDER = f"{host_module.STATE}/events"


@pytest.fixture
def sender(installed):
    made = transmitter.Transmitter()
    yield made
    made.close()


@pytest.fixture
def following(host, sender):
    """The host polls the transmitter, which has answered."""
    host.search.add(transmitter.BEARER, "the bearer token of the poll")
    take_up(host, sender)
    return host


def take_up(host, sender, wanted=fresh, **section: str) -> dict:
    host.configure(host.config() + sender.section(**section))
    host.reload()
    return becomes(host, wanted)


def heeded(sender, *tokens: str) -> float:
    """The seconds until they were acknowledged."""
    began = time.monotonic()
    ids = sender.send(*tokens)
    assert until(lambda: set(ids) <= set(sender.acknowledged)), (sender.refused, sender.polls[-3:])
    return time.monotonic() - began


def refused_as(sender, token: str) -> str:
    name, = sender.send(token)
    assert until(lambda: name in sender.refused), (sender.acknowledged, sender.polls[-3:])
    return sender.refused[name]


def audited(host, token: str) -> list[str]:
    """The lines of the journal that tell of the event's effects."""
    digest = subprocess.run(["sha256sum"], input=forge.claims_of(token)["jti"], capture_output=True, text=True,
                            check=True).stdout[:16]
    return [line for line in host.latchkeyd.said().splitlines() if "a security event is in force" in line and digest in line]


def sub_of(token: str) -> str:
    return forge.claims_of(token)["sub"]


EVENTS = {
    "session-revoked": (CAEP + "session-revoked", {}),
    "token-claims-change": (CAEP + "token-claims-change", {"claims": {"groups": []}}),
    "credential-change": (CAEP + "credential-change", {"credential_type": "password", "change_type": "revoke"}),
    "account-disabled": (RISC + "account-disabled", {"reason": "hijacking"}),
    "account-credential-change-required": (RISC + "account-credential-change-required", {}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_about_a_user_is_heeded_by_ssh_and_sudo_and_by_nobody_elses(following, sender, name):
    host = following
    alice, bob = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    assert ssh(alice).status == 0 and ssh(alice).status == 0  # remembered by now
    uri, payload = EVENTS[name]
    sent = event(host, uri, payload | {"subject": subject(host, sub_of(alice))})
    heeded(sender, sent)
    assert host.refusal(ssh(alice).said)[0] == "revoked_subject"
    assert host.refusal(sudo(alice).said)[0] == "revoked_subject"
    assert ssh(bob, "bob").status == 0
    line, = audited(host, sent)
    assert f"{name}" in line and "subject" in line and forge.claims_of(sent)["jti"] not in host.latchkeyd.said()


def test_a_logout_by_sid_revokes_that_session_alone_and_one_by_sub_the_user(following, sender):
    host = following
    here, there = (host.provider.token("alice", OPERATOR, claims={"sid": sid}) for sid in ("s-1", "s-2"))
    heeded(sender, logout(host, sid="s-1", sub=sub_of(here)))
    assert host.refusal(ssh(here).said)[0] == "revoked_session"
    assert host.refusal(sudo(here).said)[0] == "revoked_session"
    assert ssh(there).status == 0
    heeded(sender, logout(host, sub=sub_of(there)))
    assert host.refusal(ssh(there).said)[0] == "revoked_subject"


def test_an_event_about_a_session_and_one_about_a_token(following, sender):
    host = following
    session, other = (host.provider.token("alice", OPERATOR, claims={"sid": sid}) for sid in ("s-3", "s-4"))
    heeded(sender, event(host, CAEP + "session-revoked", {}, claims={"sub_id": {
        "format": "complex", "session": {"format": "opaque", "id": "s-3"}, "user": subject(host, sub_of(session))}}))
    assert host.refusal(ssh(session).said)[0] == "revoked_session"
    assert ssh(other).status == 0
    heeded(sender, event(host, CAEP + "session-revoked", {"subject": {
        "format": "jwt_id", "iss": host.provider.issuer, "jti": forge.claims_of(other)["jti"]}}))
    assert host.refusal(ssh(other).said)[0] == "revoked_token"


def test_a_session_ends_by_the_event_and_another_users_lives_on(host, sender, opened, record_testsuite_property):  # noqa: F811
    host.configure(host.config() + "sessions: { grace: 1s }\n" + sender.section(long_poll="30s"))
    host.reload()
    becomes(host, fresh)
    sender.holds = True
    alice = opened("alice", "echo in; exec sleep 86411", groups=OPERATOR)
    bob = opened("bob", "echo in; exec sleep 86412")
    assert until(lambda: sender.polls and not sender.polls[-1]["returnImmediately"])
    began = time.monotonic()
    sender.send(event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(alice.token))}))
    alice.wait()
    took = time.monotonic() - began
    print(f"\nfrom the event at the transmitter to the end of the session: {took:.2f} s, of which 1 s is the grace time")
    record_testsuite_property("seconds from a security event to the end of the session", round(took, 3))
    assert until(lambda: not running("sleep 86411"))
    ended = [line for line in host.latchkeyd.said().splitlines() if "a session is to end" in line]
    assert ended and all(re.search(r'source="?events ', line) for line in ended), ended
    assert host.refusal(ssh(alice.token).said)[0] == "revoked_subject"
    assert host.refusal(sudo(alice.token).said)[0] == "revoked_subject"
    assert bob.lives() and running("sleep 86412")
    assert [each["user"] for each in host.ctl_json("sessions")["sessions"]] == ["bob"]


FORGED = {
    "of an unknown key": (["--foreign-key"], {}, "authentication_failed"),
    "with a bit turned": (["--bad-signature"], {}, "authentication_failed"),
    "for others": ([], {"audience": "https://others.example"}, "invalid_audience"),
    "of another type": ([], {"typ": "at+jwt"}, "invalid_request"),
    "of another issuer": ([], {"claims": {"iss": "https://elsewhere.example"}}, "invalid_issuer"),
    "without a signature": (["--alg-none"], {}, "invalid_request"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_forged_is_refused_by_its_code_and_changes_nothing(following, sender, name):
    host = following
    alice = host.provider.token("alice", OPERATOR)
    options, more, code = FORGED[name]
    sent = event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(alice))}, *options, **more)
    assert refused_as(sender, sent) == code
    status = source(host)
    assert status["state"] == "fresh" and "event " in status["last_error"]
    assert "a security event is refused" in host.latchkeyd.said()
    assert ssh(alice).status == 0 and not audited(host, sent)
    # What is good is heeded all the same.
    heeded(sender, event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(alice))}))
    assert host.refusal(ssh(alice).said)[0] == "revoked_subject"
    status = source(host)
    assert status["state"] == "fresh" and "event " in status["last_error"], "it is not made good by another one"


def test_an_event_by_a_key_that_nobody_knows_waits_for_half_of_max_age_and_is_refused_then(host, sender):
    take_up(host, sender, max_age="1m")
    alice = host.provider.token("alice", OPERATOR)
    sent = event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(alice))}, "--foreign-key", "--kid", "nobodys")
    name, = sender.send(sent)
    becomes(host, says("1 events wait"))
    assert name in sender.queue
    assert until(lambda: name in sender.refused) and sender.refused[name] == "invalid_key"
    becomes(host, says("no key of the issuer has signed it"))
    assert ssh(alice).status == 0 and not audited(host, sent)


def test_a_key_that_the_provider_has_just_made_is_asked_for(following, sender):
    host = following
    alice = host.provider.token("alice", OPERATOR)
    host.provider.rotate("--keep-old")
    heeded(sender, event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(alice))}))
    assert host.refusal(ssh(alice).said)[0] == "revoked_subject"


def test_a_replayed_id_is_acknowledged_again_and_does_no_more(following, sender):
    host = following
    alice = host.provider.token("alice", OPERATOR)
    sent = event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(alice))})
    heeded(sender, sent)
    sender.acknowledged.clear()
    heeded(sender, sent)
    assert len(audited(host, sent)) == 1


def test_more_than_one_answer_takes_are_all_heeded(host, sender):
    alice, bob = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    tokens = [event(host, CAEP + "session-revoked", {"subject": subject(host, f"nobody-{i}")}) for i in range(6)]
    tokens += [event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(each))}) for each in (alice, bob)]
    sender.send(*tokens)
    take_up(host, sender, max_events="3", poll_interval="1h", max_age="2h")
    assert until(lambda: len(sender.acknowledged) == 8)
    assert all(each["maxEvents"] == 3 for each in sender.polls)
    assert host.refusal(ssh(alice).said)[0] == host.refusal(ssh(bob, "bob").said)[0] == "revoked_subject"


def test_a_bearer_token_that_is_not_taken_is_named_and_a_new_one_counts_at_once(host, sender):
    host.search.add("not-the-bearer-token-of-anybody-77aa", "a wrong bearer token")
    secret_file(transmitter.BEARER_FILE, "not-the-bearer-token-of-anybody-77aa\n")
    status = take_up(host, sender, says("HTTP status 401: the transmitter does not take the bearer token"))
    assert status["state"] == "absent" and status["refuses"] == ["*"]
    token = host.provider.token("alice", OPERATOR)
    assert host.refusal(ssh(token).said)[0] == "revocation_unknown"
    secret_file(transmitter.BEARER_FILE, transmitter.BEARER + "\n")
    becomes(host, fresh)
    assert ssh(token).status == 0
    for daemon in (host.latchkeyd, host.fetchd):
        assert not re.search("bearer-token-of-(this|anybody)", daemon.said())
    sender.answer_with(document(b"no", status=403))
    becomes(host, says("HTTP status 403"))


def test_a_transmitter_that_wants_a_pause_gets_it(following, sender):
    host = following
    sender.answer_with(document(b"slow down", status=429, Retry_After="600"))
    becomes(host, says("HTTP status 429"))
    asked = sender.stub.asked(transmitter.PATH)
    sender.work()
    pause = re.findall(r"retry_ms\W+(\d+)", host.latchkeyd.said())[-1]
    assert int(pause) == 600_000 and source(host)["next_fetch_at"]
    assert sender.stub.asked(transmitter.PATH) == asked
    # An administrator need not wait.
    host.reload()
    becomes(host, fresh)


def test_half_a_body_and_a_transmitter_that_is_gone_change_nothing(following, sender):
    host = following
    bad, good = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    heeded(sender, event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(bad))}))
    sender.answer_with(raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"sets\":{"))
    becomes(host, says("security events: "))
    sender.answer_with(document(b"{\"sets\":{}", Content_Type="application/json"))
    becomes(host, says("the answer: form"))
    sender.answer_with(document(b"<html>", Content_Type="text/html"))
    becomes(host, says("Content-Type"))
    host.halt()
    sender.answer_with(document(b"gone", status=503))
    host.start()
    status = becomes(host, says("503"))
    assert status["state"] == "fresh", "by what it said before the restart"
    assert host.refusal(ssh(bad).said)[0] == "revoked_subject"
    assert ssh(good, "bob").status == 0
    sender.work()
    becomes(host, fresh)


def test_a_daemon_that_is_killed_before_it_acknowledged_loses_nothing_and_doubles_nothing(following, sender):
    host = following
    alice = host.provider.token("alice", OPERATOR)
    sender.deaf = True
    sent = event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(alice))})
    name, = sender.send(sent)
    assert until(lambda: any(name in poll.get("ack", []) for poll in sender.polls))
    host.latchkeyd.kill()
    sender.polls.clear()
    sender.deaf = False
    assert name in sender.queue and not sender.acknowledged
    host.latchkeyd.start()
    assert host.refusal(ssh(alice).said)[0] == "revoked_subject"
    assert until(lambda: sender.acknowledged == [name])
    assert len(audited(host, sent)) == 1 and not sender.refused


def test_a_full_disk_has_it_in_force_and_not_acknowledged_until_there_is_room(following, sender):
    host = following
    bad, next_one = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    owner = pwd.getpwnam("latchkey")
    host.latchkeyd.stop()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,mode=700,uid={owner.pw_uid},gid={owner.pw_gid}", "tmpfs", FOLDER],
                   check=True)
    try:
        with open(f"{FOLDER}/filler", "wb") as filler:
            try:
                while True:
                    os.write(filler.fileno(), b"x" * 512)
            except OSError:
                pass
        sent = event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(bad))})
        name, = sender.send(sent)
        host.latchkeyd.start()
        becomes(host, says("storage: No space left on device"))
        assert host.refusal(ssh(bad).said)[0] == "revoked_subject"
        assert name in sender.queue and not sender.acknowledged
        # The disk stays full: the next one is heard all the same.
        later = event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(next_one))})
        sender.send(later)
        assert until(lambda: audited(host, later))
        assert host.refusal(ssh(next_one, "bob").said)[0] == "revoked_subject"
        assert len(sender.queue) == 2 and not sender.acknowledged
        os.unlink(f"{FOLDER}/filler")
        host.reload()
        assert until(lambda: len(sender.acknowledged) == 2)
        becomes(host, fresh)
        assert len(audited(host, sent)) == len(audited(host, later)) == 1
        host.latchkeyd.stop()
        host.latchkeyd.start()
        assert host.refusal(ssh(bad).said)[0] == "revoked_subject"
    finally:
        host.latchkeyd.stop()
        subprocess.run(["umount", FOLDER], check=True)


def test_a_file_with_the_wrong_owner_is_not_written_over_and_counts_when_that_is_set_right(following, sender):
    host = following
    owner = pwd.getpwnam("latchkey")
    bad, next_one = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    sender.send(event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(bad))}))
    assert until(lambda: len(sender.acknowledged) == 1)
    host.latchkeyd.stop()
    file, = pathlib.Path(FOLDER).iterdir()
    whole = file.read_bytes()
    os.chown(file, 0, 0)  # as after a cp by root
    host.latchkeyd.start()
    becomes(host, says("storage: "))
    assert source(host)["state"] == "stale"
    sender.send(event(host, CAEP + "session-revoked", {"subject": subject(host, sub_of(next_one))}))
    assert until(lambda: ssh(next_one, "bob").status != 0) and len(sender.acknowledged) == 1
    assert file.read_bytes() == whole
    os.chown(file, owner.pw_uid, owner.pw_gid)
    becomes(host, fresh)
    assert until(lambda: len(sender.acknowledged) == 2)
    assert host.refusal(ssh(bad).said)[0] == "revoked_subject"


def test_status_shows_the_source(following, sender):
    host = following
    shown = host.ctl("status").stdout
    assert "revocations corp-events  (events)" in shown
    status = source(host)
    assert (status["kind"], status["state"], status["max_age_s"]) == ("events", "fresh", 3600)
    assert status["age_s"] < 60
