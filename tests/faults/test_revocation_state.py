# SPDX-License-Identifier: Apache-2.0
"""F12, F14, F15 of what is revoked: a daemon killed while revocations come from three places, a disk that is full, a state that
is damaged. What was acknowledged stays revoked, and what is damaged lets nobody in."""

import contextlib
import glob
import itertools
import os
import pathlib
import random
import shutil
import sqlite3
import threading
import time

import pytest

from box.control import Refused
from harness.scenario import WORKERS_S, no_answers
from harness.sources import PLACES, Sources
from harness.verdicts import Allowance
from harness.world import STATE
from test_processes import KILLS, SEED, spin
from test_state import fill, own_file_system

DATABASE = pathlib.Path(STATE, "latchkey.sqlite")
EACH = 60  # tokens of each place


@pytest.fixture
def sources(installed, world, corp):
    world.stop()
    with contextlib.closing(Sources(world, corp, EACH)) as made:
        yield made


class Revoking(threading.Thread):
    """One place after the other, until it is told to end."""

    def __init__(self, sources: Sources) -> None:
        super().__init__()
        self._sources = sources
        self._over = threading.Event()
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            for number in range(len(PLACES) * EACH):
                if self._over.is_set():
                    return
                self._sources.revoke(PLACES[number % len(PLACES)])
        except BaseException as error:  # for the test, which is another thread
            self.failed = error

    def end(self) -> None:
        self._over.set()
        self.join()
        if self.failed:
            raise self.failed


