# SPDX-License-Identifier: Apache-2.0
"""F16: items of a stream that nobody signed, or that say what no reader may heed, put into a real Redis by whoever holds its
password, under load. Each is named in status, the first in the log, and changes nothing; the next good item is in force."""

import contextlib
import time

import pytest

from box import redis
from box.control import Control
from harness.forged_list import Signer, token_digest
from harness.revoking import Turning, name_the_server

TYPE = "latchkey-revocation+jwt"


class Items:
    """Each would revoke token 1, if anybody believed it. The stream's second key signs what is good but for one thing; its
    counter goes on from what Redis holds of it."""

    def __init__(self, server, turning: Turning) -> None:
        self._server, self._turning = server, turning
        self._signer = Signer(server.folder / "timer.jwk")
        self._seq = 0

    def entry(self, number: int = 1, **members) -> dict:
        return {"kind": "token", "digest": token_digest(self._turning.issuer, self._turning.ids[number]).hex()} | members

    def payload(self, **members) -> dict:
        self._seq = max(self._seq + 1, int(time.time() * 1e6))
        return {"iss": redis.ISSUER, "format": 1, "iat": int(time.time()), "seq": self._seq, "prev": 0,
                "entries": [self.entry()]} | members

    def item(self, typ: str = TYPE, **members) -> str:
        """Truly signed, so whatever can be read of it may be heeded: it names nobody's token."""
        nobody = [self.entry(digest=token_digest("https://nobody.example", str(self._seq)).hex())]
        return self._signer.sign(self.payload(**({"entries": nobody} | members)), typ)

    def forged(self) -> str:
        """By a stranger, under the name of the stream's key."""
        stranger = Signer(self._server.folder / "other.jwk")
        return stranger.sign(self.payload(), TYPE, kid=self._signer.jwk["kid"])

    def unknown(self) -> str:
        return Signer(self._server.folder / "other.jwk").sign(self.payload(), TYPE)


def cut(text: str) -> str:
    return text[:len(text) // 2]


# What is put in, and what the last error has to say.
WRONG = {
    "nothing of the kind": (lambda items: "nothing of the kind", "form"),
    "empty": (lambda items: "", "form"),
    "cut in the middle": (lambda items: cut(items.item()), "form"),
    "larger than any": (lambda items: items.item() + "x" * 70_000, ""),
    "forged under a key of the stream": (lambda items: items.forged(), "signature"),
    "signed by a stranger": (lambda items: items.unknown(), "key"),
    "another stream's": (lambda items: items.item(iss="urn:another"), "issuer"),
    "a list's type": (lambda items: items.item(typ="latchkey-revocations+jwt"), "type"),
    "signed tomorrow": (lambda items: items.item(iat=int(time.time()) + 86_400), "ahead"),
    "another format": (lambda items: items.item(format=2), "format"),
    "65 entries": (lambda items: items.item(entries=[items.entry()] * 65), "bounds"),
    "an entry that takes back": (lambda items: items.item(entries=[items.entry(0, op="remove")]), "claim"),
    "a digest of 15 bytes": (lambda items: items.item(entries=[items.entry(digest="00" * 15)]), "claim"),
    "no entries": (lambda items: items.item(entries=[]), ""),
}


@pytest.fixture(scope="module")
def streamed(world, authorities, report):
    """One host that meets all of them, without a restart: token 0 is revoked by its stream, and stays so."""
    from conftest import _running
    from harness.scenario import Corp
    name_the_server()
    with contextlib.ExitStack() as stack:
        corp = stack.enter_context(contextlib.closing(Corp(authorities[0])))
        server = stack.enter_context(contextlib.closing(redis.Redis()))
        turning = Turning(corp, len(WRONG) + 2)
        for kind in turning.kinds:
            kind.weight = 2
        section = server.section()
        world.configure([corp.section()], appended=section)  # the writers read it
        world.ctl("beat", "--max-age", "1h", *server.writer("timer"))
        scenario = stack.enter_context(_running(world, report, corp, sections=[corp.section()], members={"appended": section},
                                                classes=lambda made: [corp.good(weight=30), *corp.bad(), *turning.kinds], warm=False))
        control = stack.enter_context(contextlib.closing(Control(world.sockets["control"].path)))
        control.becomes("now", lambda state: state["state"] == "fresh", "the stream")
        scenario.settled_fetch()
        revoke(scenario, control, server, turning, 0)
        scenario.traffic.seconds(1)
        yield scenario, control, server, turning, Items(server, turning)


def revoke(scenario, control, server, turning: Turning, number: int) -> None:
    """By the stream; returns when status has it."""
    there = held(control.source("now"))
    begins = time.monotonic()
    scenario.world.ctl("revoke", "--fleet", "--jti", turning.ids[number], "--issuer", "corp", *server.writer())
    control.becomes("now", lambda state: held(state) > there, f"the revocation of {turning.ids[number]}")
    turning.revoked(number, begins)


def held(state: dict) -> int:
    return state["base_entries"] + state["delta_entries"]


@pytest.mark.parametrize("name", list(WRONG))
def test_f16_an_item_that_is_wrong(streamed, name):
    scenario, control, server, turning, items = streamed
    make, says = WRONG[name]
    before = control.source("now")
    marks = scenario.world.marks()
    quiet = scenario.quiet(0.5)
    on = time.monotonic()
    at = server.admin("XADD", redis.KEY, "*", "item", make(items))
    state = control.becomes("now", lambda state: at in state["last_error"], f"{name}: the item's name in status")
    assert says in state["last_error"].split(at, 1)[1]
    scenario.traffic.seconds(0.5)
    off = time.monotonic()
    unsigned = list(WRONG).index(name) < 6
    assert held(state) == held(before) or not unsigned
    # What a key of the stream signed and nobody can read may have been a revocation: not passed over in silence.
    assert state["state"] == "fresh" or not unsigned
    said = scenario.world.said_since(marks, "latchkeyd")
    if name == next(iter(WRONG)):  # the log has one of them a while, so that junk cannot fill it; status has each
        assert "an item of a revocation stream is refused" in said and at in said, said[-2000:]
    revoke(scenario, control, server, turning, 2 + list(WRONG).index(name))
    back = time.monotonic()
    scenario.traffic.seconds(0.5)
    assert not unsigned or not control.source("now")["last_error"], "a good item ends it"
    scenario.finish(f"F16 item: {name}", quiet, on, off, back=back, turns=turning.turns)
