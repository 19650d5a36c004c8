# SPDX-License-Identifier: Apache-2.0
"""The oracle can fail: each wrong verdict is found, and nothing else is taken for one."""

import pytest

from harness.scenario import refuse
from harness.verdicts import ALLOW, Allowance, Record, Right, Turn, judge

RIGHTS = {"good": Right(ALLOW), "expired": refuse("token_expired")}


def record(kind: str, outcome: str, reason: str = "-", start: float = 10, end: float = 11) -> Record:
    return Record(start, start, end, kind, outcome, reason)


def counts(*records, **more) -> tuple[int, int, int, int, int]:
    tally = judge(list(records), RIGHTS, more.get("allowances", ()), more.get("turns", ()))
    return (len(tally.wrong_accepts), len(tally.wrong_refusals), len(tally.wrong_reasons), tally.allowed_refusals,
            tally.budget)


@pytest.mark.parametrize("name, made, want", [
    ("a good token let in", record("good", "allow"), (0, 0, 0, 0, 0)),
    ("a bad one refused for its reason", record("expired", "refused", "token_expired"), (0, 0, 0, 0, 0)),
    ("a bad one let in", record("expired", "allow"), (1, 0, 0, 0, 0)),
    ("a good one refused", record("good", "refused", "key_unknown"), (0, 1, 0, 0, 0)),
    ("a good one without an answer", record("good", "silent"), (0, 1, 0, 0, 0)),
    ("a good one turned away by the module", record("good", "pam_9"), (0, 1, 0, 0, 0)),
    ("a bad one refused for another reason", record("expired", "refused", "key_unknown"), (0, 0, 1, 0, 0)),
    ("a bad one without an answer", record("expired", "closed"), (0, 0, 1, 0, 0)),
    ("a budget that is spent", record("good", "unavailable", "budget_exhausted"), (0, 0, 0, 0, 1)),
])
def test_a_verdict_is_judged_by_its_class(name, made, want):
    assert counts(made) == want, name


@pytest.mark.parametrize("since, until, counted", [(0, 9, 0), (0, 10, 1), (10.5, 10.6, 1), (11, 20, 1), (12, 20, 0)])
def test_an_allowance_covers_logins_that_have_a_moment_in_it(since, until, counted):
    allowance = Allowance(since, until, frozenset({"keys_missing"}))
    assert counts(record("good", "unavailable", "keys_missing"), allowances=[allowance]) == (0, 1 - counted, 0, counted, 0)


def test_an_allowance_excuses_its_reasons_and_classes_only_and_no_accept():
    missing = Allowance(0, 20, frozenset({"keys_missing"}), frozenset({"good", "expired"}))
    assert counts(record("good", "refused", "key_unknown"), allowances=[missing]) == (0, 1, 0, 0, 0)
    assert counts(record("good", "silent"), allowances=[missing]) == (0, 1, 0, 0, 0)
    assert counts(record("expired", "allow"), allowances=[missing]) == (1, 0, 0, 0, 0)
    assert counts(record("expired", "unavailable", "keys_missing"), allowances=[missing]) == (0, 0, 0, 0, 0)
    others = Allowance(0, 20, frozenset({"keys_missing"}), frozenset({"expired"}))
    assert counts(record("good", "unavailable", "keys_missing"), allowances=[others]) == (0, 1, 0, 0, 0)


@pytest.mark.parametrize("start, end, accepts, refusals", [(8, 9, 0, 1), (8, 12, 0, 0), (13, 14, 0, 0), (16, 17, 1, 0)])
def test_a_class_that_turns_may_have_either_verdict_only_while_it_turns(start, end, accepts, refusals):
    turn = Turn("good", 10, 15, refuse("key_unknown"))
    assert counts(record("good", "allow", start=start, end=end), turns=[turn])[0] == accepts
    assert counts(record("good", "refused", "key_unknown", start=start, end=end), turns=[turn])[1] == refusals


def test_wrong_verdicts_of_the_real_daemons_would_be_found(running, corp):
    """Traffic with two classes declared to be what they are not."""
    good, expired = corp.good(), next(kind for kind in corp.bad() if kind.name == "expired")
    good.right, expired.right = refuse("token_expired"), Right(ALLOW)
    with running(corp, classes=lambda _world: [good, expired]) as scenario:
        scenario.traffic.seconds(1)
        tally = judge(scenario.traffic.all(), scenario.traffic.rights)
    assert tally.wrong_accepts and {record.kind for record in tally.wrong_accepts} == {"good"}
    assert tally.wrong_refusals and {record.kind for record in tally.wrong_refusals} == {"expired"}
    assert tally.by_module > 0
    with pytest.raises(AssertionError, match="wrong accepts"):
        tally.must_be_right()
