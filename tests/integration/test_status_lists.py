# SPDX-License-Identifier: Apache-2.0
"""Status lists end to end: tokens that refer to them, a real https server, heeded by real ssh and sudo."""

import json
import os
import signal
import socket
import subprocess
import time
import zlib

import pytest

from box import clients, forge, statuses
from box.revocations import OPERATOR, ssh, sudo, until

VALID, REVOKED, SUSPENDED = 0, 1, 2


@pytest.fixture
def server(host):
    made = statuses.Server(host.provider)
    yield made
    made.close()


def take_up(host, server, more: str = "") -> None:
    host.configure(host.config() + "sessions: { grace: 1s }\n" + server.section(more))
    host.reload()


def token(host, server, index: int, user: str = "alice", uri: str = "") -> str:
    return host.provider.token(user, OPERATOR, claims=statuses.reference(uri or server.uri(), index))


def sources(host) -> list[dict]:
    return [each for each in host.status()["revocation_sources"] if each["kind"] == "status_list"]


def error(host) -> str:
    return next((each.get("last_error") or "" for each in sources(host)), "")


def refused(host, result: clients.Result) -> str:
    return host.refusal(result.said)[0]


def test_each_token_is_what_its_list_says_for_ssh_and_for_sudo(host, server):
    server.publish([VALID, REVOKED, SUSPENDED, VALID])
    take_up(host, server)
    assert server.asked == [], "nobody is asked before a token refers to a list"
    good, bad, held = (token(host, server, index) for index in (0, 1, 2))
    assert ssh(good).status == 0 and sudo(good).status == 0
    assert refused(host, ssh(bad)) == "status_revoked" and refused(host, sudo(bad)) == "status_revoked"
    assert refused(host, ssh(held)) == "status_suspended" and refused(host, sudo(held)) == "status_suspended"
    assert server.asked == ["200 /lists/1"], "one question for all of them"
    assert server.accepted == ["application/statuslist+jwt"]
    (status,) = sources(host)
    assert (status["name"], status["state"], status["bits"], status["base_entries"], status["uri"], status["issuer"]) == (
        "corp-status", "fresh", 2, 4, server.uri(), "corp")
    assert status["next_fetch_at"] and status["age_s"] < 60
    shown = host.ctl("status").stdout
    assert server.uri() in shown and "4 of 2 bits" in shown
    decision = next(each for each in host.ctl_json("decisions", "--user", "alice")["decisions"]
                    if each["reason"] == "status_revoked")
    assert server.uri() in host.explain(decision["id"])["detail"]


def test_a_token_without_a_list_is_what_it_was(host, server):
    take_up(host, server)
    assert ssh(host.provider.token("alice", OPERATOR)).status == 0


def test_a_malformed_reference_another_mechanism_and_another_origin_are_refused(host, server):
    take_up(host, server)
    for claims, why in (({"status": "active"}, "status_invalid"),
                        ({"status": {"status_list": {"idx": -1, "uri": server.uri()}}}, "status_invalid"),
                        ({"status": {"identifier_list": {}}}, "status_unsupported"),
                        (statuses.reference(f"https://other.example:{server.port}/lists/1", 0), "status_list_unknown"),
                        (statuses.reference(server.uri("/elsewhere/1"), 0), "status_list_unknown"),
                        (statuses.reference(server.uri("/lists/../elsewhere/1"), 0), "status_list_unknown")):
        assert refused(host, ssh(host.provider.token("alice", OPERATOR, claims=claims))) == why, claims
    assert server.asked == []


def test_a_list_that_cannot_be_had_refuses_until_it_can(host, server):
    take_up(host, server)
    shown = token(host, server, 0)
    assert refused(host, ssh(shown)) == "status_unknown"
    assert "404" in error(host)
    server.stop()
    until(lambda: "404" not in error(host))
    assert refused(host, ssh(shown)) == "status_unknown"
    server.publish([VALID])
    server.start()
    until(lambda: ssh(shown).status == 0)


def test_a_service_may_go_on_without_and_says_so(host, server):
    take_up(host, server, "      unknown_refuses: [ sudo ]\n")
    shown = token(host, server, 0)
    assert ssh(shown).status == 0
    assert refused(host, sudo(shown)) == "status_unknown"
    assert "goes on without" in host.latchkeyd.said()


def test_what_is_not_the_issuers_list_of_that_name_is_none(host, server):
    take_up(host, server)
    shown = token(host, server, 0)
    bomb = forge.encode(zlib.compress(bytes(64 * 1024 * 1024), 9))
    cases = [
        (lambda: server.bodies.update({"/lists/1": forge.with_foreign_key(server.bodies["/lists/1"])}), "signature"),
        (lambda: server.publish([VALID], options=("--kid", "nobody")), "key"),
        (lambda: server.publish([VALID], sub=server.uri("/lists/2")), "subject"),
        (lambda: server.publish([VALID], lst=bomb), "bounds"),
        (lambda: server.publish([VALID], lst=forge.encode(b"nonsense")), "form"),
        (lambda: server.publish([VALID], exp=host.provider.now() - 120), "expired"),
        (lambda: server.bodies.update({"/lists/1": "x" * 8_000_000}), "larger than"),
        (lambda: server.moved.update({"/lists/1": server.uri("/lists/2")}), "redirects are refused"),
    ]
    server.publish([VALID])
    for spoil, why in cases:
        spoil()
        host.reload()
        assert refused(host, ssh(shown)) == "status_unknown", why
        until(lambda word=why: word in error(host))
    server.moved.clear()
    server.publish([VALID])
    host.reload()
    until(lambda: ssh(shown).status == 0)


