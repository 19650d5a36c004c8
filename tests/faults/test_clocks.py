# SPDX-License-Identifier: Apache-2.0
"""F3, F20, F21: time that passes without a provider, wall clocks that jump, and a night of sleep. The daemons are moved
through time by the shim (shim.cc); their timers run on a clock that nobody moves."""

import time

import pytest

from harness.scenario import WORKERS_S, refuse
from harness.traffic import TokenClass
from harness.verdicts import ALLOW, Allowance, Right

MINUTE, HOUR, DAY = 60, 3600, 86400
YEARS_10 = 3652 * DAY


@pytest.fixture
def corp(corps):
    """With a certificate that is good at each of these times."""
    return corps(begins_days=-21_000, ends_days=7_000)


def at_time(corp, name: str, offset: float, right: Right = Right(ALLOW), weight: int = 0) -> TokenClass:
    """Tokens that are good at that distance from now, and at no other time that is tried."""
    tokens = [corp.token(corp.keys[number % 3], now=time.time() + offset - MINUTE, exp=int(time.time() + offset) + 20 * MINUTE)
              for number in range(9)]
    return TokenClass(name, weight, right, tokens)


def test_f3_a_day_without_a_provider(running, world, corp):
    """max_stale is 24 hours: a minute before it the last good keys serve, a minute after it no more."""
    before, after = 23 * HOUR + 59 * MINUTE, 24 * HOUR + MINUTE
    classes = [at_time(corp, "now", 0, weight=80), at_time(corp, "before", before),
               at_time(corp, "after", after, refuse("keys_stale"))]
    with running(corp, classes=lambda _world: classes) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        corp.provider.refuse()
        on = time.monotonic()
        traffic.until(lambda: world.issuer()["last_error"] is not None, "an attempt that failed")
        for name, offset in (("before", before), ("after", after)):
            for other in ("now", "before", "after"):
                traffic.weight(other, 0)
            traffic.settled(time.monotonic())
            world.move_clocks(offset - (time.monotonic() - on), offset - (time.monotonic() - on))
            traffic.weight(name, 80)
            traffic.seconds(2)
            assert world.issuer()["last_error"] is not None
        assert world.issuer()["stale"] is True
        traffic.weight("after", 0)
        traffic.settled(time.monotonic())
        off = time.monotonic()
        corp.provider.listen()
        traffic.rights["after"] = Right(ALLOW, frozenset({"keys_stale"}))
        stale = [record for record in traffic.between(on, off) if record.kind == "after"]
        assert stale and all(record.reason == "keys_stale" for record in stale)
        traffic.weight("after", 80)
        back = scenario.first_accept("after", off)
        assert scenario.fetches(off, back) == 1, "the first good answer ended it"
        traffic.seconds(1)
        scenario.finish("F3 23 h 59 min and 24 h 1 min without a provider", quiet, on, off, back=back,
                        allowances=[Allowance(on, back + WORKERS_S, frozenset({"keys_stale"}), frozenset({"after"}))])


def test_f20_wall_clock_jumps(running, world, corp):
    """Only the wall clock moves. Tokens are judged by it; the provider is asked no more often than before. After a jump of
    years the keys are of another age and serve again once they were fetched."""
    jumps = {"hour_on": HOUR, "hour_back": -HOUR, "years_on": YEARS_10, "year_1970": 1000 - time.time(), "leap": -1}
    classes = [at_time(corp, "now", 0, weight=80)] + [at_time(corp, name, offset) for name, offset in jumps.items()]
    names = [kind.name for kind in classes]
    with running(corp, classes=lambda _world: classes) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        on = time.monotonic()
        allowances = []
        for name, offset in [*jumps.items(), ("now", 0)]:
            for other in names:
                traffic.weight(other, 0)
            traffic.settled(time.monotonic())
            moved = time.monotonic()
            world.move_clocks(wall_s=offset)
            traffic.weight(name, 80)
            served = scenario.first_accept(name, moved)
            allowances.append(Allowance(moved, served + WORKERS_S, frozenset({"keys_stale"}), frozenset({name})))
            traffic.weight("now", 5)  # and what is no longer, or not yet, valid is refused by that clock
            if name != "now" and abs(offset) > MINUTE:
                traffic.rights["now"] = Right(ALLOW, frozenset())
                wrong_now = ("token_expired", "token_not_yet_valid", "token_too_old", "token_lives_too_long")
                traffic.seconds(1.5)
                traffic.weight("now", 0)
                until = time.monotonic()
                traffic.settled(until)
                of_now = [record for record in traffic.between(moved, until)
                          if record.kind == "now" and record.start >= served]
                assert of_now and all(record.reason in (*wrong_now, "keys_stale") for record in of_now), of_now[:3]
                allowances.append(Allowance(moved, until, frozenset(wrong_now) | {"keys_stale"}, frozenset({"now"})))
            else:
                traffic.seconds(1.5)
        off = time.monotonic()
        scenario.settled_fetch()
        scenario.finish("F20 wall clock +1 h, -1 h, +10 y, 1970, a leap", quiet, on, off, back=time.monotonic(),
                        allowances=allowances, requests=scenario.fetches(on, off),
                        requests_most=scenario.fetches_most(on, off))


def test_f21_eight_hours_of_sleep(running, world, corp):
    """Every clock but that of the timers is ahead on waking. max_stale is an hour: whoever is let in then is so by keys
    that were fetched after the sleep, and while the provider is away nobody is."""
    classes = [at_time(corp, "now", 0, weight=80), at_time(corp, "morning", 8 * HOUR),
               at_time(corp, "noon", 12 * HOUR)]
    with running(corp, classes=lambda _world: classes, sections=[corp.section(max_stale="1h")]) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        traffic.weight("now", 0)
        traffic.settled(time.monotonic())
        on = time.monotonic()
        world.move_clocks(8 * HOUR, 8 * HOUR)
        traffic.weight("morning", 80)
        woken = scenario.first_accept("morning", on)
        fetched = corp.provider.first_asked("/jwks", on)
        assert fetched is not None and fetched < woken, "nobody is let in by keys of the evening"
        traffic.seconds(1)
        traffic.weight("morning", 0)
        traffic.settled(time.monotonic())
        corp.provider.refuse()
        away = time.monotonic()
        world.move_clocks(12 * HOUR, 12 * HOUR)
        traffic.weight("noon", 80)
        traffic.seconds(2)
        off = time.monotonic()
        records = [record for record in traffic.between(away, off) if record.kind == "noon"]
        assert records and not any(record.let_in for record in records)
        corp.provider.listen()
        back = scenario.first_accept("noon", off)
        traffic.seconds(1)
        stale = frozenset({"keys_stale"})
        scenario.finish("F21 two sleeps, the provider away after one", quiet, on, off, back=back,
                        allowances=[Allowance(on, woken + WORKERS_S, stale, frozenset({"morning"})),
                                    Allowance(away, back + WORKERS_S, stale, frozenset({"noon"}))],
                        requests=scenario.fetches(on, off), requests_most=scenario.fetches_most(on, off))
