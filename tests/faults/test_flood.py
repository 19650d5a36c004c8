# SPDX-License-Identifier: Apache-2.0
"""F9: tokens with a `kid` that nobody has ever seen, a new one each time, as fast as the socket takes them."""

import os
import subprocess
import time

import pytest

from harness.scenario import QUIET_S, refuse
from harness.traffic import TokenClass, random_kid_token, write_classes

# One source is held back by its budget; from many, each with a budget of its own, the daemon has to do the work.
SOURCES = {"one source": ("192.0.2.66", 2_000), "many sources": ("10.66.", 40_000)}
FLOOD = int(os.environ.get("LATCHKEY_FAULT_FLOOD", "0"))  # 1000000 for the whole of F9
MEMORY_KB_MOST = 2048


@pytest.mark.parametrize("whence", list(SOURCES))
def test_f9_flood_of_unknown_kids(running, world, corp, whence):
    source, count = SOURCES[whence]
    count = FLOOD or count
    flood = TokenClass("flood", 1, refuse("key_unknown"), [random_kid_token(corp.token())], source=source)
    with running(corp, members={"log_level": "error"}) as scenario:
        path = write_classes(world.scratch("flood"), [flood])
        quiet = scenario.quiet(2 * QUIET_S)
        world.reset_peaks()
        before = world.memory_kb()
        on = time.monotonic()
        with subprocess.Popen([world.oracle, "--classes", path, "--records", "/dev/stdout", "--socket", world.pam_socket,
                               "--rate", "0", "--open", "48", "--most", str(count), "--counts"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
            lines = sender.stdout.read().splitlines()  # it ends by itself; its stdin ends with us
        off = time.monotonic()
        after = world.memory_kb()
        made = {tuple(line.split()[2:4]): int(line.split()[4]) for line in lines}
        grown = {name: after[name][0] - before[name][0] for name in after}
        scenario.finish(f"F9 {count} unknown kids, {whence}", quiet, on, off, requests=scenario.fetches(on, off),
                        requests_most=scenario.fetches_most(on, off), flood_per_second=round(count / (off - on)),
                        flood_met={f"{what} {reason}": number for (what, reason), number in made.items()},
                        memory_grew_kb=grown)
        assert sum(made.values()) == count
        assert set(made) <= {("refused", "key_unknown"), ("unavailable", "budget_exhausted")}, made
        assert made.get(("refused", "key_unknown"), 0) > 0
        assert max(grown.values()) <= MEMORY_KB_MOST, grown
