# SPDX-License-Identifier: Apache-2.0
"""F7, F8: keys that rotate and are withdrawn under load. Each signature is verified anew: nothing here is carried by the
memory of tokens."""

import os
import time

from fetching.fault_provider import JWKS
from fetching.issuer_keys import Key
from harness.scenario import INTERVAL_S, WORKERS_S, refuse
from harness.traffic import TokenClass
from harness.verdicts import ALLOW, Allowance, Right, Turn

RATE = float(os.environ.get("LATCHKEY_FAULT_RATE", "1000"))
ROTATIONS = 4
REFRESH_S = 2.0  # of a provider whose keys are good for a second: an interval, and up to a fifth more, and the fetch
SLACK_S = 2.0    # on a machine that is busy elsewhere


def served(scenario, since: float) -> float:
    """Waits until the provider has given its keys once more; when every worker should have them."""
    provider = scenario.corp.provider
    scenario.traffic.until(lambda: provider.first_asked(JWKS, since) is not None, "a fetch")
    return provider.first_asked(JWKS, since) + WORKERS_S


def test_f7_f8_rotation_and_withdrawal_under_load(running, corp):
    keys = [Key(f"generation-{number}") for number in range(ROTATIONS + 1)]
    corp.serve(*corp.keys, keys[0])  # its own keys stay all the time: the bad tokens are signed by them
    classes = [TokenClass(f"key{number}", 0, Right(ALLOW), [corp.token(key) for _ in range(20)])
               for number, key in enumerate(keys)]
    classes[0].weight = 80
    allowances, turns, withdrawals = [], [], []
    with running(corp, classes=lambda _world: classes + corp.bad(), members={"remembered_tokens": 0}, rate=RATE) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        on = time.monotonic()
        for number in range(1, len(keys)):
            corp.serve(*corp.keys, keys[number - 1], keys[number])
            both = time.monotonic()
            traffic.weight(f"key{number}", 80)
            known = served(scenario, both)
            assert known - both < INTERVAL_S + SLACK_S, "a token with the new key has it fetched after one interval"
            allowances.append(Allowance(both, known, frozenset({"key_unknown"}), frozenset({f"key{number}"})))
            traffic.seconds(1)
            corp.serve(*corp.keys, keys[number])
            withdrawn = time.monotonic()
            gone = served(scenario, withdrawn)
            assert gone - withdrawn < REFRESH_S + SLACK_S, "a withdrawn key is refused at most one refresh later"
            withdrawals.append(gone - withdrawn)
            turns.append(Turn(f"key{number - 1}", withdrawn, gone, refuse("key_unknown")))
            traffic.seconds(1)
            traffic.weight(f"key{number - 1}", 1)  # the old ones never come back
        off = time.monotonic()
        tally = scenario.finish(f"F7 F8 {ROTATIONS} rotations, {RATE:.0f} logins/s", quiet, on, off, allowances=allowances,
                                turns=turns, requests=scenario.fetches(on, off),
                                requests_most=scenario.fetches_most(on, off),
                                withdrawn_within_s=round(max(withdrawals), 2))
        assert tally.accepted > tally.logins / 2
