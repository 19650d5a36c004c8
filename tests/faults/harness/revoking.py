# SPDX-License-Identifier: Apache-2.0
"""Tokens that are good until a revocation is reported, each a class of its own, so that the oracle judges each by the moment
of its own report; and the entries that name them in lists and streams."""

import time

from box import files
from harness.scenario import refuse
from harness.traffic import TokenClass
from harness.verdicts import ALLOW, Right, Turn

LISTS_HOST = "lists.example"
HOT = 6  # how much of the traffic a token gets that was just revoked, or is about to be


def name_the_server() -> None:
    """lists.example is this box, as a name server would say."""
    text = files.read("/etc/hosts")
    if LISTS_HOST not in text:
        files.write("/etc/hosts", f"{text.rstrip()}\n127.0.0.1 {LISTS_HOST}\n")


class Turning:
    """So many tokens; `around` gives those near one place the most of the traffic."""

    def __init__(self, corp, count: int, name: str = "turn") -> None:
        self.issuer = corp.issuer
        self.ids = [f"{name}-{number}" for number in range(count)]
        self.kinds = [TokenClass(each, 0, Right(ALLOW), [corp.token(corp.keys[0], jti=each)]) for each in self.ids]
        self.turns: list[Turn] = []
        self.reported: dict[str, float] = {}
        self._hot: set[int] = set()

    def around(self, traffic, number: int, reach: int = 6) -> None:
        hot = set(range(max(0, number - reach), min(len(self.ids), number + reach)))
        for gone in self._hot - hot:
            traffic.shift(self.ids[gone], 0)
        for come in hot - self._hot:
            traffic.shift(self.ids[come], HOT)
        self._hot = hot

    def all_of(self, traffic) -> None:
        """An equal share for each, to see that none comes back."""
        for each in self.ids:
            traffic.shift(each, 1)
        self._hot = set()

    def entry(self, number: int) -> dict:
        """Of a list's text."""
        return {"kind": "token", "issuer": self.issuer, "value": self.ids[number]}

    def revoked(self, number: int, begins: float, since: float | None = None) -> None:
        """From the report on, now where no other moment is given, it is let in nowhere; infinity: it may be either."""
        since = time.monotonic() if since is None else since
        self.turns.append(Turn(self.ids[number], begins, since, refuse("revoked_token")))
        self.reported[self.ids[number]] = since

    def taken_back(self, number: int, begins: float) -> None:
        self.turns.append(Turn(self.ids[number], begins, time.monotonic(), Right(ALLOW)))
        self.reported.pop(self.ids[number], None)

    def tried(self, records, within_s: float = float("inf")) -> int:
        """How many logins with a revoked token began so soon after its report: what the oracle had to look at."""
        return sum(1 for record in records if record.kind in self.reported
                   and 0 <= record.start - self.reported[record.kind] < within_s)