def test_f12_killed_while_revocations_come(running, world, corp, sources):
    """Either daemon, at any moment. A token is in doubt from the command to the report, and revoked from then on."""
    random_number = random.Random(SEED + 1)
    kills = max(2, KILLS // 5)
    print(f"F12: LATCHKEY_FAULT_SEED={SEED}")
    with running(corp, members={"appended": sources.section}, warm=False,
                 classes=lambda made: [corp.good(weight=200), *corp.bad(), *sources.kinds(2)]) as scenario:
        traffic = scenario.traffic
        scenario.settled_fetch()
        sources.wait_fresh()
        quiet = scenario.quiet()
        on = time.monotonic()
        changing = Revoking(sources)
        changing.start()
        allowances, back_s = [], []
        try:
            for _ in range(kills):
                victim = world.latchkeyd if random_number.random() < 0.7 else world.fetchd
                traffic.logins(random_number.randrange(10, 80))
                spin(random_number.uniform(0, 0.02))
                gone = time.monotonic()
                victim.kill()
                victim.start()
                back_s.append(time.monotonic() - gone)
                if victim is world.latchkeyd:
                    allowances.append(no_answers(gone, time.monotonic() + WORKERS_S))
        finally:
            changing.end()
        off = time.monotonic()
        scenario.settled_fetch()
        back = time.monotonic()
        traffic.seconds(2)
        revoked = {place: len(turning.reported) for place, turning in sources.tokens.items()}
        tried = sum(turning.tried(traffic.between(on, time.monotonic())) for turning in sources.tokens.values())
        scenario.finish(f"F12 {kills} kills, three sources", quiet, on, off, allowances=allowances, back=back, turns=sources.turns,
                        revoked=revoked, tried_after_the_report=tried, ready_again_s_most=round(max(back_s), 3))
        assert min(revoked.values()) > 0 and tried > sum(revoked.values())


def test_f14_a_full_disk_refuses_the_command_and_loses_nothing(running, world, corp, sources):
    with own_file_system(world, "16m"), \
            running(corp, members={"appended": sources.section}, warm=False,
                    classes=lambda made: [corp.good(weight=200), *corp.bad(), *sources.kinds(2)]) as scenario:
        traffic, control = scenario.traffic, sources.control
        scenario.settled_fetch()
        sources.wait_fresh()
        for place in PLACES:
            sources.revoke(place)
        quiet = scenario.quiet()
        on = time.monotonic()
        fill()
        try:
            acknowledged, refusal, refused = use_up(control, sources)
            assert "full" in refusal, refusal
            # A list that cannot be kept is not taken; an item of a stream is in force all the same, and read again.
            before = control.source("fleet")
            sources.next["list"] += 1
            begins = time.monotonic()
            version = sources.publish()
            control.call("Reload")
            state = control.becomes("fleet", lambda state: state["last_error"].startswith("storage"), "the list's trouble")
            assert state["version"] == before["version"] and state["state"] == "fresh"
            at = stream_on(control, sources)
            traffic.seconds(1)
        finally:
            off = time.monotonic()
            os.unlink(f"{STATE}/filler")
        control.call("Reload")
        control.becomes("fleet", lambda state: state["version"] == version and not state["last_error"], "the list taken")
        sources.tokens["list"].revoked(sources.next["list"] - 1, begins)
        control.becomes("now", lambda state: not state["last_error"] and sources.is_durable(at), "the item durable")
        sources.revoke("local")
        local = held(control.source("local"))
        assert local == 1 + acknowledged + 1, "what was acknowledged, and nothing else"
        back = time.monotonic()
        gone = time.monotonic()
        world.latchkeyd.kill()
        world.latchkeyd.start()
        allowed = [no_answers(gone, time.monotonic() + WORKERS_S)]
        traffic.seconds(2)
        assert held(sources.told("local")) == local, "all of it after a restart, too"
        scenario.finish("F14 revocations: disk full", quiet, on, off, back=back, turns=sources.turns, allowances=allowed,
                        acknowledged_while_full=acknowledged, refused_with=refusal[:120])
        # The one that was refused was not revoked, then or later: its class is still one of good tokens.
        assert sources.tokens["local"].ids[refused] not in sources.tokens["local"].reported


def use_up(control, sources: Sources) -> tuple[int, str, int]:
    """Revokes names that nobody shows until one is refused, for a database finds room as long as its pages and its journal have
    it, which is up to some thousand pages; then a token that is shown. How many were acknowledged, the refusal, and the number
    of the token that was refused."""
    turning = sources.tokens["local"]

    def revoke(value: str) -> None:
        control.call("Revoke", kind="token", issuer=turning.issuer, value=value, comment="x" * 1000)

    number = sources.next["local"]
    sources.next["local"] += 1
    length = len(turning.ids[number])
    acknowledged = 0
    with contextlib.suppress(Refused):
        for acknowledged in itertools.count():
            revoke(f"{acknowledged}".rjust(length, "n"))
    with pytest.raises(Refused) as refused:
        revoke(turning.ids[number])
    return acknowledged, str(refused.value), number


def stream_on(control, sources: Sources) -> str:
    """Writes to the stream until an item is in force and not on the disk, whose last page has room for a few; where it
    stands."""
    turning = sources.tokens["stream"]
    while True:
        number, there = sources.next["stream"], held(control.source("now"))
        sources.next["stream"] += 1
        begins = time.monotonic()
        at = sources.write(number)
        control.becomes("now", lambda state: held(state) > there, "the item in force")
        turning.revoked(number, begins)
        control.becomes("now", lambda state: state["last_error"].startswith("storage") or sources.is_durable(at), "its end")
        if not sources.is_durable(at):
            return at


def held(state: dict) -> int:
    return state["base_entries"] + state["delta_entries"]


def flipped(path: pathlib.Path, share: float) -> None:
    data = path.read_bytes()
    at = int(share * (len(data) - 1))
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])


