# SPDX-License-Identifier: Apache-2.0
"""What both daemons hold in memory while nothing happens: sizes, which a busy machine does not change."""

import json
import time

LATCHKEYD_KB_MOST, FETCHD_KB_MOST = 10 << 10, 15 << 10


def test_idle_memory(world, corp):
    world.fresh([corp.section()])
    try:
        deadline = time.monotonic() + 60
        while world.issuer()["source"] != "fetched":
            assert time.monotonic() < deadline
        resident = {name: now for name, (now, _) in world.memory_kb().items()}
        print(json.dumps(resident))
        assert resident["latchkeyd"] <= LATCHKEYD_KB_MOST, resident
        assert resident["latchkey-fetchd"] <= FETCHD_KB_MOST, resident
    finally:
        world.stop()
