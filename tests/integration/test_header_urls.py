# SPDX-License-Identifier: Apache-2.0
"""No URL of a token's header is ever followed (RFC 8725 section 3.10): whoever listens there hears nothing."""

import contextlib
import json
import select
import socket

import pytest

from box import clients, forge

GROUPS = ["corp-developers"]
CARRIERS = ("jku", "x5u", "x5c", "jwk")


class Listener:
    """A port beside the provider's, on its host: what has connected lies in its queue, accepted or not."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def was_called(self, within_s: float = 0) -> bool:
        return bool(select.select([self._socket], [], [], within_s)[0])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(name="listener")
def fixture_listener():
    with contextlib.closing(Listener()) as made:
        yield made


def urls(listener):
    return [f"{scheme}://idp.example:{listener.port}/keys.json" for scheme in ("https", "http")]


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("kid, reason", [
    ("the provider's", "signature_invalid"),
    ("nobody's", "key_unknown"),  # the provider is asked for its keys, and nobody else for any
])
def test_a_key_that_the_header_names_is_not_fetched(host, listener, carrier, kid, reason):
    for url in urls(listener):
        token = host.provider.token("alice", GROUPS)
        kids = {} if kid == "the provider's" else {"kid": f"of-{carrier}-{url.partition(':')[0]}"}
        forged = forge.with_carried_key(token, carrier, url, **kids)
        host.search.add(forged, carrier)
        done = clients.ssh(forged, "alice")
        assert done.status == 255 and "uid=" not in done.out
        assert host.refusal(done.said)[0] == reason
    # Both daemons have other work after that, and have done it: nothing of the forged tokens waits any more.
    host.provider.rotate()
    outcome = "too_soon"  # for the second that is min_fetch_interval here
    while outcome == "too_soon":
        outcome = json.loads(host.ctl("--json", "keys", "refresh", "corp", check=False).stdout)["issuers"][0]["outcome"]
    assert outcome == "changed"
    assert clients.ssh(host.provider.token("alice", GROUPS), "alice", "true").status == 0
    assert not listener.was_called()


def test_the_same_listener_is_called_where_the_configuration_names_it(host, listener):
    assert not listener.was_called()
    host.configure(host.config().replace(host.provider.issuer, f"https://idp.example:{listener.port}"))
    host.reload()
    assert listener.was_called(within_s=clients.DEADLINE_S)
