# SPDX-License-Identifier: Apache-2.0
"""Status lists whose key is gone, end to end: they list nobody as valid and take back nothing; and what status says of them."""

import json
import socket

import pytest

from box import files, statuses
from box.revocations import OPERATOR, ssh, until

VALID, REVOKED = 0, 1
ON_SUDO = "      unknown_refuses: [ sudo ]\n"  # so that ssh goes on where nothing is known


@pytest.fixture
def server(host):
    made = statuses.Server(host.provider)
    yield made
    made.close()


def take_up(host, section: str) -> None:
    host.configure(host.config() + section)
    host.reload()


def token(host, server, index: int, user: str = "alice", uri: str = "", algorithm: str = "") -> str:
    return host.provider.token(user, OPERATOR, algorithm=algorithm, claims=statuses.reference(uri or server.uri(), index))


def source(host) -> dict:
    return next(each for each in host.status()["revocation_sources"] if each["kind"] == "status_list")


def outcome(host, shown: str, user: str = "alice") -> str:
    result = ssh(shown, user)
    return "allowed" if result.status == 0 else host.refusal(result.said)[0]


def test_a_key_that_the_issuer_withdrew_takes_back_nothing_over_a_restart_either(host, server):
    server.publish([VALID, REVOKED])
    take_up(host, server.section(ON_SUDO))
    assert outcome(host, token(host, server, 1)) == "status_revoked"
    server.stop()
    host.provider.rotate()
    bad = token(host, server, 1)
    until(lambda: host.ctl("keys", "refresh", "corp", check=False).returncode == 0 and source(host)["state"] == "stale")
    assert "the key that signed it is gone" in source(host)["last_error"]
    assert outcome(host, bad) == "status_revoked"
    host.halt()
    host.start()
    assert source(host)["state"] == "stale"
    assert outcome(host, bad) == "status_revoked"


def test_a_sections_key_that_is_replaced_takes_back_nothing(host, server):
    path = "/etc/latchkey/status-keys.json"
    keys = {each["alg"]: each for each in host.provider.jwks()}
    files.write(path, json.dumps({"keys": [keys["RS256"]]}))
    server.publish([VALID, REVOKED])
    take_up(host, server.section(f"      keys_file: {path}\n" + ON_SUDO))
    bad = token(host, server, 1, algorithm="ES256")
    assert outcome(host, bad) == "status_revoked"
    server.stop()
    files.write(path, json.dumps({"keys": [keys["EdDSA"]]}))
    host.reload()
    until(lambda: source(host)["state"] == "stale")
    assert outcome(host, bad) == "status_revoked"


def test_status_says_why_a_list_that_was_fetched_lists_nobody_as_valid(host, server):
    server.publish([VALID], iat=host.provider.now() - 7200)
    take_up(host, server.section("      max_signed_age: 1h\n"))
    assert outcome(host, token(host, server, 0)) == "status_unknown"
    row = source(host)
    assert (row["state"], row["refuses"]) == ("stale", ["*"])
    assert "max_signed_age" in row["last_error"]


def test_a_section_that_was_moved_away_from_a_silent_server_is_free_of_it(host, server):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and that is all
        beside = f"https://{statuses.NAME}:{silent.getsockname()[1]}/"
        before = host.config()

        def take(places: list[str]) -> None:
            host.configure(before + "revocation:\n  status_lists:\n    - name: corp-status\n      issuers: [ corp ]\n"
                           f"      uris: {json.dumps(places)}\n      ca_file: {server.ca_file}\n"
                           "      max_list_bytes: 8388608\n      fetch_timeout: 1m\n")
            host.reload()

        take([beside, server.uri("/lists/")])
        server.publish([VALID])
        assert outcome(host, token(host, server, 0, "bob", uri=f"{beside}1"), "bob") == "status_unknown"
        good = token(host, server, 0)
        assert outcome(host, good) == "status_unknown", "the one place of the section is taken"
        take([server.uri("/lists/")])
        assert outcome(host, good) == "allowed"
