# SPDX-License-Identifier: Apache-2.0
"""F1, F2, F11, F30: a provider that is not there, at the start or later, by its address or by its name, and another issuer
beside it whose logins do not notice."""

import contextlib
import time

import pytest

from fetching.fault_provider import FaultProvider
from fetching.name_server import NameServer
from harness.scenario import INTERVAL_S, WORKERS_S, Fault, no_answers
from harness.verdicts import Allowance

NAME = "id.faults.example"


def test_f1_down_at_the_start_with_a_cache(running, world, corp):
    with running(corp) as scenario:
        traffic = scenario.traffic
        quiet = scenario.quiet()
        gone = time.monotonic()
        for process in (world.latchkeyd, world.fetchd):
            process.kill()
        corp.provider.refuse()
        world.start()
        started = time.monotonic()
        assert world.issuer()["source"] == "cache"
        traffic.seconds(3)
        assert world.issuer()["last_error"] is not None
        off = time.monotonic()
        corp.provider.listen()
        scenario.settled_fetch()
        scenario.finish("F1 down at start, with cache", quiet, started, off, back=time.monotonic(),
                        allowances=[no_answers(gone, started + WORKERS_S)])


def test_f2_down_at_the_start_without_a_cache(running, world, corp):
    corp.provider.refuse()
    with running(corp, warm=False) as scenario:
        traffic = scenario.traffic
        on = time.monotonic()
        traffic.seconds(3)
        assert "connection" in world.issuer()["last_error"]
        off = time.monotonic()
        corp.provider.listen()
        first = scenario.first_accept("good", off)
        attempts = scenario.fetches(off, first)
        scenario.settled_fetch()
        traffic.seconds(1)
        records = traffic.between(on, off)
        # No login is let in before, and the module tells its caller that the reason is nothing that the user did.
        assert {record.outcome for record in records if record.module and record.reason == "keys_missing"} == {"pam_9"}
        assert {record.outcome for record in records if not record.module and record.reason == "keys_missing"} \
            == {"unavailable"}
        took = sorted(record.latency_ms for record in records if record.reason == "keys_missing" and not record.module)
        scenario.finish("F2 down at start, no cache", on, on, off, back=first,
                        allowances=[Allowance(on, first + WORKERS_S, frozenset({"keys_missing"}))],
                        refused_in_ms_p50=round(took[len(took) // 2], 1), refused_in_ms_most=round(took[-1], 1))
        assert attempts == 1, "the first good answer ended it"
        assert first - off < INTERVAL_S + 2, "recovery is a matter of one interval, and a busy machine's slack"


@pytest.mark.parametrize("mode", ["silent", "fail", "missing", "127.0.0.66"])
def test_f11_names(running, world, corps, authorities, mode):
    names = {"silent": "F11 name server hangs", "fail": "F11 name server fails", "missing": "F11 name is not known",
             "127.0.0.66": "F11 name server answers loopback"}
    with contextlib.closing(NameServer({NAME: "127.0.0.1"})) as name_server:
        corp = corps(host=NAME)
        impostor = FaultProvider(authorities[1].issue(host=NAME), address="127.0.0.66", port=corp.provider.port)
        with contextlib.closing(impostor), running(corp) as scenario:
            marks = world.marks()

            def attempts(_since, _until) -> int:
                return world.said_since(marks, "latchkey-fetchd").count("corp: metadata: ")

            scenario.go(Fault(names[mode], lambda: setattr(name_server, "mode", mode),
                              lambda: setattr(name_server, "mode", "answer"), "corp: metadata: ", attempts))
            assert impostor.requests == []
            assert mode != "127.0.0.66" or impostor.connections


@pytest.mark.parametrize("at_start", [False, True])
def test_f30_two_issuers_one_down(running, world, corps, at_start):
    """The other's keys are known, or were never had; its provider takes connections and says nothing."""
    corp, other = corps(), corps("other")
    theirs = other.good("theirs", 30, user="bob")
    if at_start:
        other.provider.door = "silent"
    with running(corp, classes=lambda _world: [corp.good(), *corp.bad(), theirs], sections=[corp.section(), other.section()]) as scenario:
        traffic = scenario.traffic
        if not at_start:
            traffic.until(lambda: world.issuer("other")["last_error"] is None, "the other's keys")
        traffic.weight("theirs", 30 if not at_start else 0)
        quiet = scenario.quiet()
        traffic.weight("theirs", 30)
        on = time.monotonic()
        other.provider.door = "silent"
        traffic.seconds(4)
        assert "timeout" in world.issuer("other")["last_error"]
        assert world.issuer("corp")["last_error"] is None
        off = time.monotonic()
        other.provider.door = "tls"
        traffic.until(lambda: world.issuer("other")["last_error"] is None, "the other's keys")
        back = time.monotonic()
        first = scenario.first_accept("theirs", on)
        missing = [Allowance(on, max(first, back) + WORKERS_S, frozenset({"keys_missing"}), frozenset({"theirs"}))]
        scenario.finish("F30 the other issuer down " + ("from the start" if at_start else "later"), quiet, on, off, back=back,
                        allowances=missing if at_start else [], requests=other.provider.connected(on, off),
                        requests_most=scenario.fetches_most(on, off))
