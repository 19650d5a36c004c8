# SPDX-License-Identifier: Apache-2.0
"""A fleet's revocation stream in a real Redis with TLS, a real web server for its snapshot, and a host that reads both."""

import pytest

from box import lists, redis
from box.streams import becomes, beat, take_up


@pytest.fixture
def server(installed):
    made = redis.Redis()
    yield made
    made.close()


@pytest.fixture
def web(installed):
    """Where the snapshot lies; signed by a key of the stream."""
    made = lists.Server()
    yield made
    made.close()


@pytest.fixture
def following(host, server):
    """The host reads the stream, of which it heard a beat."""
    for name, password in redis.PASSWORDS.items():
        host.search.add(password, f"Redis's password of {name}")
    beat(host, server)
    take_up(host, server)
    return host


@pytest.fixture
def standing(host, server, web):
    """As `following`, and the host knows where the stream's snapshot would lie."""
    section = server.section(more=f"      snapshot_url: https://{lists.NAME}:{web.port}/manifest.jwt\n"
                                  f"      snapshot_ca_file: {web.ca_file}\n")
    host.configure(host.config() + section)
    host.ctl("beat", "--max-age", "1h", *server.writer("timer"))
    host.reload()
    becomes(host, lambda status: status["state"] == "fresh")
    return host
