# SPDX-License-Identifier: Apache-2.0
"""F16: the revocation set swapped again and again under load. Each change concerns one token, which most of the logins around
that moment show; once the change was reported, by the command's answer or in status, no login may be let in by it."""

import contextlib
import os
import threading
import time

import pytest

from box import lists
from box.control import Control
from harness.revoking import Turning, name_the_server

RATE = float(os.environ.get("LATCHKEY_FAULT_RATE", "1000"))
SWAPS = int(os.environ.get("LATCHKEY_FAULT_SWAPS", "500"))
SWAPS_A_SECOND = 100
VERSIONS = int(os.environ.get("LATCHKEY_FAULT_VERSIONS", "60"))
LARGE = int(os.environ.get("LATCHKEY_FAULT_ENTRIES", "1000000"))
KEPT = 20  # versions after which a list takes a token back
SOON_S = 0.1


@pytest.fixture
def server(installed):
    name_the_server()
    with contextlib.closing(lists.Server()) as made:
        yield made


def middle(times_s: list[float], share: float) -> float:
    return round(sorted(times_s)[int(share * (len(times_s) - 1))] * 1000, 2)


def test_f16_the_local_set_swapped_a_hundred_times_a_second(running, world, corp):
    turning = Turning(corp, SWAPS)
    with running(corp, classes=lambda made: [corp.good(weight=30), *corp.bad(), *turning.kinds], rate=RATE) as scenario, \
            contextlib.closing(Control(world.sockets["control"].path)) as control:
        traffic = scenario.traffic
        turning.around(traffic, 0)
        quiet = scenario.quiet()
        pace, took, on = threading.Event(), [], time.monotonic()
        for number in range(SWAPS):
            turning.around(traffic, number)
            pace.wait(max(0.0, on + number / SWAPS_A_SECOND - time.monotonic()))
            begins = time.monotonic()
            control.revoke(corp.issuer, turning.ids[number])
            turning.revoked(number, begins)
            took.append(time.monotonic() - begins)
        off = time.monotonic()
        turning.all_of(traffic)
        traffic.seconds(1)
        soon = turning.tried(traffic.between(on, off), SOON_S)
        scenario.finish(f"F16 {SWAPS} local swaps, {RATE:.0f} logins/s", quiet, on, off, turns=turning.turns,
                        swaps_per_second=round(SWAPS / (off - on), 1), report_ms_p50=middle(took, 0.5),
                        report_ms_most=middle(took, 1), tried_within_100_ms_of_the_report=soon)
        assert soon >= SWAPS, "too few logins showed what was just revoked for the count of 0 to mean anything"
        assert control.source("local")["base_entries"] + control.source("local")["delta_entries"] == SWAPS


class Versions:
    """The versions of a list, made beforehand and served one after the other: each revokes one more token, and takes back
    the one that was revoked so many versions ago."""

    def __init__(self, server, turning: Turning, count: int) -> None:
        self.server = server
        self._manifests = []
        chunks = {}
        first = int(time.time()) - count
        for number in range(count):
            server.build([turning.entry(each) for each in range(max(0, number - KEPT + 1), number + 1)])
            server.sign(now=str(first + number))
            self._manifests.append((server.www / "manifest.jwt").read_bytes())
            chunks |= {path.name: path.read_bytes() for path in (server.www / "chunks").iterdir()}
        for name, data in chunks.items():
            (server.www / "chunks" / name).write_bytes(data)
            (server.www / "chunks" / name).chmod(0o644)
        self.serve(0)

    def serve(self, number: int) -> None:
        """Version number + 1."""
        fresh = self.server.www / "fresh"
        fresh.write_bytes(self._manifests[number])
        fresh.chmod(0o644)
        fresh.rename(self.server.www / "manifest.jwt")


def at_work(version: int):
    return lambda source: source["version"] == version and source["state"] == "fresh" and not source["last_error"]


def test_f16_signed_lists_swapped_as_fast_as_they_are_taken(running, world, corp, server):
    turning = Turning(corp, VERSIONS)
    versions = Versions(server, turning, VERSIONS)
    with running(corp, classes=lambda made: [corp.good(weight=30), *corp.bad(), *turning.kinds], rate=RATE,
                 members={"appended": server.section()}, warm=False) as scenario, contextlib.closing(Control(world.sockets["control"].path)) as control:
        traffic = scenario.traffic
        control.becomes("fleet", at_work(1), "the first version")
        turning.revoked(0, 0)
        scenario.settled_fetch()
        turning.around(traffic, 1)
        quiet = scenario.quiet()
        took, on = [], time.monotonic()
        for number in range(1, VERSIONS):
            turning.around(traffic, number)
            begins = time.monotonic()
            versions.serve(number)
            control.call("Reload")  # asks at once
            control.becomes("fleet", at_work(number + 1), f"version {number + 1}")
            turning.revoked(number, begins)
            if number >= KEPT:
                turning.taken_back(number - KEPT, begins)
            took.append(time.monotonic() - begins)
        off = time.monotonic()
        turning.all_of(traffic)
        traffic.seconds(1)
        soon = turning.tried(traffic.between(on, off), SOON_S)
        scenario.finish(f"F16 {VERSIONS} versions of a list, {RATE:.0f}/s", quiet, on, off, settle=True,
                        turns=turning.turns, swaps_per_second=round(len(took) / (off - on), 1), report_ms_p50=middle(took, 0.5),
                        report_ms_most=middle(took, 1), tried_within_100_ms_of_the_report=soon)
        assert soon >= len(took) / 2, "too few logins showed what was just revoked for the count of 0 to mean anything"


def large_text(server, *more: dict) -> None:
    path = server.folder / "text.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        for number in range(LARGE):
            file.write(f'{{"kind":"token","issuer":"https://id.example","value":"token-{number}"}}\n')
        for entry in more:
            file.write(f'{{"kind":"{entry["kind"]}","issuer":"{entry["issuer"]}","value":"{entry["value"]}"}}\n')
    server.build_from(path)


def test_f16_a_list_of_a_million_entries_is_taken_under_load(running, world, corp, server):
    """A small list first; then the large one, which begins anew, since another key signed it."""
    turning = Turning(corp, 2)
    server.publish([turning.entry(0)])
    with running(corp, classes=lambda made: [corp.good(weight=30), *corp.bad(), *turning.kinds],
                 members={"appended": server.section(keys=("good", "other"))}, warm=False) as scenario, contextlib.closing(Control(world.sockets["control"].path)) as control:
        traffic = scenario.traffic
        control.becomes("fleet", at_work(1), "the small list")
        turning.revoked(0, 0)
        scenario.settled_fetch()
        turning.all_of(traffic)
        quiet = scenario.quiet()
        large_text(server, turning.entry(0), turning.entry(1))
        server.sign(key="other")
        world.reset_peaks()
        before = world.memory_kb()["latchkeyd"][0]
        on = time.monotonic()
        control.call("Reload")
        state = control.becomes("fleet", at_work(2), "the large list", 120)
        turning.revoked(1, on)
        off = time.monotonic()
        peak = world.memory_kb()["latchkeyd"][1]
        traffic.seconds(1)
        scenario.finish(f"F16 a list of {LARGE} entries", quiet, on, off, turns=turning.turns, taken_in_s=round(off - on, 2),
                        set_kb=state["bytes"] // 1024, memory_peak_kb=peak - before)
        assert state["base_entries"] + state["delta_entries"] == LARGE + 2
