# SPDX-License-Identifier: Apache-2.0
"""The three places that a host hears of revocations from, at once: its own store, a signed list at a real nginx, a stream in a
real Redis. Each token is revoked by the place whose turn it is; the oracle knows when each was reported."""

import contextlib
import glob
import json
import time

from box import lists, redis
from box.control import Control, Gone
from harness.revoking import Turning, name_the_server
from harness.world import STATE

PLACES = ("local", "list", "stream")


class Sources:
    def __init__(self, world, corp, count: int) -> None:
        name_the_server()
        self._stack = contextlib.ExitStack()
        self.world, self.corp = world, corp
        self.list = self._stack.enter_context(contextlib.closing(lists.Server()))
        self.stream = self._stack.enter_context(contextlib.closing(redis.Redis()))
        self.control = self._stack.enter_context(contextlib.closing(Control(world.sockets["control"].path)))
        self.tokens = {place: Turning(corp, count, place) for place in PLACES}
        self.next = dict.fromkeys(PLACES, 0)
        self.list.publish([{"kind": "user", "value": "nobody-of-ours"}])
        self.section = self.list.section() + self.stream.section().removeprefix("revocation:\n")
        world.configure([corp.section()], appended=self.section)  # the stream's writers read it
        world.ctl("beat", "--max-age", "1h", *self.stream.writer("timer"))

    def kinds(self, weight: int) -> list:
        made = [kind for turning in self.tokens.values() for kind in turning.kinds]
        for kind in made:
            kind.weight = weight
        return made

    @property
    def turns(self) -> list:
        return [turn for turning in self.tokens.values() for turn in turning.turns]

    def wait_fresh(self) -> None:
        for name in ("fleet", "now"):
            self.control.becomes(name, lambda state: state["state"] == "fresh", name)

    def told(self, name: str) -> dict:
        """Of a daemon that may be away for a moment."""
        while True:
            with contextlib.suppress(Gone):
                return self.control.source(name)

    def revoke(self, place: str) -> None:
        """The next token of that place, and returns once it was reported, by a daemon that may be killed meanwhile."""
        number = self.next[place]
        self.next[place] += 1
        begins = time.monotonic()
        getattr(self, f"_revoke_by_{place}")(number)
        self.tokens[place].revoked(number, begins)

    def _revoke_by_local(self, number: int) -> None:
        while True:  # whoever got no answer says it again
            with contextlib.suppress(Gone):
                return self.control.revoke(self.corp.issuer, self.tokens["local"].ids[number])

    def publish(self) -> int:
        """The list with all of its tokens up to the next; its version."""
        self.list.publish([self.tokens["list"].entry(each) for each in range(self.next["list"])])
        return json.loads(self.manifest_payload())["version"]

    def manifest_payload(self) -> bytes:
        from harness.forged_list import decoded
        return decoded((self.list.www / "manifest.jwt").read_text(encoding="utf-8").split(".")[1])

    def _revoke_by_list(self, _number: int) -> None:
        version = self.publish()
        while self.told("fleet")["version"] != version:
            with contextlib.suppress(Gone):
                self.control.call("Reload")

    def write(self, number: int) -> str:
        """Into the stream; where it stands there."""
        said = self.world.ctl("--json", "revoke", "--fleet", "--jti", self.tokens["stream"].ids[number], "--issuer", "corp",
                              *self.stream.writer()).stdout
        return json.loads(said)["id"]

    def _revoke_by_stream(self, number: int) -> None:
        """It is in force before it is durable, and a host that was killed in between reads it again: reported is what is on
        its disk."""
        at = self.write(number)
        deadline = time.monotonic() + 30
        while not self.is_durable(at):
            assert time.monotonic() < deadline, f"the item {at} of the stream is not on the disk: {self.told('now')}"

    @staticmethod
    def is_durable(at: str) -> bool:
        for path in glob.glob(f"{STATE}/streams/*"):
            with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
                if at in file.read():
                    return True
        return False

    def close(self) -> None:
        self._stack.close()
