# SPDX-License-Identifier: Apache-2.0
"""F16: lists that are cut, unsorted, forged, set back or missing, under load. The last good one stays at work, the fault is
named in log and status, nobody is let in whom it revokes, and nobody shut out whom it does not."""

import contextlib
import pathlib
import time

import pytest

from box import lists
from box.control import Control
from harness.forged_list import ForgedList, token_digest
from harness.revoking import Turning, name_the_server
from harness.scenario import refuse
from harness.verdicts import Allowance



@pytest.fixture
def server(installed):
    name_the_server()
    with contextlib.closing(lists.Server()) as made:
        yield made


def chunks_of(server) -> list[pathlib.Path]:
    return sorted((server.www / "chunks").iterdir())


class Wrong:
    """Each makes the server serve what would revoke token 1 and take token 0 back, if anybody believed it."""

    def __init__(self, server, turning: Turning) -> None:
        self.server, self.turning = server, turning
        self.forged = ForgedList(server)

    def next_version(self) -> None:
        self.server.publish([self.turning.entry(1)])

    def manifest(self, change) -> None:
        self.next_version()
        path = self.server.www / "manifest.jwt"
        self.forged.serve_text(change(path.read_text(encoding="utf-8").strip()))

    def chunk(self, change) -> None:
        self.next_version()
        for path in chunks_of(self.server):
            change(path)

    def steps(self, records: list[bytes], step=lambda step: step, chunk=lambda chunk: chunk, **members) -> None:
        """A manifest with a true signature over one step from 0."""
        payload = self.forged.payload()
        version = payload["version"] + 1
        made = chunk(self.forged.chunk(records))
        self.forged.serve(payload | {"version": version,
                                     "steps": [step({"from": 0, "to": version, "chunks": [made]})]} | members)

    def record(self, number: int) -> bytes:
        return token_digest(self.turning.issuer, self.turning.ids[number])


def falling(wrong: Wrong) -> None:
    wrong.steps(sorted([wrong.record(1), wrong.record(2)], reverse=True))


def another_signature(text: str) -> str:
    return text[:-20] + ("A" if text[-20] != "A" else "B") + text[-19:]


def old_copy(wrong: Wrong) -> None:
    """The list as it was before any of what it revokes now."""
    payload = wrong.forged.payload()
    wrong.forged.serve(payload | {"version": 1, "steps": [{"from": 0, "to": 1, "chunks": [wrong.forged.chunk([wrong.record(1)])]}]})


