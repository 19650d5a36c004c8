# SPDX-License-Identifier: Apache-2.0
"""Ten hosts on one stream and one list, a real Redis and a real nginx: what is revoked for the fleet is refused by every one of
them, and nobody else is. How long it takes is measured by bench/run hosts."""

import contextlib

import pytest

from box import fleet, forge, lists, redis

OPERATOR = ["corp-developers", "corp-operators"]
COUNT = 10


@pytest.fixture
def ten(host):
    """The host itself rests meanwhile; its configuration is everybody's."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(contextlib.closing(lists.Server()))
        stream = stack.enter_context(contextlib.closing(redis.Redis()))
        for name, password in redis.PASSWORDS.items():
            host.search.add(password, f"Redis's password of {name}")
        host.halt()
        server.publish([{"kind": "user", "value": "mallory"}], max_age="60s")
        host.configure(host.config() + server.section() + stream.section().removeprefix("revocation:\n"))
        host.ctl("beat", "--max-age", "1h", *stream.writer("timer"))
        hosts = stack.enter_context(contextlib.closing(fleet.Fleet(f"{host.folder}/fleet", COUNT)))
        for name in ("fleet", "now"):
            hosts.become(name, lambda state: state["state"] == "fresh", name)
        yield host, server, stream, hosts


def test_what_the_stream_revokes_ten_hosts_refuse(ten):
    host, _, stream, hosts = ten
    bad, good = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    for each in hosts.hosts:
        assert each.knock(bad) == ("allow", "") and each.knock(good, "bob") == ("allow", "")
    watch = fleet.Watch(hosts, bad)
    host.ctl("revoke", "--fleet", "--jti", forge.claims_of(bad)["jti"], "--issuer", "corp", *stream.writer())
    assert len(watch.all_refused(60)) == COUNT
    for each in hosts.hosts:
        assert each.knock(bad) == ("refused", "revoked_token")
        assert each.knock(good, "bob") == ("allow", "")


def test_what_the_list_revokes_ten_hosts_refuse_without_being_told(ten):
    host, server, _, hosts = ten
    bad, good = host.provider.token("alice", OPERATOR), host.provider.token("bob", OPERATOR)
    for each in hosts.hosts:
        assert each.knock(bad) == ("allow", "") and each.knock(good, "bob") == ("allow", "")
    watch = fleet.Watch(hosts, bad)
    server.publish([{"kind": "user", "value": "mallory"}, lists.token_id(bad)], max_age="60s")
    assert len(watch.all_refused(60)) == COUNT
    for each in hosts.hosts:
        assert each.knock(bad) == ("refused", "revoked_token")
        assert each.knock(good, "bob") == ("allow", "")