def without_a_row(path: pathlib.Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM revocation WHERE id = 1")
        connection.commit()


def another_value(path: pathlib.Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE revocation SET value = 'somebody else' WHERE id = 1")
        connection.commit()


DAMAGES = {
    **{f"a bit flipped at {share:.0%}": lambda path, share=share: flipped(path, share) for share in (0, 0.02, 0.2, 0.5, 0.8, 1)},
    **{f"cut at {share:.0%}": lambda path, share=share: os.truncate(path, int(share * path.stat().st_size))
       for share in (0.001, 0.3, 0.9)},
    "another's": lambda path: os.chown(path, 65534, 65534),
    "may be written by others": lambda path: path.chmod(0o666),
    "a link": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
    "text": lambda path: path.write_bytes(b"revocations, in my own words\n" * 200),
    "without one of its rows": without_a_row,
    "with a row that says another thing": another_value,
}


def test_f15_a_damaged_state_database_lets_nobody_in(running, world, corp):
    """latchkeyd does not start with it and says what to do; or what was flipped lies in nothing that is read, and every
    revocation stands. Callers get no answer, never a wrong one."""
    revoked = corp.revoked
    with running(corp, rate=100, module_rate=3, classes=lambda made: [corp.good(weight=30), *corp.bad(), revoked_often(revoked, made)]) \
            as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet(0.5)
        world.latchkeyd.stop()
        on = time.monotonic()
        good, owner = DATABASE.read_bytes(), os.stat(DATABASE)
        refused, met = 0, []
        for name, damage in DAMAGES.items():
            marks = world.marks()
            damage(DATABASE)
            try:
                world.latchkeyd.start()
                traffic.logins(30)
                world.latchkeyd.stop()
                met.append(name)
            except RuntimeError:
                refused += 1
                said = world.said_since(marks, "latchkeyd")
                assert str(DATABASE) in said, f"{name}: {said[-1000:]}"
            restore(good, owner)
        world.latchkeyd.start()
        off = time.monotonic()
        scenario.first_accept("good", off)
        traffic.seconds(1)
        scenario.finish(f"F15 state database: {len(DAMAGES)} damages", quiet, on, off,
                        allowances=[Allowance(on, off + WORKERS_S, frozenset({"-", "shutting_down"}))], starts_refused=refused,
                        starts_with_nothing_lost=met)
        # A bit may lie in what is never read; whatever else was done is found.
        assert refused > 0 and all(name.startswith("a bit") for name in met), f"started with these: {met}"


def revoked_often(revoked, world):
    kind = revoked(world)
    kind.weight = 30
    return kind


def restore(good: bytes, owner) -> None:
    for path in glob.glob(f"{DATABASE}*"):
        os.unlink(path)
    DATABASE.write_bytes(good)
    os.chown(DATABASE, owner.st_uid, owner.st_gid)
    DATABASE.chmod(0o600)


def changed(pattern: str, change) -> None:
    for path in glob.glob(f"{STATE}/{pattern}", recursive=True):
        if os.path.isfile(path):
            change(pathlib.Path(path))


KEPT = {
    "a list's files with a flipped bit each": lambda: changed("lists/**", lambda path: flipped(path, 0.5)),
    "a list's files, cut": lambda: changed("lists/**", lambda path: os.truncate(path, path.stat().st_size // 2)),
    "no list's files": lambda: shutil.rmtree(f"{STATE}/lists"),
    "a stream's file with a flipped bit": lambda: changed("streams/*", lambda path: flipped(path, 0.5)),
    "a stream's file, cut": lambda: changed("streams/*", lambda path: os.truncate(path, path.stat().st_size // 2)),
    "no stream's file": lambda: shutil.rmtree(f"{STATE}/streams"),
}


def test_f15_damaged_lists_and_streams_take_nothing_back(running, world, corp, sources):
    """Both servers are away at each start. What cannot be read counts as absent or as incomplete, which refuses whom the
    configuration says, here everybody; with the servers back all is as it was."""
    everybody = '      stale_refuses: [ "*" ]\n'
    section = sources.list.section(everybody) + sources.stream.section(more=everybody).removeprefix("revocation:\n")
    with running(corp, rate=200, module_rate=5, members={"appended": section}, warm=False,
                 classes=lambda made: [corp.good(weight=30), *corp.bad(), *sources.kinds(1)]) as scenario:
        traffic = scenario.traffic
        scenario.settled_fetch()
        sources.wait_fresh()
        for place in PLACES * 3:
            sources.revoke(place)
        quiet = scenario.quiet(0.5)
        on = time.monotonic()
        for name, damage in KEPT.items():
            world.latchkeyd.stop()
            sources.list.stop()
            sources.stream.stop()
            damage()
            world.latchkeyd.start()
            states = {each: sources.told(each)["state"] for each in ("fleet", "now")}
            assert set(states.values()) != {"fresh"}, (name, states)
            traffic.logins(100)
            sources.list.start()
            sources.stream.start()
            if name.startswith("a stream's file"):  # what an administrator does who has no snapshot: all of it is read again
                world.latchkeyd.stop()
                shutil.rmtree(f"{STATE}/streams")
                world.latchkeyd.start()
                sources.control.close()
            else:
                sources.control.call("Reload")
            sources.wait_fresh()
        off = time.monotonic()
        scenario.first_accept("good", off)
        traffic.seconds(1)
        reasons = frozenset({"-", "revocation_unknown", "shutting_down"})
        scenario.finish(f"F15 lists and streams: {len(KEPT)} damages", quiet, on, off, turns=sources.turns,
                        allowances=[Allowance(on, off + WORKERS_S, reasons)])
