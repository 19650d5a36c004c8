# SPDX-License-Identifier: Apache-2.0
"""Sessions end by a signed list and by a fleet's stream, as by every other source (test_sessions.py: the local store;
test_revocation_events.py: the provider; test_status_lists.py: token status lists)."""

import time

import pytest

from box import clients, lists, redis
from box.revocations import OPERATOR, Source, fresh, ssh, sudo
from box.streams import revoke
from test_sessions import opened, running, until  # noqa: F401

GRACE = "sessions: { grace: 1s }\n"
OTHER = {"kind": "user", "value": "mallory"}


class List:
    name = "fleet"

    def __init__(self, host) -> None:
        self.host, self.server = host, lists.Server(host.search)
        self.close = self.server.close
        self.server.publish([OTHER])

    def revoke(self, token: str) -> None:
        self.server.publish([lists.token_id(token), OTHER])
        self.host.reload()  # asks at once: how often a list is asked for is its own matter


class Stream:
    name = "now"

    def __init__(self, host) -> None:
        self.host, self.server = host, redis.Redis()
        self.close = self.server.close
        for name, password in redis.PASSWORDS.items():
            host.search.add(password, f"Redis's password of {name}")
        host.configure(host.config() + self.server.section())
        host.ctl("beat", "--max-age", "1h", *self.server.writer("timer"))

    def revoke(self, token: str) -> None:
        revoke(self.host, self.server, token)


@pytest.mark.parametrize("kind", [List, Stream])
def test_the_source_ends_a_session_and_nobody_elses(host, opened, kind, record_testsuite_property):  # noqa: F811
    source = kind(host)
    try:
        host.configure(host.config() + GRACE + source.server.section())
        host.reload()
        Source(source.name).becomes(host, fresh)
        alice = opened("alice", "echo in; exec sleep 86421", groups=OPERATOR)
        bob = opened("bob", "echo in; exec sleep 86422")
        began = time.monotonic()
        source.revoke(alice.token)
        alice.wait()
        took = time.monotonic() - began
        print(f"\n{kind.__name__}: from the command to the end of the session: {took:.2f} s, of which 1 s is the grace time")
        record_testsuite_property(f"seconds from a revocation by {kind.__name__} to the end of the session", round(took, 3))
        assert until(lambda: not running("sleep 86421"))
        ended = [line for line in host.latchkeyd.said().splitlines() if "a session is to end" in line]
        assert f'source="{kind.__name__.lower()} {source.name}"' in ended[-1] and alice.jti not in ended[-1], ended
        assert host.refusal(ssh(alice.token).said)[0] == "revoked_token"
        assert host.refusal(sudo(alice.token).said)[0] == "revoked_token"
        assert bob.lives() and running("sleep 86422")
        assert [each["user"] for each in host.ctl_json("sessions")["sessions"]] == ["bob"]
        assert clients.ssh(bob.token, "bob", "id -un").out == "bob\n"
    finally:
        source.close()
