# SPDX-License-Identifier: Apache-2.0
"""F12, F13, F22: either daemon killed at random moments under load, stopped, and told to reload again and again."""

import os
import random
import signal
import threading
import time

from box import files
from fetching import faults, issuer_keys
from fetching.fault_provider import JWKS
from fetching.issuer_keys import Key
from harness.scenario import WORKERS_S, no_answers
from harness.world import CONFIG

KILLS = int(os.environ.get("LATCHKEY_FAULT_KILLS", "200"))
SEED = int(os.environ.get("LATCHKEY_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
ISSUERS = 4


def test_f12_killed_at_random_moments(running, world, corps):
    """Half of the kills come at any moment, half within 20 ms after a provider was asked for its keys, when the answer is
    on its way to the workers and to the cache."""
    random_number = random.Random(SEED)
    print(f"F12: LATCHKEY_FAULT_SEED={SEED}")
    made = [corps(f"corp{number}") for number in range(ISSUERS)]
    corp = made[0]
    spare = Key("spare")
    for one in made:
        alternating(one, spare)
    classes = [corp.good(), *corp.bad()]
    with running(corp, classes=lambda _world: classes, sections=[one.section() for one in made]) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        on = time.monotonic()
        marks = world.marks()
        allowances, back_s, killed = [], [], {world.latchkeyd: 0, world.fetchd: 0}
        for _ in range(KILLS):
            victim = world.latchkeyd if random_number.random() < 0.7 else world.fetchd
            if random_number.random() < 0.5:
                asked = sum(one.provider.asked(JWKS) for one in made)
                traffic.until(lambda: sum(one.provider.asked(JWKS) for one in made) > asked, "a fetch")
                spin(random_number.uniform(0, 0.02))
            else:
                traffic.logins(random_number.randrange(0, 80))
            killed[victim] += 1
            gone = time.monotonic()
            victim.kill()
            victim.start()
            back = time.monotonic()
            back_s.append(back - gone)
            if victim is world.latchkeyd:
                allowances.append(no_answers(gone, back + WORKERS_S))
        off = time.monotonic()
        scenario.settled_fetch()
        back = time.monotonic()
        traffic.seconds(1)
        said = world.said_since(marks)
        back_s.sort()
        scenario.finish(f"F12 {KILLS} kills, seed {SEED}", quiet, on, off, allowances=allowances, back=back,
                        killed={process.name: count for process, count in killed.items()},
                        ready_again_s_p50=round(back_s[len(back_s) // 2], 3), ready_again_s_most=round(back_s[-1], 3))
        assert "is ignored and will be fetched anew" not in said, "a cache is old or new, never half"
        assert min(killed.values()) > 0 or KILLS < 20


def alternating(corp, spare: Key) -> None:
    """A provider whose set changes with each fetch, so that each one is written; the keys that sign are in all."""
    bodies = [issuer_keys.key_set(*corp.keys), issuer_keys.key_set(*corp.keys, spare)]

    async def answer(exchange) -> None:
        body = bodies[corp.provider.asked(JWKS) % 2]
        await faults.document(body, Cache_Control="max-age=1")(exchange)
    corp.provider.routes = corp.provider.routes | {JWKS: answer}


def spin(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_f13_latchkeyd_stopped(running, world, corp):
    """Logins end at the module's deadline; those that come afterwards know nothing of it."""
    with running(corp) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        on = time.monotonic()
        world.latchkeyd.signal(signal.SIGSTOP)
        traffic.until(lambda: any(not record.answered for record in traffic.between(on, on + 60) if record.module),
                      "the module's deadline")
        stopped = [record for record in traffic.between(on, time.monotonic()) if record.module and not record.answered]
        off = time.monotonic()
        world.latchkeyd.signal(signal.SIGCONT)
        back = scenario.first_accept("good", off)
        scenario.settled_fetch()
        traffic.seconds(1)
        # What was begun in the meantime still stands in the socket's queue, and may not come to its turn in time.
        scenario.finish("F13 latchkeyd stopped", quiet, on, off, back=back, allowances=[no_answers(on, off + WORKERS_S)],
                        refused_after_s=round(stopped[0].end - stopped[0].start, 2))
        assert {record.outcome for record in stopped} == {"pam_9"}


def test_f13_fetchd_stopped(running, world, corp):
    """Known keys serve on; tokens with an unknown one are refused while they wait for nothing."""
    with running(corp) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        on = time.monotonic()
        world.fetchd.signal(signal.SIGSTOP)
        traffic.until(lambda: world.issuer()["last_error"] is not None, "an attempt that failed")
        off = time.monotonic()
        world.fetchd.signal(signal.SIGCONT)
        scenario.settled_fetch()
        scenario.finish("F13 fetchd stopped", quiet, on, off, back=time.monotonic())


def test_f22_reloads_under_load(running, world, corp):
    """100 a second, good configurations and bad ones in turn, each different from the one before."""
    with running(corp) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        on = time.monotonic()
        ended, reloads = threading.Event(), [0]

        def reload_again_and_again() -> None:
            while not ended.wait(0.01):
                number = reloads[0] = reloads[0] + 1
                if number % 2:
                    files.write(CONFIG, f"version: 1\nissuers: [ # {number}\n")
                else:
                    world.configure([corp.section()], remembered_decisions=1000 + number)
                for process in (world.latchkeyd, world.fetchd):
                    process.signal(signal.SIGHUP)

        thread = threading.Thread(target=reload_again_and_again)
        thread.start()
        try:
            traffic.seconds(4)
        finally:
            ended.set()
            thread.join()
        files.write(CONFIG, "version: 1\nissuers: [ # the last word is a bad one\n")
        world.latchkeyd.signal(signal.SIGHUP)
        traffic.until(lambda: world.status().get("config_error"), "the bad configuration in status")
        off = time.monotonic()
        world.configure([corp.section()])
        world.ctl("reload")
        assert not world.status().get("config_error")
        scenario.settled_fetch()
        scenario.finish(f"F22 {reloads[0]} reloads, half of them bad", quiet, on, off, back=time.monotonic(),
                        requests=scenario.fetches(on, off), requests_most=scenario.fetches_most(on, off))
