# SPDX-License-Identifier: Apache-2.0
"""F9: tokens with a `kid` that nobody has ever seen, a new one each time, as fast as the socket takes them."""

import os

import pytest

from harness.scenario import QUIET_S, refuse
from harness.traffic import TokenClass, flood, random_kid_token

# One source is held back by its budget to some hundred a second, so it sends few; from many, each with a budget of its own,
# the daemon has to do the work.
SOURCES = {"one source": ("192.0.2.66", 2_000),
           "many sources": ("10.66.", int(os.environ.get("LATCHKEY_FAULT_FLOOD", "40000")))}  # 1000000 for the whole of F9
MEMORY_KB_MOST = 3072  # what is kept of 2,048 sources and of the last refusals; ten times as many tokens add nothing


@pytest.mark.parametrize("whence", list(SOURCES))
def test_f9_flood_of_unknown_kids(running, world, corp, whence):
    source, count = SOURCES[whence]
    kind = TokenClass("flood", 1, refuse("key_unknown"), [random_kid_token(corp.token())], source=source)
    with running(corp, members={"log_level": "error"}) as scenario:
        quiet = scenario.quiet(2 * QUIET_S)
        came = flood(world, kind, count)
        scenario.finish(f"F9 {count} unknown kids, {whence}", quiet, came.on, came.off,
                        requests=scenario.fetches(came.on, came.off),
                        requests_most=scenario.fetches_most(came.on, came.off), **came.columns())
        came.judge(count, "key_unknown", MEMORY_KB_MOST)
