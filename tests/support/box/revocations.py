# SPDX-License-Identifier: Apache-2.0
"""What the tests of revocations share: a sign-in that says yes or no, and a source's row of `status`."""

import time

from box import accounts, clients, files

OPERATOR = ["corp-developers", "corp-operators"]
SRE = (accounts.GROUPS["sre"],)


def ssh(token: str, user: str = "alice") -> clients.Result:
    return clients.ssh(token, user, "id -un")


def sudo(token: str, person=accounts.ALICE, options=("-k",)) -> clients.Result:
    path = f"{person.home}/token"
    files.write(path, token + "\n", 0o600, (person.uid, person.uid))
    return clients.run_as(person, ["latchkey", "sudo", *options, "id", "-un"], environment={"BEARER_TOKEN_FILE": path}, groups=SRE)


def until(what):
    deadline = time.monotonic() + clients.DEADLINE_S
    while not (found := what()):
        assert time.monotonic() < deadline
    return found


class Source:
    """One source of revocations, as the host's status names it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, host) -> dict:
        return next(each for each in host.status()["revocation_sources"] if each["name"] == self.name)

    def becomes(self, host, wanted) -> dict:
        """Its row when it is as wanted."""
        deadline = time.monotonic() + clients.DEADLINE_S
        while not wanted(now := self(host)):
            assert time.monotonic() < deadline, now
        return now


def entries(count: int):
    return lambda status: status["base_entries"] + status["delta_entries"] == count


def says(word: str):
    return lambda status: word in (status.get("last_error") or "")


def fresh(status: dict) -> bool:
    return status["state"] == "fresh" and not status.get("last_error")


def stale(status: dict) -> bool:
    return status["state"] == "stale"