# What is done, and what the last error has to begin with.
WRONG = {
    "cut in the middle": (lambda wrong: wrong.manifest(lambda text: text[:len(text) // 2]), "form"),
    "empty": (lambda wrong: wrong.manifest(lambda text: ""), "fleet"),
    "HTML": (lambda wrong: wrong.manifest(lambda text: "<html>welcome to the hotel's network</html>"), "form"),
    "larger than any": (lambda wrong: wrong.manifest(lambda text: text + "x" * 70_000), ""),
    "another signature": (lambda wrong: wrong.manifest(another_signature), "signature"),
    "signed by a stranger": (lambda wrong: (wrong.next_version(), wrong.server.sign(key="other")), "key"),
    "another list's": (lambda wrong: (wrong.next_version(), wrong.server.sign(issuer="https://lists.example/other")), "issuer"),
    "a token's type": (lambda wrong: wrong.forged.serve(wrong.forged.payload(), typ="at+jwt"), "type"),
    "an older version": (old_copy, "rollback"),
    "signed tomorrow": (lambda wrong: (wrong.next_version(), wrong.server.sign(now=str(int(time.time()) + 86_400))), "ahead"),
    "another format": (lambda wrong: wrong.steps([wrong.record(1)], format=2), "format"),
    "no way to its version": (lambda wrong: wrong.steps([wrong.record(1)], step=lambda step: step | {"to": 1}), "no_way"),
    "a member nobody knows": (lambda wrong: wrong.steps([wrong.record(1)], chunk=lambda chunk: chunk | {"unless": "x"}), "form"),
    "a step from 0 that removes": (lambda wrong: wrong.steps([wrong.record(0)], chunk=lambda chunk: chunk | {"op": "remove"}),
                                   "bounds"),
    "a chunk in falling order": (falling, "chunk"),
    "a chunk with one digest twice": (lambda wrong: wrong.steps([wrong.record(1)] * 2), "chunk"),
    "a chunk that is cut": (lambda wrong: wrong.chunk(lambda path: path.write_bytes(path.read_bytes()[:-1])), "chunk"),
    "a chunk with a flipped bit": (lambda wrong: wrong.chunk(
        lambda path: path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])), "chunk"),
    "a chunk that is missing": (lambda wrong: wrong.chunk(lambda path: path.unlink()), "fleet"),
    "a manifest that is missing": (lambda wrong: (wrong.server.www / "manifest.jwt").unlink(), "fleet"),
    "nobody there": (lambda wrong: wrong.server.stop(), "fleet"),
}


@pytest.fixture(scope="module")
def listed(world, authorities, report):
    """One host that meets all of them, without a restart: token 0 is revoked by its list, and stays so."""
    from conftest import _running
    from harness.scenario import Corp
    name_the_server()
    with contextlib.ExitStack() as stack:
        corp = stack.enter_context(contextlib.closing(Corp(authorities[0])))
        server = stack.enter_context(contextlib.closing(lists.Server()))
        turning = Turning(corp, 3)
        for kind in turning.kinds:
            kind.weight = 10
        turning.kinds[0].right = refuse("revoked_token")
        server.publish([turning.entry(0), turning.entry(2)])
        server.publish([turning.entry(0)])
        scenario = stack.enter_context(_running(world, report, corp, sections=[corp.section()], members={"appended": server.section()},
                                                classes=lambda made: [corp.good(weight=30), *corp.bad(), *turning.kinds], warm=False))
        control = stack.enter_context(contextlib.closing(Control(world.sockets["control"].path)))
        control.becomes("fleet", lambda state: state["state"] == "fresh", "the good list")
        scenario.settled_fetch()
        scenario.traffic.seconds(1)
        scenario.traffic.settled(time.monotonic())
        yield scenario, control, server, turning


@pytest.mark.parametrize("name", list(WRONG))
def test_f16_a_list_that_is_wrong(listed, name):
    scenario, control, server, turning = listed
    act, says = WRONG[name]
    kept = server.copy()
    before = control.source("fleet")
    marks = scenario.world.marks()
    quiet = scenario.quiet(0.5)
    on = time.monotonic()
    try:
        act(Wrong(server, turning))
        control.call("Reload")
        state = control.becomes("fleet", lambda state: state["last_error"].startswith(says) and state["last_error"], name)
        scenario.traffic.seconds(1)
    finally:
        off = time.monotonic()
        if not server.running():
            server.start()
        server.again(kept)
    assert state["version"] == before["version"] and state["state"] == "fresh" and state["base_entries"] == before["base_entries"]
    said = scenario.world.said_since(marks)
    assert "a revocation list cannot be taken; the last good one stays at work" in said, said[-2000:]
    control.call("Reload")
    control.becomes("fleet", lambda state: not state["last_error"] and state["state"] == "fresh", f"{name}: the good list again")
    back = time.monotonic()
    scenario.traffic.seconds(0.5)
    scenario.finish(f"F16 list: {name}", quiet, on, off, back=back)


@pytest.mark.parametrize("answer", ["refuse", "go on"])
def test_f16_missing_at_start(running, world, corp, server, answer):
    """Nothing was ever accepted: nobody signs in, unless the configuration says otherwise; then it is fetched."""
    turning = Turning(corp, 1)
    turning.kinds[0].weight = 10
    server.publish([turning.entry(0)])
    server.stop()
    more = "" if answer == "refuse" else "      absent_refuses: []\n"
    started = time.monotonic()
    with running(corp, classes=lambda made: [corp.good(weight=30), *corp.bad(), *turning.kinds],
                 members={"appended": server.section(more)}, warm=False) as scenario, \
            contextlib.closing(Control(world.sockets["control"].path)) as control:
        traffic = scenario.traffic
        scenario.settled_fetch()
        on = time.monotonic()
        control.becomes("fleet", lambda state: state["state"] == "absent" and state["last_error"], "the list's absence in status")
        traffic.seconds(1)
        let_in = sum(record.let_in for record in traffic.between(on, time.monotonic()))
        off = time.monotonic()
        server.start()
        control.call("Reload")
        control.becomes("fleet", lambda state: state["state"] == "fresh", "the list")
        back = time.monotonic()
        turning.revoked(0, 0)
        if answer == "refuse":
            scenario.first_accept("good", back)
        traffic.seconds(1)
        everybody = [Allowance(started, back, frozenset({"revocation_unknown"} if answer == "refuse" else set())),
                     Allowance(started, on, frozenset({"keys_missing"}))]
        scenario.finish(f"F16 list missing at start: {answer}", on, on, off, back=back, allowances=everybody, turns=turning.turns)
        assert let_in == 0 if answer == "refuse" else let_in > 0