def test_an_index_beyond_the_list_is_refused_and_a_list_that_grew_is_fetched(host, server):
    server.publish([VALID] * 4)
    take_up(host, server)
    shown = token(host, server, 4)
    assert refused(host, ssh(shown)) == "status_unknown"
    server.publish([VALID] * 8)
    host.reload()
    until(lambda: ssh(shown).status == 0)


def test_a_list_whose_ttl_ran_out_counts_no_more(host, server):
    server.publish([VALID, REVOKED], ttl=10)
    take_up(host, server)
    good, bad = token(host, server, 0), token(host, server, 1)
    assert ssh(good).status == 0
    server.stop()
    until(lambda: sources(host)[0]["state"] == "stale")
    assert refused(host, ssh(good)) == "status_unknown"
    assert refused(host, ssh(bad)) == "status_revoked", "what it revokes stays revoked"


def test_a_restart_without_the_server_still_knows(host, server):
    server.publish([VALID, REVOKED])
    take_up(host, server)
    good, bad = token(host, server, 0), token(host, server, 1)
    assert ssh(good).status == 0
    server.stop()
    host.halt()
    host.start()
    assert ssh(good).status == 0
    assert refused(host, ssh(bad)) == "status_revoked"


def begin(shown: str, user: str, command: str, file: str) -> subprocess.Popen:
    """An ssh that nobody waits for, with a token file of its own."""
    laptop = clients.LAPTOP
    return subprocess.Popen(
        ["latchkey", "ssh", f"{user}@{clients.HOST}", command], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=laptop.home, user=laptop.uid, group=laptop.uid,
        extra_groups=(), start_new_session=True,
        env={"HOME": laptop.home, "USER": laptop.name, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
             "BEARER_TOKEN_FILE": clients.token_file(shown, file)})


class Session:
    """An ssh that goes on until it is ended."""

    def __init__(self, shown: str, user: str) -> None:
        self._ssh = begin(shown, user, "echo in; exec sleep 86400", f"token-{user}")
        said = self._ssh.stdout.readline()
        assert said == "in\n", said + self._ssh.stdout.read()

    def lives(self) -> bool:
        return self._ssh.poll() is None

    def close(self) -> None:
        if self.lives():
            os.killpg(self._ssh.pid, signal.SIGKILL)
        self._ssh.wait()
        self._ssh.stdout.close()


def test_a_list_that_now_revokes_ends_the_session_and_nobody_elses(host, server, record_property):
    server.publish([VALID, VALID])
    take_up(host, server, "      refresh: 10s\n")
    hers, his = token(host, server, 0), token(host, server, 1, "bob")
    sessions = [Session(hers, "alice"), Session(his, "bob")]
    try:
        server.publish([REVOKED, VALID])
        started = time.monotonic()
        until(lambda: not sessions[0].lives())
        took = time.monotonic() - started
        record_property("seconds_from_publication_to_end", f"{took:.1f}")
        print(f"from publication to the session's end: {took:.1f} s (refresh: 10s, grace: 1s)")
        assert sessions[1].lives(), "another one's session of the same list lives on"
        assert refused(host, ssh(hers)) == "status_revoked" and refused(host, sudo(hers)) == "status_revoked"
        assert ssh(his, "bob").status == 0
        said = host.latchkeyd.said()
        assert "a session is to end" in said and "status_revoked" in said
        server.asked.clear()
        host.reload()
        until(lambda: server.asked == ["304 /lists/1"])
        assert ssh(his, "bob").status == 0
    finally:
        for session in sessions:
            session.close()


def test_a_server_that_says_nothing_and_many_lists_hold_up_nobody_elses(host, server):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and that is all
        beside = f"https://{statuses.NAME}:{silent.getsockname()[1]}/"
        take_up(host, server, "    - name: silent-status\n      issuers: [ corp ]\n"
                              f"      uris: [ {json.dumps(beside)} ]\n      ca_file: {server.ca_file}\n"
                              "      max_list_bytes: 8388608\n")
        lost = [token(host, server, 0, "bob", uri=f"{beside}{number}") for number in range(6)]
        good = []
        for number in range(12):
            server.publish([VALID], path=f"/lists/{number}")
            good.append(token(host, server, 0, uri=server.uri(f"/lists/{number}")))
        waiting = [begin(each, "bob", "id -un", f"token-lost-{number}") for number, each in enumerate(lost)]
        until(lambda: sum(each["name"] == "silent-status" for each in sources(host)) == 6)
        assert [ssh(each).status for each in good[:2]] == [0] * 2, "while others wait for what does not come"
        for each in waiting:
            assert host.refusal(each.communicate()[0])[0] == "status_unknown"
        waiting = [begin(each, "alice", "id -un", f"token-good-{number}") for number, each in enumerate(good)]
        for each in waiting:
            said = each.communicate()[0]
            assert each.returncode == 0, "one by one, or all at once: " + said
        host.reload()
        until(lambda: sum(each["name"] == "corp-status" and not each.get("last_error") for each in sources(host)) == 12)
        assert not [line for line in host.latchkeyd.said().splitlines() if "cannot be had" in line and server.uri("/lists/") in line]


def test_check_of_the_configuration_names_what_is_wrong(host, server):
    host.configure(host.config() + server.section().replace("[ corp ]", "[ nobody ]"))
    said = host.ctl("config", "check", check=False)
    assert "there is no issuer" in said.stdout + said.stderr
    assert json.dumps("nobody") in said.stdout + said.stderr
